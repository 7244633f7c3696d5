"""
Templates rendered once, with holes for the words in which mails, or rows, differ.

Ten thousand reminders differ in a name, a moment, a place and three links; fifty rows
of a board in a name and some numbers. To render the same sentences anew for each takes
longer than all else that is done for it. What is kept holds nobody's words.

A stencil serves where a template only prints its texts, or asks whether there is one:
it must not compare them, count their letters, or change them but by `capfirst`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from html import escape  # what Django's does, without asking what is lazy
from typing import Any, NamedTuple, TypeVar, cast

from django.template.loader import render_to_string
from django.utils.text import capfirst
from django.utils.translation import get_language

# A hole begins with a letter and holds an "&": so it shows what was done to the text.
HOLE = "x\ue000%s&\ue001"
IN_PRINT = re.compile("([xX])\ue000([a-z_]+)(&amp;|&)\ue001")
SEAM = "\ue002"  # between texts that are escaped together
MARKUP = re.compile("[&<>\"']")
SHAPES = (bool, int, tuple, type(None), str)  # whatever else comes is rendered anew
PLAIN = frozenset(SHAPES)


class Hole(NamedTuple):
    """Where a text stands, and how it is printed there."""

    name: str
    capital: bool
    escaped: bool

    def filled(self, words: Mapping[str, str]) -> str:
        """Return the text as the template would print it."""
        text = words[self.name]
        if self.capital:
            text = capfirst(text)
        # Few texts have any: to look costs less than to replace each of the five.
        return escape(text) if self.escaped and MARKUP.search(text) else text


class Stencil(NamedTuple):
    """A text with a %s for each hole, and the holes."""

    text: str
    holes: list[Hole]
    alike: list[str]  # their names, if all of them are escaped, and changed no further

    def filled(self, words: Mapping[str, str]) -> str:
        """Return what the template would say of these words."""
        if self.alike:  # to escape all as one text costs less than each by itself
            whole = escape(SEAM.join([words[name] for name in self.alike]))
            texts = whole.split(SEAM)
            if len(texts) == len(self.alike):  # else a text has a seam of its own
                return self.text % tuple(texts)
        return self.text % tuple([hole.filled(words) for hole in self.holes])


_kept: list[Any] = []
Function = TypeVar("Function", bound=Callable[..., Any])


def kept(function: Function) -> Function:
    """Keep what a function of a few values returns, for many mails or rows ask it."""
    keeping = lru_cache(maxsize=500)(function)
    _kept.append(keeping)
    return cast("Function", keeping)


def forget() -> None:
    """Forget all that is kept: tests change what it was made from."""
    for one in _kept:
        one.cache_clear()


def render(template: str, context: Mapping[str, Any]) -> str:
    """Return what `render_to_string` would, in the language that is set."""
    return "".join(render_all(template, [context]))


def render_all(template: str, contexts: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Return what `render` would of each."""
    language = get_language()
    for context in contexts:
        words = {name: one for name, one in context.items() if type(one) is str and one}
        shape = tuple([one for one in context.items() if one[0] not in words])
        if all(type(one) in PLAIN or _is_shape(one) for _name, one in shape):
            yield _stencil(template, language, tuple(words), shape).filled(words)
        else:
            yield render_to_string(template, dict(context))


def _is_shape(value: Any) -> bool:
    """
    Say whether a value may be part of the key: of texts, the empty one, without words.

    One that is safe is printed as it is, which no hole would show.
    """
    return isinstance(value, SHAPES) and not (isinstance(value, str) and value)


@kept
def _stencil(
    template: str,
    _language: str | None,  # the one that is set: it makes the stencil another
    names: tuple[str, ...],
    shape: tuple[tuple[str, Any], ...],
) -> Stencil:
    marks = {name: HOLE % name for name in names}
    pieces = IN_PRINT.split(render_to_string(template, {**marks, **dict(shape)}))
    between, holes = pieces[::4], zip(*(pieces[n::4] for n in (1, 2, 3)), strict=True)
    if any("\ue000" in text for text in between):
        raise ValueError(f"{template} changes a text that it prints")
    found = [Hole(name, first == "X", mark != "&") for first, name, mark in holes]
    alike = all(hole.escaped and not hole.capital for hole in found)
    return Stencil(
        "%s".join(text.replace("%", "%%") for text in between),
        found,
        [hole.name for hole in found if alike],
    )
