"""A plan is changed though visits last longer or shorter than as it was drawn."""

from __future__ import annotations

from datetime import timedelta

import pytest

from appointments.actions import draft as plans
from appointments.actions.draw_up import ask_anew, draw_up
from appointments.actions.hold import TimeTaken
from appointments.actions.send_draft import send_draft
from appointments.codes import Status
from appointments.models import Appointment
from massage_portal.accounts.roles import Role
from tests.appointments.pages import signed_in, url
from tests.appointments.plans import morning, planned, rows_of, waits_of
from tests.factories import (
    DAY,
    NOW,
    TODAY,
    at,
    make_appointment,
    make_policy,
    make_user,
)

TOMORROW = TODAY + DAY
EIGHT, HALF_PAST, NINE = (at(TOMORROW, f"{o}") for o in ("08:00", "08:30", "09:00"))
MINUTE = timedelta(minutes=1)
THEN = NOW + 2 * MINUTE
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: THEN)


def last(minutes):
    """Have visits last so long from a minute after the plan was drawn up."""
    make_policy(visit_minutes=minutes, in_force_from=NOW + MINUTE)


def strike(draft, entry, *, struck=True, now=NOW):
    draft.refresh_from_db()
    row, by = rows_of(draft)[entry.pk], make_user(Role.SCHEDULER)
    same = {"version": draft.version, "by": by, "now": now}
    return plans.strike(row=row, struck=struck, **same)


def move(draft, entry, starts_at, *, now=NOW):
    draft.refresh_from_db()
    row, by = rows_of(draft)[entry.pk], make_user(Role.SCHEDULER)
    where = {"therapist": row.therapist_id, "starts_at": starts_at}
    return plans.move(row=row, **where, version=draft.version, by=by, now=now)


def drawn_anew(draft):
    draft.refresh_from_db()
    by = make_user(Role.SCHEDULER)
    asked = ask_anew(draft=draft, version=draft.version, by=by, now=THEN)
    return draw_up(pk=asked.pk, now=THEN)


def times(draft):
    """Return when each standing row begins and how many minutes it lasts, by time."""
    rows = draft.offers.standing().order_by("starts_at")
    return [(one.starts_at, (one.ends_at - one.starts_at) / MINUTE) for one in rows]


def all_are_sent(draft):
    draft.refresh_from_db()
    by = make_user(Role.SCHEDULER)
    send_draft(draft=draft, version=draft.version, by=by, now=THEN)
    proposed = Appointment.objects.filter(status=Status.PROPOSED)
    return proposed.count() == draft.offers.standing().count()


def test_a_row_is_moved_into_what_a_shorter_visit_leaves_free():
    (_, second), [therapist] = morning(waiting=2)
    draft = planned()
    last(20)
    row = rows_of(draft)[second.pk]
    page = url("draft_move", draft.pk, row.pk)
    browser = signed_in(make_user(Role.SCHEDULER))
    wanted = f"{therapist.pk},{HALF_PAST.isoformat()}"
    assert f'value="{wanted}"' in browser.get(page).text
    sent = {"version": draft.version, "opening": wanted}

    assert browser.post(page, sent).status_code == 302
    assert times(draft) == [(EIGHT, 20), (HALF_PAST, 20)]
    assert all_are_sent(draft)


def test_planned_again_what_a_moved_row_needs_no_more_is_given_to_others():
    (first, *_), _ = morning(waiting=4)
    draft = planned()
    for row in draft.offers.exclude(entry=first):
        strike(draft, row.entry)
    move(draft, first, HALF_PAST)
    last(20)

    anew = drawn_anew(draft)

    assert anew is not None
    assert times(anew) == [(EIGHT, 20), (HALF_PAST, 20), (NINE, 20)]


def test_who_is_taken_in_again_lasts_as_visits_do_now():
    (first, second), _ = morning(waiting=2)
    draft = planned()
    strike(draft, first)
    last(20)
    move(draft, second, HALF_PAST, now=THEN)

    row = strike(draft, first, struck=False, now=THEN)

    assert (row.starts_at, row.struck) == (EIGHT, False)
    assert times(draft) == [(EIGHT, 20), (HALF_PAST, 20)]


def test_who_is_taken_in_beside_rows_that_last_shorter_has_the_time_between():
    (first, second), [therapist] = morning(waiting=2)
    draft = planned()
    strike(draft, second)
    last(20)
    make_appointment(therapist=therapist, starts_at=NINE)

    row = strike(draft, second, struck=False, now=THEN)

    assert row.starts_at == HALF_PAST
    assert times(draft) == [(EIGHT, 20), (HALF_PAST, 20)]
    assert rows_of(draft)[first.pk].starts_at == EIGHT


def test_of_moved_rows_that_grew_into_each_other_the_earlier_one_stays():
    (first, second), _ = morning(waiting=2)
    make_policy(visit_minutes=20, in_force_from=NOW - DAY)
    draft = planned()
    move(draft, second, NINE)
    move(draft, first, HALF_PAST)
    assert times(draft) == [(HALF_PAST, 20), (NINE, 20)]
    last(50)

    anew = drawn_anew(draft)

    assert anew is not None
    assert times(anew) == [(HALF_PAST, 50)]
    assert set(waits_of(anew)) == {second.pk}


def test_a_row_that_can_be_had_no_more_keeps_others_out_until_it_is_struck():
    (first, second), [therapist] = morning(waiting=2)
    draft = planned()
    make_appointment(
        therapist=therapist,
        starts_at=EIGHT,
        ends_at=EIGHT + 20 * MINUTE,
        blocked_until=HALF_PAST,
    )

    with pytest.raises(TimeTaken):
        move(draft, second, HALF_PAST)

    strike(draft, first)
    assert move(draft, second, HALF_PAST).starts_at == HALF_PAST
