"""Where a patient stands, in words. Pure: no database, no clock, no settings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

FEW = 5  # below this no number is told: it could point at somebody
SHARES = tuple(number / 20 for number in range(21))  # of people, 0 to 1
LOW, HIGH = 0.1, 0.9  # between them lie 8 of 10
FEWEST = 10  # people on whom a range may rest
WEEK = 7
IN_WEEKS_FROM = 14  # days; nearer than that, weeks would be too coarse


class Range(NamedTuple):
    """In how many days from now 8 of 10 people will be seen; zero or more."""

    low: float
    high: float


def people_before(ahead: int) -> str:
    """
    Return how many wait whose need is more pressing, without saying who or exactly.

    :param ahead: how many entries rank higher; zero or more.
    :raises ValueError: if it is negative.
    """
    if ahead < 0:
        raise ValueError(f"ahead must not be negative: {ahead}")
    if ahead == 0:
        return _("You are among those who need care most.")
    if ahead < FEW:
        return _("A few people are in more pressing need than you.")
    rounded = max(10, round(ahead / 10) * 10)
    return _("About %(number)d people are in more pressing need than you.") % {
        "number": rounded
    }


def still_to_wait(days: Sequence[float], *, people: int, waited: float) -> Range | None:
    """
    Return the range for somebody who has waited `waited` days, or None: nobody knows.

    Of all people only those count who waited at least as long. Of them a tenth were
    seen before the range, and a tenth after it. A clock that lies ahead has to be
    waited for first.

    :param days: in which each of SHARES of `people` were seen, rising.
    :param waited: days since the clock started; below zero if it lies ahead.
    """
    past = max(waited, 0.0)
    gone = _share_seen(days, past)
    left = 1.0 - gone
    if people * left < FEWEST:
        return None
    ahead = max(-waited, 0.0)
    low, high = (_day_of(days, gone + part * left) - past for part in (LOW, HIGH))
    return Range(ahead + max(low, 0.0), ahead + max(high, 0.0))


def _share_seen(days: Sequence[float], waited: float) -> float:
    """Return the share of people who were seen before `waited` days, 0 to 1."""
    if waited <= days[0]:
        return 0.0
    for before, after, share in zip(days, days[1:], SHARES, strict=False):
        if waited <= after:
            part = (waited - before) / (after - before)
            return share + part * (SHARES[1] - SHARES[0])
    return 1.0


def _day_of(days: Sequence[float], share: float) -> float:
    """Return the day by which `share` of the people were seen, between two shares."""
    place = min(share, 1.0) * (len(days) - 1)
    low = min(math.floor(place), len(days) - 2)
    return days[low] + (place - low) * (days[low + 1] - days[low])


def range_in_words(found: Range) -> str:
    """Return the range as one says it: "in 2 to 4 weeks", never narrower than it is."""
    if found.high >= IN_WEEKS_FROM:
        first, last = math.floor(found.low / WEEK), math.ceil(found.high / WEEK)
        if first < 1:
            return ngettext("within %(last)d week", "within %(last)d weeks", last) % {
                "last": last
            }
        return _("in %(first)d to %(last)d weeks") % {"first": first, "last": last}
    first, last = math.floor(found.low), max(math.ceil(found.high), 1)
    if first < 1:
        return ngettext("within %(last)d day", "within %(last)d days", last) % {
            "last": last
        }
    last = max(last, first + 1)
    return _("in %(first)d to %(last)d days") % {"first": first, "last": last}
