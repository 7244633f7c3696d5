"""Whether all that a plan gives finds a room, as it is sent: soonest first. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from appointments.openings import Opening
from appointments.planning.grid import Block, Rooms
from appointments.planning.prices import NONE
from appointments.planning.problem import Problem

_Row = tuple[datetime, int, int, Opening, int | None]


def without_room(problem: Problem, given: Iterable[Opening | None]) -> set[int]:
    """
    Return the numbers of those who would find every fit room taken.

    :param given: what each of the line would have; None is nothing.
    """
    rooms = Rooms(problem.rooms)
    rows: list[_Row] = [
        (one.starts_at, one.therapist, NONE, one, technique)
        for one, technique in problem.fixed
    ]
    for number, opening in enumerate(given):
        if opening is not None:
            technique = problem.asking[number].kind[0]
            row = (opening.starts_at, opening.therapist, number, opening, technique)
            rows.append(row)
    lost = set()
    for _start, _therapist, number, one, technique in sorted(rows, key=_soonest):
        span = Block.of(one).span
        if rooms.give(one.location, span, techniques=[technique]) is None:
            lost.add(number)
    return lost - {NONE}


def _soonest(row: _Row) -> tuple[object, ...]:
    return row[:3]
