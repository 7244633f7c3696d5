"""Which kind of visit the page of one patient is about: what was chosen, or what is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from appointments.models import Appointment, Policy, WaitlistEntry
from appointments.models.policy import LEAST_MINUTES, MOST_MINUTES
from appointments.models.treatment import (
    Treatment,
    chosen_for,
    kept_for,
    lengths,
)
from services.models import Technique

ANY, USUAL = "any", "usual"


@dataclass
class Treatments:
    """
    The kinds of visit that may be chosen for one request.

    The technique is chosen only where the referral leaves it to the therapist.
    """

    entry: WaitlistEntry
    policy: Policy

    @cached_property
    def offered(self) -> list[Technique]:
        """The techniques to choose from."""
        if self.entry.referral.technique is not None:
            return []
        return list(Technique.objects.offered())

    def asked(
        self, said: Mapping[str, str], visit: Appointment | None
    ) -> Treatment | None:
        """
        Return what an address asks for; None is as the referral says.

        Another time for a booked visit is of its own kind, if nothing is asked for; the
        one after a visit that did not take place, of the kind of that.
        """
        technique, minutes = said.get("technique", ""), said.get("minutes", "")
        if not technique and not minutes:
            if visit is None:
                return self.kept
            return chosen_for(visit, self.entry, self.policy)
        one = (self._technique(technique), _minutes(minutes))
        if one == (self.entry.referral.technique, None) and self.kept is None:
            return None
        return Treatment(*one)

    @property
    def kept(self) -> Treatment | None:
        """What was chosen for the visit that it had, and is kept for the next."""
        return kept_for(self.entry)

    def _technique(self, said: str) -> Technique | None:
        named = self.entry.referral.technique
        if named is not None or not said.isdecimal():
            return named
        return next((one for one in self.offered if str(one.pk) == said), None)

    def shown(self, chosen: Treatment | None) -> dict[str, Any]:
        """Return what the page draws of what was chosen, or of what is usual."""
        shown = chosen or self._usual
        return {
            "treatment": chosen,
            "as_before": chosen is not None and chosen == self.kept,
            "technique": shown.technique,
            "minutes": shown.lasts(self.policy),
        }

    def choices(self, chosen: Treatment | None) -> dict[str, Any]:
        """Return what may be chosen: the techniques are read."""
        shown = chosen or self._usual
        some = [*self.offered, *filter(None, [shown.technique])]
        also = (self._usual.lasts(self.policy), shown.lasts(self.policy))
        return {"techniques": self.offered, "lengths": lengths(some, *also)}

    @property
    def _usual(self) -> Treatment:
        return Treatment(self.entry.referral.technique)


def _minutes(said: str) -> int | None:
    """Return how long a visit is asked for; None for the usual, and for what is odd."""
    number = int(said) if said.isascii() and said.isdigit() and len(said) < 4 else 0
    return number if LEAST_MINUTES <= number <= MOST_MINUTES else None


def tokens(said: Mapping[str, str]) -> dict[str, str]:
    """Return what an address says of it, to be kept by links; nothing odd."""
    technique, minutes = said.get("technique", ""), said.get("minutes", "")
    if technique != ANY and not (technique.isascii() and technique.isdigit()):
        technique = ""
    if minutes != USUAL and _minutes(minutes) is None:
        minutes = ""
    return {"technique": technique[:17], "minutes": minutes}
