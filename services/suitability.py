"""What the answers to the guided check mean. Pure: no database, no clock."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import IntEnum
from typing import NamedTuple

from services.codes import Meaning

EMERGENCY = "*emergency"  # an answer that no precaution's code can be: it is no slug


class Outcome(IntEnum):
    """What a visitor is told to do, from the least to the most careful."""

    ASK = 0  # ask the provider for a referral
    ASK_FIRST = 1  # the provider must say first whether it is safe
    NOT_NOW = 2  # a red flag: call the provider today
    EMERGENCY = 3  # call 911


class Concern(NamedTuple):
    """A precaution as a patient is asked about it: `plain` is in their words."""

    code: str
    meaning: str
    plain: str
    language: str = "en"  # of `plain`


class Verdict(NamedTuple):
    """An outcome; what led to it, and what the therapist must know."""

    outcome: Outcome
    because: Sequence[Concern]
    tell: Sequence[Concern]

    @property
    def stops(self) -> bool:
        """Say whether no further question is to be asked."""
        return self.outcome >= Outcome.NOT_NOW


# In the order in which they are asked: what stops the check comes first.
LEADS_TO = {
    Meaning.NOT_NOW: Outcome.NOT_NOW,
    Meaning.CLEARANCE: Outcome.ASK_FIRST,
    Meaning.TELL: Outcome.ASK,
}


def judge(concerns: Sequence[Concern], checked: Collection[str]) -> Verdict:
    """
    Return the most careful outcome of all that was checked.

    "Not sure" counts as a yes. That is more careful than what staff do with a
    referral, where an unknown answer asks for clearance: a visitor is alone with this
    page, and a call to the provider answers a doubt about a red flag.

    :param checked: codes of concerns that the visitor has or is not sure about, and
        perhaps EMERGENCY.
    :raises ValueError: for a code or a meaning that is not known here.
    """
    if strange := set(checked) - {EMERGENCY, *(one.code for one in concerns)}:
        raise ValueError(f"not among the concerns: {sorted(strange)}")
    has = [(_leads_to(one), one) for one in concerns if one.code in checked]
    outcome = max((leads for leads, _ in has), default=Outcome.ASK)
    because = [one for leads, one in has if leads == outcome > Outcome.ASK]
    if EMERGENCY in checked:
        outcome = Outcome.EMERGENCY
    tell = [one for leads, one in has if leads == Outcome.ASK]
    return Verdict(outcome, because, tell)


def _leads_to(concern: Concern) -> Outcome:
    try:
        return LEADS_TO[Meaning(concern.meaning)]
    except (KeyError, ValueError):
        raise ValueError(f"unknown meaning: {concern.meaning!r}") from None
