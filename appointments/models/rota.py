"""
What free time follows from: all of it read in one statement, whatever is asked.

One, and not a dozen: most of the time of a small read goes by on the way, and one
statement sees all tables as they were at one moment.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import chain, compress
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from appointments.diaries import Diaries, Diary, RoomDiary, Shift
from appointments.keys import Keys, alike, flags
from appointments.models.before import LONGEST
from appointments.models.hours import holidays_between
from appointments.models.policy import Policy
from appointments.models.rota_statement import LOCKED, NUMBERS, STATEMENTS
from appointments.openings import Opening, is_free
from appointments.spans import Shared, Span, Taken
from massage_portal.prepared import Prepared, as_model, unsaved

ONE_DAY = timedelta(days=1)
# What is looked at by kind, and most of all that there is.
OF_MANY = {"visit", "hours", "extra", "certificate", "therapist", "room", "fit"}
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
    """
    One row of the statement.

    What it says of many it says of the `bits` of the block `key`; see `Keys`. Without
    bits, `key` is whose it is. Of a visit, `other` is the block of its rooms.
    """

    kind: str
    key: int
    bits: int
    other: int
    rooms: int
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
    The rows, sorted by what they are, and by whose where that is one.

    `before` says of those who stand before whom it was asked about, and might use the
    time, how many could have it by the same kind of visit, and how many have another
    kind; `policy` is what is in force, if that was asked as well.
    """

    first: date
    last: date
    within: Span | None = None
    before: tuple[int, int] = (0, 0)
    policy: Policy | None = None
    rows: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    off: dict[int, list[Span]] = field(default_factory=lambda: defaultdict(list))
    closed: dict[int, set[date]] = field(default_factory=lambda: defaultdict(set))
    holidays: dict[int, set[date]] = field(default_factory=lambda: defaultdict(set))
    kept: dict[int, set[date]] = field(default_factory=lambda: defaultdict(set))

    def tells_of(self, span: Span) -> bool:
        """Say whether all visits of that time were read."""
        within = self.within or Span(*reach(self.first, self.last))
        return within.start <= span.start and span.end <= within.end

    def add(self, row: Row) -> None:
        """Put one row where it belongs."""
        if row.kind in OF_MANY:
            self.rows[row.kind].append(row)
            return
        match row.kind:
            case "off":
                self.off[row.key].append(Span(row.begin, row.end))
            case "before":
                self.before = (row.key, row.bits)
            case "policy":
                self.policy = _policy(row)
            case "closure":
                last = min(row.last or self.last, self.last)
                self.closed[row.key].update(_days(max(row.first, self.first), last))
            case "holidays":
                country, _, region = row.word.partition("-")
                days = holidays_between(country, region, self.first, self.last)
                self.holidays[row.key].update(days)
            case "kept":
                self.kept[row.key].add(row.first)

    def closed_at(self, place: int) -> frozenset[date]:
        """Return the days on which the place is closed; a closure outweighs all."""
        holidays = self.holidays.get(place, set()) - self.kept.get(place, set())
        return frozenset(holidays | self.closed.get(place, set()))

    @cached_property
    def visits(self) -> list[Span]:
        """When visits keep therapist and room."""
        return [Span(row.begin, row.end) for row in self.rows["visit"]]

    @cached_property
    def diaries(self) -> Diaries[Diary]:
        """The therapists' days, in order of their keys."""
        keys = Keys(row.key for row in self.rows["therapist"])
        whom = [keys.number(row.key, row.bits) for row in self.rows["visit"]]
        off = [(span, keys.bit(key)) for key, some in self.off.items() for span in some]
        away = [span for span, _who in off], [who for _span, who in off]
        busy = Shared(keys, (self.visits, whom), away)
        teams = []
        kinds = ("therapist", "hours", "extra", "certificate")
        for who, row, rows in self._alike(keys, *kinds):
            therapist = keys.first(who)
            diary = Diary(
                therapist=therapist,
                location=row.other,
                zone=ZoneInfo(row.word),
                certified={one.other: one.last for one in rows["certificate"]},
                shifts=_shifts(rows),
                busy=Taken(shared=busy, key=therapist),
                closed=self.closed_at(row.other),
            )
            teams.append((who, diary))
        return Diaries(teams, busy)

    def _alike(
        self, keys: Keys, kind: str, *kinds: str
    ) -> Iterator[tuple[int, Row, dict[str, list[Row]]]]:
        """
        Yield those of whom the same is said, with the row of the first kind.

        And with what there is of the others, by their kinds.
        """
        said: dict[int, list[Row]] = defaultdict(list)
        for row in chain.from_iterable(map(self.rows.__getitem__, (kind, *kinds))):
            said[keys.number(row.key, row.bits)].append(row)
        for which, whom in alike(said).items():
            rows: dict[str, list[Row]] = defaultdict(list)
            for row in chain.from_iterable(compress(said.values(), flags(which))):
                rows[row.kind].append(row)
            for one in rows[kind]:  # none, of one who gives no massage now
                yield whom, one, rows

    @cached_property
    def _room_keys(self) -> Keys:
        return Keys(row.key for row in self.rows["room"])

    def rooms_at(self, place: int, held: Span, technique: int | None) -> list[int]:
        """
        Return the rooms of a place that are free and fit for a visit, by their keys.

        As their `RoomDiary` says; but of one time, so none of these is made.
        """
        rows, keys = self.rows, self._room_keys
        here = filled = fit = unfit = 0
        for row in rows["room"]:
            if row.other == place:
                here |= keys.number(row.key, row.bits)
        for row in rows["visit"]:
            if row.begin < held.end and held.start < row.end:
                filled |= keys.number(row.other, row.rooms)
        if technique is not None:
            for row in rows["fit"]:
                if row.other == technique:
                    fit |= keys.number(row.key, row.bits)
                else:
                    unfit |= keys.number(row.key, row.bits)
        return keys.named(here & ~filled & ~(unfit & ~fit))

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
        diary = self.diaries.one(therapist)
        if diary and is_free(diary, visit, held=held, technique=technique, **days):
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
    def rooms(self) -> Diaries[RoomDiary]:
        """The rooms with what fills them, in order of their keys."""
        keys = self._room_keys
        whom = [keys.number(row.other, row.rooms) for row in self.rows["visit"]]
        busy = Shared(keys, (self.visits, whom))
        suites = []
        for which, row, rows in self._alike(keys, "room", "fit"):
            key, fit = keys.first(which), frozenset(one.other for one in rows["fit"])
            room = RoomDiary(key, row.other, Taken(shared=busy, key=key), fit)
            suites.append((which, room))
        return Diaries(suites, busy)


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
        read.policy = unsaved(Policy, {"in_force_from": now})  # the defaults
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


def _shifts(rows: Mapping[str, Iterable[Row]]) -> tuple[Shift, ...]:
    return (
        *(
            Shift(row.other, row.starts, row.ends, row.first, row.last)
            for row in rows["hours"]
        ),
        *(
            Shift(row.first.weekday(), row.starts, row.ends, row.first, row.first)
            for row in rows["extra"]
        ),
    )


def _policy(row: Row) -> Policy:
    exponent, same, *numbers = row.word.split()
    values: dict[str, Any] = dict(zip(NUMBERS, map(int, numbers), strict=True))
    values |= {"id": row.key, "in_force_from": row.begin}
    values |= {"quiet_from": row.starts, "quiet_until": row.ends}
    values |= {"harm_exponent": Decimal(exponent), "same_therapist_harm": Decimal(same)}
    return as_model(Policy, values)


def _days(first: date, last: date) -> list[date]:
    return [first + n * ONE_DAY for n in range((last - first).days + 1)]
