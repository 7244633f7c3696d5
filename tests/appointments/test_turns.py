"""A time given past others in greater need takes a reason, and the reason is kept."""

from __future__ import annotations

import random
from datetime import time

import pytest
from django.db import IntegrityError, transaction

from appointments import actions
from appointments.actions import Terms, Turn
from appointments.codes import EntryStatus, OutOfTurn, Status
from appointments.matching import fits
from appointments.models import (
    Appointment,
    GivenOutOfTurn,
    Policy,
    Supply,
)
from appointments.models import turns as turns_module
from appointments.models.in_line import waiting_in_line
from appointments.models.turns import in_greater_need
from massage_portal.accounts.roles import Role
from tests.appointments.pages import signed_in, url
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    TODAY,
    at,
    certify,
    make_appointment,
    make_category,
    make_clinic,
    make_diagnosis,
    make_entry,
    make_insurer,
    make_overrule,
    make_referral,
    make_room,
    make_technique,
    make_user,
    opening_at,
)
from tests.trail import trail
from tests.turns import make_out_of_turn

pytestmark = pytest.mark.django_db
FRIDAY_9 = at(TODAY + 2 * DAY, "09:00")
GIVE = pytest.mark.parametrize("give", [actions.offer, actions.book])
PLAN = Terms(turn=Turn(OutOfTurn.PLAN))


@pytest.fixture
def opening():
    """Friday at 9, with a therapist who works from 8 to 12 and the only room."""
    _, [therapist], [room] = make_clinic()
    return opening_at(therapist, room, FRIDAY_9)


@pytest.fixture
def staff():
    return make_user(Role.SCHEDULER)


def supply():
    return Supply.ahead(now=NOW, policy=Policy.objects.in_force(NOW))


def one_by_one(entry, opening, known, line):
    """Return the same by the rule itself: each of the `line` before the patient."""
    number = 0
    for other in line:
        if other.pk == entry.pk:
            break
        same = known.opening_for(other, (opening.therapist, opening.starts_at))
        if same is not None and fits(known._wish(other), same, now=NOW):
            number += 1
    return number


def some_clinic(dice):
    """Return techniques, and a clinic of two therapists with some visits and offers."""
    techniques = [make_technique(minutes=minutes) for minutes in (50, 80)]
    place, staff, rooms = make_clinic(therapists=2, rooms=1)
    fit = make_room(location=place)
    fit.techniques.set(techniques[:1])
    certify(staff[0], techniques[0])
    certify(staff[0], techniques[1], TODAY + 3 * DAY)
    certify(staff[1], techniques[1])
    for day, clock in [(1, "10:00"), (2, "09:30"), (3, "08:00")]:
        make_appointment(
            therapist=dice.choice(staff),
            room=dice.choice([*rooms, fit]),
            starts_at=at(TODAY + day * DAY, clock),
        )
    staff[0].time_off.create(
        starts_at=at(TODAY + 4 * DAY, "11:00"), ends_at=at(TODAY + 4 * DAY, "12:00")
    )
    return techniques, place, staff, rooms


def some_line(dice, techniques, place, staff):
    insurers = [
        None,
        make_insurer(needs_authorization=True),
        make_insurer(needs_referral=True),
    ]
    categories = [make_category(target_days=days) for days in (3, 14, 28)]
    gone = make_technique(minutes=30, active=False)
    certify(staff[1], gone)
    for _ in range(40):
        referral = make_referral(
            technique=dice.choice([None, *techniques]),
            insurer=dice.choice([None, *insurers]),
            valid_from=TODAY + dice.choice([-30, 3]) * DAY,
            valid_until=TODAY + dice.choice([4, 30]) * DAY,
            status=dice.choice(["active"] * 5 + ["on-hold"]),
        )
        entry = make_entry(
            referral=referral,
            waited_days=dice.choice(
                [5, 20, dice.uniform(-30, 0), dice.uniform(-3, 60)]
            ),
            category=dice.choice(categories),
            need_score=dice.choice([0, 40, 100]),
            weekdays=dice.choice(["MTWRFSU", "MWF", "TRS"]),
            from_time=dice.choice([time(0), time(9, 0)]),
            to_time=dice.choice([time(23, 59), time(9, 50), time(12, 0)]),
            earliest=dice.choice([None, TODAY + 3 * DAY]),
            latest=dice.choice([None, TODAY + 4 * DAY]),
            therapist=dice.choice([None, None, *staff]),
            location=dice.choice([None, place]),
            notice_hours=dice.choice([4, 72]),
        )
        if dice.random() < 0.2:
            make_overrule(entry, dice.choice([2, 90]))
        if dice.random() < 0.3:  # a visit that was canceled
            kind = dice.choice([None, *techniques, gone]), dice.choice([30, 50, 120])
            entry.kept_technique, entry.kept_minutes = kind
            entry.save()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("exponent", ["1.0", "1.1", "3.0", "6.0"])
