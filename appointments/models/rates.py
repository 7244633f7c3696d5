"""The clinic's own rates, of the last 90 days: what a simulation of it begins with."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Avg, Count, DurationField, ExpressionWrapper, F

from appointments.codes import EntryStatus, Missed, Status
from appointments.models.appointment import Appointment, AppointmentQuerySet
from appointments.models.capacity import Therapist
from appointments.models.freed import not_to_offer, with_again
from appointments.models.outside import rosters
from appointments.models.waitlist import WaitlistEntry, WaitlistEntryQuerySet
from appointments.simulation.model import WEEK, WORKDAYS, BadRates, Category, Rates

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
LOOK_BACK = 90  # days
MOST_WEEKEND = 10.0  # times a weekday, as the model takes it


@dataclass(frozen=True)
class Measured:
    """What the clinic was like, and how much was asked of it."""

    rates: Rates
    load: float  # demand as a multiple of capacity


def clinic_rates(*, now: datetime) -> Measured:
    """
    Return the rates of the 90 days before `now`.

    Demand is every request that was triaged and neither declined nor withdrawn, by the
    start of its clock; lengths include turnover; a time is lost if it was missed, also
    by our mistake, or canceled and had by nobody else; capacity is the hours worked,
    less closures, holidays and time off, of those who give massage now.

    :raises BadRates: if too little happened to tell.
    """
    since = now - LOOK_BACK * DAY
    came = _came(since, now)
    agreed = Appointment.objects.filter(
        starts_at__gte=since, starts_at__lt=now, booked_at__isnull=False
    )
    over = agreed.visits_over()  # without what was missed by our own mistake
    kept = over.count()
    ours = agreed.filter(status=Status.NOSHOW, missed_because=Missed.CLINIC).count()
    refilled, lost = _canceled(agreed)
    times = kept + ours + refilled + lost
    people = came.count()
    weekend_people = came.filter(received_at__iso_week_day__gt=WORKDAYS).count()
    lengths = _lengths(over)
    if people == weekend_people or not lengths:
        raise BadRates(f"too little happened in the last {LOOK_BACK} days to tell")
    a_weekday = (people - weekend_people) / WORKDAYS
    a_weekend_day = weekend_people / (WEEK - WORKDAYS)
    rates = Rates(
        categories=_categories(came, now=now),
        minutes=_minutes(since, now),
        lengths=lengths,
        weekend=min(a_weekend_day / a_weekday, MOST_WEEKEND),
        no_shows=(over.filter(status=Status.NOSHOW).count() + ours + lost) / times,
        cancellations=refilled / times,
    )
    return Measured(rates, people / _at_capacity(rates))


def _came(since: datetime, now: datetime) -> WaitlistEntryQuerySet:
    """Return the requests that were triaged, and neither declined nor withdrawn."""
    return (
        WaitlistEntry.objects.filter(received_at__gte=since, received_at__lt=now)
        .exclude(category=None)
        .exclude(status__in=[EntryStatus.REJECTED, EntryStatus.CANCELLED])
    )


def _canceled(agreed: AppointmentQuerySet) -> tuple[int, int]:
    """
    Return how many canceled times somebody else had, and how many were lost.

    What nobody could be offered is neither: capacity does not count it.
    """
    freed = with_again(agreed.filter(status=Status.CANCELLED))
    refilled = sum(one.again is not None for one in freed)
    return refilled, len(freed) - refilled - len(not_to_offer(freed))


def _at_capacity(rates: Rates) -> float:
    """Return how many people would have filled the 90 days."""
    weights = WORKDAYS + (WEEK - WORKDAYS) * rates.weekend
    return rates.a_weekday(1) * weights * LOOK_BACK / WEEK


def _categories(came: WaitlistEntryQuerySet, *, now: datetime) -> tuple[Category, ...]:
    """Return the categories that people came in, shortest target at `now` first."""
    targets: Any = came.with_targets(now)  # mypy's Django does not see the annotation
    rows = list(
        targets.filter(category_days__isnull=False)
        .values_list("category__name", "category_days")
        .annotate(number=Count("pk"), need=Avg("need_score"))
        .order_by("category_days", "category__name")
    )
    people = sum(number for _name, _target, number, _need in rows)
    return tuple(
        Category(name, target, number / people, round(need))
        for name, target, number, need in rows
    )


def _lengths(over: AppointmentQuerySet) -> tuple[tuple[int, float], ...]:
    """Return how many minutes visits held, with their shares, shortest first."""
    held = ExpressionWrapper(
        F("blocked_until") - F("starts_at"), output_field=DurationField()
    )
    found = Counter(
        round(one / MINUTE)
        for one in over.annotate(held=held).values_list("held", flat=True)
    )
    return tuple(
        (minutes, number / found.total()) for minutes, number in sorted(found.items())
    )


def _minutes(since: datetime, now: datetime) -> tuple[int, ...]:
    """Return the minutes worked on a weekday on average, Monday first."""
    days = [since.date() + n * DAY for n in range(LOOK_BACK)]
    able = Therapist.objects.filter(active=True, location__gives_massage=True)
    keys = set(able.values_list("pk", flat=True))
    worked = [0.0] * WEEK
    for one in rosters(keys, first=days[0], last=days[-1]).values():
        for day in days:
            worked[day.weekday()] += one.minutes(day)
    number = Counter(day.weekday() for day in days)
    return tuple(round(worked[day] / number[day]) for day in range(WEEK))
