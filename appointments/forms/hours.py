"""What the clinical lead and schedulers fill in about capacity. They only check."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.validators import MaxValueValidator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from holidays import list_supported_countries

from appointments.models.hours import Weekday
from appointments.openings import on_the_clock
from massage_portal import forms as parts
from services.models import Technique

LATEST = date(2100, 12, 31)
NOON, SMALL_HOURS = time(12), time(6)
_HALF_OF_DAY = re.compile(r"\s*([AP])\.?\s?M\.?$")
_MIDNIGHT = re.compile(r"24([:.]00)?")
_AFTER = _("Enter a time that is later than the one it begins at.")
_PAST_MIDNIGHT = _(
    "Hours end at 23:59 at the latest. For work past midnight, add a second stretch "
    "that begins at 0:00 on the next day."
)


class Clock(forms.TimeField):
    """A time of the day, as people type it: 8:00, 14:30 or, as pages say it, 8 a.m."""

    widget = forms.TimeInput(
        attrs={"class": "input--short", "autocomplete": "off"}, format="%H:%M"
    )

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", _("Like 8 a.m., 2:30 p.m. or 14:30."))
        super().__init__(
            input_formats=["%H:%M", "%H.%M", "%H", "%I:%M %p", "%I %p"],
            error_messages={
                "invalid": _("Enter a time like 8 a.m., 2:30 p.m. or 14:30.")
            },
            **kwargs,
        )

    def to_python(self, value: Any) -> time | None:
        """Read "8 a.m." and "2:30pm" as well, however they are dotted."""
        if isinstance(value, str):
            value = _HALF_OF_DAY.sub(r" \1M", value.strip().upper())
        return super().to_python(value)


def day(**kwargs: Any) -> parts.ThreePartDate:
    """Return a date field that ends before the years that no calendar reaches."""
    return parts.ThreePartDate(latest=LATEST, **kwargs)


class Versioned(parts.Form):
    """A form about a row that somebody else may change meanwhile."""

    seen = forms.CharField(max_length=16, widget=forms.HiddenInput, required=False)


class End(Clock):
    """A time at which work ends: 24:00, which some write, is too late."""

    def to_python(self, value: Any) -> time | None:
        """Say what to do instead of 24:00."""
        if isinstance(value, str) and _MIDNIGHT.fullmatch(value.strip()):
            raise forms.ValidationError(_PAST_MIDNIGHT, code="midnight")
        return super().to_python(value)


class FromTo(parts.Form):
    """Two times of one day, the second one later."""

    def clean(self) -> dict[str, Any]:
        """See that the work ends after it starts, and before midnight."""
        checked: dict[str, Any] = super().clean() or {}
        starts, ends = checked.get("starts"), checked.get("ends")
        if starts is not None and ends is not None and ends <= starts:
            overnight = starts >= NOON and ends <= SMALL_HOURS
            self.add_error("ends", _PAST_MIDNIGHT if overnight else _AFTER)
        return checked


class AddHours(FromTo):
    """A weekly stretch of work."""

    weekday = forms.TypedChoiceField(
        label=_("Day of the week"),
        choices=Weekday,
        coerce=int,
        widget=forms.RadioSelect(attrs={"class": "choices--inline"}),
    )
    starts = Clock(label=_("From"))
    ends = End(label=_("To"))
    first_day = day(label=_("First day"), help_text=_("Today at the earliest."))
    last_day = day(label=_("Last day"), required=False)

    def clean(self) -> dict[str, Any]:
        """See that the last day is not before the first."""
        checked = super().clean()
        first, last = checked.get("first_day"), checked.get("last_day")
        if first and last and last < first:
            self.add_error("last_day", _("Enter a day that is not before the first."))
        return checked


class ChangeHours(FromTo, Versioned):
    """Other times, from a day on."""

    first_day = day(
        label=_("New times from"), help_text=_("Until then, nothing changes.")
    )
    starts = Clock(label=_("From"))
    ends = End(label=_("To"))


class EndHours(Versioned):
    """The last day of a weekly stretch of work."""

    last_day = day(label=_("Last day worked"))


class Extra(FromTo, Versioned):
    """Work on one day."""

    day = day(label=_("Day"))
    starts = Clock(label=_("From"))
    ends = End(label=_("To"))


class Off(Versioned):
    """
    Time off: from now, or from a day and a time, until another one.

    The times are those of the clock on the wall of the place.
    """

    from_day = day(
        label=_("First day"),
        required=False,
        help_text=_("Leave it empty if they go off now."),
    )
    from_time = Clock(
        label=_("From"),
        required=False,
        help_text=_(
            "Like 8 a.m., 2:30 p.m. or 14:30. Leave it empty for the whole day."
        ),
    )
    until_day = day(label=_("Last day"))
    until_time = Clock(
        label=_("Until"),
        required=False,
        help_text=_(
            "Like 8 a.m., 2:30 p.m. or 14:30. Leave it empty for the whole day."
        ),
    )
    reason = parts.Text(
        label=_("Reason"),
        max_length=120,
        required=False,
        help_text=_("Colleagues read this. Name no illness."),
    )

    def __init__(self, *args: Any, zone: ZoneInfo, **kwargs: Any) -> None:
        self.zone = zone
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        """Return `starts_at` (None: now) and `ends_at` in place of days and times."""
        checked: dict[str, Any] = super().clean() or {}
        first, last = checked.get("from_day"), checked.get("until_day")
        if checked.get("from_time") and not first and "from_day" not in self.errors:
            self.add_error("from_day", _("Enter the day on which they go off."))
        if last is None or self.errors:
            return checked
        starts_at = (
            self._at(first, checked.get("from_time") or time(0)) if first else None
        )
        until = checked.get("until_time")
        ends_at = self._at(last, until) if until else self._end_of(last)
        if starts_at is not None and ends_at <= starts_at:
            self.add_error("until_day", _("Time off ends after it begins."))
        return {
            "seen": checked.get("seen", ""),
            "reason": checked["reason"],
            "starts_at": starts_at,
            "ends_at": ends_at,
        }

    def _at(self, on: date, clock: time) -> datetime:
        return on_the_clock(on, clock, self.zone, fold=0)

    def _end_of(self, last: date) -> datetime:
        """Return the midnight after `last`."""
        return self._at(date.fromordinal(last.toordinal() + 1), time(0))


class Closed(Versioned):
    """Days on which a place is closed."""

    first_day = day(label=_("First day"))
    last_day = day(label=_("Last day"), help_text=_("Closed on this day, too."))
    reason = parts.Text(label=_("Reason"), max_length=120)

    def clean(self) -> dict[str, Any]:
        """See that the last day is not before the first."""
        checked: dict[str, Any] = super().clean() or {}
        first, last = checked.get("first_day"), checked.get("last_day")
        if first and last and last < first:
            self.add_error("last_day", _("Enter a day that is not before the first."))
        return checked


class Calendar(parts.Form):
    """Whose public holidays a place keeps."""

    country = parts.Text(
        label=_("Country"),
        max_length=2,
        help_text=_("Two letters, as in ISO 3166: US for the United States."),
    )
    subdivision = parts.Text(
        label=_("State or region"),
        max_length=6,
        required=False,
        help_text=_("As in ISO 3166-2: MN for Minnesota."),
    )

    def clean_country(self) -> str:
        """Return it in capitals, if its holidays are known."""
        country: str = self.cleaned_data["country"].upper()
        if country not in list_supported_countries():
            raise forms.ValidationError(
                _("The holidays of this country are not known.")
            )
        return country

    def clean(self) -> dict[str, Any]:
        """See that the region is one of the country."""
        checked: dict[str, Any] = super().clean() or {}
        region = checked["subdivision"] = checked.get("subdivision", "").upper()
        country = checked.get("country")
        if country and region and region not in list_supported_countries()[country]:
            self.add_error("subdivision", _("This country has no such region."))
        return checked


class Holiday(parts.Form):
    """Whether one public holiday is worked."""

    day = forms.DateField(
        widget=forms.HiddenInput,
        input_formats=["%Y-%m-%d"],
        validators=[MaxValueValidator(LATEST)],
    )
    worked = parts.YesNo(label=_("Do you give massage on this holiday?"))


class AddCertificate(parts.Form):
    """A technique for which a therapist is certified."""

    technique = forms.ModelChoiceField(
        label=_("Technique"), queryset=Technique.objects.none(), empty_label=None
    )
    valid_until = day(
        label=pgettext_lazy("certificate", "Valid until"),
        required=False,
        help_text=_("Leave it empty if the certificate does not end."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["technique"].queryset = Technique.objects.offered()  # type: ignore[attr-defined]


class ChangeCertificate(Versioned):
    """The end of a certificate."""

    valid_until = day(
        label=pgettext_lazy("certificate", "Valid until"),
        required=False,
        help_text=_("Leave it empty if the certificate does not end."),
    )


class Active(Versioned):
    """Whether a therapist gives massage."""

    active = parts.YesNo(
        label=_("Do they give massage?"),
        help_text=_("If not, no time of theirs is offered; hours stay as entered."),
    )


class RoomForm(Versioned):
    """A room: its name, what it is fit for, and whether it is in use."""

    name = parts.Text(
        label=_("Name"),
        max_length=60,
        help_text=_("Patients read it in their mail: let it not name the treatment."),
    )
    techniques = forms.ModelMultipleChoiceField(
        label=_("Fit for"),
        queryset=Technique.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Choose none if it is fit for every technique."),
    )
    active = forms.BooleanField(label=_("In use"), required=False, initial=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["techniques"].queryset = Technique.objects.in_order()  # type: ignore[attr-defined]


class TakeBack(Versioned):
    """A button alone."""

    submit = _("Take it back")
