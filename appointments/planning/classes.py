"""Times of a cutting that are alike to all who wait. Pure: no database, no clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from appointments.openings import RoomDiary
from appointments.planning.columns import Integers
from appointments.planning.grid import Block, Rooms
from appointments.planning.problem import Kind, Problem

Place = tuple[int, datetime]  # therapist, start
Fits = dict[Kind, int]  # of one time: the opening of each kind, by number


@dataclass
class Class:
    """Times that begin together and serve the same kinds of visit."""

    times: list[Fits] = field(default_factory=list)


class Classes:
    """
    Tells which times are alike.

    To nearly all who wait a time is when it begins, where, and what it is fit for. Who
    the therapist is counts only of those whom somebody asks for or had last, and of
    times that somebody refused.
    """

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._index = {
            kind: {(o.therapist, o.starts_at): place for place, o in enumerate(some)}
            for kind, some in problem.openings.items()
        }
        self._named = {one.wish.therapist for one in problem.asking}
        if problem.same_therapist:
            self._named |= {one.last_therapist for one in problem.asking}
        self._refused = {place for one in problem.asking for place in one.wish.refused}

    def of(self, blocks: Sequence[Block]) -> list[Class]:
        """
        Return the classes of those times that find a room.

        Rooms go to the times in the order given. What a scheduler fixed takes its room,
        and is in no class.
        """
        found: dict[tuple[object, ...], Class] = {}
        for block, room in self._with_rooms(blocks):
            fits = self._fits(block, room)
            if fits:
                key = (block.start, block.location, self._whose(block), *fits)
                found.setdefault(key, Class()).times.append(fits)
        return list(found.values())

    def _whose(self, block: Block) -> int | None:
        """Return the therapist, if it is not the same to everybody who that is."""
        place = (block.therapist, block.start)
        if block.therapist in self._named or place in self._refused:
            return block.therapist
        return None

    def _with_rooms(self, blocks: Sequence[Block]) -> Iterator[tuple[Block, RoomDiary]]:
        problem = self._problem
        by_hand = {Block.of(one): technique for one, technique in problem.fixed}
        rooms = Rooms(problem.rooms)
        asked = list({kind[0] for kind in problem.openings})
        for block in blocks:
            fixed = block in by_hand
            techniques = [by_hand[block]] if fixed else asked
            room = rooms.give(block.location, block.span, techniques=techniques)
            if room is not None and not fixed:
                yield block, room

    def _fits(self, block: Block, room: RoomDiary) -> Fits:
        """Return the opening of each kind that fits in a time and its room."""
        fits = {}
        for kind, index in self._index.items():
            place = index.get((block.therapist, block.start))
            if place is None or not room.serves(kind[0]):
                continue
            if self._problem.openings[kind][place].blocked_until <= block.end:
                fits[kind] = place
        return fits


def one_of_each(kind: Kind, classes: Sequence[Class]) -> tuple[Integers, Integers]:
    """Return the classes that a kind of visit fits in, and an opening in each."""
    some = [
        (number, one.times[0][kind])
        for number, one in enumerate(classes)
        if kind in one.times[0]
    ]
    table = np.array(some, np.int64).reshape(len(some), 2)
    return table[:, 0], table[:, 1]
