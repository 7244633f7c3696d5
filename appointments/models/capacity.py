"""Who gives massage, where and when. Openings are computed from these, never stored."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from services.models import Technique


class Weekday(models.IntegerChoices):
    """Days as Python's date.weekday() counts them."""

    MONDAY = 0, _("Monday")
    TUESDAY = 1, _("Tuesday")
    WEDNESDAY = 2, _("Wednesday")
    THURSDAY = 3, _("Thursday")
    FRIDAY = 4, _("Friday")
    SATURDAY = 5, _("Saturday")
    SUNDAY = 6, _("Sunday")


class TherapistQuerySet(models.QuerySet["Therapist"]):
    """Reads of therapists."""

    def who_can(self, technique: Technique | None) -> Self:
        """Those who give massage, and are certified for the technique; by name."""
        able = self.filter(active=True, location__gives_massage=True)
        if technique is not None:
            able = able.filter(techniques=technique)
        return able.select_related("user", "location").order_by("user__name", "pk")


class Therapist(models.Model):
    """A certified massage therapist (FHIR Practitioner)."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="therapist"
    )
    location = models.ForeignKey("services.Location", models.PROTECT)
    techniques = models.ManyToManyField(
        "services.Technique", verbose_name=_("certified for")
    )
    active = models.BooleanField(_("gives massage"), default=True)

    objects = TherapistQuerySet.as_manager()

    class Meta:
        verbose_name = _("therapist")
        verbose_name_plural = _("therapists")
        permissions = [("view_own_day", "Can see their own day")]

    def __str__(self) -> str:
        return self.user.name


class Room(models.Model):
    """A treatment room (FHIR Location)."""

    location = models.ForeignKey("services.Location", models.PROTECT)
    name = models.CharField(_("name"), max_length=60)
    active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("room")
        verbose_name_plural = _("rooms")
        constraints = [
            models.UniqueConstraint(
                name="room_name_is_unique_in_its_location", fields=["location", "name"]
            )
        ]

    def __str__(self) -> str:
        return self.name


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
                        Func(
                            "starts_at",
                            "ends_at",
                            Value("[)"),
                            function="tstzrange",
                            output_field=DateTimeRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m-%d %H:%M} to {self.ends_at:%Y-%m-%d %H:%M}"
