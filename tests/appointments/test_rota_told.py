"""What the statement tells of many at once is what the tables say of each."""

from __future__ import annotations

import random
from datetime import time, timedelta

import pytest
from django.db import transaction

from appointments.codes import Status
from appointments.keys import BLOCK
from appointments.models import (
    Appointment,
    Closure,
    ExtraHours,
    Policy,
    Room,
    Supply,
    Therapist,
    TimeOff,
    WorkingHours,
)
from appointments.models.rota import rota
from appointments.openings import Diary, RoomDiary, Shift, Span, Taken, slots
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    TODAY,
    ZONE,
    at,
    certify,
    make_appointment,
    make_closure,
    make_location,
    make_room,
    make_technique,
    make_therapist,
)

pytestmark = pytest.mark.django_db
LAST = TODAY + 2 * DAY
# Of one block of bits, of neighbors, and far away; the bit of 63 is a sign.
KEYS = (7, 62, 63, 64, 10**9, 10**9 + 1)
HOLD = {"status": Status.PROPOSED, "offered_at": NOW}
FILLS = [
    {},
    {"status": Status.FULFILLED},
    HOLD | {"held_until": NOW + HOUR},
]
FILLS_NOTHING = [HOLD | {"held_until": NOW}, {"status": Status.CANCELLED}]


def clinic(dice, technique):
    """Fill two places, most of one; return what of its visits fills time."""
    places = [make_location(), make_location()]

    hours = [("08:00", "12:00"), ("08:15", "11:00")]
    for key, place in zip(KEYS, dice.sample([0, 0, 0, 0, 1, 1], 6), strict=True):
        when = {"hours": dice.choice(hours), "days": dice.choice([range(7), [2, 4]])}
        one = make_therapist(pk=key, location=places[place], **when)
        if dice.random() < 0.7:
            certify(one, technique, until=dice.choice([None, TODAY, TODAY + DAY]))
        room = make_room(pk=key, location=dice.choice(places))
        if dice.random() < 0.5:
            room.techniques.set(dice.sample([technique, make_technique()], 1))
    for key in dice.sample(KEYS, 3):
        start = at(TODAY + dice.randrange(3) * DAY, "08:30")
        TimeOff.objects.create(
            therapist_id=key, starts_at=start, ends_at=start + dice.choice([HOUR, DAY])
        )
        hours = {"starts": time(12), "ends": time(13)}
        ExtraHours.objects.create(therapist_id=key, day=TODAY + DAY, **hours)
    make_closure(places[1], LAST)
    for number in range(3 * 4):
        start = at(TODAY + number % 3 * DAY, "08:00") + number // 3 * HOUR
        pairs = zip(dice.sample(KEYS, 4), dice.sample(KEYS, 4), strict=True)
        for therapist, room in pairs:
            make_appointment(
                therapist=Therapist(pk=therapist),
                room=Room(pk=room),
                starts_at=start,
                **dice.choice(FILLS + FILLS_NOTHING),
            )


def taken(**whose):
    some = Appointment.objects.filling_time(NOW).filter(**whose)
    return [Span(one.starts_at, one.blocked_until) for one in some]


def diary(one):
    """Return what the tables say of one therapist."""
    hours = [
        Shift(w.weekday, w.starts, w.ends, w.valid_from, w.valid_until)
        for w in WorkingHours.objects.filter(therapist=one)
    ]
    extra = [
        Shift(e.day.weekday(), e.starts, e.ends, e.day, e.day)
        for e in ExtraHours.objects.filter(therapist=one)
    ]
    off = [Span(o.starts_at, o.ends_at) for o in TimeOff.objects.filter(therapist=one)]
    closed = Closure.objects.filter(location=one.location_id)
    return Diary(
        therapist=one.pk,
        location=one.location_id,
        zone=ZONE,
        certified=dict(one.certifications.values_list("technique", "valid_until")),
        shifts=[*hours, *extra],
        busy=Taken([*off, *taken(therapist=one.pk)]),
        closed={one.first_day for one in closed},
    )


def room_diary(one):
    fit = frozenset(one.techniques.values_list("pk", flat=True))
    return RoomDiary(one.pk, one.location_id, Taken(taken(room=one.pk)), fit)


