"""
What free time follows from: all of it read in one statement, whatever is asked.

One, and not a dozen: most of the time of a small read goes by on the way, and one
statement sees all tables as they were at one moment.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from appointments.codes import HOLDING_TIME, Status
from appointments.models.hours import holidays_between
from appointments.openings import Diary, RoomDiary, Shift, Span, Taken
from appointments.spans import Shared
from massage_portal.prepared import Prepared

ONE_DAY = timedelta(days=1)
ALL: frozenset[int] = frozenset()  # what a room is fit for that says nothing
# Clocks lie 12 hours behind Greenwich to 14 before it; then the turnover may run on.
WEST, EAST, TURNOVER = timedelta(hours=12), timedelta(hours=14), timedelta(hours=6)
# What holds time for longer (a visit is at most 4 hours) is left to the constraints.
LONGEST = timedelta(hours=12)

ZONE = Prepared(
    "zone_of",
    """
    SELECT l.time_zone::varchar FROM services_location l
      JOIN appointments_therapist t ON t.location_id = l.article_ptr_id
     WHERE t.id = %(therapist)s
    """,
)
# Each row says what it is, whose it is, and leaves empty what it does not have. What is
# the same of many is one row with all their keys: hours and the times of visits are. An
# ARRAY is read once, and spares PostgreSQL the planning of ten joins.
STATEMENT = """
WITH who AS MATERIALIZED (
    SELECT t.id, t.location_id, l.time_zone
      FROM appointments_therapist t
      JOIN services_location l ON l.article_ptr_id = t.location_id
     WHERE t.active AND l.gives_massage {of_whom}
), places AS MATERIALIZED (
    SELECT DISTINCT location_id AS id FROM who
), rooms AS MATERIALIZED (
    SELECT r.id, r.location_id FROM appointments_room r
     WHERE r.active AND r.location_id = ANY(ARRAY(SELECT id FROM places))
)
SELECT 'therapist', array_agg(id), location_id, NULL::bigint[], NULL::time, NULL::time,
       NULL::date, NULL::date, NULL::timestamptz, NULL::timestamptz, time_zone
  FROM who GROUP BY location_id, time_zone
UNION ALL
SELECT 'hours', array_agg(therapist_id), weekday, NULL, starts, ends,
       valid_from, valid_until, NULL, NULL, NULL
  FROM appointments_workinghours
 WHERE weekday = ANY(%(weekdays)s) AND valid_from <= %(last)s
   AND (valid_until IS NULL OR valid_until >= %(first)s)
   AND therapist_id = ANY(ARRAY(SELECT id FROM who))
 GROUP BY weekday, starts, ends, valid_from, valid_until
UNION ALL
SELECT 'extra', ARRAY[therapist_id], NULL, NULL, starts, ends, day, NULL, NULL, NULL,
       NULL
  FROM appointments_extrahours
 WHERE day BETWEEN %(first)s AND %(last)s
   AND therapist_id = ANY(ARRAY(SELECT id FROM who))
UNION ALL
SELECT 'certificate', array_agg(therapist_id), technique_id, NULL, NULL, NULL,
       NULL, valid_until, NULL, NULL, NULL
  FROM appointments_certification
 WHERE (valid_until IS NULL OR valid_until >= %(first)s)
   AND therapist_id = ANY(ARRAY(SELECT id FROM who))
 GROUP BY technique_id, valid_until
UNION ALL
SELECT 'off', ARRAY[therapist_id], NULL, NULL, NULL, NULL, NULL, NULL,
       starts_at, ends_at, NULL
  FROM appointments_timeoff
 WHERE starts_at < %(end)s AND ends_at > %(begin)s
   AND therapist_id = ANY(ARRAY(SELECT id FROM who))
UNION ALL
SELECT 'visit', array_agg(therapist_id), NULL, array_agg(room_id), NULL, NULL,
       NULL, NULL, starts_at, blocked_until, NULL
  FROM appointments_appointment
 WHERE status = ANY(%(holding)s)
   AND NOT (status = %(proposed)s AND held_until <= %(now)s)
   AND starts_at >= %(earliest)s AND starts_at < %(until)s
   AND blocked_until > %(since)s {of_theirs}
 GROUP BY starts_at, blocked_until
UNION ALL
SELECT 'room', array_agg(id), location_id, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
       NULL
  FROM rooms GROUP BY location_id
UNION ALL
SELECT 'fit', array_agg(room_id), technique_id, NULL, NULL, NULL, NULL, NULL, NULL,
       NULL, NULL
  FROM appointments_room_techniques
 WHERE room_id = ANY(ARRAY(SELECT id FROM rooms))
 GROUP BY technique_id
