"""The treatment plan, as staff change it and as provider and therapist sign it."""

from __future__ import annotations

from typing import Any

from crispy_forms.layout import Layout
from django import forms
from django.utils.translation import gettext_lazy as _

from massage_portal import forms as parts
from referrals.actions.plan import PLANNED
from referrals.models import Referral
from services.models import Technique

MOST = 32_767  # what a version's number can be at most


class ChangePlan(parts.Form):
    """Check what the plan shall say, and why it is changed."""

    submit = _("Save as a new version")
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
    sessions = parts.WholeNumber(label=_("Visits"), min_value=1, max_value=60)
    interval_days = parts.WholeNumber(
        label=_("Days between visits"), min_value=1, max_value=365
    )
    technique = forms.ModelChoiceField(
        label=_("Technique"),
        queryset=Technique.objects.none(),
        empty_label=_("The therapist decides"),
        required=False,
    )
    goals = parts.Text(
        label=_("Goals"),
        help_text=_("What the patient should be able to do again."),
        max_length=1000,
        lines=3,
        required=False,
    )
    note = parts.Text(
        label=_("What changed, and why"),
        help_text=_("The provider and the therapist read this before they sign."),
        max_length=300,
        lines=2,
    )

    def __init__(self, *args: Any, referral: Referral, **kwargs: Any) -> None:
        initial = {name: getattr(referral, name) for name in PLANNED}
        super().__init__(*args, initial=initial | {"seen": referral.version}, **kwargs)
        self.fields["technique"].queryset = Technique.objects.in_order()  # type: ignore[attr-defined]

    def layout(self) -> Layout:
        """Return the fields, the reason last."""
        return Layout("seen", *PLANNED_ORDER, "note")


PLANNED_ORDER = ["sessions", "interval_days", "technique", "goals"]


class SignPlan(parts.Form):
    """Check which version is signed: the one that was read."""

    submit = _("Sign this version")
    number = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=MOST)
