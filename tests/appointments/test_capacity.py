"""A change of capacity: whom it hits is said first, and all of it is done at once."""

from __future__ import annotations

from datetime import date, time
from functools import partial

import pytest
from django.urls import reverse

from appointments import actions
from appointments.actions import hours, places
from appointments.actions.capacity import (
    Change,
    HitsNobodySaw,
    NotInThePast,
    Overlaps,
    Settled,
    change_capacity,
    state_of,
)
from appointments.codes import Ending, EntryStatus, Status
from appointments.models import (
    Appointment,
    Certification,
    HolidayCalendar,
    TimeOff,
    WorkingHours,
)
from appointments.models.outside import outside_of_hours
from appointments.outside import Outside
from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from massage_portal.outbox.models import Message
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    TODAY,
    at,
    make_appointment,
    make_clinic,
    make_entry,
    make_technique,
    make_user,
)

pytestmark = pytest.mark.django_db

LONG_DAY = ("08:00", "20:00")


def booked(therapist, room, starts_at, **fields):
    return make_appointment(
        therapist=therapist, room=room, starts_at=starts_at, **fields
    )


def offered(therapist, room, starts_at):
    return booked(
        therapist, room, starts_at, entry=make_entry(), status=Status.PROPOSED
    )


def lead():
    return make_user(Role.LEAD)


def change(write, who, said, *, place=None):
    """Return a change of one therapist, or of all of `place`."""
    return Change(partial(write, **said), who.location, None if place else who)


def make(write, who, said, *, looked=(), keep=(), place=None):
    asked = change(write, who, said, place=place)
    return change_capacity(change=asked, seen=looked, keep=keep, by=lead(), now=NOW)


def hit(write, who, said, *, looked=(), place=None):
    with pytest.raises(HitsNobodySaw) as refused:
        make(write, who, said, looked=looked, place=place)
    return refused.value.hits


def fall_ill(therapist):
    return {
        "therapist": therapist,
        "starts_at": None,
        "ends_at": at(TODAY + DAY, "00:00"),
        "reason": "Away",
    }


def test_a_therapist_falls_ill_with_8_bookings_and_all_go_back_in_line_at_once():
    _, [therapist], [room] = make_clinic(hours=LONG_DAY)
    some = [booked(therapist, room, NOW + n * HOUR) for n in range(1, 9)]
    begun = booked(therapist, room, NOW - HOUR / 2, blocked_until=NOW + HOUR / 2)
    tomorrow = booked(therapist, room, NOW + DAY)
    clocks = [one.entry.received_at for one in some]
    ill = (hours.add_time_off, therapist, fall_ill(therapist))

    hits = hit(*ill)
    assert [one.appointment for one in hits] == some
    assert not TimeOff.objects.exists()
    settled = make(*ill, looked=[one.key for one in hits])

    assert settled == Settled(withdrawn=0, canceled=8, kept=0)
    for one, clock in zip(some, clocks, strict=True):
        one.refresh_from_db()
        one.entry.refresh_from_db()
        assert (one.status, one.ending) == (Status.CANCELLED, Ending.BY_CLINIC)
        assert one.entry.status == EntryStatus.ACCEPTED
        assert one.entry.received_at == clock
    told = Message.objects.filter(kind="appointments.cancelled")
    assert {one.recipient for one in told} == {one.patient.user for one in some}
    for one in (begun, tomorrow):
        one.refresh_from_db()
        assert one.status == Status.BOOKED
    actions.offer_freed_times(now=NOW)
    assert not Appointment.objects.filter(status=Status.PROPOSED).exists()


def test_an_offer_is_withdrawn_and_a_kept_visit_stays_and_is_marked():
    _, [therapist], [room] = make_clinic()
    kept = booked(therapist, room, at(TODAY + DAY, "09:00"))
    offer = offered(therapist, room, at(TODAY + DAY, "10:00"))
    said = {"therapist": therapist, "reason": ""}
    said |= {"starts_at": at(TODAY + DAY, "08:00"), "ends_at": at(TODAY + DAY, "12:00")}

    off = (hours.add_time_off, therapist, said)
    looked = [one.key for one in hit(*off)]
    settled = make(*off, looked=looked, keep=[kept.pk])

    assert settled == Settled(withdrawn=1, canceled=0, kept=1)
    offer.refresh_from_db()
    kept.refresh_from_db()
    assert (offer.ending, kept.status) == (Ending.WITHDRAWN, Status.BOOKED)
    assert outside_of_hours([kept]) == {kept.pk: Outside.OFF}
    assert AuditEvent.objects.filter(action="appointment.kept").count() == 1
    # What stays outside for the same reason is not hit a second time.
    monday = therapist.working_hours.get(weekday=0)
    said = {"hours": monday, "seen": state_of(monday), "last_day": TODAY}
    assert make(hours.end_hours, therapist, said) == Settled()


