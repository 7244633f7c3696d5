"""Putting a patient's record right."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from referrals.actions import details_of
from referrals.forms.patient import AddPatient
from referrals.models import Patient


class EditPatient(AddPatient):
    """Check what is right of a patient; `seen` is the version that was drawn."""

    submit = _("Save the correction")
    seen = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, patient: Patient, today: date, **kwargs: Any
    ) -> None:
        initial = {**vars(details_of(patient)), "seen": patient.version}
        initial["language"] = initial["language"] or "en"
        super().__init__(*args, today=today, initial=initial, **kwargs)
        del self.fields["record_number"]
        email = self.fields["email"]
        if patient.user is None:
            email.help_text = _(
                "Saving an address makes an account, and sends a link to it that opens "
                "this patient's record. Read the address back to the patient first."
            )
        else:
            email.required = True
            email.help_text = _(
                "The patient signs in with it. Read it back to the patient first."
            )
            email.error_messages["required"] = _(
                "This patient has an account, which needs an email address."
            )
