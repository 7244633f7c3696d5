"""The root of all refusals of this app."""

from __future__ import annotations


class Refusal(Exception):
    """An action said no, in words that its user may read."""

    def __init__(self, words: object) -> None:
        super().__init__(str(words))
