"""Reckon how long people wait, so that pages need only read it."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from itertools import pairwise

from django.db import transaction

from appointments.models import ExpectedWait, Policy, TriageCategory
from appointments.models.expected import Source, past_waits
from appointments.models.rates import LOOK_BACK, Measured, clinic_rates
from appointments.models.waitlist import FEWEST_SHOWN
from appointments.simulation.model import (
    LEAST_LOAD,
    MOST_LOAD,
    WEEK,
    WORKDAYS,
    BadRates,
    draw,
    serve,
)
from appointments.simulation.orders import least_harm
from appointments.standing import SHARES

DAYS, WARM_UP = 180, 90  # simulated; those who come before the queue has formed
SEEDS = 3


def reckon_waits(*, now: datetime) -> int:
    """
    Reckon the expected waits of every category anew; return how many were kept.

    From the waits of the last 90 days, and from a simulation with the clinic's own
    rates. Where both have too few people, nothing is kept, and nothing is told. It
    may run twice at once.
    """
    found = [
        ExpectedWait(**row_of_past(row), reckoned_at=now)
        for row in past_waits(now=now).order_by("category")
    ]
    found += _simulated(now=now)
    found.sort(key=lambda one: (one.category_id, one.source))
    with transaction.atomic():
        ExpectedWait.objects.bulk_create(
            found,
            update_conflicts=True,
            unique_fields=["category", "source"],
            update_fields=["people", "days", "reckoned_at"],
        )
        ExpectedWait.objects.filter(reckoned_at__lt=now).delete()
    return len(found)


def row_of_past(row: dict[str, object]) -> dict[str, object]:
    """Return a row of `past_waits` as the fields of an ExpectedWait."""
    return {
        "category_id": row["category"],
        "source": Source.PAST,
        "people": row["people"],
        "days": row["days"],
    }


def _simulated(*, now: datetime) -> list[ExpectedWait]:
    """Return the waits that the clinic's own rates lead to, by category."""
    try:
        measured = clinic_rates(now=now)
    except BadRates:
        return []
    if people_of(measured) < FEWEST_SHOWN:
        return []  # rates of so few would tell chance
    load = min(max(measured.load, LEAST_LOAD), MOST_LOAD)
    order = least_harm(float(Policy.objects.in_force(now).harm_exponent))
    waits: dict[int, Counter[int]] = {}
    for seed in range(1, SEEDS + 1):
        world = draw(measured.rates, load=load, days=DAYS, seed=seed)
        for (row, came, seen), number in serve(world, order).seen.items():
            if came >= WARM_UP:
                category = world.rows[row].category
                waits.setdefault(category, Counter())[seen - came] += number
    keys = dict(TriageCategory.objects.values_list("name", "pk"))
    return [
        ExpectedWait(
            category_id=keys[measured.rates.categories[category].name],
            source=Source.SIMULATED,
            people=counted.total(),
            days=quantiles(counted),
            reckoned_at=now,
        )
        for category, counted in waits.items()
        if counted.total() >= FEWEST_SHOWN
    ]


def people_of(measured: Measured) -> int:
    """Return how many people the rates were measured on."""
    a_week = WORKDAYS + (WEEK - WORKDAYS) * measured.rates.weekend
    return round(measured.rates.a_weekday(measured.load) * a_week * LOOK_BACK / WEEK)


def quantiles(counted: Counter[int]) -> list[float]:
    """
    Return the value at each of SHARES, as PostgreSQL's percentile_cont reckons it.

    :param counted: how many had each value; one or more in all.
    """
    ranked = [value for value in sorted(counted) for _one in range(counted[value])]
    ranked.append(ranked[-1])
    pairs = list(pairwise(ranked))
    found = []
    for share in SHARES:
        place = share * (len(pairs) - 1)
        low, high = pairs[int(place)]
        found.append(low + (place - int(place)) * (high - low))
    return found
