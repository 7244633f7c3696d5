"""
Sixteen people at once do whatever a clinic does, over overlapping times of one day.

One therapist's twenty times begin a quarter of an hour apart, so nearly any two are in
each other's way; rooms and patients are shared with a second therapist.
"""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest

from appointments import actions
from appointments.actions.capacity import Change, HitsNobodySaw, change_capacity
from appointments.actions.hours import add_time_off
from appointments.codes import Ending, Status
from appointments.models import Appointment, WaitlistEntry
from massage_portal.accounts.roles import Role
from tests.appointments.sound import faults
from tests.appointments.test_races import make_line
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    TODAY,
    at,
    make_category,
    make_clinic,
    make_diagnosis,
    make_entry,
    make_referral,
    make_user,
    opening_at,
)
from tests.threads import errors, together, won
from tests.turns import ANY_TURN

pytestmark = pytest.mark.usefixtures("committed")

THREADS, ACTS, TIMES = 16, 16, 20
QUARTER = timedelta(minutes=15)
BEGINS = at(TODAY, "13:00")


def a_clinic():
    """Return two therapists, two rooms, and twelve who wait, four of them twice."""
    place, therapists, rooms = make_clinic(
        therapists=2, rooms=2, hours=("12:30", "19:30")
    )
    line = make_line(12)
    back = make_diagnosis("M54.50", "Low back pain, unspecified")
    for entry in line[:4]:
        make_entry(referral=make_referral(patient=entry.patient, diagnosis=back))
    return place, therapists, rooms


def some(rows, draw):
    keys = list(rows.values_list("pk", flat=True))
    return rows.filter(pk=draw.choice(keys)).first() if keys else None


def time_off(place, therapist, starts_at, by):
    """Enter an hour off; whom it hits was not seen, so look, and send it again."""
    off = partial(
        add_time_off,
        therapist=therapist,
        starts_at=starts_at,
        ends_at=starts_at + HOUR,
        reason="Away",
    )
    send = partial(
        change_capacity, change=Change(off, place, therapist), by=by, now=NOW
    )
    try:
        send(seen=[], keep=set())
    except HitsNobodySaw as told:
        send(seen=[hit.key for hit in told.hits], keep=set())


def of_entry(entry, opening, draw, ours):
    category = make_category(target_days=draw.choice([3, 14, 42]))
    seen = {"entry": entry, "version": entry.version} | ours
    given = {"entry": entry, "opening": opening, "terms": ANY_TURN} | ours
    days = Decimal(draw.randrange(1, 60))
    for_now = {"reason": "Told by telephone", "ends_at": NOW + 7 * DAY}
    calls = {
        "offer": partial(actions.offer, **given),
        "book": partial(actions.book, **given),
    }
    judged = {
        "triage": partial(actions.triage, category=category, **seen),
        "overrule": partial(actions.overrule, target_days=days, **for_now, **seen),
    }
    return calls | judged if draw.random() < 0.4 else calls


def acts(draw, place, therapists, rooms, by):
    """Return what can be done at random: by name, calls that may be refused."""
    ours = {"by": by, "now": NOW}
    starts_at = BEGINS + draw.randrange(TIMES) * QUARTER
    therapist = draw.choice([*therapists, therapists[0], therapists[0]])
    opening = opening_at(therapist, draw.choice(rooms), starts_at)
    entry = some(WaitlistEntry.objects.waiting(), draw)
    booked = some(Appointment.objects.filter(status=Status.BOOKED), draw)
    offer = some(Appointment.objects.filter(status=Status.PROPOSED), draw)
    calls = {"sweep": partial(actions.offer_freed_times, now=NOW)}
    if draw.random() < 0.08:  # else they are soon off all day
        calls["time off"] = partial(time_off, place, therapist, starts_at, by)
    if entry is not None:
        calls |= of_entry(entry, opening, draw, ours)
    if booked is not None:
        of = {"appointment": booked} | ours
        to = {"opening": opening, "terms": ANY_TURN} | of
        calls |= {
            "cancel": partial(actions.cancel, ending=Ending.BY_PATIENT, **of),
            "move": partial(actions.move, **to),
            "offer move": partial(
                actions.offer_move, opening=opening, terms=ANY_TURN, **of
            ),
        }
        if draw.random() < 0.3:  # who has arrived stays, and their time with them
            calls["arrive"] = partial(actions.arrive, **of)
    if offer is not None:
        of = {"appointment": offer} | ours
        calls |= {
            "accept": partial(actions.accept, **of),
            "decline": partial(actions.decline, **of),
            "take back": partial(actions.withdraw_offer, **of),
        }
    return calls


def live(seed, world, by):
    """Do ACTS things at random, the same for the same seed; count those that held."""
    draw, done = random.Random(seed), Counter()  # noqa: S311 - chance, no secret
    for _ in range(ACTS):
        calls = acts(draw, *world, by)
        name = draw.choice(sorted(calls))
        done[f"{name} tried"] += 1
        try:
            calls[name]()
        except actions.Refusal:
            done["refused"] += 1
        else:
            done[name] += 1
    return done


def test_whatever_sixteen_do_with_twenty_overlapping_times_what_must_hold_holds():
    world, by = a_clinic(), make_user(Role.SCHEDULER, Role.LEAD)

    outcomes = together(*(partial(live, seed, world, by) for seed in range(THREADS)))

    assert errors(outcomes) == []
    done = sum(won(outcomes), Counter())
    assert done["refused"] > 0
    for name in ("book", "cancel", "offer", "triage", "overrule"):
        assert done[name] > 0, done
    rare = ["accept", "move", "offer move", "arrive", "time off", "decline", "sweep"]
    assert sum(done[f"{name} tried"] > 0 for name in rare) >= 5, done
    while actions.offer_freed_times(now=NOW):
        pass
    assert faults(NOW) == {}
    assert faults(NOW + QUARTER) == {}
