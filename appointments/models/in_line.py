"""Who is in line for the next offer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from appointments.models.appointment import Appointment
from appointments.models.policy import Policy
from appointments.models.waitlist import WaitlistEntry, WaitlistEntryQuerySet
from appointments.openings import Opening


@dataclass(frozen=True)
class Proposal:
    """The best opening for one patient; nothing is sent or held yet."""

    entry: WaitlistEntry
    opening: Opening


def waiting_in_line(*, now: datetime, policy: Policy) -> WaitlistEntryQuerySet:
    """
    Return those who wait without an open offer, whom waiting harms most first.

    Who waits with a referral that is not in force keeps their place, but nothing can be
    offered to them.
    """
    offered = Appointment.objects.offers_open(now).values("entry_id")
    return (
        WaitlistEntry.objects.waiting()
        .covered(now)
        .exclude(pk__in=offered)
        .in_order_of_need(now=now, exponent=float(policy.harm_exponent))
        .select_related(
            *("referral__technique", "referral__insurer", "referral__authorization"),
            *("patient", "category"),
        )
        .prefetch_related("kept_technique")  # few have one: then nothing is asked
    )
