"""
What people type, made safe to keep: composed, free of hidden characters.

Pure: no database, no clock, no request. Forms use it, and so may any other way in.
"""

from __future__ import annotations

import unicodedata

# Left by copying from web pages and word processors; they mean nothing in a text.
_LEFTOVERS = dict.fromkeys(map(ord, "\u00ad\u200b\u2060\ufeff"))
# They reverse the order in which a line is shown, so a name could pose as another.
_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# More marks on one letter than any script needs; a hundred would cover other lines.
MAX_MARKS = 8


class HiddenCharacter(ValueError):
    """A control character or a direction override; `before` is the text so far."""

    def __init__(self, before: str) -> None:
        super().__init__("The text has a hidden character.")
        self.before = before


class TooManyMarks(ValueError):
    """One letter carries more than `MAX_MARKS` combining marks."""


def clean(text: str, *, lines: bool) -> str:
    """
    Return the text in Unicode form NFC, trimmed, without invisible leftovers.

    :param lines: keep line breaks (as "\\n"); otherwise every run of white space
        becomes one space.
    :raises HiddenCharacter: for control characters, NUL among them, lone surrogates
        and direction overrides.
    :raises TooManyMarks: for letters buried under combining marks.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = text.replace("\u2028", "\n").replace("\u2029", "\n")
    text = unicodedata.normalize("NFC", text.translate(_LEFTOVERS))
    marks = 0
    for position, character in enumerate(text):
        category = unicodedata.category(character)
        if character in _OVERRIDES or (
            category in ("Cc", "Cs") and character not in "\n\t"
        ):
            raise HiddenCharacter(text[:position])
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if marks > MAX_MARKS:
            raise TooManyMarks
    if not lines:
        return " ".join(text.split())
    return "\n".join(line.rstrip() for line in text.split("\n")).strip()
