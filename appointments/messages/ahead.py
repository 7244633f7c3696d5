"""What the reminders of many visits need, read in a few queries for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Exists, OuterRef, Q

from appointments.models import (
    Appointment,
    Certification,
    Closure,
    HolidayCalendar,
    Policy,
    TimeOff,
)
from appointments.models.outside import outside_of_hours
from appointments.outside import IMPOSSIBLE
from massage_portal.outbox.kinds import reads_ahead
from massage_portal.outbox.models import Message

ONE_DAY = timedelta(days=1)


class OfAVisit(NamedTuple):
    """What a message about a visit is written from."""

    visit: Appointment
    cannot_be: bool
    policy: Policy


@reads_ahead("appointments.reminder")
def of_visits(messages: list[Message]) -> dict[int, OfAVisit]:
    """Return it for each message whose visit there is, by the message's key."""
    found = Appointment.objects.select_related(
        *("therapist__location", "room", "patient", "entry__referral")
    ).in_bulk({message.subject_key for message in messages})
    why = outside_of_hours(_doubtful(found))
    agreed = _Agreed(list(Policy.objects.order_by("-in_force_from")))
    return {
        message.pk: OfAVisit(
            visit=found[message.subject_key],
            cannot_be=why.get(message.subject_key) in IMPOSSIBLE,
            policy=agreed.of(found[message.subject_key], message.due_at),
        )
        for message in messages
        if message.subject_key in found
    }


def _doubtful(visits: Mapping[int, Appointment]) -> list[Appointment]:
    """Return those that perhaps cannot be: `cannot_be` asks the same of one."""
    if not visits:
        return []
    days = sorted(visit.starts_at.date() for visit in visits.values())
    first, last = days[0] - ONE_DAY, days[-1] + ONE_DAY
    mine = {"therapist": OuterRef("therapist")}
    there = {"location": OuterRef("therapist__location")}
    off = TimeOff.objects.filter(**mine, starts_at__lt=OuterRef("ends_at"))
    held = Certification.objects.filter(**mine, technique=OuterRef("technique"))
    held = held.filter(Q(valid_until=None) | Q(valid_until__gte=last))
    doubtful = Appointment.objects.filter(pk__in=visits).filter(
        Q(therapist__active=False)
        | Q(therapist__location__gives_massage=False)
        | Exists(Closure.objects.between(first, last).filter(**there))
        | Exists(HolidayCalendar.objects.filter(**there))
        | Exists(off.filter(ends_at__gt=OuterRef("starts_at")))
        | (Q(technique__isnull=False) & ~Exists(held))
    )
    return [visits[key] for key in doubtful.values_list("pk", flat=True)]


class _Agreed:
    """What `Policy.objects.agreed` returns, of what was read: one for all alike."""

    def __init__(self, newest_first: list[Policy]) -> None:
        self.newest_first = newest_first
        self.defaults = Policy()
        self.made: dict[tuple[int, int], Policy] = {}

    def of(self, visit: Appointment, now: datetime) -> Policy:
        """Return what was agreed on for a visit, as of `now`."""
        policy = self._in_force(now)
        hours = self._in_force(visit.booked_at or now).late_cancel_hours
        alike = id(policy), hours
        if alike not in self.made:
            self.made[alike] = copy(policy)
            self.made[alike].late_cancel_hours = hours
        return self.made[alike]

    def _in_force(self, moment: datetime) -> Policy:
        """Return the newest that has begun, or the defaults; see `Policy.objects`."""
        begun = (one for one in self.newest_first if one.in_force_from <= moment)
        return next(begun, self.defaults)
