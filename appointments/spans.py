"""
Stretches of time: what they leave, and whom they fill. Pure: no database, no clock.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from itertools import islice
from typing import NamedTuple


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
    Stretches of time, each told once with the keys of all whom it fills.

    Many visits begin and end together, so this is far less to go through than what
    fills each one by itself.
    """

    def __init__(self, told: Iterable[tuple[Span, Sequence[int]]]) -> None:
        self.told = list(told)

    @cached_property
    def by_key(self) -> dict[int, list[Span]]:
        """What fills each key; one that nothing fills is left out."""
        found: dict[int, list[Span]] = defaultdict(list)
        for span, keys in self.told:
            for key in keys:
                found[key].append(span)
        return dict(found)

    def bits(self, of: Callable[[Span], int]) -> dict[int, int]:
        """Return for each key the bits `of` all of its stretches, as one number."""
        found: dict[int, int] = defaultdict(int)
        for span, keys in self.told:
            some = of(span)
            for key in keys:
                found[key] |= some
        return found


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


def free_spans(work: Span, busy: Taken) -> Iterator[Span]:
    """Yield what is left of `work` after `busy` is taken out, in order of time."""
    start = work.start
    for taken in busy.touching(work):
        if taken.start > start:
            yield Span(start, taken.start)
        start = max(start, taken.end)
    if start < work.end:
        yield Span(start, work.end)
