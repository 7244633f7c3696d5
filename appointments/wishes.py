"""
What of a time does not fit what the patient said. Pure: no database, no clock.

`matching.fits` says whether somebody can be offered a time by itself; this says why
not, for a person who may ask the patient and offer it all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appointments.matching import LETTERS, Wish
from appointments.openings import Opening


class Misfit(StrEnum):
    """What of a time is not as the patient wished, in the order in which it is told."""

    PLACE = "place"
    THERAPIST = "therapist"
    TECHNIQUE = "technique"
    EARLIEST = "earliest"
    LATEST = "latest"
    WEEKDAY = "weekday"
    HOURS = "hours"
    NOTICE = "notice"


WORDS = {
    Misfit.PLACE: gettext_lazy("another place"),
    Misfit.THERAPIST: gettext_lazy("another therapist"),
    Misfit.TECHNIQUE: gettext_lazy("another kind of massage"),
    Misfit.EARLIEST: gettext_lazy("before the first day that suits"),
    Misfit.LATEST: gettext_lazy("after the last day that suits"),
    Misfit.WEEKDAY: gettext_lazy("another day of the week"),
    Misfit.HOURS: gettext_lazy("not within the hours that suit"),
    Misfit.NOTICE: gettext_lazy("at shorter notice"),
}


def misfits(wish: Wish, opening: Opening, *, now: datetime | None) -> list[Misfit]:
    """
    Return what of the opening is not as wished; what covers the visit is not asked.

    :param now: None leaves the notice out, for a time that was offered before.
    """
    return list(_misfits(wish, opening, now=now))


def _misfits(wish: Wish, opening: Opening, *, now: datetime | None) -> Iterator[Misfit]:
    start = opening.local_start
    end = opening.ends_at.astimezone(opening.zone)
    day = start.date()
    if wish.location not in (None, opening.location):
        yield Misfit.PLACE
    if wish.therapist not in (None, opening.therapist):
        yield Misfit.THERAPIST
    if wish.earliest is not None and day < wish.earliest:
        yield Misfit.EARLIEST
    if wish.latest is not None and day > wish.latest:
        yield Misfit.LATEST
    if LETTERS[day.weekday()] not in wish.weekdays:
        yield Misfit.WEEKDAY
    whole = wish.from_time <= start.time() and end.time() <= wish.to_time
    if not whole or end.date() != day:
        yield Misfit.HOURS
    if now is not None and opening.starts_at - now < wish.notice:
        yield Misfit.NOTICE


def in_words(some: Iterable[str]) -> str:
    """Return them as a reader says them: "another place, at shorter notice"."""
    return ", ".join(str(WORDS[Misfit(one)]) for one in some)


def refused(some: Iterable[Misfit]) -> str:
    """Return the sentence that refuses a time because of them."""
    return _("This is not what the patient asked for: %(what)s.") % {
        "what": in_words(some)
    }