UNION ALL
SELECT 'closure', ARRAY[location_id], NULL, NULL, NULL, NULL, first_day, last_day, NULL,
       NULL, NULL
  FROM appointments_closure
 WHERE first_day <= %(last)s AND last_day >= %(first)s
   AND location_id = ANY(ARRAY(SELECT id FROM places))
UNION ALL
SELECT 'holidays', ARRAY[location_id], NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
       country || '-' || subdivision
  FROM appointments_holidaycalendar
 WHERE location_id = ANY(ARRAY(SELECT id FROM places))
UNION ALL
SELECT 'kept', ARRAY[c.location_id], NULL, NULL, NULL, NULL, w.day, NULL, NULL, NULL,
       NULL
  FROM appointments_holidayworked w
  JOIN appointments_holidaycalendar c ON c.id = w.calendar_id
 WHERE w.day BETWEEN %(first)s AND %(last)s
   AND c.location_id = ANY(ARRAY(SELECT id FROM places))
"""
# Of a part of the clinic; looked up by hash, as often as there are visits.
OF_THEIRS = """AND (therapist_id IN (SELECT id FROM who)
    OR room_id IN (SELECT id FROM rooms))"""


def _statement(of_whom: str) -> str:
    return STATEMENT.format(of_whom=of_whom, of_theirs=OF_THEIRS if of_whom else "")


SOME, ONE_PLACE = "AND t.id = ANY(%(therapists)s)", "AND t.location_id = %(location)s"
# By whether some therapists are asked about, and whether one place is.
STATEMENTS = {
    (False, False): Prepared("rota", _statement("")),
    (True, False): Prepared("rota_some", _statement(SOME)),
    (False, True): Prepared("rota_place", _statement(ONE_PLACE)),
    (True, True): Prepared("rota_some_place", _statement(f"{SOME} {ONE_PLACE}")),
}
LOCKED = Prepared(
    "rota_locked",
    _statement(SOME),
    first=Prepared(
        "lock_therapists",
        """
        SELECT FROM appointments_therapist WHERE id = ANY(%(therapists)s)
         ORDER BY id FOR NO KEY UPDATE
        """,
    ),
)


class Row(NamedTuple):
    """One row of the statement; of a visit, `keys` and `rooms` go together."""

    kind: str
    keys: list[int]
    other: int
    rooms: list[int]
    starts: time
    ends: time
    first: date
    last: date | None
    begin: datetime
    end: datetime
    word: str


@dataclass(frozen=True)
class Rota:
    """Therapists' days and rooms, in order of their keys."""

    diaries: list[Diary]
    rooms: list[RoomDiary]


