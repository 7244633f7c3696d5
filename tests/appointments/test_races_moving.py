"""
Races about offers, moves and cancellations, by real threads on a real database.

Each ends in one true state; whoever loses reads a kind sentence.
"""

from __future__ import annotations

import random
from collections import Counter
from functools import partial

import pytest

from appointments import actions
from appointments.codes import Ending, EntryStatus, Status
from appointments.models import Appointment, Therapist, WaitlistEntry
from massage_portal.accounts.roles import Role
from tests.appointments.sound import faults
from tests.appointments.test_races import accept, make_line
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    TODAY,
    at,
    make_category,
    make_clinic,
    make_request,
    make_user,
    opening_at,
)
from tests.threads import errors, together, won
from tests.turns import ANY_TURN

pytestmark = pytest.mark.usefixtures("committed")

MONDAY, TUESDAY = TODAY + 5 * DAY, TODAY + 6 * DAY
REPEATS = 4
THREADS, ACTS = 16, 8


@pytest.fixture
def scheduler(committed):
    return make_user(Role.SCHEDULER)


def a_visit(scheduler):
    """Return a visit on Monday at 9, and what opens on Tuesday at a clock time."""
    _, [therapist], [room] = make_clinic()
    [entry] = make_line(1)
    monday = opening_at(therapist, room, at(MONDAY, "09:00"))
    what = {"by": scheduler, "now": NOW, "terms": ANY_TURN}
    visit = actions.book(entry=entry, opening=monday, **what)
    return visit, lambda clock: opening_at(therapist, room, at(TUESDAY, clock))


def a_move(scheduler):
    """Return a booked visit, and the offer of another time for it."""
    visit, tuesday = a_visit(scheduler)
    made = actions.offer_move(
        appointment=visit,
        opening=tuesday("10:00"),
        by=scheduler,
        now=NOW,
        terms=ANY_TURN,
    )
    return visit, made


def acting(action, appointment, **more):
    by = appointment.patient.user
    return partial(action, appointment=appointment, by=by, now=NOW, **more)


def state(*appointments):
    rows = dict(Appointment.objects.values_list("pk", "status"))
    return [rows[one.pk] for one in appointments]


def kind(outcomes):
    """See that each loser was refused in whole sentences, by one of our refusals."""
    for error in errors(outcomes):
        assert isinstance(error, actions.Refusal), error
        assert str(error).endswith(".")
        assert str(error)[0].isupper()
    return True


def test_accepting_in_one_browser_and_declining_in_the_other_is_one_of_both():
    for _ in range(REPEATS):
        _, [therapist], [room] = make_clinic()
        [entry] = make_line(1)
        opening = opening_at(therapist, room, at(MONDAY, "09:00"))
        made = actions.offer(entry=entry, opening=opening, by=None, now=NOW)

        outcomes = together(accept(made), acting(actions.decline, made))

        assert kind(outcomes)
        assert len(won(outcomes)) == 1
        entry.refresh_from_db()
        assert (state(made)[0], entry.status) in (
            (Status.BOOKED, EntryStatus.IN_PROGRESS),
            (Status.CANCELLED, EntryStatus.ACCEPTED),
        )


def test_accepting_while_the_request_is_withdrawn_is_one_of_both():
    for _ in range(REPEATS):
        _, [therapist], [room] = make_clinic()
        [entry] = make_line(1)
        opening = opening_at(therapist, room, at(MONDAY, "09:00"))
        made = actions.offer(entry=entry, opening=opening, by=None, now=NOW)
        by = entry.patient.user

        outcomes = together(
            accept(made), partial(actions.withdraw, entry=entry, by=by, now=NOW)
        )

        assert kind(outcomes)
        assert len(won(outcomes)) == 1
        entry.refresh_from_db()
        assert (state(made)[0], entry.status) in (
            (Status.BOOKED, EntryStatus.IN_PROGRESS),
            (Status.CANCELLED, EntryStatus.CANCELLED),
        )


def test_taking_another_time_while_canceling_the_old_one_ends_in_one_visit(scheduler):
    for _ in range(REPEATS):
        visit, made = a_move(scheduler)
        cancel = acting(actions.cancel, visit, ending=Ending.BY_PATIENT)

        moved, canceled = together(accept(made), cancel)

        assert moved.error is None
        assert kind([canceled])
        visit.refresh_from_db()
        assert state(visit, made) == [Status.CANCELLED, Status.BOOKED]
        first = Ending.MOVED if canceled.error else Ending.BY_PATIENT
        assert visit.ending == first


def test_taking_another_time_twice_or_as_it_is_declined_or_taken_back(scheduler):
    for _ in range(REPEATS):
        visit, made = a_move(scheduler)
        take_back = partial(
            actions.withdraw_offer, appointment=made, by=scheduler, now=NOW
        )

        outcomes = together(
            accept(made), accept(made), acting(actions.decline, made), take_back
        )

        assert kind(outcomes)
        assert state(visit, made) in (
            [Status.CANCELLED, Status.BOOKED],
            [Status.BOOKED, Status.CANCELLED],
        )
        visit.entry.refresh_from_db()
        assert visit.entry.status == EntryStatus.IN_PROGRESS


def test_two_schedulers_moving_one_visit_move_it_once(scheduler):
    for _ in range(REPEATS):
        visit, tuesday = a_visit(scheduler)

        outcomes = together(
            *(
                partial(
                    actions.move,
                    appointment=visit,
                    opening=tuesday(clock),
                    by=scheduler,
                    now=NOW,
                    terms=ANY_TURN,
                )
                for clock in ("09:00", "11:00")
            )
        )

        [new] = won(outcomes)
        assert kind(outcomes)
        assert state(visit, new) == [Status.CANCELLED, Status.BOOKED]
        assert visit.entry.appointments.count() == 2


