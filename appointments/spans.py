"""
Stretches of time: what they leave, and whom they fill. Pure: no database, no clock.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from appointments.keys import Keys


class Span(NamedTuple):
    """
    A stretch of time from `start` up to, not including, `end`; both aware.

    A tuple, for there are thousands: it is made and sorted several times as fast.
    """

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return self.end - self.start


class Shared:
    """
    Stretches of time, each told once with one number: all whom it fills.

    Many visits begin and end together, so this is far less to go through than what
    fills each one by itself.

    :param keys: whose numbers these are.
    :param told: lists of stretches, each with one of whom they fill. Who tells of the
        same stretches to several gives all the same list.
    """

    def __init__(self, keys: Keys, *told: tuple[Sequence[Span], Sequence[int]]) -> None:
        self.keys, self.told = keys, told

    @cached_property
    def by_key(self) -> dict[int, list[Span]]:
        """What fills each key; one that nothing fills is left out."""
        found: dict[int, list[Span]] = defaultdict(list)
        for spans, numbers in self.told:
            for span, whom in zip(spans, numbers, strict=True):
                for key in self.keys.named(whom):
                    found[key].append(span)
        return dict(found)

    def of(self, key: int) -> Iterator[Span]:
        """Yield what fills one key, without looking up the others."""
        bit = self.keys.bit(key)
        for spans, numbers in self.told:
            for span, whom in zip(spans, numbers, strict=True):
                if whom & bit:
                    yield span


class Taken:
    """
    Stretches of time, joined where they touch: none overlap.

    They are sorted when first asked for; `given` has them as they came, which is enough
    for who only asks what is left.

    :param spans: that are this one's alone.
    :param shared: what fills others as well, and this one where it tells of `key`.
    """

    def __init__(
        self, spans: Iterable[Span] = (), *, shared: Shared | None = None, key: int = 0
    ) -> None:
        self.alone = tuple(spans)
        self.shared, self.key = shared, key

    @cached_property
    def given(self) -> tuple[Span, ...]:
        """They, as they came."""
        if self.shared is None:
            return self.alone
        return (*self.alone, *self.shared.by_key.get(self.key, ()))

    @cached_property
    def spans(self) -> list[Span]:
        """They, in order of time."""
        joined: list[Span] = []
        for span in sorted(self.given):
            if joined and span.start <= joined[-1].end:
                last = joined.pop()
                span = Span(last.start, max(last.end, span.end))
            joined.append(span)
        return joined

    @cached_property
    def _ends(self) -> list[datetime]:
        return [span.end for span in self.spans]

    def leaves(self, start: datetime, end: datetime) -> bool:
        """Say whether none of them overlaps the time from `start` to `end`."""
        for begins, ends in self.given:  # noqa: SIM110 - asked of each room: twice as fast
            if begins < end and start < ends:
                return False
        return True

    def touching(self, span: Span) -> Iterator[Span]:
        """Yield those that overlap `span`, in order; the search is logarithmic."""
        for taken in islice(self.spans, bisect_right(self._ends, span.start), None):
            if taken.start >= span.end:
                return
            yield taken


NOTHING = Taken()


def joined(each: Iterable[tuple[int, Taken]]) -> Shared:
    """Return as one what fills each of some, who are named by their keys."""
    some = list(each)
    keys = Keys.of(key for key, _busy in some)
    sharing: dict[Shared, int] = defaultdict(int)
    alone: dict[Span, int] = defaultdict(int)
    for key, busy in some:
        if busy.shared is not None and busy.key == key:
            sharing[busy.shared] |= keys.bit(key)
        for span in busy.alone if busy.key == key else busy.given:
            alone[span] |= keys.bit(key)
    told: list[tuple[Sequence[Span], Sequence[int]]] = [
        (spans, [keys.told_by(shared.keys, whom) & who for whom in numbers])
        for shared, who in sharing.items()
        for spans, numbers in shared.told
    ]
    return Shared(keys, *told, (list(alone), list(alone.values())))


def free_spans(work: Span, busy: Taken) -> Iterator[Span]:
    """Yield what is left of `work` after `busy` is taken out, in order of time."""
    start = work.start
    for taken in busy.touching(work):
        if taken.start > start:
            yield Span(start, taken.start)
        start = max(start, taken.end)
    if start < work.end:
        yield Span(start, work.end)
