"""
The starts of visits, as the bits of whole numbers. Pure: no database, no clock.

They lie half an hour apart, so a set of them is one number: bit n is the n-th half
hour. Who is free when, and which rooms are, takes then a few operations on numbers,
however many visits there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import reduce
from itertools import compress
from operator import or_
from zoneinfo import ZoneInfo

from appointments.spans import Shared, Span, Taken

STEP = timedelta(minutes=30)  # visits start on the hour and the half hour
ZERO_OR_ONE = bytes.maketrans(b"01", b"\0\1")  # by which a key is left out, or taken


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


class HalfHours:
    """
    Starts half an hour apart, as the bits of numbers.

    :param origin: the start that is bit 0; what lies before it is left out.
    :param number: so many starts there are.
    :param length: of the visit.
    :param held: how long a visit keeps therapist and room.
    """

    def __init__(
        self, origin: datetime, number: int, *, length: timedelta, held: timedelta
    ) -> None:
        self.origin, self.number = origin, number
        self.length, self.held = length, held
        self._overlapped: dict[Span, int] = {}
        self._seen: dict[int, int] = {}
        self._shared: dict[Shared, dict[int, int]] = {}

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

    def blocked(self, busy: Taken) -> int:
        """Return the starts from which a visit would overlap something in `busy`."""
        found = 0
        if (shared := busy.shared) is not None:
            if shared not in self._shared:
                self._shared[shared] = shared.bits(self._once)
            found = self._shared[shared].get(busy.key, 0)
        for span in busy.alone:
            if span not in self._overlapped:  # many rooms are closed together
                self._overlapped[span] = self._overlapping(span)
            found |= self._overlapped[span]
        return found

    def _once(self, span: Span) -> int:
        """Return the same as `_overlapping`: of one that many share, reckoned once."""
        key = id(span)  # it is kept by who shares it; to hash it would take longer
        if key not in self._seen:
            self._seen[key] = self._overlapping(span)
        return self._seen[key]

    def _overlapping(self, span: Span) -> int:
        after = (span.start - self.held - self.origin) // STEP + 1
        return self.between(after, -((self.origin - span.end) // STEP))


class Place:
    """
    The rooms of one place at the same half hours, and who is free there.

    :param rooms: each with what fills it; the first that is free is taken.
    """

    def __init__(
        self, half_hours: HalfHours, rooms: Iterable[tuple[int, Taken]]
    ) -> None:
        self.half_hours = half_hours
        self.free: list[tuple[int, int]] = []  # keys, each with starts `with_room`
        self._rooms: list[tuple[int, int]] = []  # each with the starts it is first at
        every = left = (1 << half_hours.number) - 1
        for room, busy in rooms:
            if first := left & ~half_hours.blocked(busy):
                self._rooms.append((room, first))
                left ^= first
        self.with_room = every ^ left

    def by_start(self) -> Iterator[tuple[datetime, int, list[int]]]:
        """Yield each start at which anybody is `free`, its first room, and who."""
        anyone = reduce(or_, (starts for _key, starts in self.free), 0)
        keys, width = [key for key, _starts in self.free], anyone.bit_length()
        # A line of zeros and ones for each key, the last start first: so one stretch
        # of bytes, taken in strides, is a column: who is free at one start.
        lines = "".join([f"{starts:0{width}b}" for _key, starts in self.free])
        table = lines.encode().translate(ZERO_OR_ONE)
        bits = f"{anyone:b}"[::-1]
        bit = bits.find("1")
        while bit >= 0:
            room = next(key for key, first in self._rooms if first >> bit & 1)
            column = table[width - 1 - bit :: width]
            start = self.half_hours.origin + bit * STEP
            yield start, room, list(compress(keys, column))
            bit = bits.find("1", bit + 1)
