"""What the patient's insurer allows, as staff type it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from crispy_forms.layout import Layout
from django import forms
from django.utils.translation import gettext_lazy as _

from massage_portal import forms as parts
from referrals.forms.insurer import insurer_field, insurer_on_record
from referrals.models import Authorization, Referral
from services.models import Insurer

NUMBERS = ["member_number", "referral_number", "number"]


class Authorize(parts.Form):
    """Check the insurer's numbers and limits; a limit belongs to a number."""

    submit = _("Save")
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    referral_seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    insurer = insurer_field()
    member_number = parts.Text(
        label=_("Member number"),
        help_text=_("It is on the insurance card."),
        max_length=40,
        required=False,
    )
    referral_number = parts.Text(
        label=_("The insurer's own referral number"), max_length=40, required=False
    )
    number = parts.Text(label=_("Authorization number"), max_length=40, required=False)
    visits = parts.WholeNumber(
        label=_("Visits the insurer pays for"),
        help_text=_("Leave empty if the insurer sets no number."),
        min_value=1,
        max_value=60,
        required=False,
    )
    valid_until = parts.ThreePartDate(
        label=_("Authorized until"),
        help_text=_("Leave empty if the insurer sets no day."),
        required=False,
    )

    def __init__(
        self, *args: Any, referral: Referral, today: date, **kwargs: Any
    ) -> None:
        found: Authorization | None = getattr(referral, "authorization", None)
        initial: dict[str, Any] = {
            "seen": found.version if found else 0,
            "referral_seen": referral.version,
            "insurer": referral.insurer.name if referral.insurer else "",
        }
        if found:
            initial |= {name: getattr(found, name) for name in NUMBERS}
            initial |= {"visits": found.visits, "valid_until": found.valid_until}
        super().__init__(*args, initial=initial, **kwargs)
        last: Any = self.fields["valid_until"]
        last.earliest = today - timedelta(days=730)
        last.latest = today + timedelta(days=1100)

    def layout(self) -> Layout:
        """Return the fields in the order of the insurer's letter."""
        limits = [*NUMBERS, "visits", "valid_until"]
        return Layout("seen", "referral_seen", "insurer", *limits)

    def clean_insurer(self) -> Insurer | None:
        """Return the insurer on record; name those alike if there is none."""
        return insurer_on_record(self.cleaned_data["insurer"])

    def clean(self) -> dict[str, Any]:
        """Refuse limits that belong to no number."""
        checked: dict[str, Any] = super().clean() or {}
        limits = checked.get("visits") or checked.get("valid_until")
        if limits and not checked.get("number") and "number" not in self.errors:
            self.add_error(
                "number",
                _("Enter the authorization number that the limits below belong to."),
            )
        return checked