def test_the_statement_counts_whom_the_rule_finds_one_by_one(seed, exponent):
    dice = random.Random(seed)  # noqa: S311 - the same clinic each time
    policy = Policy(in_force_from=NOW - DAY, harm_exponent=exponent)
    policy.save()
    techniques, place, staff, _rooms = some_clinic(dice)
    some_line(dice, techniques, place, staff)
    known = supply()
    entries = list(waiting_in_line(now=NOW, policy=known.policy))
    checked = 0
    for entry in dice.sample(entries, min(8, len(entries))):
        some = known.openings(entry.referral.technique)
        chosen = dice.sample(some, min(6, len(some)))

        assert in_greater_need(entry, chosen, supply=known) == [
            one_by_one(entry, one, known, entries) for one in chosen
        ]
        checked += len(chosen)
    assert checked > 20


@pytest.mark.parametrize("status", [Status.PROPOSED, Status.CANCELLED])
def test_who_has_an_offer_or_had_this_time_before_is_not_passed_over(status, opening):
    other, mine = make_entry(waited_days=20), make_entry(waited_days=5)
    starts_at = {Status.PROPOSED: NOW + 9 * DAY, Status.CANCELLED: FRIDAY_9}[status]
    assert in_greater_need(mine, [opening], supply=supply()) == [1]

    make_appointment(
        entry=other,
        status=status,
        therapist_id=opening.therapist,
        room_id=opening.room,
        starts_at=starts_at,
    )

    assert in_greater_need(mine, [opening], supply=supply()) == [0]


def test_who_is_elsewhere_then_is_not_passed_over(opening):
    other, mine = make_entry(waited_days=20), make_entry(waited_days=5)
    booked = make_entry(
        referral=make_referral(
            patient=other.patient, diagnosis=make_diagnosis("M54.50", "Back pain")
        ),
        status=EntryStatus.IN_PROGRESS,
    )
    make_appointment(entry=booked, starts_at=FRIDAY_9 + HOUR / 2)

    assert in_greater_need(mine, [opening], supply=supply()) == [0]


def test_they_are_counted_up_to_so_many_and_no_further(monkeypatch, opening):
    plan = make_referral(sessions=60)
    for session in range(1, 54):
        make_entry(referral=plan, session=session, waited_days=20)

    found = in_greater_need(make_entry(waited_days=5), [opening], supply=supply())

    assert found == [turns_module.MOST]
    assert actions.so_many(found[0]) == "50 or more"


def test_all_times_of_a_page_are_asked_about_at_once(
    opening, django_assert_num_queries
):
    make_entry(waited_days=20)
    mine, known = make_entry(waited_days=5), supply()
    some = known.for_entry(mine, most=8)
    in_greater_need(mine, some, supply=known)

    with django_assert_num_queries(1):
        assert in_greater_need(mine, some, supply=known) == [1] * 8


@GIVE
def test_nothing_is_asked_of_who_is_first_in_line(give, opening, staff):
    mine = make_entry(waited_days=20)
    make_entry(waited_days=5)

    give(entry=mine, opening=opening, by=staff, now=NOW)

    assert not GivenOutOfTurn.objects.exists()


@GIVE
def test_a_time_out_of_turn_is_refused_until_somebody_says_why(give, opening, staff):
    make_entry(waited_days=20)
    mine = make_entry(waited_days=5)
    what = {"entry": mine, "opening": opening, "by": staff, "now": NOW}

    with pytest.raises(actions.NotTheirTurn, match="1 patient in greater need") as said:
        give(**what)

    assert said.value.number == 1
    assert not Appointment.objects.exists()
    made = give(**what, terms=PLAN)
    kept = made.out_of_turn
    assert (kept.reason, kept.note, kept.passed_over) == ("plan", "", 1)
    assert (kept.by, kept.at) == (staff, NOW)
    told = (staff.pk, "appointment.out_of_turn", mine.patient_id, "plan 1")
    assert told in trail(made)


def test_a_reason_that_says_nothing_by_itself_needs_words(opening, staff):
    make_entry(waited_days=20)
    what = {"entry": make_entry(waited_days=5), "opening": opening}
    what |= {"by": staff, "now": NOW}

    with pytest.raises(actions.NotTheirTurn):
        actions.offer(**what, terms=Terms(turn=Turn(OutOfTurn.CLINICAL)))

    why = Turn(OutOfTurn.CLINICAL, "After surgery.")
    made = actions.offer(**what, terms=Terms(turn=why))
    assert made.out_of_turn.note == "After surgery."


