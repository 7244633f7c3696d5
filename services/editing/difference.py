"""What changed between two texts, word by word. Pure: no database, no clock."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

SAME, ADDED, REMOVED = "same", "added", "removed"
# Comparing costs the product of both lengths; beyond this, lines count as replaced.
MOST_PAIRS = 4_000_000


class Piece(NamedTuple):
    """A run of a text: `how` is same, added or removed."""

    how: str
    text: str


def difference(old: str, new: str) -> list[Piece]:
    """
    Return the pieces that, less the added, make `old`, and less the removed, `new`.

    Lines are compared first, then the words of those that differ. Both texts count as
    ending with a line break, or the last word would differ where a line follows it.
    """
    found: list[Piece] = []
    for piece in _by_lines(_lines(old), _lines(new)):
        if found and found[-1].how == piece.how:
            piece = Piece(piece.how, found.pop().text + piece.text)
        found.append(piece)
    return found


def _lines(text: str) -> list[str]:
    return f"{text.rstrip()}\n".splitlines(keepends=True) if text else []


def _words(lines: Sequence[str]) -> list[str]:
    """Return the words, each with the white space after it."""
    return re.findall(r"\S+\s*|\s+", "".join(lines))


def _by_lines(old: list[str], new: list[str]) -> Iterator[Piece]:
    for how, was, now in _steps(old, new):
        if how == "replace":
            yield from _by_words(_words(was), _words(now))
        else:
            yield from _pieces(how, was, now)


def _by_words(old: list[str], new: list[str]) -> Iterator[Piece]:
    for how, was, now in _steps(old, new):
        yield from _pieces(how, was, now)


def _steps(
    old: list[str], new: list[str]
) -> Iterator[tuple[str, Sequence[str], Sequence[str]]]:
    if len(old) * len(new) > MOST_PAIRS:
        yield "replace", old, new
        return
    matcher = SequenceMatcher(a=old, b=new, autojunk=False)
    for how, start, end, begin, stop in matcher.get_opcodes():
        yield how, old[start:end], new[begin:stop]


def _pieces(how: str, was: Sequence[str], now: Sequence[str]) -> Iterator[Piece]:
    if how == "equal":
        yield Piece(SAME, "".join(was))
        return
    if was:
        yield Piece(REMOVED, "".join(was))
    if now:
        yield Piece(ADDED, "".join(now))
