"""Which entry can have which opening. Pure: no database, no clock, no settings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from appointments.matching import LETTERS
from appointments.planning.instance import Entry, Opening
from appointments.planning.progress import EVERY, Share

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
MINUTE = 60_000_000  # microseconds
WHOLE_DAY = 24 * 60 * MINUTE
MOST_PAIRS = 10_000_000

Integers = NDArray[np.int64]


class TooManyPairs(ValueError):
    """More openings suit the entries than this machine's memory should hold."""


class Pairs(NamedTuple):
    """Who can have what: numbers, from 0, of entries and openings, entry by entry."""

    entry: NDArray[np.int32]
    opening: NDArray[np.int32]


@dataclass(frozen=True)
class _Openings:
    """Openings as columns: a number each, so that one step compares many."""

    number: Integers
    start: Integers  # microseconds of real time
    day: Integers  # the ordinal of the local date
    weekday: Integers  # a bit each; Monday is 1
    opens: Integers  # microseconds of the local day, by the clock on the wall
    closes: Integers  # the same of the visit's end; beyond 24:00 if on the next day

    def only(self, which: NDArray[np.intp]) -> _Openings:
        return _Openings(*(getattr(self, f.name)[which] for f in fields(self)))


def moment(at: datetime) -> int:
    """Return an aware time as microseconds since 1970, exactly."""
    return (at - EPOCH) // MICROSECOND


def pairs(
    entries: Sequence[Entry],
    openings: Sequence[Opening],
    *,
    most: int = MOST_PAIRS,
    told: Share | None = None,
) -> Pairs:
    """
    Return every pair of an entry and an opening that suits it.

    The opening offers the technique, is in the place and with the therapist asked for,
    is not before the entry was received, and starts on a local day that suits; by the
    clock on the wall there the visit starts at from_minute or later and ends at
    to_minute of the same day or earlier.

    :param told: how much is done, from time to time.
    :raises TooManyPairs: if there are more than `most`.
    """
    search = _Search(openings)
    found: list[Integers] = []
    count = 0
    for done, entry in enumerate(entries):
        if told and done % EVERY == 0:
            told(done / len(entries))
        found.append(search.suiting(entry))
        count += len(found[-1])
        if count > most:
            raise TooManyPairs(
                f"more than {most:,} pairs of an entry and an opening suit each other: "
                "plan fewer weeks, or one place at a time"
            )
    sizes = [len(one) for one in found]
    none = np.empty(0, np.int32)
    return Pairs(
        np.repeat(np.arange(len(entries), dtype=np.int32), sizes),
        np.concatenate([none, *found]).astype(np.int32),
    )


class _Search:
    """
    Finds the openings that suit an entry.

    Those of one place, technique and therapist are set apart when first asked for; the
    rest is a few comparisons of whole columns.
    """

    def __init__(self, openings: Sequence[Opening]) -> None:
        self._all = _columns(openings)
        self._place = _index((o.place, (n,)) for n, o in enumerate(openings))
        self._therapist = _index((o.therapist, (n,)) for n, o in enumerate(openings))
        self._technique = _index(
            (technique, (n,))
            for n, opening in enumerate(openings)
            for technique in opening.techniques
        )
        self._apart: dict[tuple[str | None, str | None, str | None], _Openings] = {}

    def suiting(self, entry: Entry) -> Integers:
        """Return the numbers of the openings that suit, rising."""
        key = (entry.place, entry.technique, entry.therapist)
        if key not in self._apart:
            self._apart[key] = self._all.only(self._among(*key))
        among = self._apart[key]
        fits = among.start >= moment(entry.received_at)
        if entry.earliest is not None:
            fits &= among.day >= entry.earliest.toordinal()
        if entry.latest is not None:
            fits &= among.day <= entry.latest.toordinal()
        if entry.weekdays is not None:
            days = sum(1 << LETTERS.index(letter) for letter in set(entry.weekdays))
            fits &= (among.weekday & days) != 0
        if entry.from_minute is not None:
            fits &= among.opens >= entry.from_minute * MINUTE
        if entry.to_minute is not None:
            fits &= among.closes <= entry.to_minute * MINUTE
        return among.number[fits]

    def _among(
        self, place: str | None, technique: str | None, therapist: str | None
    ) -> NDArray[np.intp]:
        """Return the openings of this place, technique and therapist."""
        count = len(self._all.number)
        asked = [
            index.get(name, ())
            for index, name in [
                (self._place, place),
                (self._technique, technique),
                (self._therapist, therapist),
            ]
            if name is not None
        ]
        times = np.zeros(count, np.int8)
        for numbers in asked:
            times[np.asarray(numbers, np.intp)] += 1
        return np.flatnonzero(times == len(asked))


def _index(named: Iterable[tuple[str, tuple[int]]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for name, numbers in named:
        found.setdefault(name, []).extend(numbers)
    return found


def _columns(openings: Sequence[Opening]) -> _Openings:
    rows = np.array([_row(o) for o in openings], np.int64).reshape(len(openings), 5)
    return _Openings(np.arange(len(openings)), *(rows[:, n] for n in range(5)))


def _row(opening: Opening) -> tuple[int, int, int, int, int]:
    start, end = opening.local_start, opening.local_end
    days = (end.date() - start.date()).days
    return (
        moment(opening.starts_at),
        start.toordinal(),
        1 << start.weekday(),
        _on_the_wall(start),
        _on_the_wall(end) + days * WHOLE_DAY,
    )


def _on_the_wall(local: datetime) -> int:
    """Return the microseconds of the day that the clock on the wall shows."""
    minutes = local.hour * 60 + local.minute
    return minutes * MINUTE + local.second * 1_000_000 + local.microsecond
