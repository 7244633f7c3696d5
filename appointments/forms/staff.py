"""What schedulers and therapists fill in. They only check."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from appointments.actions import Terms, Turn
from appointments.codes import OutOfTurn
from appointments.models import TriageCategory, WaitlistEntry
from appointments.models.overrule import LONGEST
from appointments.models.policy import LEAST_MINUTES, MOST_MINUTES
from appointments.models.treatment import Treatment
from massage_portal import forms as parts
from services.models import Technique


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

    def __init__(
        self, *args: Any, entry: WaitlistEntry, now: datetime, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.entry = entry
        for name in ("category", "words"):  # one of them, by the decision
            self.fields[name].conditional = True  # type: ignore[attr-defined]
        field = self.fields["category"]
        field.queryset = TriageCategory.objects.offered(now)  # type: ignore[attr-defined]
        field.label_from_instance = _category  # type: ignore[attr-defined]

    @property
    def helper(self) -> Any:
        """Send it to the triage of this request, whatever page it stands on."""
        helper = super().helper
        helper.form_action = reverse("appointments:triage", args=[self.entry.pk])
        return helper

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


class SetOverrule(parts.Form):
    """A person's target in place of the computed one: why, and until when."""

    submit = ""  # the page draws two buttons: show first, then do
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
    target_days = forms.DecimalField(
        label=_("Target that counts instead, in days from the day received"),
        help_text=_("Shorter than the computed one moves them up, longer moves down."),
        min_value=1,
        max_value=730,
        max_digits=4,
        decimal_places=1,
    )
    last_day = parts.ThreePartDate(label=_("Last day that it counts"))
    reason = parts.Text(
        label=_("Reason"),
        help_text=_("For colleagues; the monthly report shows it. Patients do not."),
        max_length=300,
        lines=3,
    )

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        # The page has another form with such fields: their ids must differ.
        super().__init__(*args, auto_id="overrule_%s", **kwargs)
        self.now = now
        today = timezone.localdate(now)
        last: Any = self.fields["last_day"]
        last.earliest, last.latest = today, today + LONGEST - timedelta(days=1)
        last.help_text = _("%(latest)s at the latest.") % {
            "latest": date_format(last.latest)
        }

    @property
    def helper(self) -> Any:
        """Return what crispy needs; the page draws the form around it."""
        helper = super().helper
        helper.form_tag = False
        return helper

    def clean_last_day(self) -> datetime:
        """Return the end of the day on the clinic's clock."""
        day: date = self.cleaned_data["last_day"]
        ends_at = timezone.make_aware(datetime.combine(day + timedelta(1), time.min))
        return min(ends_at, self.now + LONGEST)  # a clock change may add an hour


class Propose(parts.Form):
    """Which opening to give, and whether the patient has already said yes."""

    opening = forms.CharField(max_length=60)
    how = forms.ChoiceField(choices=[("offer", ""), ("book", "")])
    agreed = forms.BooleanField(required=False)  # to what is not as they wished
    reason = forms.ChoiceField(choices=OutOfTurn, required=False)
    note = parts.Text(max_length=300, required=False)
    technique = forms.ModelChoiceField(Technique.objects.all(), required=False)
    minutes = forms.IntegerField(
        min_value=LEAST_MINUTES, max_value=MOST_MINUTES, required=False
    )  # with the technique: what was chosen for the visit

    def clean(self) -> dict[str, Any]:
        """See that a reason that says nothing by itself is explained."""
        checked: dict[str, Any] = super().clean() or {}
        reason, note = checked.pop("reason", ""), checked.pop("note", "")
        turn = Turn(OutOfTurn(reason), note) if reason else None
        if turn is not None and not turn.is_whole:
            self.add_error("note", _("Say in a few words why it goes to this patient."))
        agreed = checked.pop("agreed", False)
        technique = checked.pop("technique", None)
        minutes = checked.pop("minutes", None)
        chosen = Treatment(technique, minutes) if minutes else None
        return checked | {"terms": Terms(agreed, turn, treatment=chosen)}

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
