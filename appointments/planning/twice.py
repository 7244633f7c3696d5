"""Nobody is at two visits at a time, though they wait for two. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from appointments.openings import Opening, Span
from appointments.planning.problem import Asking


def twice(
    asking: Sequence[Asking], given: Iterable[Opening | None]
) -> dict[int, list[Span]]:
    """
    Return who would be at another visit of theirs then, and when that is.

    Of two visits the more pressing one stands; what is returned are numbers of others.
    """
    stands: dict[int, list[Span]] = {}
    found: dict[int, list[Span]] = {}
    for number, (one, opening) in enumerate(zip(asking, given, strict=True)):
        if opening is None or one.patient is None:
            continue
        theirs = stands.setdefault(one.patient, [])
        span = Span(opening.starts_at, opening.blocked_until)
        both = [one for one in theirs if meet(one, span)]
        if both:
            found[number] = both
        else:
            theirs.append(span)
    return found


def meet(one: Span, other: Span) -> bool:
    """Say whether they overlap."""
    return one.start < other.end and other.start < one.end


def elsewhere(
    asking: Sequence[Asking], when: Mapping[int, Sequence[Span]]
) -> list[Asking]:
    """Return all of them, some with visits at which they will be besides."""
    return [beside(one, when.get(number, ())) for number, one in enumerate(asking)]


def beside(one: Asking, spans: Sequence[Span]) -> Asking:
    """Return one of the line, who will be at these visits besides."""
    if not spans:
        return one
    wish = replace(one.wish, elsewhere=(*one.wish.elsewhere, *spans))
    return replace(one, wish=wish)
