"""
The starts of visits, half an hour apart. Pure: no database, no clock.

A set of them is one number: bit n is the n-th half hour. Who is there at one start is a
number as well, and so is who is taken, so that nothing is done for each of them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import reduce
from itertools import compress
from operator import or_
from zoneinfo import ZoneInfo

from appointments.keys import flags, ones
from appointments.spans import Shared, Span

STEP = timedelta(minutes=30)  # visits start on the hour and the half hour


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


class Starts:
    """
    Some starts, half an hour apart or hours, in order of time.

    :param origin: that of bit 0.
    :param some: which they are, as one number.
    :param held: how long a visit keeps therapist and room.
    """

    def __init__(self, origin: datetime, some: int, *, held: timedelta) -> None:
        self.origin, self.bits, self.held = origin, ones(some), held
        self._overlapping: dict[int, tuple[Sequence[Span], list[range]]] = {}

    def moments(self) -> list[datetime]:
        """Return when they are."""
        return [self.origin + bit * STEP for bit in self.bits]

    def taken(self, busy: Shared) -> list[int]:
        """Return who is taken, if a visit begins, at each of them."""
        found = [0] * len(self.bits)
        for spans, numbers in busy.told:
            overlapping = self.overlapping(spans)
            for places, whom in zip(overlapping, numbers, strict=True):
                for place in places:
                    found[place] |= whom
        return found

    def overlapping(self, spans: Sequence[Span]) -> list[range]:
        """
        Return, for each stretch, from which of them a visit overlaps it, by place.

        Of one list it is reckoned once: therapists and rooms are taken together.
        """
        if known := self._overlapping.get(id(spans)):
            return known[1]
        bits, origin, before = self.bits, self.origin, self.origin + self.held
        found = []
        for start, end in spans:
            after = bisect_left(bits, (start - before) // STEP + 1)
            until = bisect_left(bits, -((origin - end) // STEP), after)
            found.append(range(after, until))
        self._overlapping[id(spans)] = spans, found  # kept, so no other has its id
        return found


class Place:
    """
    Who works at one place, and its rooms.

    :param rooms: all that are fit, as one number.
    """

    def __init__(self, rooms: int) -> None:
        self.rooms = rooms
        self._work: dict[int, int] = defaultdict(int)  # who works, by at which starts

    def add(self, starts: int, who: int) -> None:
        """Add who could begin a visit at each of the starts, if they are not taken."""
        self._work[starts] |= who

    @property
    def starts(self) -> int:
        """All starts at which somebody works."""
        return reduce(or_, self._work, 0)

    def working(self, starts: Starts) -> list[int]:
        """Return who works at each of the starts, taken or not."""
        # A line of zeros and ones for each team: so one stretch of bytes, taken in
        # strides, is a column: which of them work at one start.
        bits, who = starts.bits, list(self._work.values())
        width = bits[-1] + 1 if bits else 0
        table = b"".join([flags(some).ljust(width, b"\0") for some in self._work])
        return [reduce(or_, compress(who, table[bit::width]), 0) for bit in bits]
