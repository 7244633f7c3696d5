"""Where a patient stands, in words. Pure: no database, no clock, no settings."""

from __future__ import annotations

from django.utils.translation import gettext as _

FEW = 5  # below this no number is told: it could point at somebody


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
