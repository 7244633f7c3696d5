"""
What people type, made safe to keep: composed, free of hidden characters.

Pure: no database, no clock, no request. Forms use it, and so may any other way in.
"""

from __future__ import annotations

import unicodedata

# Left by copying from web pages and word processors; they mean nothing in a text.
_LEFTOVERS = dict.fromkeys(map(ord, "\u00ad\u061c\u200b\u200e\u200f\u2060\ufeff"))
# Persian, the scripts of India and emoji need them between letters; Latin never does.
_JOINERS = "\u200c\u200d"
# Letters, marks and a sign that are drawn as nothing.
_FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
# More marks on one letter than any script needs; a hundred would cover other lines.
MAX_MARKS = 8


class HiddenCharacter(ValueError):
    """
    A character that nobody sees: two names that look alike could differ by it.

    `before` is the text up to it, and `which` its number and, if it has one, its name
    in Unicode: "U+202E, right-to-left override".
    """

    def __init__(self, before: str, character: str) -> None:
        super().__init__("The text has a hidden character.")
        self.before = before
        name = unicodedata.name(character, "").lower()
        self.which = f"U+{ord(character):04X}{', ' if name else ''}{name}"


class TooManyMarks(ValueError):
    """One letter carries more than `MAX_MARKS` combining marks."""


def clean(text: str, *, lines: bool) -> str:
    """
    Return the text in Unicode form NFC, trimmed, without invisible leftovers.

    :param lines: keep line breaks (as "\\n"); otherwise every run of white space
        becomes one space.
    :raises HiddenCharacter: for control characters, NUL among them, lone surrogates,
        direction overrides, and what is drawn as nothing.
    :raises TooManyMarks: for letters buried under combining marks.
    """
    if text.isascii() and text.isprintable():  # one line, where nothing can hide
        return text.strip() if lines else " ".join(text.split())
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = text.replace("\u2028", "\n").replace("\u2029", "\n")
    text = unicodedata.normalize("NFC", text.translate(_LEFTOVERS))
    marks = 0
    for position, character in enumerate(text):
        category = unicodedata.category(character)
        if _hides(text, position, category):
            raise HiddenCharacter(text[:position], character)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if marks > MAX_MARKS:
            raise TooManyMarks
    if not lines:
        return " ".join(text.split())
    return "\n".join(line.rstrip() for line in text.split("\n")).strip()


def _hides(text: str, position: int, category: str) -> bool:
    character = text[position]
    if character in _JOINERS:
        around = text[max(0, position - 1) : position + 2].replace(character, "")
        return len(around.strip()) < 2 or all(map(_is_latin, around))
    if category == "Cf":  # some are seen: the Arabic signs before a number
        return unicodedata.bidirectional(character) not in ("AN", "AL", "L")
    hidden = category in ("Cc", "Cs") and character not in "\n\t"
    return hidden or character in _FILLERS


def _is_latin(character: str) -> bool:
    name = unicodedata.name(character, "")
    return character.isascii() or name.startswith("LATIN")
