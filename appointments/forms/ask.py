"""The questions of a request, one page each. They only check."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, time, timedelta
from typing import Any

from django import forms
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from appointments.codes import RoleThreat
from appointments.matching import LETTERS
from appointments.models import Therapist
from appointments.models.hours import Weekday
from massage_portal import forms as parts
from services.models import Location

DAYS = [(letter, day.label) for letter, day in zip(LETTERS, Weekday, strict=True)]
ANY_DAY = "any"
MIN_CHOICE = 2  # places; of one there is nothing to choose
TIMES = {  # from, to, by what a patient says
    "any": (time(0, 0), time(23, 59)),
    "morning": (time(0, 0), time(12, 0)),
    "afternoon": (time(12, 0), time(23, 59)),
}
NOTICE = [
    (4, _("A few hours")),
    (24, _("One day")),
    (72, _("Three days")),
    (168, _("One week")),
]


class When(parts.Form):
    """Which days and times suit."""

    heading = _("When can you come?")
    why = _("The more times suit you, the sooner we may find one.")
    weekdays = forms.MultipleChoiceField(
        label=_("Days that suit you"),
        choices=[(ANY_DAY, _("Any day")), *DAYS],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one day.")},
    )
    times = forms.ChoiceField(
        label=_("Time of day"),
        choices=[
            ("any", _("Any time")),
            ("morning", _("Before noon")),
            ("afternoon", _("After noon")),
        ],
        widget=forms.RadioSelect,
    )
    earliest = parts.ThreePartDate(
        label=_("Not before"),
        help_text=_("Leave empty if you can come at once."),
        required=False,
    )
    latest = parts.ThreePartDate(
        label=_("Not after"),
        help_text=_("Leave empty if any later day is fine."),
        required=False,
    )

    def __init__(
        self, *args: Any, today: date, until: date | None = None, **kwargs: Any
    ) -> None:
        """
        Take the day, and the last one that the referral covers, if it is known.

        Once that is over it forbids nothing: no day that may be named would do.
        """
        super().__init__(*args, **kwargs)
        for name in ("earliest", "latest"):
            field = self.fields[name]
            field.earliest = today  # type: ignore[attr-defined]
            field.latest = today + timedelta(days=730)  # type: ignore[attr-defined]
        self.until = None if until is None or until < today else until

    def clean(self) -> dict[str, Any]:
        """See that the period runs forward."""
        checked: dict[str, Any] = super().clean() or {}
        first, last = checked.get("earliest"), checked.get("latest")
        if first and last and last < first:
            self.add_error("latest", _("Enter a date on or after the first one."))
        if first and self.until and first > self.until:
            said = _(
                "The referral covers visits through %(day)s: choose a day on or before "
                "it."
            )
            self.add_error("earliest", said % {"day": date_format(self.until)})
        return checked


class Preferences(parts.Form):
    """Where, with whom, and at what notice."""

    heading = _("Is there anything you prefer?")
    why = _("Asking for one therapist can make your wait longer.")
    location = forms.ModelChoiceField(
        label=_("Place"),
        queryset=Location.objects.none(),
        empty_label=_("Any place"),
        required=False,
    )
    therapist = forms.ModelChoiceField(
        label=_("Therapist"),
        queryset=Therapist.objects.none(),
        empty_label=_("Anyone"),
        required=False,
    )
    notice_hours = forms.TypedChoiceField(
        label=_("How soon could you come if a time comes free?"),
        help_text=_("A short notice gives you more chances."),
        choices=NOTICE,
        coerce=int,
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, therapists: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["therapist"].queryset = therapists  # type: ignore[attr-defined]
        places = Location.objects.filter(therapist__in=therapists.values("pk"))
        places = places.distinct().order_by("name", "pk")
        self.fields["location"].queryset = places  # type: ignore[attr-defined]
        if len(places) < MIN_CHOICE:
            del self.fields["location"]

    def clean(self) -> dict[str, Any]:
        """See that the therapist works at the place."""
        checked: dict[str, Any] = super().clean() or {}
        therapist, place = checked.get("therapist"), checked.get("location")
        if therapist and place and therapist.location_id != place.pk:
            self.add_error("therapist", _("This therapist works at another place."))
        return checked


class Pain(parts.Form):
    """The PEG scale: pain, enjoyment, general activity."""

    heading = _("How has it been in the past week?")
    why: Any = _(
        "Your answers can make your target wait shorter. They never make it "
        "longer, and your therapist will see them too."
    )
    pain = parts.Scale(
        label=_("How strong was your pain, on average?"),
        low=_("no pain"),
        high=_("pain as bad as you can imagine"),
    )
    enjoyment = parts.Scale(
        label=_("How much did pain get in the way of enjoying life?"),
        low=_("not at all"),
        high=_("completely"),
    )
    activity = parts.Scale(
        label=_("How much did pain get in the way of your everyday activity?"),
        low=_("not at all"),
        high=_("completely"),
    )


class DailyLife(parts.Form):
    """Threat to role, and sleep."""

    heading = _("How does it affect your daily life?")
    why: Any = ""
    role_threat = forms.TypedChoiceField(
        label=_(
            "Is your ability to work, to care for others or to live on your own "
            "at risk?"
        ),
        choices=RoleThreat,
        coerce=lambda points: RoleThreat(int(points)),
        widget=forms.RadioSelect,
    )
    sleep = parts.Scale(
        label=_("How much does it disturb your sleep?"),
        low=_("not at all"),
        high=_("I hardly sleep"),
    )


class Worse(Pain, DailyLife):
    """All that the need score is made of, on one page: somebody waits already."""

    submit = _("Send my answers")


class Send(parts.Form):
    """Nothing to fill in: the patient has checked the answers."""

    submit = _("Send my request")


def chosen(letters: Iterable[str]) -> str:
    """Return the weekdays as the entry keeps them: letters in the week's order."""
    picked = set(letters)
    anything = ANY_DAY in picked
    return "".join(letter for letter, _name in DAYS if anything or letter in picked)