@pytest.mark.parametrize("what", ["booked", "accepted"])
def test_whoever_is_hit_between_the_look_and_the_button_is_shown_first(what):
    _, [therapist], [room] = make_clinic(hours=LONG_DAY)
    booked(therapist, room, NOW + HOUR)
    offer = offered(therapist, room, NOW + 2 * HOUR)
    ill = (hours.add_time_off, therapist, fall_ill(therapist))
    looked = [one.key for one in hit(*ill)]
    if what == "booked":
        booked(therapist, room, NOW + 4 * HOUR)
    else:
        actions.accept(appointment=offer, by=offer.patient.user, now=NOW)

    again = [one.key for one in hit(*ill, looked=looked)]

    assert set(again) != set(looked)
    assert not TimeOff.objects.exists()
    settled = make(*ill, looked=again)
    assert settled.canceled + settled.withdrawn == len(again)


def test_whoever_canceled_between_the_look_and_the_button_is_in_nobodys_way():
    _, [therapist], [room] = make_clinic(hours=LONG_DAY)
    visits = [booked(therapist, room, NOW + n * HOUR) for n in (1, 2)]
    ill = (hours.add_time_off, therapist, fall_ill(therapist))
    looked = [one.key for one in hit(*ill)]
    by = visits[0].patient.user
    actions.cancel(appointment=visits[0], ending=Ending.BY_PATIENT, by=by, now=NOW)

    assert make(*ill, looked=looked) == Settled(canceled=1)
    assert make(*ill, looked=looked) == Settled()  # pressed twice


def test_hours_are_ended_by_a_date_and_followed_by_a_new_row():
    _, [therapist], [room] = make_clinic(days=[4])
    old = therapist.working_hours.get()
    friday = date(2026, 10, 16)
    late = booked(therapist, room, at(friday + 7 * DAY, "11:00"))
    booked(therapist, room, at(friday, "11:00"))
    said = {"hours": old, "seen": state_of(old), "first_day": friday + 7 * DAY}
    said |= {"starts": time(7), "ends": time(11)}

    other_times = (hours.change_hours, therapist, said)
    [one] = hit(*other_times)
    make(*other_times, looked=[one.key])
    make(*other_times)  # pressed twice

    assert one.appointment == late
    rows = therapist.working_hours.order_by("valid_from")
    values = rows.values_list("starts", "valid_from", "valid_until")
    assert list(values) == [
        (time(8), date(2020, 1, 1), friday + 6 * DAY),
        (time(7), friday + 7 * DAY, None),
    ]


def test_the_past_is_not_rewritten_and_no_time_is_entered_twice():
    _, [therapist], _ = make_clinic(days=[2])
    row = therapist.working_hours.get()
    end = {"hours": row, "seen": state_of(row)}
    weekly = {"therapist": therapist, "weekday": 2, "last_day": None}
    weekly |= {"starts": time(11), "ends": time(13), "first_day": TODAY}

    with pytest.raises(NotInThePast):
        make(hours.end_hours, therapist, end | {"last_day": TODAY - 2 * DAY})
    with pytest.raises(NotInThePast):
        make(hours.add_hours, therapist, weekly | {"first_day": TODAY - DAY})
    with pytest.raises(Overlaps):
        make(hours.add_hours, therapist, weekly)
    new = weekly | {"starts": time(12)}
    for _pressed_twice in range(2):
        make(hours.add_hours, therapist, new)
    assert therapist.working_hours.count() == 2
    begins_later = therapist.working_hours.create(
        weekday=5, starts=time(8), ends=time(9), valid_from=TODAY + 9 * DAY
    )
    end = {"hours": begins_later, "seen": state_of(begins_later)}
    make(hours.end_hours, therapist, end | {"last_day": TODAY})
    assert not WorkingHours.objects.filter(weekday=5).exists()


def test_time_off_can_be_changed_and_ended_and_what_began_keeps_its_beginning():
    _, [therapist], _ = make_clinic()
    off = therapist.time_off.create(starts_at=NOW - HOUR, ends_at=NOW + HOUR)
    said = {"off": off, "seen": state_of(off), "reason": "Training"}
    said |= {"starts_at": NOW + 2 * HOUR, "ends_at": NOW + 5 * HOUR}

    make(hours.change_time_off, therapist, said)
    off.refresh_from_db()
    assert (off.starts_at, off.ends_at) == (NOW - HOUR, NOW + 5 * HOUR)
    with pytest.raises(actions.ChangedMeanwhile):
        make(hours.end_time_off, therapist, {"off": off, "seen": said["seen"]})
    make(hours.end_time_off, therapist, {"off": off, "seen": state_of(off)})
    off.refresh_from_db()
    assert off.ends_at == NOW
    ahead = therapist.time_off.create(starts_at=NOW + DAY, ends_at=NOW + 2 * DAY)
    make(hours.end_time_off, therapist, {"off": ahead, "seen": state_of(ahead)})
    assert list(therapist.time_off.all()) == [off]


def test_who_falls_ill_while_off_already_is_off_all_the_time():
    _, [therapist], _ = make_clinic()
    known = therapist.time_off.create(starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR)

    for _pressed_twice in range(2):
        make(hours.add_time_off, therapist, fall_ill(therapist))

    rows = therapist.time_off.order_by("starts_at")
    assert list(rows.values_list("starts_at", "ends_at")) == [
        (NOW, NOW + HOUR),
        (known.starts_at, known.ends_at),
        (NOW + 2 * HOUR, at(TODAY + DAY, "00:00")),
    ]
    first = rows[0]
    longer = {"off": first, "seen": state_of(first), "reason": "", "starts_at": None}
    with pytest.raises(Overlaps):
        make(hours.change_time_off, therapist, longer | {"ends_at": NOW + 3 * HOUR / 2})


