"""
Draw up a plan of offers: who of the line should have which opening. Pure.

Free time is cut into times that do not collide, in several ways; for each way the
assignment of least total harm is found exactly; the best is kept, and what it leaves
free is cut anew, as long as that helps. One of the ways holds the very times that the
line alone would give, so no plan is worse than the line.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from appointments.openings import Opening, RoomDiary
from appointments.planning.columns import Columns, Integers
from appointments.planning.dense import NONE, assign
from appointments.planning.feasible import Pairs, moment
from appointments.planning.grid import Block, Rooms, cells, cut
from appointments.planning.problem import Asking, Kind, Outcome, Problem
from appointments.priority import DAY

LEAST_RECUTS, MOST_RECUTS = 2, 30
PAIRS_COMPARED = 2_000_000  # of patient and opening, in all recuts, or so
LET_GO = (0.25, 0.5, 1.0)  # of what is given, by a later recut
RESEATS = 10
LEAST_GAIN = 1e-9  # in harm: less is rounding
DAY_MICROSECONDS = 86_400_000_000

Harms = NDArray[np.float64]


@dataclass
class _Given:
    """An assignment: the opening of each of the line, by number, or NONE."""

    places: list[int]
    total: float  # harm, and what the same therapist is worth


@dataclass
class _Kind:
    """The openings of one kind, and who has been given which of their cells."""

    columns: Columns
    touches: Integers  # of each opening: its cells, each of one therapist
    gone: NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        self.gone = np.zeros(len(self.columns.openings), np.bool_)


def draw_up(problem: Problem) -> list[Outcome]:
    """
    Return what becomes of each of the line, in their order.

    Of all ways to give the times of the cuttings that were tried, this one has the
    least total harm. A visit with the therapist of the patient's last visit counts
    `same_therapist` less than it harms, so keeping a therapist adds no more than that
    for each visit so kept.

    :raises ValueError: as `assign`.
    """
    drawing = _Drawing(problem)
    line = drawing.line()
    best = min(
        (drawing.solve(blocks) for blocks in drawing.cuttings(line)),
        key=lambda given: given.total,
    )
    for turn in range(drawing.recuts):
        found = drawing.solve(drawing.recut(best, turn))
        if found.total < best.total - LEAST_GAIN:
            best = found
    return drawing.outcomes(drawing.seated(best), line)


class _Drawing:
    """The problem in numbers."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        therapists: dict[int, int] = {}
        for some in problem.openings.values():
            for one in some:
                therapists.setdefault(one.therapist, len(therapists))
        self._number = therapists
        self._kinds = {
            kind: _Kind(Columns(some), self._touches(some))
            for kind, some in problem.openings.items()
        }
        self._usable = [
            self._kinds[one.kind].columns.usable(
                one.wish, now=problem.now, not_before=one.received_at
            )
            for one in problem.asking
        ]
        self._charges = [self._harm(one, problem.ends_at) for one in problem.asking]

    def _touches(self, some: Sequence[Opening]) -> Integers:
        spans = [cells(Block.of(one).span) for one in some]
        widest = max((len(span) for span in spans), default=1)
        count = len(self._number)
        rows = [
            [(span[min(n, len(span) - 1)]) * count + self._number[one.therapist]]
            for one, span in zip(some, spans, strict=True)
            for n in range(widest)
        ]
        return np.array(rows, np.int64).reshape(len(some), widest)

    def _harm(self, one: Asking, until: datetime) -> float:
        waited = max((until - one.received_at) / DAY, 0.0)
        return float((waited / one.target_days) ** self._problem.exponent)

    def _opening(self, number: int, place: int) -> Opening | None:
        kind = self._problem.asking[number].kind
        return None if place == NONE else self._problem.openings[kind][place]

    def line(self) -> list[int]:
        """Return what each would have if the first in line took the soonest, and so on.

        Numbers of openings, or NONE.
        """
        rooms = Rooms(self._problem.rooms)
        taken: set[int] = set()
        count = len(self._number)
        for one, technique in self._problem.fixed:
            rooms.give(one.location, Block.of(one).span, techniques=[technique])
            if one.therapist in self._number:
                number = self._number[one.therapist]
                taken.update(c * count + number for c in cells(Block.of(one).span))
        found = []
        for number, asking in enumerate(self._problem.asking):
            kind = self._kinds[asking.kind]
            place = self._soonest(kind, self._usable[number], rooms, taken, asking)
            found.append(place)
        return found

    @staticmethod
    def _soonest(
        kind: _Kind, usable: Integers, rooms: Rooms, taken: set[int], asking: Asking
    ) -> int:
        """Take the soonest of `usable` that is left, with its room; NONE if none is."""
        for place in usable[~kind.gone[usable]].tolist():
            touched = kind.touches[place].tolist()
            opening = kind.columns.openings[place]
            if taken.isdisjoint(touched) and rooms.give(
                opening.location, Block.of(opening).span, techniques=[asking.kind[0]]
            ):
                taken.update(touched)
                return int(place)
            kind.gone[place] = True  # what is gone stays so: time only fills up
        return NONE

    def cuttings(self, line: Sequence[int]) -> Iterator[list[Block]]:
        """Yield the ways in which free time is cut at first."""
        weights = self._weights(range(len(self._usable)))
        yield self._cut(weights, line)
        yield self._cut(weights, ())
        if len(weights) > 1:
            for length in weights:
                yield self._cut({length: 1.0}, ())

    @property
    def recuts(self) -> int:
        """How often the best plan is cut anew: the smaller it is, the oftener."""
        pairs = sum(len(one) for one in self._usable)
        return min(MOST_RECUTS, max(LEAST_RECUTS, PAIRS_COMPARED // max(pairs, 1)))

    def recut(self, given: _Given, turn: int) -> list[Block]:
        """
        Return another cutting: most of what is given as it is, and the rest anew.

        The first turns keep all that is given; later ones let go of a share of it.
        """
        without = [n for n, place in enumerate(given.places) if place == NONE]
        everybody = range(len(self._usable))
        weights = self._weights(without if turn < 2 else everybody)
        chance = random.Random(turn)  # noqa: S311 - the same plan each time
        share = 0.0 if turn < 2 else LET_GO[turn % len(LET_GO)]
        keep = [NONE if chance.random() < share else place for place in given.places]
        return self._cut(weights or self._weights(everybody), keep, turn=turn)

    def _weights(self, numbers: Sequence[int]) -> dict[timedelta, float]:
        """Return how often each length, turnover included, is asked for."""
        asked = Counter(
            self._problem.asking[n].kind for n in numbers if len(self._usable[n])
        )
        weights: dict[timedelta, float] = {}
        for kind, number in asked.items():
            one = self._problem.openings[kind][0]
            length = one.blocked_until - one.starts_at
            weights[length] = weights.get(length, 0.0) + number
        return weights

    def _cut(
        self,
        weights: Mapping[timedelta, float],
        places: Sequence[int],
        *,
        turn: int = 0,
    ) -> list[Block]:
        given = (self._opening(n, place) for n, place in enumerate(places))
        kept = [Block.of(one) for one, _technique in self._problem.fixed]
        kept += sorted(Block.of(one) for one in given if one is not None)
        some = self._problem.openings.values()
        return cut(some, weights=weights, kept=kept, turn=turn)

    def solve(self, blocks: Sequence[Block]) -> _Given:
        """
        Give the times to the line so that total harm is least.

        Rooms go to the times in the order given: what is kept has one in any case.
        """
        problem = self._problem
        usable = self._usable_of(blocks)
        entry: list[Integers] = []
        block: list[Integers] = []
        costs: list[Harms] = []
        places: list[Integers] = []
        for number, asking in enumerate(problem.asking):
            here = self._usable[number]
            times = usable[asking.kind][here]
            can = times != NONE
            here, times = here[can], times[can]
            entry.append(np.full(len(here), number, np.int64))
            block.append(times)
            places.append(here)
            costs.append(self._costs(asking, here))
        pairs = Pairs(_joined(entry, np.int32), _joined(block, np.int32))
        all_costs, charges = _joined(costs, np.float64), self._all_charges()
        has = assign(pairs, all_costs, charges, openings=len(blocks))
        chosen = np.flatnonzero(has[pairs.entry] == pairs.opening)
        found = [NONE] * len(problem.asking)
        for pair, place in zip(
            pairs.entry[chosen].tolist(),
            _joined(places, np.int64)[chosen].tolist(),
            strict=True,
        ):
            found[pair] = place
        without = charges[[place == NONE for place in found]]
        total = math.fsum([*all_costs[chosen].tolist(), *without.tolist()])
        return _Given(found, total)

    def _usable_of(self, blocks: Sequence[Block]) -> dict[Kind, Integers]:
        """Return, for each opening of each kind, which of the times it fits in."""
        problem = self._problem
        by_hand = {Block.of(one): technique for one, technique in problem.fixed}
        rooms = Rooms(problem.rooms)
        asked = list({kind[0] for kind in problem.openings})
        times: dict[tuple[int, datetime], tuple[int, RoomDiary]] = {}
        for number, block in enumerate(blocks):
            fixed = block in by_hand
            techniques = [by_hand[block]] if fixed else asked
            room = rooms.give(block.location, block.span, techniques=techniques)
            if room is not None and not fixed:
                times[block.therapist, block.start] = number, room
        found = {}
        for kind, some in problem.openings.items():
            found[kind] = np.full(len(some), NONE, np.int64)
            for place, one in enumerate(some):
                number, room = times.get((one.therapist, one.starts_at), (NONE, None))
                if room is None or not room.serves(kind[0]):
                    continue
                if one.blocked_until <= blocks[number].end:
                    found[kind][place] = number
        return found

    def _costs(self, asking: Asking, here: Integers) -> Harms:
        """Return the harm at each of these openings, and what a new therapist costs."""
        columns = self._kinds[asking.kind].columns
        waited = columns.start[here] - moment(asking.received_at)
        share = waited / DAY_MICROSECONDS / asking.target_days
        costs: Harms = share**self._problem.exponent
        if asking.last_therapist is not None:
            other = columns.therapist[here] != asking.last_therapist
            costs = costs + self._problem.same_therapist * other
        return costs

    def _all_charges(self) -> Harms:
        """Return what each is charged without an opening; a kept therapist is lost."""
        same = self._problem.same_therapist
        return np.array(
            [
                charge + (same if one.last_therapist is not None else 0.0)
                for one, charge in zip(self._problem.asking, self._charges, strict=True)
            ],
            np.float64,
        )

    def seated(self, given: _Given) -> _Given:
        """
        Return the plan without times that would find no room when it is sent.

        Sent soonest first, each takes the first room that is free. Where rooms are
        already taken here and there, that may leave one over which the cutting had
        found a place for: it is left out, and the others are assigned anew.
        """
        for _again in range(RESEATS):
            lost = self._without_room(given)
            if not lost:
                break
            kept = [NONE if n in lost else p for n, p in enumerate(given.places)]
            given = self.solve(sorted(Block.of(one) for one in self._given_of(kept)))
        return given

    def _given_of(self, places: Sequence[int]) -> list[Opening]:
        found = [self._opening(number, place) for number, place in enumerate(places)]
        return [one for one in found if one is not None] + [
            one for one, _technique in self._problem.fixed
        ]

    def _without_room(self, given: _Given) -> set[int]:
        rooms = Rooms(self._problem.rooms)
        rows: list[tuple[datetime, int, int, Opening, int | None]] = [
            (one.starts_at, one.therapist, NONE, one, technique)
            for one, technique in self._problem.fixed
        ]
        for number, place in enumerate(given.places):
            opening = self._opening(number, place)
            if opening is not None:
                technique = self._problem.asking[number].kind[0]
                row = (opening.starts_at, opening.therapist, number, opening, technique)
                rows.append(row)
        lost = set()
        for _start, _therapist, number, one, technique in sorted(rows, key=_soonest):
            span = Block.of(one).span
            if rooms.give(one.location, span, techniques=[technique]) is None:
                lost.add(number)
        return lost - {NONE}

    def outcomes(self, given: _Given, line: Sequence[int]) -> list[Outcome]:
        """Return what becomes of each, beside what the line alone would give."""
        found = []
        for number, asking in enumerate(self._problem.asking):
            opening = self._opening(number, given.places[number])
            alone = self._opening(number, line[number])
            charge = self._charges[number]
            found.append(
                Outcome(
                    asking=asking,
                    opening=opening,
                    harm=self._harm(asking, opening.starts_at) if opening else charge,
                    line_opening=alone,
                    line_harm=self._harm(asking, alone.starts_at) if alone else charge,
                    suits=len(self._usable[number]) > 0,
                )
            )
        return found


def _soonest(row: tuple[datetime, int, int, Opening, int | None]) -> tuple[object, ...]:
    return row[:3]


def _joined(some: Sequence[NDArray[np.generic]], kind: type) -> NDArray:
    return np.concatenate([np.empty(0, kind), *some]).astype(kind)
