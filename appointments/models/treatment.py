"""What kind of visit a time is looked for, and given: the technique, and how long."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from appointments.models.appointment import Appointment
from appointments.models.policy import LEAST_MINUTES, MOST_MINUTES, Policy
from appointments.models.waitlist import WaitlistEntry
from services.models import Technique

LENGTHS = (30, 50)  # to choose from, beside those of the techniques


class Treatment(NamedTuple):
    """
    A technique and a length.

    :param technique: None lets the therapist decide.
    :param minutes: LEAST_MINUTES to MOST_MINUTES; None is what the technique takes.
    """

    technique: Technique | None = None
    minutes: int | None = None

    @property
    def key(self) -> int | None:
        """The technique's key."""
        return self.technique.pk if self.technique else None

    def lasts(self, policy: Policy) -> int:
        """Return how long the visit lasts, in minutes."""
        return self.minutes or usual_minutes(self.technique, policy)

    def fits(self, entry: WaitlistEntry) -> bool:
        """
        Say whether the referral allows it: what it names, or any where it names none.

        Where none is named, all questions about safety were asked, of any technique.
        """
        named = entry.referral.technique_id
        return named is None or named == self.key

    def is_offered(self, entry: WaitlistEntry) -> bool:
        """Say whether we still give it: what the referral names, in any case."""
        named = entry.referral.technique_id is not None
        return named or self.technique is None or self.technique.active

    @property
    def has_a_length(self) -> bool:
        """Whether a visit may last so long."""
        return self.minutes is None or LEAST_MINUTES <= self.minutes <= MOST_MINUTES

    def is_of(self, visit: Appointment, policy: Policy) -> bool:
        """Say whether the visit is of this kind, and as long."""
        theirs = (visit.technique_id, minutes_of(visit))
        return theirs == (self.key, self.lasts(policy))


def lengths(techniques: Iterable[Technique], *more: int) -> list[int]:
    """Return the lengths to choose from, in minutes, the shortest first."""
    return sorted({*LENGTHS, *(one.minutes for one in techniques), *more})


def usual_minutes(technique: Technique | None, policy: Policy) -> int:
    """Return how long a visit by the technique lasts if nobody chose."""
    return technique.minutes if technique else policy.visit_minutes


def minutes_of(visit: Appointment) -> int:
    """Return how long a visit lasts, in minutes."""
    return int((visit.ends_at - visit.starts_at).total_seconds() // 60)


def chosen_for(
    visit: Appointment, entry: WaitlistEntry, policy: Policy
) -> Treatment | None:
    """
    Return what was chosen for a visit, and another time for it is to be of as well.

    None if it is as the referral says, or may not be so any more: it names another
    technique, we do not offer that one, or no visit is so short or long.

    Whether it was chosen is judged by the policy of when the visit was given, which
    said how long it is to be. Of techniques no earlier length is known.

    :param policy: in force now.
    """
    own = Treatment(visit.technique, minutes_of(visit))
    usual = Treatment(entry.referral.technique)
    if not (own.fits(entry) and own.is_offered(entry) and own.has_a_length):
        return None
    if usual == Treatment() and visit.offered_at < policy.in_force_from:
        policy = Policy.objects.in_force(visit.offered_at)
    return None if usual.is_of(visit, policy) else own


def keep_for(entry: WaitlistEntry, kind: Treatment | None) -> tuple[str, str]:
    """
    Have the entry keep what was chosen for its visit; return the fields to save.

    :param kind: with its length, as `chosen_for` returns it; None is as the referral
        says.
    """
    entry.kept_technique = kind.technique if kind else None
    entry.kept_minutes = kind.minutes if kind else None
    return ("kept_technique", "kept_minutes")


def kept_for(entry: WaitlistEntry) -> Treatment | None:
    """
    Return what was chosen for the visit that the entry had, as the next is to be too.

    None if it had none, or if that was as the referral says; or if it may not be so any
    more: the referral names another technique by now, or we do not offer that one.
    """
    if entry.kept_minutes is None:
        return None
    kept = Treatment(entry.kept_technique, entry.kept_minutes)
    return kept if kept.fits(entry) and kept.is_offered(entry) else None
