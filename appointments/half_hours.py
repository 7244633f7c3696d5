"""
The starts of visits, as the bits of whole numbers. Pure: no database, no clock.

They lie half an hour apart, so a set of them is one number: bit n is the n-th half
hour. Who is free when, and which rooms are, takes then a few operations on numbers,
however many visits there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from zoneinfo import ZoneInfo

STEP = timedelta(minutes=30)  # visits start on the hour and the half hour
Stretch = tuple[datetime, datetime]
Moment = tuple[datetime, int, datetime, datetime]  # start, room, end, free again


def first_start(moment: datetime, zone: ZoneInfo) -> datetime:
    """
    Return the first local half hour from `moment` on.

    Half hours of the wall and of real time agree, for every zone's offset and every
    clock change in use is a multiple of 15 minutes; we align to the wall once and then
    step in real time.
    """
    local = moment.astimezone(zone)
    past = timedelta(
        minutes=local.minute % 30, seconds=local.second, microseconds=local.microsecond
    )
    return moment + (STEP - past if past else timedelta(0))


class _Remembered(dict[Stretch, int]):
    """What is reckoned once for each stretch; many visits begin and end together."""

    def __init__(self, reckon: Callable[[Stretch], int]) -> None:
        super().__init__()
        self._reckon = reckon

    def __missing__(self, span: Stretch) -> int:
        found = self[span] = self._reckon(span)
        return found


class HalfHours:
    """
    Starts half an hour apart, as the bits of numbers, and the rooms of one place.

    :param origin: the start that is bit 0; what lies before it is left out.
    :param number: so many starts there are.
    :param rooms: each with what fills it; the first that is free is taken.
    :param length: of the visit.
    :param held: how long a visit keeps therapist and room.
    """

    def __init__(
        self,
        origin: datetime,
        number: int,
        rooms: Iterable[tuple[int, Iterable[Stretch]]],
        *,
        length: timedelta,
        held: timedelta,
    ) -> None:
        self.origin, self.number = origin, number
        self.length, self.held = length, held
        self._blocked = _Remembered(self._overlapping)
        self._moments: dict[int, Moment] = {}
        self._rooms: list[tuple[int, int]] = []  # each with the starts it is first at
        left = (1 << number) - 1
        for room, busy in rooms:
            if first := left & ~self.blocked(busy):
                self._rooms.append((room, first))
                left ^= first
        self.with_room = (1 << number) - 1 ^ left

    def between(self, after: int, until: int) -> int:
        """Return the starts from bit `after` up to, not including, bit `until`."""
        after, until = max(after, 0), min(until, self.number)
        return (1 << until) - (1 << after) if after < until else 0

    def fitting(self, begin: datetime, end: datetime) -> int:
        """Return the starts from which the visit lies between both."""
        after = -((self.origin - begin) // STEP)
        return self.between(after, (end - self.length - self.origin) // STEP + 1)

    def since(self, moment: datetime) -> int:
        """Return the starts from `moment` on."""
        return self.between(-((self.origin - moment) // STEP), self.number)

    def blocked(self, busy: Iterable[Stretch]) -> int:
        """Return the starts from which a visit would overlap something in `busy`."""
        return reduce(or_, map(self._blocked.__getitem__, busy), 0)

    def _overlapping(self, span: Stretch) -> int:
        after = (span[0] - self.held - self.origin) // STEP + 1
        return self.between(after, -((self.origin - span[1]) // STEP))

    def moments(self, starts: int) -> Iterator[Moment]:
        """Yield each of `starts` with its first free room and both its ends."""
        bits = f"{starts:b}"[::-1]
        place = bits.find("1")
        while place >= 0:
            if place not in self._moments:
                start = self.origin + place * STEP
                room = next(key for key, some in self._rooms if some >> place & 1)
                ends = (start + self.length, start + self.held)
                self._moments[place] = (start, room, *ends)
            yield self._moments[place]
            place = bits.find("1", place + 1)