def test_an_accepted_offer_stands_whatever_comes_in_at_the_same_moment(scheduler):
    """An urgent referral arrives, and the routine one is judged again meanwhile."""
    for _ in range(REPEATS):
        _, [therapist], [room] = make_clinic()
        [routine] = make_line(1)
        opening = opening_at(therapist, room, at(MONDAY, "09:00"))
        made = actions.offer(entry=routine, opening=opening, by=None, now=NOW)
        urgent, soon = make_request(), make_category(target_days=1)
        judge = partial(actions.triage, category=soon, version=1, by=scheduler, now=NOW)

        accepted, *others = together(
            accept(made),
            partial(judge, entry=urgent),
            partial(judge, entry=routine),
            partial(actions.offer_freed_times, now=NOW),
        )

        assert accepted.error is None
        assert kind(others)
        assert state(made) == [Status.BOOKED]
        urgent.refresh_from_db()
        assert urgent.is_waiting
        assert not urgent.appointments.exists()
    assert faults() == {}


def test_a_therapist_falls_ill_while_patients_cancel_accept_and_move(scheduler):
    _, [therapist], [room] = make_clinic(hours=("08:00", "18:00"))
    visits = [
        actions.book(
            entry=entry,
            opening=opening_at(therapist, room, at(MONDAY, f"{hour:02}:00")),
            by=scheduler,
            now=NOW,
        )
        for hour, entry in enumerate(make_line(8), start=8)
    ]
    opening = opening_at(therapist, room, at(TUESDAY, "09:00"))
    moving = actions.offer_move(
        appointment=visits[0], opening=opening, by=scheduler, now=NOW
    )
    ill = partial(
        actions.cancel_for_clinic, appointments=visits[::-1], by=scheduler, now=NOW
    )
    cancel = partial(acting, actions.cancel, ending=Ending.BY_PATIENT)

    outcomes = together(
        ill, ill, accept(moving), *(cancel(visit) for visit in visits[1:])
    )

    assert kind(outcomes)
    assert set(state(*visits)) == {Status.CANCELLED}
    assert state(moving) == [Status.BOOKED]
    ended = [row for (ends) in won(outcomes[:2]) for row in ends]
    assert len(ended) == len({row.pk for row in ended})
    waiting = WaitlistEntry.objects.waiting().count()
    assert waiting == 7


def some(rows, draw):
    """Return one of the rows at random, or None."""
    keys = list(rows.values_list("pk", flat=True))
    return rows.filter(pk=draw.choice(keys)).first() if keys else None


def acts(draw, scheduler, therapists, rooms):
    """Return what people may do at random: by name, calls that may be refused."""
    therapist, room = draw.choice(therapists), draw.choice(rooms)
    clock = f"{draw.choice(range(8, 12)):02}:00"
    opening = opening_at(therapist, room, at(MONDAY, clock))
    entry = some(WaitlistEntry.objects.waiting(), draw)
    booked = some(Appointment.objects.filter(status=Status.BOOKED), draw)
    offer = some(Appointment.objects.filter(status=Status.PROPOSED), draw)
    ours = {"by": scheduler, "now": NOW}
    calls = {"sweep": partial(actions.offer_freed_times, now=NOW)}
    if entry is not None:
        of = {"entry": entry, "opening": opening, "terms": ANY_TURN} | ours
        calls |= {"offer": partial(actions.offer, **of)}
        calls |= {"book": partial(actions.book, **of)}
    if booked is not None:
        of = {"appointment": booked} | ours
        to = {"opening": opening, "terms": ANY_TURN} | of
        pair = list(Appointment.objects.filter(status=Status.BOOKED)[:2])
        calls |= {
            "cancel": partial(actions.cancel, ending=Ending.BY_PATIENT, **of),
            "ill": partial(actions.cancel_for_clinic, appointments=pair, **ours),
            "offer_move": partial(
                actions.offer_move, opening=opening, terms=ANY_TURN, **of
            ),
            "move": partial(actions.move, **to),
        }
    if offer is not None:
        of = {"appointment": offer} | ours
        calls |= {
            "accept": partial(actions.accept, **of),
            "accept again": partial(actions.accept, **of),
            "decline": partial(actions.decline, **of),
            "take back": partial(actions.withdraw_offer, **of),
        }
    return calls


def test_whatever_sixteen_do_at_random_what_must_hold_holds(scheduler):
    place, therapists, rooms = make_clinic(therapists=3, rooms=2)
    make_line(12)
    assert Therapist.objects.filter(location=place).count() == 3

    def live(seed):
        draw, done = random.Random(seed), Counter()  # noqa: S311 - chance, no secret
        for _ in range(ACTS):
            calls = acts(draw, scheduler, therapists, rooms)
            name = draw.choice(sorted(calls))
            try:
                calls[name]()
            except actions.Refusal:
                continue
            done[name] += 1
        return done

    outcomes = together(*(partial(live, seed) for seed in range(THREADS)))

    assert errors(outcomes) == []
    done = sum(won(outcomes), Counter())
    assert len(done) > 4, done  # chance and the machine choose which
    assert done.total() > THREADS
    while actions.offer_freed_times(now=NOW):
        pass
    for now in (NOW, NOW + HOUR / 60):
        assert faults(now) == {}
