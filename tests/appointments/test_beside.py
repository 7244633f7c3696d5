"""What a plan's other rows leave free is looked at as far as it is asked for."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from appointments.keys import Keys
from appointments.models import DraftOffer, Policy
from appointments.models.planner import Planner
from appointments.openings import RoomDiary, Taken
from appointments.planning.grid import Rooms
from appointments.spans import Shared, Span
from tests.factories import (
    DAY,
    NOW,
    certify,
    make_appointment,
    make_clinic,
    make_entry,
    make_policy,
    make_referral,
    make_technique,
)

HALF = timedelta(minutes=30)
EIGHT = datetime(2026, 10, 14, 8, tzinfo=UTC)


class Filled:
    """The rooms of one place, by the plain rule: each is looked at, each time."""

    def __init__(self, rooms):
        self._rooms = rooms
        self._given = []

    def free(self, span):
        return [
            room
            for room in self._rooms
            if room.is_free(span)
            and not any(
                key == room.room and one.start < span.end and span.start < one.end
                for key, one in self._given
            )
        ]

    def give(self, span, techniques):
        able = [
            (sum(one.serves(kind) for kind in techniques), one)
            for one in self.free(span)
        ]
        most = max((number for number, _room in able), default=0)
        if not able or (techniques and not most):
            return None
        room = next(one for number, one in able if number == most)
        self._given.append((room.room, span))
        return room


@pytest.mark.parametrize("seed", range(30))
def test_rooms_are_given_as_if_each_was_looked_at(seed):
    dice = random.Random(seed)  # noqa: S311 - the same rooms each time

    def span():
        start = EIGHT + dice.randrange(12) * HALF
        return Span(start, start + dice.randrange(1, 4) * HALF)

    whom = [sum(1 << key for key in dice.sample(range(4), 2)) for _ in range(3)]
    shared = Shared(Keys([0]), ([span() for _ in whom], whom))
    fit = [frozenset(dice.sample((1, 2, 3), dice.randrange(3))) for _ in range(4)]
    diaries = [
        RoomDiary(key, 1, Taken([span()], shared=shared, key=key), fit[key])
        for key in range(4)
    ]
    rooms, plain = Rooms(diaries), Filled(diaries)
    given = 0
    for _ in range(30):
        one, kinds = span(), dice.sample([None, 1, 2, 3], dice.randrange(3))
        could = any(room.serves(1) for room in plain.free(one))
        assert rooms.could_give(1, one, 1) == could
        room = rooms.give(1, one, techniques=kinds)
        assert room == plain.give(one, kinds)
        given += room is not None
    assert 3 < given < 30


@pytest.fixture
def plan(db):
    """Return a planner, one row, and rows that fill two days of two therapists."""
    make_policy(visit_minutes=50)
    technique = make_technique(minutes=80)
    _, staff, rooms = make_clinic(therapists=2, rooms=2)
    for one in staff:
        certify(one, technique)
    make_appointment(therapist=staff[0], room=rooms[0], starts_at=NOW + DAY)
    policy = Policy.objects.in_force(NOW)
    planner = Planner.of_weeks(2, now=NOW, policy=policy)
    dice = random.Random(1)  # noqa: S311 - the same rows each time
    rows = []
    for number, opening in enumerate(dice.sample(planner.openings(None), 24)):
        referral = make_referral(technique=dice.choice([None, technique]))
        rows.append(
            DraftOffer(
                pk=number,
                entry=make_entry(referral=referral),
                therapist_id=opening.therapist,
                starts_at=opening.starts_at,
                ends_at=opening.ends_at,
            )
        )
    planner = Planner.of_weeks(2, now=NOW, policy=policy)
    first = next(one for one in rows if one.entry.referral.technique is None)
    first.entry = planner.entry(first.entry_id)
    return planner, first, [one for one in rows if one is not first]


def test_the_first_times_beside_a_plan_place_only_rows_that_begin_before(
    plan, monkeypatch
):
    planner, row, others = plan
    placed = []
    give = Rooms.give

    def counted(rooms, location, span, **asked):
        placed.append(span.start)
        return give(rooms, location, span, **asked)

    monkeypatch.setattr(Rooms, "give", counted)

    found = list(islice(planner.choices(row, others), 3))

    assert len(found) == 3
    assert all(start < found[-1].blocked_until for start in placed)
    assert len(placed) < len(others) / 2
    every = list(planner.choices(row, others))
    assert every[:3] == found
    stand = [one for one in others if planner.opening_of(one)]
    taken = {(one.therapist_id, one.starts_at) for one in stand}
    assert len(every) > 3
    assert len(stand) > 10
    assert not taken & {(one.therapist, one.starts_at) for one in every}