@pytest.mark.parametrize("seed", range(8))
def test_free_time_is_as_the_tables_say_of_each(seed):
    dice = random.Random(seed)  # noqa: S311 - the same clinic each time
    technique = make_technique(minutes=50)
    clinic(dice, technique)
    staff, rooms = Therapist.objects.order_by("pk"), Room.objects.order_by("pk")
    policy = Policy.objects.in_force(NOW)
    asked = [({}, {})]
    for one in staff:
        asked.append(({"location": one.location_id}, {"location": one.location_id}))
    for keys in (KEYS[:3], KEYS[-1:]):
        asked.append(({"therapists": keys}, {"pk__in": keys}))
    for which, words in asked:
        theirs = staff.filter(**words)
        supply = Supply(now=NOW, policy=policy, first=TODAY, last=LAST, **which)
        for kind in (None, technique):
            expected = slots(
                diaries=map(diary, theirs),
                rooms=map(room_diary, rooms),
                first=TODAY,
                last=LAST,
                length=timedelta(minutes=supply.minutes(kind)),
                turnover=policy.turnover,
                technique=kind and kind.pk,
                not_before=NOW,
            )
            assert supply.slots(kind) == expected, which
    assert Supply(now=NOW, policy=policy, first=TODAY, last=LAST).slots(None)


@pytest.mark.parametrize("seed", range(4))
def test_each_diary_is_as_the_tables_say(seed):
    dice = random.Random(seed)  # noqa: S311 - the same clinic each time
    technique = make_technique(minutes=50)
    clinic(dice, technique)

    read = rota(now=NOW, first=TODAY, last=LAST)

    for found, right in [
        (read.diaries, list(map(diary, Therapist.objects.order_by("pk")))),
        (read.rooms, list(map(room_diary, Room.objects.order_by("pk")))),
    ]:
        assert [(*one[:1], one.location, one.busy.spans) for one in found] == [
            (*one[:1], one.location, one.busy.spans) for one in right
        ]
        for one in found:
            alone = found.one(one[0])
            assert alone.busy.spans == one.busy.spans
            assert alone._replace(busy=one.busy) == one
        assert (found.one(1), found.one(5 * BLOCK)) == (None, None)
    for mine in read.diaries:
        right = diary(Therapist.objects.get(pk=mine.therapist))
        days = (TODAY, TODAY + DAY, LAST)
        theirs = [one for one in right.shifts if any(map(one.is_on, days))]
        assert sorted(mine.shifts) == sorted(theirs)
        assert (mine.certified, mine.closed) == (right.certified, right.closed)
    for mine in read.rooms:
        assert mine.fit == room_diary(Room.objects.get(pk=mine.room)).fit
    for number in range(3 * 4 * 2):
        start = at(TODAY + number % 3 * DAY, "08:00") + number // 3 * HOUR / 2
        held = Span(start, start + HOUR)
        for place in {one.location for one in read.rooms}:
            for kind in (None, technique.pk):
                assert read.rooms_at(place, held, kind) == [
                    one.room
                    for one in read.rooms
                    if one.location == place and one.serves(kind) and one.is_free(held)
                ]


def test_free_time_of_many_is_found_without_a_diary_of_each(monkeypatch):
    clinic(random.Random(1), make_technique())  # noqa: S311
    for one in (Diary, RoomDiary):
        monkeypatch.setattr(one, "filled", None)
    policy = Policy.objects.in_force(NOW)

    assert Supply(now=NOW, policy=policy, first=TODAY, last=LAST).slots(None)


@pytest.mark.parametrize("beside", [[], [63], [10**9]])
def test_of_one_who_gives_no_massage_there_is_no_diary(beside):
    """Though their hours are read, for they were asked about."""
    for key in [62, *beside]:
        make_therapist(pk=key, active=key != 62)
    asked = {"now": NOW, "first": TODAY, "last": TODAY, "locked": True}
    with transaction.atomic():
        read = rota(**asked, therapists=[62, *beside])

    assert [one.therapist for one in read.diaries] == beside
    visit = Span(at(TODAY, "08:00"), at(TODAY, "09:00"))
    assert read.opening(62, visit, until=visit.end, technique=None) is None
