"""What the answers to the safety questions mean. Pure: no database, no clock."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from referrals.codes import Answer


class Outcome(IntEnum):
    """What a referral may do, from the least to the most careful."""

    GO_ON = 0
    CLEARANCE = 1  # the provider must clear it by name and date
    STOP = 2  # a red flag: call the provider today


WEIGHT = {
    "tell-therapist": Outcome.GO_ON,
    "clearance": Outcome.CLEARANCE,
    "not-now": Outcome.STOP,
}


def outcome(answers: Iterable[tuple[str, str]]) -> Outcome:
    """
    Return the most careful outcome of all (meaning, answer) pairs.

    "Not known" is never a go-ahead: for what would stop the visit or need clearance,
    the provider must be asked, so it counts as clearance.

    :raises ValueError: for a meaning or an answer that is not known here.
    """
    return max(
        (_of_one(meaning, Answer(answer)) for meaning, answer in answers),
        default=Outcome.GO_ON,
    )


def _of_one(meaning: str, answer: Answer) -> Outcome:
    if meaning not in WEIGHT:
        raise ValueError(f"unknown meaning of a precaution: {meaning!r}")
    if answer == Answer.NO:
        return Outcome.GO_ON
    if answer == Answer.UNKNOWN:
        return min(WEIGHT[meaning], Outcome.CLEARANCE)
    return WEIGHT[meaning]
