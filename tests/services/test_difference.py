"""What changed between two texts is found, and nothing of either is lost."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.editing.difference import ADDED, REMOVED, SAME, Piece, difference

TEXTS = st.lists(st.sampled_from(["a", "b", " ", "\n", "é "]), max_size=30).map("".join)


@given(TEXTS, TEXTS)
def test_the_pieces_make_both_texts(old, new):
    found = difference(old, new)

    for text, other in ((old, ADDED), (new, REMOVED)):
        made = "".join(piece.text for piece in found if piece.how != other)
        assert made.rstrip() == text.rstrip()
    assert all(piece.text for piece in found)


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("", "", []),
        ("a b", "a b", [Piece(SAME, "a b\n")]),
        ("", "a", [Piece(ADDED, "a\n")]),
        ("a", "", [Piece(REMOVED, "a\n")]),
        ("a", "a\n\nb", [Piece(SAME, "a\n"), Piece(ADDED, "\nb\n")]),
        (
            "one two three\n",
            "one 2 three\n",
            [
                Piece(SAME, "one "),
                Piece(REMOVED, "two "),
                Piece(ADDED, "2 "),
                Piece(SAME, "three\n"),
            ],
        ),
    ],
)
def test_only_the_words_that_changed_are_told(old, new, found):
    assert difference(old, new) == found


def test_the_longest_texts_are_compared_within_seconds():
    old = " ".join(f"a{n}" for n in range(10_000))
    start = process_time()
    assert len(difference(old, old.replace("a", "b"))) == 2
    assert process_time() - start < 5
