"""
Free time cut into times that do not collide. Pure: no database, no clock.

Openings overlap: a visit may start on each half hour, in rooms that therapists share.
An assignment needs times of which any may be given beside any other. `cut` makes such
times, back to back, and gives each a room of its own.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby

from appointments.openings import STEP, Opening, RoomDiary, Span, Taken

CELL = timedelta(minutes=15)  # each zone's half hours are a whole number of these
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, order=True)
class Block:
    """A time of one therapist: a visit that starts then, turnover included, fits in."""

    start: datetime
    therapist: int
    end: datetime
    location: int

    @classmethod
    def of(cls, opening: Opening) -> Block:
        """Return the time that a visit in `opening` fills."""
        return cls(
            start=opening.starts_at,
            therapist=opening.therapist,
            end=opening.blocked_until,
            location=opening.location,
        )

    @property
    def span(self) -> Span:
        """The stretch of time alone."""
        return Span(self.start, self.end)


def cells(span: Span) -> range:
    """Return the numbers, since 1970, of the CELLs that `span` touches."""
    return range((span.start - EPOCH) // CELL, -((EPOCH - span.end) // CELL))


class Rooms:
    """The rooms of all places, filled up as they are given."""

    def __init__(self, rooms: Iterable[RoomDiary]) -> None:
        self._of_place: dict[int, list[RoomDiary]] = {}
        for room in rooms:
            self._of_place.setdefault(room.location, []).append(room)
        self._given: dict[int, set[int]] = defaultdict(set)  # cells of each room

    def give(
        self, location: int, span: Span, *, techniques: Iterable[int | None] = ()
    ) -> RoomDiary | None:
        """
        Give the first room of the place that is free, and return it; None if none is.

        :param techniques: that may be used in it; a room fit for all of them is taken
            before one that is fit for some, and that before none at all.
        """
        asked, best, most = list(techniques), None, -1
        touched = cells(span)
        for room in self._of_place.get(location, ()):
            if self._free(room, span, touched):
                able = sum(room.serves(kind) for kind in asked)
                if able > most:
                    best, most = room, able
                if able == len(asked):
                    break  # of thousands of times, each would look at all rooms
        if best is None or (asked and not most):
            return None
        self._given[best.room].update(touched)
        return best

    def could_give(self, location: int, span: Span, technique: int | None) -> bool:
        """Say whether a room fit for the technique is free; it stays free."""
        touched = cells(span)
        return any(
            room.serves(technique) and self._free(room, span, touched)
            for room in self._of_place.get(location, ())
        )

    def _free(self, room: RoomDiary, span: Span, touched: range) -> bool:
        if not self._given[room.room].isdisjoint(touched):
            return False
        return next(room.busy.touching(span), None) is None


class _Lengths:
    """Which length is next: the one that is farthest behind its weight."""

    def __init__(self, weights: Mapping[timedelta, float]) -> None:
        self._weights = weights
        self._given = dict.fromkeys(weights, 0)

    def choose(self, here: Sequence[Block]) -> Block:
        """Return one of the times that begin together, and count its length."""
        chosen = max(here, key=self._behind)
        length = chosen.span.length
        if length in self._given:
            self._given[length] += 1
        return chosen

    def _behind(self, block: Block) -> tuple[float, timedelta]:
        length = block.span.length
        if length not in self._weights:
            return -math.inf, length
        due = self._weights[length] * (sum(self._given.values()) + 1)
        return due - self._given[length] * sum(self._weights.values()), length


def cut(
    openings: Iterable[Sequence[Opening]],
    *,
    weights: Mapping[timedelta, float],
    kept: Iterable[Block] = (),
    turn: int = 0,
) -> list[Block]:
    """
    Return times of which no two of one therapist overlap: `kept`, then the others.

    Each therapist's free time is cut back to back. Of the lengths that fit there it
    takes the one that is farthest behind its weight; a length without weight only where
    no other fits.

    :param openings: of each length, by time.
    :param weights: how often each length, turnover included, is asked for.
    :param kept: times that stay as they are; no two of one therapist overlap.
    :param turn: which of many ways: an even one cuts from the beginning of free time,
        an odd one from its end, some leave out the first one or two half hours of each
        stretch, and each lets another therapist have a room first.
    """
    kept = list(kept)
    fixed: dict[int, list[Block]] = {}
    for block in kept:
        fixed.setdefault(block.therapist, []).append(block)
    mine: dict[int, set[Block]] = {}
    for opening in (one for some in openings for one in some):
        mine.setdefault(opening.therapist, set()).add(Block.of(opening))
    lengths = _Lengths(weights)
    order = sorted(mine)
    ahead = turn % len(order) if order else 0
    found: list[tuple[datetime, int, Block]] = []
    for first, therapist in enumerate([*order[ahead:], *order[:ahead]]):
        taken = Taken(block.span for block in fixed.get(therapist, ()))
        free = [
            b for b in mine[therapist] if next(taken.touching(b.span), None) is None
        ]
        for block in _cut_one(free, lengths, turn):
            found.append((block.start, first, block))
    return [*kept, *(block for _start, _first, block in sorted(found))]


def _cut_one(free: Sequence[Block], lengths: _Lengths, turn: int) -> Iterator[Block]:
    """Yield one therapist's times, from the beginning or from the end."""
    backwards, skip = turn % 2 == 1, turn // 2 % 3
    bound: datetime | None = None
    before: datetime | None = None
    left = 0
    some = sorted(free, key=_start, reverse=backwards)
    for start, blocks in groupby(some, key=_start):
        if before is None or abs(start - before) > STEP:  # another stretch of free time
            bound, left = None, skip
        before, left = start, left - 1
        here = [block for block in blocks if _is_beside(block, bound, backwards)]
        if left < 0 and here:
            chosen = lengths.choose(sorted(here))
            bound = chosen.start if backwards else chosen.end
            yield chosen


def _is_beside(block: Block, bound: datetime | None, backwards: bool) -> bool:
    """Say whether the time lies apart from what was cut before."""
    if bound is None:
        return True
    return block.end <= bound if backwards else bound <= block.start


def _start(block: Block) -> datetime:
    return block.start
