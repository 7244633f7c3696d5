"""When therapists work and places are open. Openings are computed from these."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from holidays import country_holidays, list_supported_countries

from appointments.models.capacity import Therapist
from appointments.models.periods import period


class Weekday(models.IntegerChoices):
    """Days as Python's date.weekday() counts them, as they begin a line."""

    MONDAY = 0, capfirst(_("Monday"))
    TUESDAY = 1, capfirst(_("Tuesday"))
    WEDNESDAY = 2, capfirst(_("Wednesday"))
    THURSDAY = 3, capfirst(_("Thursday"))
    FRIDAY = 4, capfirst(_("Friday"))
    SATURDAY = 5, capfirst(_("Saturday"))
    SUNDAY = 6, capfirst(_("Sunday"))


@lru_cache(maxsize=256)  # the same for ever, and slow to reckon
def _of_year(country: str, subdivision: str, year: int) -> tuple[tuple[date, str], ...]:
    some = country_holidays(country, subdiv=subdivision or None, years=year)
    return tuple(some.items())


def holidays_between(
    country: str, subdivision: str, first: date, last: date
) -> dict[date, str]:
    """
    Return the public holidays from `first` to `last` with their names, by day.

    One year more on both sides: a holiday may be kept on a day of the year before.
    """
    years = range(first.year - 1, last.year + 2)
    some = (one for year in years for one in _of_year(country, subdivision, year))
    return {day: name for day, name in sorted(some) if first <= day <= last}


class WorkingHoursQuerySet(models.QuerySet["WorkingHours"]):
    """Reads of working hours."""

    def between(self, first: date, last: date) -> Self:
        """Patterns that are valid on any day from `first` to `last`."""
        return self.filter(valid_from__lte=last).filter(
            Q(valid_until=None) | Q(valid_until__gte=first)
        )


