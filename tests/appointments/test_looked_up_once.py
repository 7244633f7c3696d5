"""What is looked up once for many is still right for each."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest
from django.db import connection

from appointments.models import Policy, Supply
from appointments.models.supply import BATCH
from appointments.models.turns import in_greater_need
from appointments.openings import Diary, RoomDiary, Shift, Span, Taken, openings
from tests.factories import (
    NOW,
    TODAY,
    ZONE,
    at,
    make_clinic,
    make_entry,
    make_referral,
)

HOUR = timedelta(hours=1)


def diary(therapist, location):
    always = date(2020, 1, 1)
    shift = Shift(TODAY.weekday(), time(8), time(9), valid_from=always)
    return Diary(therapist, location, ZONE, {}, [shift])


def found(diaries, rooms):
    some = openings(
        diaries=diaries,
        rooms=rooms,
        first=TODAY,
        last=TODAY,
        length=HOUR,
        turnover=timedelta(0),
    )
    return [(one.therapist, one.location, one.room) for one in some]


def test_at_the_same_hour_each_place_gives_a_room_of_its_own():
    rooms = [RoomDiary(11, location=1), RoomDiary(22, location=2)]

    assert found([diary(1, 1), diary(2, 2)], rooms) == [(1, 1, 11), (2, 2, 22)]


def test_a_full_place_is_full_however_free_another_is():
    full = Taken([Span(at(TODAY, "08:00"), at(TODAY, "09:00"))])
    rooms = [RoomDiary(11, 1, full), RoomDiary(22, location=2)]

    assert found([diary(2, 2), diary(1, 1)], rooms) == [(2, 2, 22)]


def test_two_therapists_of_one_place_are_each_shown_its_first_free_room():
    busy = Taken([Span(at(TODAY, "08:30"), at(TODAY, "09:00"))])
    rooms = [RoomDiary(11, 1, busy), RoomDiary(12, 1), RoomDiary(13, 1)]

    assert found([diary(1, 1), diary(2, 1)], rooms) == [(1, 1, 12), (2, 1, 12)]


@pytest.mark.django_db
def test_the_front_of_a_long_line_is_those_in_greatest_need_in_order():
    make_clinic(hours=("08:00", "12:00"))
    plan = make_referral(sessions=60)
    for session in range(1, BATCH + 1):
        make_entry(referral=plan, session=session, waited_days=5)
    second, first = make_entry(waited_days=20), make_entry(waited_days=30)
    supply = Supply.ahead(now=NOW, policy=Policy.objects.in_force(NOW))

    proposal = supply.next_proposal()

    assert proposal is not None
    assert proposal.entry == first
    assert in_greater_need(second, [proposal.opening], supply=supply) == [1]


def test_a_session_that_takes_the_place_of_a_dead_one_is_told_the_statement_anew(
    committed, monkeypatch
):
    make_clinic(hours=("08:00", "10:00"))
    policy = Policy.objects.in_force(NOW)

    def some():
        day = TODAY + timedelta(days=1)
        return Supply(now=NOW, policy=policy, first=day, last=day).openings(None)

    before = some()
    assert connection.connection is not None
    connection.connection.close()  # as if the server had gone, and come back
    monkeypatch.setattr(connection, "health_check_enabled", True)
    monkeypatch.setattr(connection, "health_check_done", False)

    assert some() == before != []
