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
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from appointments.openings import Opening, Span
from appointments.planning.alike import assign
from appointments.planning.classes import Class, Classes, one_of_each
from appointments.planning.columns import Columns, Integers
from appointments.planning.feasible import moment
from appointments.planning.grid import Block, Rooms, cells, cut
from appointments.planning.prices import NONE
from appointments.planning.problem import Asking, Kind, Outcome, Problem
from appointments.planning.seats import without_room
from appointments.planning.twice import beside, elsewhere, twice
from appointments.priority import DAY

MOST_PAIRS = 4_000_000  # of a patient and a class of times: a table of 32 MB
MOST_COMPARED = 2_000_000  # pairs, in all cuttings together, or so
MOST_RECUTS = 30
LET_GO = (0.25, 0.5, 1.0)  # of what is given, by a later recut
RESEATS = 10
LEAST_GAIN = 1e-9  # in harm: less is rounding
STRIDE = 500  # of the line; so often it is told that the work goes on
DAY_MICROSECONDS = 86_400_000_000

Harms = NDArray[np.float64]
Step = Callable[[], object]


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


def draw_up(
    problem: Problem, *, most_pairs: int = MOST_PAIRS, step: Step | None = None
) -> list[Outcome]:
    """
    Return what becomes of each of the line, in their order.

    Of all ways to give the times of the cuttings that were tried, this one has the
    least total harm. A visit with the therapist of the patient's last visit counts
    `same_therapist` less than it harms, so keeping a therapist adds no more than that
    for each visit so kept.

    Where more wait than can be weighed against all times at once, those are taken in
    who have most to gain by these weeks; the others are left out, and marked so.

    :param step: told from time to time that the work goes on.
    """
    drawing = _Drawing(problem, most_pairs, step or (lambda: None))
    line = drawing.line()
    cuttings = drawing.cuttings(line)
    best = drawing.solve(next(cuttings))
    for blocks in cuttings:
        if drawing.may_go_on:
            best = min(best, drawing.solve(blocks), key=lambda given: given.total)
    for turn in range(MOST_RECUTS):
        if not drawing.may_go_on:
            break
        found = drawing.solve(drawing.recut(best, turn))
        if found.total < best.total - LEAST_GAIN:
            best = found
    return drawing.outcomes(drawing.seated(best), line)


