"""What the reminders of many visits need, read in a few queries for all of them."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from appointments.models import Appointment, Policy
from appointments.models.outside import outside_of_hours
from appointments.outside import IMPOSSIBLE
from massage_portal.outbox.kinds import reads_ahead
from massage_portal.outbox.models import Message


class OfAVisit(NamedTuple):
    """What a message about a visit is written from."""

    visit: Appointment
    cannot_be: bool
    policy: Policy


@reads_ahead("appointments.reminder")
def of_visits(messages: list[Message]) -> dict[int, OfAVisit]:
    """Return it for each message whose visit there is, by the message's key."""
    keys = {message.subject_key for message in messages}
    visits = Appointment.objects.with_place().select_related("entry__referral")
    found = visits.in_bulk(keys)
    why = outside_of_hours(found.values())
    policies = list(Policy.objects.order_by("-in_force_from"))
    return {
        message.pk: OfAVisit(
            visit=found[message.subject_key],
            cannot_be=why.get(message.subject_key) in IMPOSSIBLE,
            policy=_in_force(policies, message.due_at),
        )
        for message in messages
        if message.subject_key in found
    }


def _in_force(newest_first: list[Policy], moment: datetime) -> Policy:
    """Return the newest that has begun, or the defaults; see `Policy.objects`."""
    begun = (one for one in newest_first if one.in_force_from <= moment)
    return next(begun, None) or Policy(in_force_from=moment)
