"""What a page says once a form was sent."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _


def say_saved(request: HttpRequest, words: str, *, seen: int, now_at: int) -> None:
    """
    Say `words` if what was sent made a version, and else that nothing was changed.

    What was sent twice is said as the first time: its version came after `seen`.

    :param seen: the number of the version that the form was drawn from.
    :param now_at: the number of the version that is on record now.
    """
    if now_at == seen:
        messages.info(request, _("You changed nothing: the record says this already."))
    else:
        messages.success(request, words)
