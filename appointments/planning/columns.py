"""Openings as columns of numbers, so that many are compared at once. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from datetime import UTC, datetime, time

import numpy as np
from numpy.typing import NDArray

from appointments.matching import LETTERS, Habits, Wish
from appointments.openings import Opening
from appointments.planning.feasible import moment

MOST_KEPT = 200  # weeks of patients of which the answer is kept

Integers = NDArray[np.int64]
Mask = NDArray[np.bool_]


class Columns:
    """
    The openings for visits of one kind, and who can use which of them.

    It says of many what `matching.fits` says of one; a test holds the two together.
    """

    def __init__(self, openings: Sequence[Opening]) -> None:
        self.openings: Sequence[Opening] = openings
        self.start = np.array([moment(one.starts_at) for one in openings], np.int64)
        self._blocked = np.array(
            [moment(one.blocked_until) for one in openings], np.int64
        )
        self.therapist = np.array([one.therapist for one in openings], np.int64)
        self._location = np.array([one.location for one in openings], np.int64)
        local = np.array([_local(one) for one in openings], np.int64)
        self._day, self._weekday, self._opens, self._closes = local.reshape(-1, 4).T
        self._suiting: dict[Habits, Integers] = {}

    def only(self, places: Integers) -> Columns:
        """Return those of these numbers alone, in their order."""
        some = copy(self)
        some.openings = [self.openings[place] for place in places.tolist()]
        for name, column in vars(self).items():
            if isinstance(column, np.ndarray):
                setattr(some, name, column[places])
        some._suiting = {}
        return some

    def usable(self, wish: Wish, *, now: datetime, not_before: datetime) -> Integers:
        """
        Return the numbers of the openings that the patient can use, rising.

        :param not_before: no visit starts earlier: the clock of a plan's next visit may
            lie ahead.
        """
        some = self._that_suit(wish.habits)
        start = self.start[some]
        day = self._day[some]
        begin = max(moment(now + wish.notice), moment(not_before))
        fits = (
            (start >= begin)
            & (day >= wish.first_day.toordinal())
            & (day <= wish.last_day.toordinal())
        )
        for visit in wish.elsewhere:
            apart = (start >= moment(visit.end)) | (
                self._blocked[some] <= moment(visit.start)
            )
            fits &= apart
        for therapist, starts_at in wish.refused:
            fits &= (start != moment(starts_at)) | (self.therapist[some] != therapist)
        return some[fits]

    def _that_suit(self, habits: Habits) -> Integers:
        """Return those within a patient's week; many patients share the answer."""
        if habits not in self._suiting:
            if len(self._suiting) == MOST_KEPT:
                self._suiting.clear()
            days = sum(1 << LETTERS.index(letter) for letter in set(habits.weekdays))
            fits = (self._weekday & days) != 0
            fits &= self._opens >= _microseconds(habits.from_time)
            fits &= self._closes <= _microseconds(habits.to_time)
            if habits.therapist is not None:
                fits &= self.therapist == habits.therapist
            if habits.location is not None:
                fits &= self._location == habits.location
            self._suiting[habits] = np.flatnonzero(fits)
        return self._suiting[habits]


def _local(opening: Opening) -> tuple[int, int, int, int]:
    """Return day, weekday as a bit, start and end by the clock on the wall."""
    start = opening.local_start
    end = opening.ends_at.astimezone(opening.zone)
    day = start.date()
    closes = _microseconds(end.time()) if end.date() == day else 2**62
    return day.toordinal(), 1 << day.weekday(), _microseconds(start.time()), closes


def _microseconds(at: time) -> int:
    since = datetime(1970, 1, 1, at.hour, at.minute, at.second, at.microsecond, UTC)
    return moment(since)
