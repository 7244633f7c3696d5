"""Visits outside of the working time, read in a few queries whatever their number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q

from appointments.codes import AHEAD, Status
from appointments.models.appointment import Appointment, AppointmentQuerySet
from appointments.models.capacity import Certification, Room, Therapist
from appointments.models.hours import (
    Closure,
    ExtraHours,
    HolidayCalendar,
    TimeOff,
    WorkingHours,
)
from appointments.openings import Span, Taken
from appointments.outside import (
    IMPOSSIBLE,
    WORDS,
    Outside,
    Pattern,
    Roster,
    Stretch,
    outside,
)

ONE_DAY = timedelta(days=1)
# Whether something may be in the way of a `visit` of a `therapist` at a `place` that
# cannot be helped; the rule itself is asked only then. PostgreSQL does not know which
# days are public holidays: for those `holidays_between` is asked.
DOUBTFUL = """
    NOT therapist.active OR NOT place.gives_massage
    OR EXISTS (SELECT FROM appointments_closure
                WHERE location_id = therapist.location_id
                  AND (visit.starts_at AT TIME ZONE place.time_zone)::date
                      BETWEEN first_day AND last_day)
    OR EXISTS (SELECT FROM appointments_timeoff off
                WHERE off.therapist_id = therapist.id
                  AND off.starts_at < visit.ends_at AND off.ends_at > visit.starts_at)
    OR visit.technique_id IS NOT NULL
       AND NOT EXISTS (SELECT FROM appointments_certification held
                        WHERE held.therapist_id = therapist.id
                          AND held.technique_id = visit.technique_id
                          AND (held.valid_until IS NULL OR held.valid_until >=
                              (visit.starts_at AT TIME ZONE place.time_zone)::date))
"""


def could_be_hit(now: datetime) -> AppointmentQuerySet:
    """Return the visits booked and the offers open that have not begun at `now`."""
    booked = Q(status__in=AHEAD, starts_at__gt=now)
    offered = Q(status=Status.PROPOSED, held_until__gt=now, starts_at__gt=now)
    return Appointment.objects.filter(booked | offered)


def outside_of_hours(visits: Iterable[Appointment]) -> dict[int, Outside]:
    """
    Return what is in the way of those of `visits` with which something is, by key.

    The visits come `with_place`. At most eight queries; none for no visits.
    """
    some = list(visits)
    if not some:
        return {}
    first = min(one.starts_at for one in some).date() - ONE_DAY
    last = max(one.ends_at for one in some).date() + ONE_DAY
    known = rosters({one.therapist_id for one in some}, first=first, last=last)
    rooms = _rooms({one.room_id for one in some})
    found: dict[int, Outside] = {}
    for one in some:
        why = outside(
            one.starts_at,
            one.ends_at,
            technique=one.technique_id,
            roster=known[one.therapist_id],
        )
        if why is None and not _is_fit(rooms[one.room_id], one.technique_id):
            why = Outside.ROOM
        if why is not None:
            found[one.pk] = why
    return found


def cannot_be(visit: Appointment) -> bool:
    """
    Say whether the clinic cannot give this visit, as far as is entered.

    Outside of the therapist's hours, or in a room that is not fit, it can: somebody
    stays longer, another room is found.
    """
    return outside_of_hours([visit]).get(visit.pk) in IMPOSSIBLE


def in_words(visits: Iterable[Appointment]) -> dict[int, Any]:
    """Return the same as words, for those that are still to come about."""
    ahead = [one for one in visits if one.status in (*AHEAD, Status.PROPOSED)]
    return {key: WORDS[why] for key, why in outside_of_hours(ahead).items()}


def marked(visits: Iterable[Appointment]) -> list[Appointment]:
    """Return the visits, each with what is in its way as `outside`, in words."""
    some = list(visits)
    words = in_words(some)
    for one in some:
        one.outside = words.get(one.pk, "")
    return some


def rosters(
    therapists: Collection[int], *, first: date, last: date
) -> dict[int, Roster]:
    """Return what each of `therapists` works from `first` to `last`, local days."""
    mine = {"therapist__in": therapists}
    weekly: dict[int, list[Pattern]] = defaultdict(list)
    for hours in WorkingHours.objects.between(first, last).filter(**mine):
        stretch = Stretch(hours.starts, hours.ends)
        weekly[hours.therapist_id].append(
            Pattern(hours.weekday, stretch, hours.valid_from, hours.valid_until)
        )
    extra: dict[int, dict[date, list[Stretch]]] = defaultdict(lambda: defaultdict(list))
    for one in ExtraHours.objects.between(first, last).filter(**mine):
        extra[one.therapist_id][one.day].append(Stretch(one.starts, one.ends))
    certified: dict[int, dict[int, date | None]] = defaultdict(dict)
    for held in Certification.objects.filter(**mine):
        certified[held.therapist_id][held.technique_id] = held.valid_until
    off = _off(therapists, first, last)
    people = list(
        Therapist.objects.filter(pk__in=therapists).select_related("location")
    )
    closed = closed_days({one.location_id for one in people}, first=first, last=last)
    return {
        one.pk: Roster(
            zone=ZoneInfo(one.location.time_zone),
            weekly=weekly.get(one.pk, ()),
            extra=extra.get(one.pk, {}),
            closed=frozenset(closed.get(one.location_id, ())),
            off=Taken(off.get(one.pk, ())),
            certified=certified.get(one.pk, {}),
            gives_massage=one.active and one.location.gives_massage,
        )
        for one in people
    }


def _off(therapists: Collection[int], first: date, last: date) -> dict[int, list[Span]]:
    begin = datetime.combine(first - ONE_DAY, time.min, tzinfo=UTC)
    end = datetime.combine(last + 2 * ONE_DAY, time.min, tzinfo=UTC)
    found: dict[int, list[Span]] = defaultdict(list)
    rows = TimeOff.objects.between(begin, end).filter(therapist__in=therapists)
    for one in rows:
        found[one.therapist_id].append(Span(one.starts_at, one.ends_at))
    return found


def closed_days(
    places: Collection[int], *, first: date, last: date
) -> dict[int, dict[date, str]]:
    """Return the days on which each place gives no massage, with the reason."""
    closed: dict[int, dict[date, str]] = defaultdict(dict)
    calendars = HolidayCalendar.objects.filter(location__in=places)
    for calendar in calendars.prefetch_related("worked"):
        closed[calendar.location_id] |= calendar.between(first, last)
    for closure in Closure.objects.between(first, last).filter(location__in=places):
        day = max(closure.first_day, first)
        while day <= min(closure.last_day, last):
            closed[closure.location_id][day] = closure.reason
            day += ONE_DAY
    return closed


def _rooms(keys: Collection[int]) -> dict[int, tuple[bool, set[int]]]:
    rooms = Room.objects.filter(pk__in=keys).prefetch_related("techniques")
    return {one.pk: (one.active, {t.pk for t in one.techniques.all()}) for one in rooms}


def _is_fit(room: tuple[bool, set[int]], technique: int | None) -> bool:
    """Say whether it is in use and fit; an empty set is fit for every technique."""
    active, fit = room
    return active and (technique is None or not fit or technique in fit)