@dataclass
class _Read:
    """The rows, sorted by whose they are."""

    first: date
    last: date
    therapists: list[tuple[int, int, str]] = field(default_factory=list)
    rooms: list[tuple[int, int]] = field(default_factory=list)
    shifts: list[Shift] = field(default_factory=list)
    # Whose they are, as bits: bit n of a therapist is the n-th of `shifts`.
    whose: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    certified: dict[int, dict[int, date | None]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    off: dict[int, list[Span]] = field(default_factory=lambda: defaultdict(list))
    visits: list[tuple[Span, Row]] = field(default_factory=list)
    fit: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    closed: dict[int, set[date]] = field(default_factory=lambda: defaultdict(set))
    holidays: dict[int, set[date]] = field(default_factory=lambda: defaultdict(set))
    kept: dict[int, set[date]] = field(default_factory=lambda: defaultdict(set))

    def add(self, row: Row) -> None:
        """Put one row where it belongs."""
        match row.kind:
            case "visit":
                self.visits.append((Span(row.begin, row.end), row))
            case "hours":
                self._add_shift(row, row.other, row.last)
            case "extra":
                self._add_shift(row, row.first.weekday(), row.first)
            case "certificate":
                for key in row.keys:
                    self.certified[key][row.other] = row.last
            case "off":
                self.off[row.keys[0]].append(Span(row.begin, row.end))
            case "therapist":
                self.therapists += [(key, row.other, row.word) for key in row.keys]
            case "room":
                self.rooms += [(key, row.other) for key in row.keys]
            case "fit":
                for key in row.keys:
                    self.fit[key].add(row.other)
            case _:
                self._add_days(row, row.keys[0])

    def _add_shift(self, row: Row, weekday: int, until: date | None) -> None:
        bit = 1 << len(self.shifts)
        self.shifts.append(Shift(weekday, row.starts, row.ends, row.first, until))
        for key in row.keys:
            self.whose[key] |= bit

    def _add_days(self, row: Row, place: int) -> None:
        """Put a row about a place's days where it belongs."""
        match row.kind:
            case "closure":
                last = min(row.last or self.last, self.last)
                self.closed[place].update(_days(max(row.first, self.first), last))
            case "holidays":
                country, _, region = row.word.partition("-")
                days = holidays_between(country, region, self.first, self.last)
                self.holidays[place].update(days)
            case "kept":
                self.kept[place].add(row.first)

    def closed_at(self, place: int) -> frozenset[date]:
        """Return the days on which the place is closed; a closure outweighs all."""
        holidays = self.holidays.get(place, set()) - self.kept.get(place, set())
        return frozenset(holidays | self.closed.get(place, set()))

    def diaries(self) -> list[Diary]:
        """Return the therapists' days, in order of their keys."""
        zones = {word: ZoneInfo(word) for _, _, word in self.therapists}
        closed = {place: self.closed_at(place) for _, place, _ in self.therapists}
        shared = Shared((span, row.keys) for span, row in self.visits)
        hours: dict[int, tuple[Shift, ...]] = {}  # who works the same has the same
        for some in self.whose.values():
            if some not in hours:
                each = enumerate(self.shifts)
                hours[some] = tuple(one for bit, one in each if some >> bit & 1)
        return [
            Diary(
                therapist=key,
                location=place,
                zone=zones[word],
                certified=self.certified.get(key, {}),
                shifts=hours.get(self.whose.get(key, 0), ()),
                busy=Taken(self.off.get(key, ()), shared=shared, key=key),
                closed=closed[place],
            )
            for key, place, word in sorted(self.therapists)
        ]

    def room_diaries(self) -> list[RoomDiary]:
        """Return the rooms with what fills them, in order of their keys."""
        shared = Shared((span, row.rooms) for span, row in self.visits)
        fit = {room: frozenset(some) for room, some in self.fit.items()}
        return [
            RoomDiary(key, place, Taken(shared=shared, key=key), fit.get(key, ALL))
            for key, place in sorted(self.rooms)
        ]


def rota(
    *,
    now: datetime,
    first: date,
    last: date,
    therapists: Collection[int] | None = None,
    location: int | None = None,
    within: Span | None = None,
    locked: bool = False,
) -> Rota:
    """
    Return what is known of the days from `first` to `last`, local to each place.

    A lapsed offer fills nothing, though nobody has said so yet.

    :param therapists: only these, and the rooms of their places; None is all.
    :param location: only who works at this place, and its rooms; None is all.
    :param within: read only the visits that touch it; None is all of the days'.
    :param locked: lock `therapists` first, until the transaction ends.
    """
    read = _Read(first, last)
    for row in _rows(now, first, last, therapists, location, within, locked):
        read.add(row)
    return Rota(read.diaries(), read.room_diaries())


def zone_of(therapist: int) -> ZoneInfo | None:
    """Return the zone of the place where this therapist works; None if none does."""
    for (zone,) in ZONE.rows(therapist=therapist):
        return ZoneInfo(zone)
    return None


def reach(first: date, last: date) -> tuple[datetime, datetime]:
    """Return the moments between which a visit may fill a local day of any place."""
    begin = datetime.combine(first, time.min, tzinfo=UTC)
    end = datetime.combine(last, time.min, tzinfo=UTC)
    return begin - EAST - TURNOVER, end + ONE_DAY + WEST + TURNOVER


def _rows(
    now: datetime,
    first: date,
    last: date,
    therapists: Collection[int] | None,
    location: int | None,
    within: Span | None,
    locked: bool,
) -> Iterator[Row]:
    begin, end = reach(first, last)
    since, until = within or (begin, end)
    statement = STATEMENTS[therapists is not None, location is not None]
    if locked:
        statement = LOCKED
    rows = statement.rows(
        now=now,
        first=first,
        last=last,
        weekdays=sorted({day.weekday() for day in _days(first, last)}),
        begin=begin,
        end=end,
        earliest=max(begin, since - LONGEST),
        since=since,
        until=until,
        holding=[str(status) for status in HOLDING_TIME],
        proposed=str(Status.PROPOSED),
        therapists=list(therapists or ()),
        location=location,
    )
    return map(Row._make, rows)


def _days(first: date, last: date) -> list[date]:
    return [first + n * ONE_DAY for n in range((last - first).days + 1)]