class WorkingHours(models.Model):
    """A weekly stretch of work, in the local time of the therapist's location."""

    therapist = models.ForeignKey(
        Therapist, models.CASCADE, related_name="working_hours"
    )
    weekday = models.PositiveSmallIntegerField(_("weekday"), choices=Weekday)
    starts = models.TimeField(_("from"))
    ends = models.TimeField(_("to"))
    valid_from = models.DateField(_("valid from"))
    valid_until = models.DateField(_("valid until"), null=True, blank=True)

    objects = WorkingHoursQuerySet.as_manager()

    class Meta:
        verbose_name = _("working hours")
        verbose_name_plural = _("working hours")
        constraints = [
            models.CheckConstraint(
                name="working_hours_end_after_they_start",
                condition=Q(ends__gt=F("starts")),
            ),
            models.CheckConstraint(
                name="working_hours_period_runs_forward",
                condition=Q(valid_until=None) | Q(valid_until__gte=F("valid_from")),
            ),
            models.CheckConstraint(
                name="working_hours_weekday_is_known",
                condition=Q(weekday__in=Weekday.values),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.starts:%H:%M}-{self.ends:%H:%M}"


class TimeOffQuerySet(models.QuerySet["TimeOff"]):
    """Reads of time off."""

    def between(self, starts_at: datetime, ends_at: datetime) -> Self:
        """Time off that touches the period."""
        return self.filter(starts_at__lt=ends_at, ends_at__gt=starts_at)


class TimeOff(models.Model):
    """A stretch in which a therapist does not work."""

    therapist = models.ForeignKey(Therapist, models.CASCADE, related_name="time_off")
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("to"))
    reason = models.CharField(  # for colleagues; no patient reads it
        _("reason"), max_length=120, blank=True
    )

    objects = TimeOffQuerySet.as_manager()

    class Meta:
        verbose_name = _("time off")
        verbose_name_plural = _("time off")
        constraints = [
            models.CheckConstraint(
                name="time_off_ends_after_it_starts",
                condition=Q(ends_at__gt=F("starts_at")),
            ),
            ExclusionConstraint(
                name="time_off_is_entered_once",
                expressions=[
                    ("therapist", RangeOperators.EQUAL),
                    (
                        period("starts_at", "ends_at"),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m-%d %H:%M} to {self.ends_at:%Y-%m-%d %H:%M}"

    @property
    def last_minute(self) -> datetime:
        """The minute before work begins again: of a whole day off, still that day."""
        return self.ends_at - timedelta(minutes=1)


class ExtraHoursQuerySet(models.QuerySet["ExtraHours"]):
    """Reads of extra hours."""

    def between(self, first: date, last: date) -> Self:
        """Those of the days from `first` to `last`, local to each place."""
        return self.filter(day__gte=first, day__lte=last)


class ExtraHours(models.Model):
    """A stretch of work on one day, beyond the weekly pattern; local time."""

    therapist = models.ForeignKey(Therapist, models.CASCADE, related_name="extra_hours")
    day = models.DateField(_("day"))
    starts = models.TimeField(_("from"))
    ends = models.TimeField(_("to"))

    objects = ExtraHoursQuerySet.as_manager()

    class Meta:
        verbose_name = _("extra hours")
        verbose_name_plural = _("extra hours")
        constraints = [
            models.CheckConstraint(
                name="extra_hours_end_after_they_start",
                condition=Q(ends__gt=F("starts")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.starts:%H:%M}-{self.ends:%H:%M}"


class ClosureQuerySet(models.QuerySet["Closure"]):
    """Reads of closures."""

    def between(self, first: date, last: date) -> Self:
        """Closures that touch the days from `first` to `last`."""
        return self.filter(first_day__lte=last, last_day__gte=first)


class Closure(models.Model):
    """Days on which a place gives no massage, both ends included; local days."""

    location = models.ForeignKey(
        "services.Location", models.CASCADE, related_name="closures"
    )
    first_day = models.DateField(_("first day"))
    last_day = models.DateField(_("last day"))
    reason = models.CharField(_("reason"), max_length=120)

    objects = ClosureQuerySet.as_manager()

    class Meta:
        verbose_name = _("closure")
        verbose_name_plural = _("closures")
        constraints = [
            models.CheckConstraint(
                name="closure_runs_forward", condition=Q(last_day__gte=F("first_day"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first_day} to {self.last_day}"


class HolidayCalendar(models.Model):
    """Whose public holidays a place keeps; the days come from the package holidays."""

    location = models.OneToOneField(
        "services.Location", models.CASCADE, related_name="holiday_calendar"
    )
    country = models.CharField(_("country, as in ISO 3166-1"), max_length=2)
    subdivision = models.CharField(
        _("state or region, as in ISO 3166-2"), max_length=6, blank=True
    )

    class Meta:
        verbose_name = _("holiday calendar")
        verbose_name_plural = _("holiday calendars")

    def __str__(self) -> str:
        return "-".join(filter(None, [self.country, self.subdivision]))

    def clean(self) -> None:
        """Refuse a country or a part of it whose holidays nobody has collected."""
        known = list_supported_countries()
        if self.country not in known:
            raise ValidationError({"country": _("This country is not known.")})
        if self.subdivision and self.subdivision not in known[self.country]:
            raise ValidationError({"subdivision": _("This region is not known.")})

    def between(self, first: date, last: date) -> dict[date, str]:
        """Return the holidays from `first` to `last` by day, less those worked."""
        worked = {one.day for one in self.worked.all()}  # may be fetched before
        some = self.of_the_country(first, last)
        return {day: name for day, name in some.items() if day not in worked}

    def of_the_country(self, first: date, last: date) -> dict[date, str]:
        """Return all public holidays from `first` to `last` by day."""
        return holidays_between(self.country, self.subdivision, first, last)


class HolidayWorked(models.Model):
    """A public holiday on which the place gives massage all the same."""

    calendar = models.ForeignKey(HolidayCalendar, models.CASCADE, related_name="worked")
    day = models.DateField(_("day"))

    class Meta:
        verbose_name = _("holiday worked")
        verbose_name_plural = _("holidays worked")
        constraints = [
            models.UniqueConstraint(
                name="holiday_worked_is_entered_once", fields=["calendar", "day"]
            )
        ]

    def __str__(self) -> str:
        return str(self.day)
