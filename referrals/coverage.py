"""
What a referral and its insurer allow together: until which day, and how many visits.

Pure: no database, no clock. `ReferralQuerySet.with_coverage` says the same in SQL, and
a test holds the two together.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import NamedTuple


class Limit(StrEnum):
    """What sets the limits, and whether anything is allowed at all."""

    REFERRAL = "referral"  # the provider's order
    INSURER = "insurer"  # the insurer's authorization is narrower
    NO_AUTHORIZATION = "no-authorization"  # the insurer must authorize visits first
    NO_REFERRAL_NUMBER = "no-referral-number"  # the insurer wants its own referral


class Needs(NamedTuple):
    """What the patient's insurer asks for; all false where there is none."""

    referral: bool = False
    authorization: bool = False


class Allowed(NamedTuple):
    """The insurer's word: its numbers, and its limits where it sets any."""

    referral_number: str = ""
    number: str = ""
    visits: int | None = None
    valid_until: date | None = None


class Coverage(NamedTuple):
    """The last day and the visits that can be booked; of none, `limit` says why."""

    until: date
    visits: int
    limit: Limit


def coverage(
    *, sessions: int, valid_until: date, needs: Needs, allowed: Allowed
) -> Coverage:
    """
    Return the narrower of the provider's order and the insurer's authorization.

    A missing number stops booking: the patient would have to pay.

    :param sessions: visits ordered, 1 to 60.
    """
    until = min(valid_until, allowed.valid_until or valid_until)
    if needs.authorization and not allowed.number:
        return Coverage(until, 0, Limit.NO_AUTHORIZATION)
    if needs.referral and not allowed.referral_number:
        return Coverage(until, 0, Limit.NO_REFERRAL_NUMBER)
    visits = min(sessions, allowed.visits or sessions)
    narrower = visits < sessions or until < valid_until
    return Coverage(until, visits, Limit.INSURER if narrower else Limit.REFERRAL)
