"""
What must be said with a time that somebody gives by hand, and what is kept of it.

Judged under the locks of `hold`, where nobody can change what the patient said, nor
take the time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from appointments.actions.refusal import Refusal
from appointments.codes import TO_BE_EXPLAINED, OutOfTurn
from appointments.models import Appointment, Supply, WaitlistEntry
from appointments.models.out_of_turn import add_out_of_turn
from appointments.models.policy import LEAST_MINUTES, MOST_MINUTES
from appointments.models.treatment import (
    Treatment,
    kept_for,
)
from appointments.models.turns import MOST, in_greater_need
from appointments.models.wish import not_wished
from appointments.openings import Opening
from appointments.wishes import Misfit, refused
from massage_portal.accounts.models import User
from massage_portal.audit.record import record
from massage_portal.prepared import together


class NotWished(Refusal):
    """The time is not what the patient asked for; they may agree to it all the same."""

    def __init__(self, some: list[Misfit]) -> None:
        super().__init__(refused(some))
        self.misfits = some


class NotForThem(Refusal):
    """The kind of visit that was chosen is not what the referral or the clinic has."""


class NotTheirTurn(Refusal):
    """Others in greater need could use the time, and nobody said why they do not."""

    def __init__(self, number: int) -> None:
        super().__init__(
            ngettext(
                "%(number)s patient in greater need could use this time. Say why it "
                "goes to this one.",
                "%(number)s patients in greater need could use this time. Say why it "
                "goes to this one.",
                number,
            )
            % {"number": so_many(number)}
        )
        self.number = number


class Turn(NamedTuple):
    """Why a time goes to somebody though others in greater need could use it."""

    reason: OutOfTurn
    note: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether it says enough."""
        return self.reason not in TO_BE_EXPLAINED or bool(self.note)


@dataclass(frozen=True)
class Terms:
    """
    What is said with a time that is given.

    :param agreed: whether the patient agreed to what is not as they wished.
    :param turn: why they have it before others.
    :param by_plan: whether it is a row of a plan, which weighs all who wait.
    :param treatment: what was chosen for the visit; None is what was kept of an earlier
        one, or what the referral says.
    """

    agreed: bool = False
    turn: Turn | None = None
    by_plan: bool = False
    treatment: Treatment | None = None

    def as_kept_for(self, entry: WaitlistEntry) -> Terms:
        """Return the same, of the kind that the visit had before if none is chosen."""
        kept = None if self.treatment else kept_for(entry)
        return replace(self, treatment=kept) if kept else self

    def in_turn(self, by: User | None) -> bool:
        """Say whether it is asked whose turn it is: of a person's choice alone."""
        return by is not None and not self.by_plan


NOTHING_SAID = Terms()


class Judged(NamedTuple):
    """What is to be kept of a time that may be given."""

    agreed_to: list[Misfit]
    passed_over: int


def so_many(number: int) -> str:
    """Return how many are in greater need, in words: they are counted up to MOST."""
    return _("%(most)d or more") % {"most": MOST} if number >= MOST else str(number)


def see_it_is_for_them(entry: WaitlistEntry, treatment: Treatment | None) -> None:
    """
    See that what was chosen for the visit may be given on the referral.

    :param entry: locked with its referral.
    :raises NotForThem: if the referral names another technique, we do not offer it any
        more, or no visit lasts so long.
    """
    if treatment is None:
        return
    if not treatment.fits(entry):
        raise NotForThem(
            _("The referral asks for another kind of massage: %(name)s.")
            % {"name": entry.referral.technique}
        )
    if not treatment.is_offered(entry):
        words = _("%(name)s is not offered any more.")
        raise NotForThem(words % {"name": treatment.technique})
    if not treatment.has_a_length:
        raise NotForThem(
            _("A visit lasts %(shortest)d to %(longest)d minutes.")
            % {"shortest": LEAST_MINUTES, "longest": MOST_MINUTES}
        )


def judge(
    entry: WaitlistEntry,
    opening: Opening,
    *,
    supply: Supply,
    terms: Terms,
    by: User | None,
) -> Judged:
    """
    See that the patient wants the time, and that it is their turn, or why not.

    Who waits is counted only for a person's choice, and once all else is well; most
    often it was as the time was read.

    :param supply: in which the opening was found.
    :param by: None where the portal gives it by itself.
    :raises NotWished: if it is not as they wished, and they did not agree to it.
    :raises NotTheirTurn: if others in greater need could use it, and no reason is said.
    """
    unwished = not_wished(entry, opening, policy=supply.policy, now=supply.now)
    if unwished and not terms.agreed:
        raise NotWished(unwished)
    if not terms.in_turn(by):
        return Judged(unwished, 0)
    number = supply.before(usual=terms.treatment is None)
    if number is None:
        [number] = in_greater_need(entry, [opening], supply=supply)
    if number and not (terms.turn and terms.turn.is_whole):
        raise NotTheirTurn(number)
    return Judged(unwished, number)


def keep(
    visit: Appointment,
    judged: Judged,
    terms: Terms,
    *,
    by: User | None,
    now: datetime,
) -> None:
    """Keep what was agreed to and who was passed over, in its trail and beside it."""
    if judged.agreed_to:
        record_agreed(visit, judged.agreed_to, by=by, now=now)
    if not judged.passed_over or terms.turn is None or by is None:
        return
    reason, note = terms.turn
    with together():
        add_out_of_turn(visit, reason, note, past=judged.passed_over, by=by, now=now)
        change = f"{reason} {judged.passed_over}"
        record("appointment.out_of_turn", visit, by=by, at=now, change=change)


def record_agreed(
    visit: Appointment, some: list[Misfit], *, by: User | None, now: datetime
) -> None:
    """Leave in the trail that the patient agreed to what was not as they wished."""
    change = ",".join(some)
    record("appointment.agreed", visit, by=by, at=now, change=change)
