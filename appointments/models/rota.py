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
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from appointments.models.before import LONGEST
from appointments.models.hours import holidays_between
from appointments.models.policy import Policy
from appointments.models.rota_statement import LOCKED, NUMBERS, STATEMENTS
from appointments.openings import (
    Diary,
    Opening,
    RoomDiary,
    Shift,
    Span,
    Taken,
    is_free,
)
from appointments.spans import Shared
from massage_portal.prepared import Prepared, as_model

ONE_DAY = timedelta(days=1)
ALL: frozenset[int] = frozenset()  # what a room is fit for that says nothing
# Clocks lie 12 hours behind Greenwich to 14 before it; then the turnover may run on.
WEST, EAST, TURNOVER = timedelta(hours=12), timedelta(hours=14), timedelta(hours=6)

ZONE = Prepared(
    "zone_of",
    """
    SELECT l.time_zone::varchar FROM services_location l
      JOIN appointments_therapist t ON t.location_id = l.article_ptr_id
     WHERE t.id = %(therapist)s
    """,
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


@dataclass
class Rota:
    """
    The rows, sorted by whose they are.

    `before` says of those who stand before whom it was asked about, and might use the
    time, how many could have it by the same kind of visit, and how many have another
    kind; `policy` is what is in force, if that was asked as well.
    """

    first: date
    last: date
    within: Span | None = None
    before: tuple[int, int] = (0, 0)
    policy: Policy | None = None
    therapists: list[tuple[int, int, str]] = field(default_factory=list)
    room_places: list[tuple[int, int]] = field(default_factory=list)
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

    def tells_of(self, span: Span) -> bool:
        """Say whether all visits of that time were read."""
        within = self.within or Span(*reach(self.first, self.last))
        return within.start <= span.start and span.end <= within.end

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
                self.room_places += [(key, row.other) for key in row.keys]
            case "fit":
                for key in row.keys:
                    self.fit[key].add(row.other)
            case "before":
                same, others = row.keys
                self.before = (same, others)
            case "policy":
                self.policy = _policy(row)
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

    @cached_property
    def diaries(self) -> list[Diary]:
        """The therapists' days, in order of their keys."""
        zones = {word: ZoneInfo(word) for _, _, word in self.therapists}
        places = {place for _, place, _ in self.therapists}
        closed = {place: self.closed_at(place) for place in places}
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

    def rooms_at(self, place: int, held: Span, technique: int | None) -> list[int]:
        """
        Return the rooms of a place that are free and fit for a visit, by their keys.

        As their `RoomDiary` says; but of one time, so none of these is made.
        """
        filled = {
            room
            for span, row in self.visits
            if span.start < held.end and held.start < span.end
            for room in row.rooms
        }
        return [
            key
            for key, where in sorted(self.room_places)
            if where == place
            and key not in filled
            and (technique is None or technique in self.fit.get(key, (technique,)))
        ]

    def opening(
        self, therapist: int, visit: Span, *, until: datetime, technique: int | None
    ) -> Opening | None:
        """
        Return the opening of a therapist for one visit, if there is one.

        As `openings` finds it among all.

        :param until: when the turnover after the visit ends.
        """
        held = Span(visit.start, until)
        days = {"first": self.first, "last": self.last}
        for diary in self.diaries:
            if diary.therapist == therapist and is_free(
                diary, visit, held=held, technique=technique, **days
            ):
                for room in self.rooms_at(diary.location, held, technique):
                    place = (therapist, room, diary.location)
                    return Opening(visit.start, *place, visit.end, until, diary.zone)
        return None

    def counted(self, *, usual: bool) -> int | None:
        """
        Return how many before whom it was asked about could use the time; None: ask.

        :param usual: whether the visit is of the kind that the referral says.
        """
        same, others = self.before
        return None if others or (same and not usual) else same

    @cached_property
    def rooms(self) -> list[RoomDiary]:
        """The rooms with what fills them, in order of their keys."""
        shared = Shared((span, row.rooms) for span, row in self.visits)
        fit = {room: frozenset(some) for room, some in self.fit.items()}
        return [
            RoomDiary(key, place, Taken(shared=shared, key=key), fit.get(key, ALL))
            for key, place in sorted(self.room_places)
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
    line_of: int | None = None,
    with_policy: bool = False,
) -> Rota:
    """
    Return what is known of the days from `first` to `last`, local to each place.

    A lapsed offer fills nothing, though nobody has said so yet.

    :param therapists: only these, and the rooms of their places; None is all.
    :param location: only who works at this place, and its rooms; None is all.
    :param within: read only the visits that touch it; None is all of the days'.
    :param locked: lock `therapists` first, until the transaction ends.
    :param line_of: of this request it is read as well who stands before its patient, if
        `locked`, and one therapist, from the begin of `within`.
    :param with_policy: read the policy in force at `now` with it, if not `locked`.
    """
    of_whom = (therapists is not None, location is not None, with_policy)
    statement = LOCKED[line_of is not None] if locked else STATEMENTS[of_whom]
    values = asked(now=now, first=first, last=last, within=within)
    values |= {"therapists": list(therapists or ()), "location": location}
    values["entry"] = line_of
    read = Rota(first, last, within=within)
    for row in _rows(statement, values):
        read.add(row)
    if with_policy and not locked and read.policy is None:
        read.policy = Policy(in_force_from=now)  # the defaults
    return read


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


def _rows(statement: Prepared, values: dict[str, Any]) -> Iterator[Row]:
    return map(Row._make, statement.rows(**values))


def asked(
    *, now: datetime, first: date, last: date, within: Span | None
) -> dict[str, Any]:
    """Return with what values the statement reads these days."""
    begin, end = reach(first, last)
    since, until = within or (begin, end)
    return {
        "now": now,
        "first": first,
        "last": last,
        "weekdays": sorted({day.weekday() for day in _days(first, last)}),
        "begin": begin,
        "end": end,
        "earliest": max(begin, since - LONGEST),
        "since": since,
        "until": until,
    }


def _policy(row: Row) -> Policy:
    values: dict[str, Any] = dict(zip(NUMBERS, row.keys, strict=True))
    exponent, same = map(Decimal, row.word.split())
    values |= {"id": row.other, "in_force_from": row.begin}
    values |= {"quiet_from": row.starts, "quiet_until": row.ends}
    values |= {"harm_exponent": exponent, "same_therapist_harm": same}
    return as_model(Policy, values)


def _days(first: date, last: date) -> list[date]:
    return [first + n * ONE_DAY for n in range((last - first).days + 1)]
