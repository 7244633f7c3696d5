"""The refusals of publishing: each says no in words that an editor may read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.models import Version


class Refusal(Exception):
    """An action said no; `field` names the input that can mend it, "" for none."""

    def __init__(self, words: object, *, field: str = "") -> None:
        super().__init__(str(words))
        self.field = field


class WrongState(Refusal):
    """The version is not in a state that this step begins in."""


class InWork(Refusal):
    """A version of this text is in work already; it carries that one."""

    def __init__(self, words: object, version: Version) -> None:
        super().__init__(words)
        self.version = version


class Stale(Refusal):
    """Somebody changed it since the page was drawn; it carries what is there now."""

    def __init__(self, words: object, version: Version) -> None:
        super().__init__(words)
        self.version = version


class TheSamePerson(Refusal):
    """Whoever wrote a text cannot be the one who approves it."""


class NoEnglish(Refusal):
    """There is no published English text to translate or to fall back on."""


class Unfinished(Refusal):
    """A part of the text is missing."""


class BadReview(Refusal):
    """The medical review is not whole, or its days are not in order."""


class AddressTaken(Refusal):
    """Another article is at this address."""


class Fixed(Refusal):
    """The portal itself leads to this article: it stays where it is, and published."""