def test_extra_hours_that_are_taken_back_hit_the_visit_in_them():
    _, [therapist], [room] = make_clinic(hours=None)
    said = {"day": TODAY + DAY, "starts": time(14), "ends": time(16)}
    for _pressed_twice in range(2):
        make(hours.add_extra, therapist, said | {"therapist": therapist})
    extra = therapist.extra_hours.get()
    booked(therapist, room, at(TODAY + DAY, "14:00"))
    moved = said | {"starts": time(15), "extra": extra, "seen": state_of(extra)}

    assert len(hit(hours.change_extra, therapist, moved)) == 1
    back = {"extra": extra, "seen": state_of(extra)}
    assert len(hit(hours.take_extra_back, therapist, back)) == 1


def test_closures_and_holidays_hit_all_therapists_of_the_place_and_no_other():
    place, therapists, rooms = make_clinic(therapists=2, rooms=2)
    _, [elsewhere], [far] = make_clinic()
    christmas = date(2026, 12, 25)
    visits = [
        booked(who, room, at(christmas, "09:00"))
        for who, room in zip(therapists, rooms, strict=True)
    ]
    booked(elsewhere, far, at(christmas, "09:00"))
    one = therapists[0]
    days = {"first_day": christmas, "last_day": christmas, "reason": "Painting"}
    us = {"country": "US", "subdivision": "MN"}

    for write, said in [(places.add_closure, days), (places.set_calendar, us)]:
        hits = hit(write, one, said | {"place": place}, place=place)
        assert [found.appointment for found in hits] == visits
    calendar = HolidayCalendar.objects.create(
        location=place, country="US", subdivision="MN"
    )
    assert set(outside_of_hours(visits).values()) == {Outside.CLOSED}
    work = {"calendar": calendar, "day": christmas}
    make(places.work_holiday, one, work | {"worked": True}, place=place)
    assert outside_of_hours(visits) == {}
    work |= {"worked": False}
    assert len(hit(places.work_holiday, one, work, place=place)) == 2


def test_a_certificate_or_room_that_ends_hits_the_visits_that_need_it():
    technique, other = make_technique(), make_technique()
    _, [therapist], [room] = make_clinic(techniques=[technique, other])
    needs = booked(therapist, room, at(TODAY + 9 * DAY, "09:00"), technique=technique)
    booked(therapist, room, at(TODAY + 9 * DAY, "10:00"))
    held = Certification.objects.get(technique=technique)
    said = {"certificate": held, "seen": state_of(held)}
    fit = {"room": room, "seen": state_of(room), "name": room.name}
    fit |= {"techniques": [other]}

    found = hit(places.change_certificate, therapist, said | {"valid_until": TODAY})
    assert [(h.appointment, h.why) for h in found] == [(needs, Outside.CERTIFICATE)]
    later = TODAY + 9 * DAY
    said |= {"valid_until": later}
    assert make(places.change_certificate, therapist, said) == Settled()
    found = hit(places.change_room, therapist, fit | {"active": True})
    assert [(h.appointment, h.why) for h in found] == [(needs, Outside.ROOM)]
    found = hit(places.change_room, therapist, fit | {"active": False})
    assert len(found) == 2
    gone = {"therapist": therapist, "seen": state_of(therapist), "active": False}
    found = hit(places.set_active, therapist, gone)
    assert [one.why for one in found] == [Outside.NO_MASSAGE] * 2


def test_an_editor_cannot_end_massage_where_visits_are_to_come(client, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    place, [therapist], [room] = make_clinic()
    _, [elsewhere], [far] = make_clinic()
    booked(elsewhere, far, at(TODAY + 9 * DAY, "09:00"))
    visit = booked(therapist, room, at(TODAY + 9 * DAY, "09:00"))
    offered(therapist, room, at(TODAY + 9 * DAY, "10:00"))
    booked(therapist, room, NOW - 9 * DAY)
    client.force_login(make_user(Role.EDITOR))
    address = reverse("admin:services_location_change", args=[place.pk])
    fields = {"name": "Here", "city": "Benchville", "state": "Minnesota"}
    fields |= {"time_zone": place.time_zone, "position": 0}

    kept = client.post(address, fields | {"gives_massage": "on"})
    refused = client.post(address, fields)

    assert (kept.status_code, refused.status_code) == (302, 200)
    assert "2 visits are still booked or offered here." in refused.text
    place.refresh_from_db()
    assert place.gives_massage
    end = {"status": Status.CANCELLED, "ending": Ending.BY_CLINIC, "ended_at": NOW}
    Appointment.objects.filter(
        therapist=therapist, starts_at__gte=visit.starts_at
    ).update(**end)
    assert client.post(address, fields).status_code == 302
    place.refresh_from_db()
    assert not place.gives_massage
