"""Putting a referral right, and moving it from one state to another."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from crispy_forms.layout import HTML, Fieldset, Layout
from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from massage_portal import forms as parts
from referrals.codes import OPEN, Status
from referrals.forms.record import RecordReferral
from referrals.models import Referral

STEPS = {
    Status.ON_HOLD: _("Put it on hold: the provider must say more first"),
    Status.REVOKED: _("Withdraw it: the provider takes it back"),
    Status.ENTERED_IN_ERROR: _("It was entered in error"),
}


class CorrectReferral(RecordReferral):
    """
    Check what a letter really says.

    The safety answers have a page of their own; only what the corrected order calls
    for, and nobody has asked, is asked here.
    """

    submit = _("Save the correction")
    seen = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, referral: Referral, **kwargs: Any) -> None:
        initial = {
            "npi": referral.provider.npi,
            "diagnosis": str(referral.diagnosis),
            "code": referral.diagnosis.code,
            "other_diagnoses": ", ".join(
                one.code for one in referral.other_diagnoses.all()
            ),
            "insurer": referral.insurer.name if referral.insurer else "",
            "priority": referral.priority,
            "received_on": timezone.localdate(referral.received_at),
            "valid_from": referral.valid_from,
            "valid_until": referral.valid_until,
            "sessions": referral.sessions,
            "interval_days": referral.interval_days,
            "technique": referral.technique_id,
            "reason": referral.reason,
            "goals": referral.goals,
            "seen": referral.version,
        }
        super().__init__(*args, precautions=[], initial=initial, **kwargs)
        if referral.status in OPEN:  # a draft is asked all of them later
            self.ask(referral.unasked(), codes=(), slug="*")
        del self.fields["key"]
        for name in ("received_on", "valid_from", "valid_until"):
            field: Any = self.fields[name]
            field.initial = initial[name]
            field.earliest = min(field.earliest, initial[name])

    def layout(self) -> Layout:
        """Group the fields as the letter does."""
        codes = HTML(
            '{% include "referrals/_matches.html" with matches=form.matches %}'
        )
        order = ["npi", "diagnosis", codes, "other_diagnoses", "goals"]
        order += ["priority", "received_on", "reason"]
        allowed = ["valid_from", "valid_until", "sessions", "interval_days"]
        allowed += ["technique", "insurer"]
        return Layout(
            "seen",
            Fieldset(_("The order"), *self._there(order)),
            Fieldset(_("What is authorized"), *self._there(allowed)),
            *([Fieldset(_("Safety"), *self.asked_names())] if self.shown else []),
        )

    def _there(self, names: Iterable[Any]) -> list[Any]:
        return [one for one in names if isinstance(one, HTML) or one in self.fields]


class MoveReferral(parts.Form):
    """Check where a referral is moved by hand, and why."""

    submit = _("Save")
    to = forms.ChoiceField(
        label=_("What shall become of this referral?"), widget=forms.RadioSelect
    )
    reason = parts.Text(
        label=_("Why"),
        help_text=_("Staff read it; the patient does not."),
        max_length=300,
        lines=3,
    )
    seen = forms.CharField(max_length=16, widget=forms.HiddenInput)

    def __init__(self, *args: Any, steps: Iterable[Status], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].choices = [(one, STEPS[one]) for one in steps]  # type: ignore[attr-defined]