def test_a_reason_that_nobody_had_to_say_is_not_kept(opening, staff):
    mine = make_entry(waited_days=20)

    actions.offer(entry=mine, opening=opening, by=staff, now=NOW, terms=PLAN)

    assert not GivenOutOfTurn.objects.exists()


@pytest.mark.parametrize("give", [actions.offer_move, actions.move])
def test_another_time_for_a_booked_visit_may_be_out_of_turn_too(give, opening, staff):
    make_entry(waited_days=20)
    entry = make_entry(waited_days=5, status=EntryStatus.IN_PROGRESS)
    visit = make_appointment(entry=entry, starts_at=NOW + 5 * DAY)
    what = {"appointment": visit, "opening": opening, "by": staff, "now": NOW}

    with pytest.raises(actions.NotTheirTurn):
        give(**what)

    made = give(**what, terms=Terms(turn=Turn(OutOfTurn.MOVED)))
    assert made.out_of_turn.reason == OutOfTurn.MOVED


def test_what_the_portal_gives_by_itself_is_asked_for_no_reason(opening):
    make_entry(waited_days=20)

    made = actions.offer(
        entry=make_entry(waited_days=5), opening=opening, by=None, now=NOW
    )

    assert made.status == Status.PROPOSED


def test_a_wish_is_judged_before_the_turn(opening, staff):
    make_entry(waited_days=20)
    mine = make_entry(waited_days=5, weekdays="M")

    with pytest.raises(actions.NotWished):
        actions.book(entry=mine, opening=opening, by=staff, now=NOW)


def posted(opening, **more):
    value = f"{opening.therapist},{opening.starts_at.isoformat()}"
    return {"opening": value, "how": "offer", **more}


def test_the_page_says_how_many_and_asks_why_before_it_gives(
    monkeypatch, opening, staff
):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    make_entry(waited_days=20)
    mine, browser = make_entry(waited_days=5), signed_in(staff)
    page = url("propose", mine.pk)

    shown = browser.get(page).text
    assert "1 patient could use it" in shown
    assert "Choose this time" in shown
    assert 'value="offer"' not in shown
    chosen = browser.get(page, {"opening": posted(opening)["opening"]}).text
    assert "1 patient in greater need could use this time." in chosen
    assert '<select id="reason" name="reason" required' in chosen
    # A form without an address would keep the #chosen, also past where it leads.
    assert f'<form method="post" action="{page}?opening=' in chosen
    refused = browser.post(page, posted(opening))
    assert refused.status_code == 409
    assert 'name="reason"' in refused.text
    unsaid = browser.post(page, posted(opening, reason="other"))
    assert unsaid.status_code == 422
    assert "Say in a few words" in unsaid.text
    assert 'value="other" selected' in unsaid.text
    assert 'aria-invalid="true"' in unsaid.text
    long = browser.post(page, posted(opening, reason="other", note="n" * 301))
    assert long.status_code == 422
    assert "Shorten this to 300 characters. It has 301." in long.text
    assert browser.post(page, posted(opening, reason="plan")).status_code == 302
    visit = Appointment.objects.get()
    assert visit.out_of_turn.passed_over == 1
    told = browser.get(url("visit", visit.pk)).text
    assert "Out of turn, before 1 other: To keep the therapist" in told


def test_a_time_that_nobody_else_could_use_is_given_with_one_press(
    monkeypatch, opening, staff
):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    mine = make_entry(waited_days=20)
    browser = signed_in(staff)
    page = url("propose", mine.pk)

    assert 'value="offer"' in browser.get(page).text
    assert browser.post(page, posted(opening)).status_code == 302


@pytest.mark.parametrize("value", ["", "x", "1,2", "9,2026-10-16T14:00:00+00:00"])
def test_an_odd_time_in_the_address_shows_the_page_all_the_same(
    value, monkeypatch, staff
):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    page = url("propose", make_entry().pk)

    assert signed_in(staff).get(page, {"opening": value}).status_code == 200


@pytest.mark.parametrize(
    ("broken", "name"),
    [
        ({"reason": "because"}, "out_of_turn_reason_is_known"),
        ({"reason": "clinical"}, "out_of_turn_is_explained"),
        ({"passed_over": 0}, "out_of_turn_passes_somebody_over"),
    ],
)
def test_what_is_kept_of_it_is_whole(broken, name):
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        make_out_of_turn(**broken)
