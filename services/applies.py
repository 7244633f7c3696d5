"""Which referrals a safety question is asked of. Pure: no database, no clock."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

# How an ICD-10-CM code begins: a letter, then digits or letters, a dot after three.
_BEGINNING = re.compile(r"[A-Z]([0-9]([0-9A-Z](\.?[0-9A-Z]{1,4})?)?)?")


class BadBeginning(ValueError):
    """A text does not say how codes begin; `text` is the part at fault."""

    def __init__(self, text: str) -> None:
        super().__init__(f"no ICD-10-CM code begins like this: {text!r}")
        self.text = text


class Limits(NamedTuple):
    """Whom a question is for; empty parts limit nothing."""

    diagnoses: tuple[str, ...] = ()  # how codes begin, compact: "C", "M797"
    techniques: frozenset[str] = frozenset()  # slugs


def beginnings(text: str) -> tuple[str, ...]:
    """
    Return how codes begin, in capitals and without dots: "c, M79.7" is C and M797.

    :raises BadBeginning: for a part that no code begins like; empty parts are skipped.
    """
    found = []
    for part in text.upper().split(","):
        if not (part := part.strip()):
            continue
        if not _BEGINNING.fullmatch(part):
            raise BadBeginning(part)
        found.append(part.replace(".", ""))
    return tuple(found)


def applies(limits: Limits, *, codes: Collection[str], technique: str) -> bool:
    """
    Say whether a question is asked of a referral.

    It is asked if it is not limited, if one diagnosis is among those it is for, or if
    the technique is. Where the therapist decides, any technique may be used, so a
    question about some of them is asked: a question too many is the safer fault.

    :param codes: ICD-10-CM codes of all diagnoses, with or without the dot.
    :param technique: its slug; "" if the therapist decides.
    """
    if not limits.diagnoses and not limits.techniques:
        return True
    compact = [code.replace(".", "").upper() for code in codes]
    if any(code.startswith(limits.diagnoses) for code in compact if limits.diagnoses):
        return True
    return bool(limits.techniques) and technique in {"", *limits.techniques}
