"""A plan of offers drawn up from rows of the database, held against brute force."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, time
from itertools import combinations

import numpy as np
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from appointments.codes import EntryStatus, Status
from appointments.matching import Wish, fits
from appointments.models import Policy
from appointments.models.planner import Planner
from appointments.openings import Opening, Span
from appointments.planning import drawing
from appointments.planning.classes import Classes
from appointments.planning.columns import Columns
from appointments.planning.drawing import draw_up
from appointments.planning.grid import Block
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    TODAY,
    at,
    make_appointment,
    make_clinic,
    make_entry,
    make_policy,
    make_referral,
    make_technique,
)

pytestmark = pytest.mark.django_db
MINUTE = HOUR / 60


def planner(*, weeks=1, now=NOW):
    return Planner.of_weeks(weeks, now=now, policy=Policy.objects.in_force(now))


def drawn(**asked):
    """Return the outcomes by the key of the entry."""
    made = planner(**asked)
    return {one.asking.key: one for one in made.draw().outcomes}


def overlap(one: Opening, other: Opening) -> bool:
    return one.starts_at < other.blocked_until and other.starts_at < one.blocked_until


def possible(given: list[Opening], rooms: int) -> bool:
    """Say whether these could all take place, looked at pair by pair."""
    for one, other in combinations(given, 2):
        if one.therapist == other.therapist and overlap(one, other):
            return False
    return all(
        sum(o.starts_at <= one.starts_at < o.blocked_until for o in given) <= rooms
        for one in given
    )


def least_harm(problem, rooms: int) -> float:
    """Try every way to give the half hours themselves; return the least harm."""
    ways = []
    for asking in problem.asking:

        def harm(until: datetime, asking=asking) -> float:
            waited = (until - asking.received_at) / DAY
            return (waited / asking.target_days) ** problem.exponent

        some = problem.openings[asking.kind]
        able = [o for o in some if fits(asking.wish, o, now=problem.now)]
        choices = [(harm(o.starts_at), o) for o in able]
        ways.append([(harm(problem.ends_at), None), *choices])
    best = float("inf")

    def go(number: int, given: list[Opening], so_far: float) -> None:
        nonlocal best
        if so_far >= best:
            return
        if number == len(ways):
            best = so_far
            return
        for harm, opening in ways[number]:
            if opening is None:
                go(number + 1, given, so_far + harm)
            elif possible([*given, opening], rooms):
                go(number + 1, [*given, opening], so_far + harm)

    go(0, [], 0.0)
    return best


CLOCKS = {text: time.fromisoformat(text) for text in ("08:00", "08:30", "09:00")}
LATEST = [time(10, 0), time(23, 0)]


def small_problem(seed: int, *, rooms: int, lengths: tuple[int, ...]):
    """Return the problem of 5 who wait, and 2 therapists who work a short morning."""
    chance = random.Random(seed)  # noqa: S311 - the same rows each time
    techniques = [make_technique(minutes=length) for length in lengths] or [None]
    _, therapists, _ = make_clinic(
        therapists=2,
        rooms=rooms,
        hours=("08:00", "10:30"),
        days=[3],
        techniques=[one for one in techniques if one],
    )
    for _ in range(5):
        make_entry(
            waited_days=chance.randrange(1, 60),
            target_days=chance.choice([3, 14, 42]),
            referral=make_referral(technique=chance.choice(techniques)),
            from_time=chance.choice(list(CLOCKS.values())),
            to_time=chance.choice(LATEST),
            therapist=chance.choice([None, None, *therapists]),
        )
    made = planner()
    return made._problem(made.line, [])


@pytest.mark.parametrize(
    ("rooms", "lengths", "most"),
    [
        pytest.param(2, (), 0.001, id="one length, a room each"),
        pytest.param(1, (), 0.02, id="one length, one room for two"),
        pytest.param(2, (20, 50, 80), 0.02, id="three lengths"),
        pytest.param(1, (20, 50, 80), 0.02, id="three lengths, one room for two"),
    ],
)
def test_a_plan_is_close_to_the_best_there_is_and_never_worse_than_the_line(
    rooms, lengths, most
):
    make_policy(same_therapist_harm=0)
    over = []
    for seed in range(8):
        with transaction.atomic():
            problem = small_problem(seed, rooms=rooms, lengths=lengths)
            found = draw_up(problem)
            best = least_harm(problem, rooms)
            given = [one.opening for one in found if one.opening]
            harm = sum(one.harm for one in found)

            assert possible(given, rooms)
            assert best - 1e-9 <= harm <= sum(one.line_harm for one in found) + 1e-9
            over.append(harm / best - 1)
            transaction.set_rollback(True)
    assert sum(over) / len(over) < most


@pytest.mark.parametrize("seed", range(3))
def test_what_is_compared_in_columns_is_what_the_rule_says(seed):
    chance = random.Random(seed)  # noqa: S311 - the same rows each time
    make_clinic(therapists=2, rooms=2, hours=("08:00", "18:00"))
    make_clinic(hours=("08:00", "18:00"))
    made = planner(weeks=2)
    some = made.openings(None)
    columns = Columns(some)
    for _ in range(40):
        busy, refused = chance.choice(some), chance.choice(some)
        wish = Wish(
            valid_from=TODAY,
            valid_until=TODAY + chance.randrange(14) * DAY,
            earliest=chance.choice([None, TODAY + 2 * DAY]),
            latest=chance.choice([None, TODAY + 7 * DAY]),
            weekdays=chance.choice(["MTWRFSU", "MWF", "U"]),
            from_time=chance.choice(list(CLOCKS.values())),
            to_time=chance.choice([time(12, 0), time(17, 50), time(23, 59)]),
            therapist=chance.choice([None, busy.therapist]),
            location=chance.choice([None, busy.location, refused.location]),
            notice=chance.choice([0, 4, 100]) * HOUR,
            refused=frozenset({(refused.therapist, refused.starts_at)}),
            elsewhere=(Span(busy.starts_at, busy.blocked_until),),
        )
        begins = chance.choice([NOW - DAY, NOW + 5 * DAY])
        found = columns.usable(wish, now=NOW, not_before=begins)

        part = np.array(chance.sample(range(len(some)), 20))
        among = columns.only(part).usable(wish, now=NOW, not_before=begins)
        assert part[among].tolist() == [n for n in part if n in set(found.tolist())]
        assert [some[place] for place in found] == [
            one for one in some if fits(wish, one, now=NOW) and one.starts_at >= begins
        ]


def test_keeping_a_therapist_costs_no_more_than_policy_says_for_each_visit_kept():
    """The other therapist is free on Thursday, their own on Friday: 0.4 more harm."""
    found = {}
    for worth in (0, 0.3, 0.5):
        with transaction.atomic():
            make_policy(same_therapist_harm=worth)
            _, (own, other), rooms = make_clinic(
                therapists=2, rooms=2, hours=("08:00", "09:00"), days=[3]
            )
            own.working_hours.update(weekday=4)
            referral = make_referral(sessions=3)
            make_appointment(
                entry=make_entry(referral=referral, status=EntryStatus.COMPLETED),
                status=Status.FULFILLED,
                therapist=own,
                room=rooms[0],
                starts_at=NOW - 9 * DAY,
            )
            make_entry(referral=referral, session=2, target_days=10)
            (one,) = planner().draw().outcomes
            found[worth] = (one.opening.therapist == own.pk, one.harm)
            assert one.same_therapist == (one.opening.therapist == own.pk)
            assert other.pk != own.pk
            transaction.set_rollback(True)

    kept, harms = zip(*found.values(), strict=True)
    assert kept == (False, False, True)
    assert harms[0] == harms[1]
    assert 0.3 < harms[2] - harms[0] <= 0.5


def test_what_keeping_therapists_costs_in_all_is_bounded():
    make_policy(same_therapist_harm=0)
    for seed in range(6):
        with transaction.atomic():
            problem = small_problem(seed, rooms=2, lengths=())
            staff = sorted(
                {o.therapist for some in problem.openings.values() for o in some}
            )
            asking = [
                replace(one, last_therapist=staff[number % 2])
                for number, one in enumerate(problem.asking)
            ]
            plain = draw_up(replace(problem, asking=asking))
            dear = draw_up(replace(problem, asking=asking, same_therapist=5.0))
            kept = sum(one.same_therapist for one in dear)
            best = least_harm(problem, 2)

            assert sum(one.harm for one in plain) == pytest.approx(best, rel=0.01)
            assert sum(one.harm for one in dear) <= best * 1.01 + 5.0 * kept
            transaction.set_rollback(True)


def test_the_next_visit_of_a_plan_is_not_before_its_day():
    make_policy()
    make_clinic(hours=("08:00", "09:00"))
    planned = NOW + 4 * DAY
    entry = make_entry(received_at=planned, earliest=planned.date())

    assert drawn()[entry.pk].opening.starts_at == at(planned.date() + DAY, "08:00")


def test_a_certificate_that_ends_is_heeded_day_by_day():
    make_policy()
    technique = make_technique()
    _, (therapist,), _ = make_clinic(techniques=[technique], hours=("08:00", "09:00"))
    therapist.certifications.update(valid_until=TODAY + 2 * DAY)
    entries = [make_entry(referral=make_referral(technique=technique)) for _ in "abc"]

    outcomes = drawn()

    given = [outcomes[one.pk].opening for one in entries]
    days = sorted(one.local_start.date() for one in given if one)
    assert days == [TODAY + DAY, TODAY + 2 * DAY]


def test_who_has_most_to_gain_is_taken_in_where_more_wait_than_can_be_weighed(
    monkeypatch,
):
    make_policy()
    make_clinic(therapists=2, rooms=2, hours=("08:00", "10:00"), days=[3])
    urgent = [make_entry(waited_days=1, target_days=3) for _ in range(3)]
    longer = [make_entry(waited_days=60, target_days=42) for _ in range(3)]
    never = make_entry(weekdays="U")
    made = planner()
    problem = made._problem(made.line, [])
    weighed = []
    assign = drawing.assign
    monkeypatch.setattr(
        drawing,
        "assign",
        lambda gains, room, **more: (
            weighed.append(gains.size) or assign(gains, room, **more)
        ),
    )

    whole = {one.asking.key: one for one in draw_up(problem)}
    classes = weighed[0] // 6  # all that some time suits
    weighed.clear()
    some = {one.asking.key: one for one in draw_up(problem, most_pairs=3 * classes)}

    assert weighed[0] <= 3 * classes
    assert [some[one.pk].left_out for one in urgent] == [False] * 3
    assert [some[one.pk].left_out for one in longer] == [True] * 3
    assert all(some[one.pk].opening is None for one in longer)
    assert all(some[one.pk].line_opening is None for one in longer)
    assert not some[never.pk].left_out
    assert not any(one.left_out for one in whole.values())
    assert sum(one.opening is not None for one in whole.values()) == 4
    assert sum(one.opening is not None for one in some.values()) == 3


def test_times_that_are_alike_are_weighed_once():
    """However many therapists: unless somebody asks for one, or had one last."""
    make_policy()
    make_clinic(therapists=4, rooms=4, hours=("08:00", "10:00"), days=[3])
    entries = [make_entry() for _ in range(3)]
    made = planner()
    problem = made._problem(made.line, [])
    blocks = [Block.of(o) for o in problem.openings[None, 50 * MINUTE]]
    times = [one for one in blocks if one.start == blocks[0].start]
    asks = replace(problem.asking[0].wish, therapist=times[0].therapist)
    refuses = replace(
        problem.asking[0].wish,
        refused=frozenset({(times[0].therapist, blocks[0].start)}),
    )
    had = replace(problem.asking[0], last_therapist=times[0].therapist)
    sizes = {}
    for name, first in {
        "nobody": problem.asking[0],
        "asked for": replace(problem.asking[0], wish=asks),
        "refused": replace(problem.asking[0], wish=refuses),
        "had": had,
    }.items():
        changed = replace(
            problem, asking=[first, *problem.asking[1:]], same_therapist=0.1
        )
        sizes[name] = [len(one.times) for one in Classes(changed).of(times)]

    assert len(entries) == 3
    assert sizes == {
        "nobody": [4],
        "asked for": [1, 3],
        "refused": [1, 3],
        "had": [1, 3],
    }


def test_drawing_up_asks_as_much_for_many_as_for_few():
    make_policy()
    make_clinic(hours=("08:00", "12:00"))
    numbers = []
    for more in (3, 12):
        for _ in range(more):
            make_entry()
        with CaptureQueriesContext(connection) as asked:
            planner(weeks=4).draw()
        numbers.append(len(asked))

    assert numbers[0] == numbers[1] <= 8


def test_nobody_without_a_time_would_gain_more_by_one_than_who_has_it():
    """What the plan promises of order: no exchange of two does less harm."""
    make_policy(same_therapist_harm=0)
    make_clinic(therapists=2, rooms=1, hours=("08:00", "12:00"))
    chance = random.Random(7)  # noqa: S311 - the same rows each time
    for _ in range(60):
        make_entry(
            waited_days=chance.randrange(1, 60),
            target_days=chance.choice([3, 14, 42]),
            weekdays=chance.choice(["MTWRFSU", "MWF", "TR"]),
            from_time=chance.choice(list(CLOCKS.values())),
        )
    made = planner(weeks=1)
    entries = {one.pk: one for one in made.line}
    some = made.draw().outcomes

    def gain(one, opening):
        entry = entries[one.asking.key]
        waits = made.harm_of(entry, made.ends_at)
        return waits - made.harm_of(entry, opening.starts_at)

    given = [one for one in some if one.opening]
    without = [one for one in some if not one.opening and one.suits]
    assert len(given) > 20
    assert len(without) > 10
    for has in given:
        for lacks in without:
            if fits(lacks.asking.wish, has.opening, now=NOW):
                assert gain(lacks, has.opening) <= gain(has, has.opening) + 1e-9
