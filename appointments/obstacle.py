"""
Why a booked visit must not take place as things stand now.

Pure: no database, no clock. Booking is refused for the same reasons; this is for what
was booked before the reason came up.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from referrals.codes import Status
from referrals.coverage import Coverage
from referrals.screening import Outcome


class Obstacle(StrEnum):
    """What stands in the way, the gravest first."""

    RED_FLAG = "red-flag"
    ON_HOLD = "on-hold"
    ENDED = "ended"
    DAY = "day"
    VISIT = "visit"


WORDS = {
    Obstacle.RED_FLAG: _("Stop: a red flag was answered with yes. Do not treat."),
    Obstacle.ON_HOLD: _("Do not treat: the provider must clear the referral first."),
    Obstacle.ENDED: _("Do not treat: the referral has ended."),
    Obstacle.DAY: _("The referral, or the insurer, does not cover this day."),
    Obstacle.VISIT: _("The insurer does not cover this visit."),
}


def obstacle(
    *,
    status: str,
    outcome: Outcome,
    coverage: Coverage,
    valid_from: date,
    day: date,
    visit: int,
) -> Obstacle | None:
    """
    Return what stands in the way of a booked visit; None if nothing does.

    :param status: of the referral.
    :param outcome: of its newest safety answers.
    :param day: of the visit, as its place counts days.
    :param visit: which visit of the referral it is, from 1.
    """
    if status == Status.ON_HOLD:
        stopped = outcome == Outcome.STOP
        return Obstacle.RED_FLAG if stopped else Obstacle.ON_HOLD
    if status != Status.ACTIVE:
        return Obstacle.ENDED
    if not valid_from <= day <= coverage.until:
        return Obstacle.DAY
    return Obstacle.VISIT if visit > coverage.visits else None
