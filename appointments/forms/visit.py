"""What becomes of a visit, and the note on it. The forms only check."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from appointments.codes import Ending, Missed, Status
from massage_portal import forms as parts

UNDO = "undo"
STEPS = [Status.ARRIVED, Status.CHECKED_IN, Status.FULFILLED, Status.NOSHOW]
MOST = 32_767  # what a version's number can be at most


class Outcome(parts.Form):
    """What became of a visit; canceling it for the clinic is not for everyone."""

    outcome = forms.ChoiceField(
        choices=[*((one, one.label) for one in STEPS), (UNDO, _("Undo"))],
        error_messages={"required": _("Choose what became of the visit.")},
    )
    because = forms.ChoiceField(
        label=_("Why it was missed"), choices=Missed.choices, required=False
    )
    from_day = forms.BooleanField(required=False)
    therapist = forms.IntegerField(required=False, min_value=1, max_value=2**31 - 1)
    page = forms.IntegerField(required=False, min_value=1, max_value=2**31 - 1)

    def __init__(self, *args: Any, may_cancel: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if may_cancel:
            field = self.fields["outcome"]
            choice = (Ending.BY_CLINIC, Ending.BY_CLINIC.label)
            field.choices = [*field.choices, choice]  # type: ignore[attr-defined]


class Note(parts.Form):
    """Check the words of a note, and whether its author has finished it."""

    submit = _("Save the note")
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=MOST)
    words = parts.Text(
        label=_("Note"),
        help_text=_(
            "What you did, how the patient was, and what the next therapist should "
            "know. Up to 2,000 characters."
        ),
        max_length=2000,
        lines=8,
    )
    sign = forms.BooleanField(
        label=_("Sign the note: it is finished"),
        help_text=_("After that, a change is a new version that amends it."),
        required=False,
    )
