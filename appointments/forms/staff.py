"""What schedulers and therapists fill in. They only check."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from appointments.codes import Ending, Status
from appointments.models import TriageCategory
from massage_portal import forms as parts


class Triage(parts.Form):
    """A decision on one request: accept, ask or decline."""

    submit = _("Save decision")
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
    decision = forms.ChoiceField(
        label=_("Decision"),
        choices=[
            ("accept", _("Accept into a category")),
            ("ask", _("Ask the patient for information")),
            ("decline", _("Decline")),
        ],
        initial="accept",
        widget=forms.RadioSelect,
    )
    category = forms.ModelChoiceField(
        label=_("Category, if you accept"),
        queryset=TriageCategory.objects.none(),
        empty_label=None,
        required=False,
        widget=forms.RadioSelect,
        help_text=_("How soon the patient needs care, whoever referred them."),
    )
    words = parts.Text(
        label=_("Question, if you ask; reason, if you decline"),
        help_text=_("The patient reads this."),
        max_length=500,
        lines=4,
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("category", "words"):  # one of them, by the decision
            self.fields[name].conditional = True  # type: ignore[attr-defined]
        field = self.fields["category"]
        field.queryset = TriageCategory.objects.offered()  # type: ignore[attr-defined]
        field.label_from_instance = _category  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """See that the decision has what it needs."""
        checked: dict[str, Any] = super().clean() or {}
        decision = checked.get("decision")
        if decision == "accept" and not checked.get("category"):
            self.add_error("category", _("Choose a category."))
        if decision == "ask" and not checked.get("words"):
            self.add_error("words", _("Write what you want to ask the patient."))
        if decision == "decline" and not checked.get("words"):
            self.add_error("words", _("Write why, in words the patient can use."))
        return checked


def _category(category: TriageCategory) -> str:
    return _("%(name)s: within %(days)d days. %(meaning)s") % {
        "name": category.name,
        "days": category.target_days,
        "meaning": category.meaning,
    }


class Propose(parts.Form):
    """Which opening to give, and whether the patient has already said yes."""

    opening = forms.CharField(max_length=60)
    how = forms.ChoiceField(choices=[("offer", ""), ("book", "")])

    def clean_opening(self) -> tuple[int, datetime]:
        """Return the therapist's key and the start that the button carried."""
        therapist, _comma, start = self.cleaned_data["opening"].partition(",")
        try:
            starts_at = parse_datetime(start)
        except ValueError:
            starts_at = None
        if not therapist.isdecimal() or starts_at is None or starts_at.tzinfo is None:
            raise forms.ValidationError(_("Choose one of the times shown."))
        return int(therapist), starts_at


class Outcome(parts.Form):
    """What became of a visit; cancelling it for the clinic is not for everyone."""

    outcome = forms.ChoiceField(
        choices=[
            (Status.FULFILLED, Status.FULFILLED.label),
            (Status.NOSHOW, Status.NOSHOW.label),
        ],
        error_messages={"required": _("Choose what became of the visit.")},
    )

    def __init__(self, *args: Any, may_cancel: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if may_cancel:
            field = self.fields["outcome"]
            choice = (Ending.BY_CLINIC, Ending.BY_CLINIC.label)
            field.choices = [*field.choices, choice]  # type: ignore[attr-defined]