class _Drawing:
    """The problem in numbers: of those who are taken in."""

    def __init__(self, problem: Problem, most_pairs: int, step: Step) -> None:
        self._step = step
        self._all = problem.asking
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
        self._compared = self._pairs = 0
        gains = self._most_gains()
        self._suits = [gain is not None for gain in gains]
        self._classes = Classes(problem)
        self._take_in(gains, most_pairs)
        self._charges = self._all_charges()

    def _most_gains(self) -> list[float | None]:
        """Return how much less harm each could have by these weeks; None by none."""
        gains: list[float | None] = []
        for one in self._one_by_one():
            usable = self._usable(one)
            gain = None
            if len(usable):
                soonest = self._problem.openings[one.kind][usable[0]].starts_at
                gain = self._harm(one, self._problem.ends_at) - self._harm(one, soonest)
            gains.append(gain)
        return gains

    def _one_by_one(self) -> Iterator[Asking]:
        """Yield those who ask, and tell now and then that the work goes on."""
        for number, one in enumerate(self._problem.asking):
            if number % STRIDE == 0:
                self._step()
            yield one

    def _take_in(self, gains: Sequence[float | None], most_pairs: int) -> None:
        """Take in whom these weeks can help, as many as can be weighed at once."""
        able = [(-gain, n) for n, gain in enumerate(gains) if gain is not None]
        kinds = Counter(self._all[n].kind for _gain, n in able)
        blocks = self._cut(self._lengths(kinds), ())
        width = max(1, len(self._classes.of(blocks)))
        taken = sorted(n for _gain, n in sorted(able)[: max(1, most_pairs // width)])
        self._taken = taken
        self._problem = replace(self._problem, asking=[self._all[n] for n in taken])

    def _usable(self, one: Asking) -> Integers:
        """Return the numbers of the openings of their kind that they can have."""
        return self._kinds[one.kind].columns.usable(
            one.wish, now=self._problem.now, not_before=one.received_at
        )

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
        found: list[int] = []
        visits: dict[int | None, list[Span]] = {}
        for number, asking in enumerate(self._one_by_one()):
            theirs = visits.setdefault(asking.patient, [])
            usable = self._usable(beside(asking, theirs))
            kind = self._kinds[asking.kind]
            found.append(self._soonest(kind, usable, rooms, taken, asking))
            opening = self._opening(number, found[-1])
            if opening is not None and asking.patient is not None:
                theirs.append(Block.of(opening).span)
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
        weights = self._weights(range(len(self._taken)))
        yield self._cut(weights, line)
        yield self._cut(weights, ())
        if len(weights) > 1:
            for length in weights:
                yield self._cut({length: 1.0}, ())

    @property
    def may_go_on(self) -> bool:
        """Whether another cutting may be tried: the smaller the plan, the oftener."""
        return self._compared + self._pairs <= MOST_COMPARED

    def recut(self, given: _Given, turn: int) -> list[Block]:
        """
        Return another cutting: most of what is given as it is, and the rest anew.

        The first turns keep all that is given; later ones let go of a share of it.
        """
        without = [n for n, place in enumerate(given.places) if place == NONE]
        everybody = range(len(self._taken))
        weights = self._weights(without if turn < 2 else everybody)
        chance = random.Random(turn)  # noqa: S311 - the same plan each time
        share = 0.0 if turn < 2 else LET_GO[turn % len(LET_GO)]
        keep = [NONE if chance.random() < share else place for place in given.places]
        return self._cut(weights or self._weights(everybody), keep, turn=turn)

    def _weights(self, numbers: Sequence[int]) -> dict[timedelta, float]:
        """Return how often each length, turnover included, is asked for."""
        return self._lengths(Counter(self._problem.asking[n].kind for n in numbers))

    def _lengths(self, asked: Mapping[Kind, int]) -> dict[timedelta, float]:
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
        self._step()
        classes = self._classes.of(blocks)
        gains = self._gains(classes)
        self._pairs = gains.size
        self._compared += gains.size
        room = np.array([len(one.times) for one in classes], np.int64)
        has = assign(gains, room, step=self._step).tolist()
        left = [list(reversed(one.times)) for one in classes]
        found = [NONE] * len(has)
        for number, which in enumerate(has):
            if which != NONE:
                fits = left[which].pop()
                found[number] = fits[self._problem.asking[number].kind]
        helped = [gains[n, which] for n, which in enumerate(has) if which != NONE]
        return _Given(found, math.fsum(self._charges.tolist()) - math.fsum(helped))

    def _gains(self, classes: Sequence[Class]) -> Harms:
        """Return how much less each class of times harms each than none; 0 if more."""
        gains = np.zeros((len(self._taken), len(classes)))
        some = {}
        for kind in self._kinds:
            which, places = one_of_each(kind, classes)
            some[kind] = which, places, self._kinds[kind].columns.only(places)
        for number, asking in enumerate(self._one_by_one()):
            which, places, columns = some[asking.kind]
            can = columns.usable(
                asking.wish, now=self._problem.now, not_before=asking.received_at
            )
            costs = self._costs(asking, places[can])
            gains[number, which[can]] = self._charges[number] - costs
        return np.maximum(gains, 0.0, out=gains)

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
                self._harm(one, self._problem.ends_at)
                + (same if one.last_therapist is not None else 0.0)
                for one in self._problem.asking
            ],
            np.float64,
        )

    def seated(self, given: _Given) -> _Given:
        """
        Return the plan without times that would find no room when it is sent.

        Sent soonest first, each takes the first room that is free. Where rooms are
        already taken here and there, that may leave one over which the cutting had
        found a place for: it is left out, and the others are assigned anew. So are
        those who would be at two visits at a time.
        """
        for _again in range(RESEATS):
            if both := self._twice(given):
                asking = elsewhere(self._problem.asking, both)
                self._problem = replace(self._problem, asking=asking)
                given = self.solve(self.recut(given, 0))
                continue
            if not (lost := self._without_room(given)):
                break
            kept = [NONE if n in lost else p for n, p in enumerate(given.places)]
            given = self.solve(sorted(Block.of(one) for one in self._given_of(kept)))
        for number in self._twice(given):
            given.places[number] = NONE
        return given

    def _twice(self, given: _Given) -> dict[int, list[Span]]:
        some = (self._opening(n, place) for n, place in enumerate(given.places))
        return twice(self._problem.asking, some)

    def _given_of(self, places: Sequence[int]) -> list[Opening]:
        found = [self._opening(number, place) for number, place in enumerate(places)]
        return [one for one in found if one is not None] + [
            one for one, _technique in self._problem.fixed
        ]

    def _without_room(self, given: _Given) -> set[int]:
        some = (self._opening(n, place) for n, place in enumerate(given.places))
        return without_room(self._problem, some)

    def outcomes(self, given: _Given, line: Sequence[int]) -> list[Outcome]:
        """Return what becomes of each, beside what the line alone would give."""
        numbers = {taken: number for number, taken in enumerate(self._taken)}
        found = []
        for place, asking in enumerate(self._all):
            number = numbers.get(place)
            opening = alone = None
            if number is not None:
                opening = self._opening(number, given.places[number])
                alone = self._opening(number, line[number])
            charge = self._harm(asking, self._problem.ends_at)
            found.append(
                Outcome(
                    asking=asking,
                    opening=opening,
                    harm=self._harm(asking, opening.starts_at) if opening else charge,
                    line_opening=alone,
                    line_harm=self._harm(asking, alone.starts_at) if alone else charge,
                    suits=self._suits[place],
                    left_out=self._suits[place] and number is None,
                )
            )
        return found
