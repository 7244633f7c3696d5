"""What a form says of characters that nobody sees, and so cannot be kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from massage_portal import plaintext

HIDDEN = {
    "hidden": _(
        "There is a hidden character (%(which)s) after “%(before)s”. "
        "Delete that part and type it again."
    ),
    "hidden_first": _(
        "The text begins with a hidden character (%(which)s). "
        "Delete it and type it again."
    ),
    "marks": _("One letter has too many accents. Type it again without them."),
}


def kept_text(text: str, *, lines: bool, words: Mapping[str, Any]) -> str:
    """
    Return the text as it will be kept: see `plaintext.clean`.

    :param words: HIDDEN, or a field's own in its place.
    :raises ValidationError: for a hidden character, with which it is and where.
    """
    try:
        return plaintext.clean(text, lines=lines)
    except plaintext.HiddenCharacter as fault:
        before = fault.before[-20:].strip()
        code = "hidden" if before else "hidden_first"
        params = {"before": before, "which": fault.which}
        raise ValidationError(words[code], code=code, params=params) from None
    except plaintext.TooManyMarks:
        raise ValidationError(words["marks"], code="marks") from None
