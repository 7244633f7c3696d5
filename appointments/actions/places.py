"""
What is written of closures, holidays, rooms and certificates.

Each of these is the `write` of a `Change`, as in hours.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from appointments.actions.capacity import (
    NotInThePast,
    Overlaps,
    again,
    refuse_past,
    refuse_stale,
    today_at,
)
from appointments.actions.refusal import Refusal
from appointments.models import (
    Certification,
    Closure,
    HolidayCalendar,
    Room,
    Therapist,
)
from massage_portal.accounts.models import User
from massage_portal.audit.record import record
from services.models import Location, Technique

ONE_DAY = timedelta(days=1)


class NoHoliday(Refusal):
    """The place gives massage on that day anyway."""


def add_closure(
    *,
    place: Location,
    first_day: date,
    last_day: date,
    reason: str,
    by: User,
    now: datetime,
) -> Closure:
    """
    Close a place for some days, both ends included.

    :raises NotInThePast: if it were to begin before today.
    :raises Overlaps: if it is closed on some of the days already.
    """
    days = {"first_day": first_day, "last_day": last_day}
    if (same := place.closures.filter(**days).first()) is not None:
        return same
    refuse_past(first_day, earliest=today_at(place, now))
    _refuse_closed_already(place, first_day, last_day)
    added = Closure.objects.create(location=place, reason=reason, **days)
    record("closure.added", added, by=by, at=now)
    return added


def change_closure(
    *,
    closure: Closure,
    seen: str,
    first_day: date,
    last_day: date,
    reason: str,
    by: User,
    now: datetime,
) -> Closure:
    """
    Change a closure that is not over. What has begun keeps its first day.

    :raises NotInThePast, Overlaps, ChangedMeanwhile: see there.
    """
    closure = again(closure)
    today = today_at(closure.location, now)
    first_day = closure.first_day if closure.first_day < today else first_day
    wanted = (first_day, last_day, reason)
    if (closure.first_day, closure.last_day, closure.reason) == wanted:
        return closure
    refuse_stale(closure, seen)
    refuse_past(closure.last_day, earliest=today)
    refuse_past(last_day, earliest=max(today - ONE_DAY, first_day))
    if first_day != closure.first_day:
        refuse_past(first_day, earliest=today)
    _refuse_closed_already(closure.location, first_day, last_day, but=closure)
    closure.first_day, closure.last_day, closure.reason = wanted
    closure.save(update_fields=["first_day", "last_day", "reason"])
    record("closure.changed", closure, by=by, at=now)
    return closure


def end_closure(
    *, closure: Closure, seen: str, by: User, now: datetime
) -> Closure | None:
    """
    Open the place again from today on; None if it had not closed yet.

    :raises NotInThePast, ChangedMeanwhile: see there.
    """
    closure = again(closure)
    refuse_stale(closure, seen)
    today = today_at(closure.location, now)
    refuse_past(closure.last_day, earliest=today)
    if closure.first_day >= today:
        record("closure.taken_back", closure, by=by, at=now)
        closure.delete()
        return None
    closure.last_day = today - ONE_DAY
    closure.save(update_fields=["last_day"])
    record("closure.ended", closure, by=by, at=now)
    return closure


def _refuse_closed_already(
    place: Location, first_day: date, last_day: date, *, but: Closure | None = None
) -> None:
    others = place.closures.between(first_day, last_day)
    if but is not None:
        others = others.exclude(pk=but.pk)
    if (other := others.first()) is not None:
        raise Overlaps(
            _("It is closed then already: %(first)s to %(last)s.")
            % {
                "first": date_format(other.first_day),
                "last": date_format(other.last_day),
            }
        )


def set_calendar(
    *, place: Location, country: str, subdivision: str, by: User, now: datetime
) -> HolidayCalendar:
    """Say whose public holidays the place keeps."""
    found = HolidayCalendar.objects.filter(location=place).first()
    wanted = (country, subdivision)
    if found is not None and (found.country, found.subdivision) == wanted:
        return found
    found = found or HolidayCalendar(location=place)
    found.country, found.subdivision = wanted
    found.save()
    record("holidays.set", found, by=by, at=now, change=str(found))
    return found


def work_holiday(
    *, calendar: HolidayCalendar, day: date, worked: bool, by: User, now: datetime
) -> None:
    """
    Work on a public holiday all the same, or keep it after all.

    :raises NotInThePast: if the day is over.
    :raises NoHoliday: if it is no public holiday to begin with.
    """
    refuse_past(day, earliest=today_at(calendar.location, now))
    if worked and day not in calendar.of_the_country(day, day):
        raise NoHoliday(_("That day is no public holiday here."))
    mine = calendar.worked.filter(day=day)
    if mine.exists() == worked:
        return
    if worked:
        calendar.worked.create(day=day)
    else:
        mine.delete()
    action = "holiday.worked" if worked else "holiday.kept"
    record(action, calendar, by=by, at=now, change=day.isoformat())


def add_certificate(
    *,
    therapist: Therapist,
    technique: Technique,
    valid_until: date | None,
    by: User,
    now: datetime,
) -> Certification:
    """
    Enter that a therapist is certified for a technique, until a date or for good.

    :raises Overlaps: if such a certificate is entered already, with another end.
    """
    found = therapist.certifications.filter(technique=technique).first()
    if found is not None:
        if found.valid_until == valid_until:
            return found
        raise Overlaps(
            _("This certificate is entered already. Change its end in the list.")
        )
    added = Certification.objects.create(
        therapist=therapist, technique=technique, valid_until=valid_until
    )
    record("certificate.added", added, by=by, at=now)
    return added


def change_certificate(
    *,
    certificate: Certification,
    seen: str,
    valid_until: date | None,
    by: User,
    now: datetime,
) -> Certification:
    """
    Let a certificate end on another day, or not at all.

    :raises NotInThePast: if it were to have ended before yesterday.
    """
    certificate = again(certificate)
    if certificate.valid_until == valid_until:
        return certificate
    refuse_stale(certificate, seen)
    today = today_at(certificate.therapist.location, now)
    if valid_until is not None and valid_until < today - ONE_DAY:
        raise NotInThePast(
            _("Visits up to yesterday were made under it: end it on %(day)s or later.")
            % {"day": date_format(today - ONE_DAY)}
        )
    certificate.valid_until = valid_until
    certificate.save(update_fields=["valid_until"])
    record("certificate.changed", certificate, by=by, at=now)
    return certificate


def set_active(
    *, therapist: Therapist, seen: str, active: bool, by: User, now: datetime
) -> None:
    """
    Say whether a therapist gives massage; who no longer does keeps what is entered.

    :raises ChangedMeanwhile: see there.
    """
    therapist = again(therapist)
    if therapist.active == active:
        return
    refuse_stale(therapist, seen)
    therapist.active = active
    therapist.save(update_fields=["active"])
    record("therapist.begun" if active else "therapist.ended", therapist, by=by, at=now)


def add_room(
    *,
    place: Location,
    name: str,
    active: bool,
    techniques: Iterable[Technique],
    by: User,
    now: datetime,
) -> Room:
    """
    Add a room to a place.

    :raises Overlaps: if the place has one of this name.
    """
    some = list(techniques)
    same = Room.objects.filter(location=place, name=name).first()
    if same is not None and _is(same, name, active, some):
        return same
    _refuse_same_name(place, name)
    added = Room.objects.create(location=place, name=name, active=active)
    added.techniques.set(some)
    record("room.added", added, by=by, at=now)
    return added


def change_room(
    *,
    room: Room,
    seen: str,
    name: str,
    active: bool,
    techniques: Iterable[Technique],
    by: User,
    now: datetime,
) -> Room:
    """
    Change a room's name, what it is fit for, or whether it is in use.

    :raises Overlaps, ChangedMeanwhile: see there.
    """
    room = again(room)
    some = list(techniques)
    if _is(room, name, active, some):
        return room
    refuse_stale(room, seen)
    _refuse_same_name(room.location, name, but=room)
    if room.name != name:
        room.renamed_at = now  # calendars show the name
    room.name, room.active = name, active
    room.save(update_fields=["name", "active", "renamed_at"])
    room.techniques.set(some)
    record("room.changed", room, by=by, at=now)
    return room


def _is(room: Room, name: str, active: bool, techniques: Iterable[Technique]) -> bool:
    """Say whether the room is as asked already."""
    fit = set(room.techniques.values_list("pk", flat=True))
    return (room.name, room.active, fit) == (name, active, {t.pk for t in techniques})


def _refuse_same_name(place: Location, name: str, *, but: Room | None = None) -> None:
    others = Room.objects.filter(location=place, name=name)
    if but is not None:
        others = others.exclude(pk=but.pk)
    if others.exists():
        raise Overlaps(_("This place has a room of that name already."))
