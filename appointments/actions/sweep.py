"""What beat does every few seconds: end lapsed offers, pass freed time on."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from itertools import islice
from zoneinfo import ZoneInfo

import structlog
from django.db import connection, transaction

from appointments.actions.hold import end_offers
from appointments.actions.offer import offer
from appointments.actions.refusal import Refusal
from appointments.codes import Ending
from appointments.models import Appointment, Policy, Proposal, Supply, WaitlistEntry
from massage_portal.nights import night_at

log = structlog.get_logger(__name__)
AT_ONCE = 100
MOST_REFUSED = 3  # times, read anew each time; then it is no race
LOCK = 4_747_002  # any number of our own: two workers would offer one time twice


def lapse_offers(*, now: datetime) -> int:
    """
    End the offers whose hold is over; return how many. One transaction for each.

    The patient keeps their place; the time goes on to the next.
    """
    lapsed = Appointment.objects.offers_lapsed(now).values_list("pk", flat=True)
    ended = 0
    for pk in list(lapsed):
        if ended >= AT_ONCE:
            break  # who comes next has the rest; those at fault are not counted
        try:
            ended += _lapse(pk, now=now)
        except Exception:  # whatever it was, the other offers must end
            log.exception("offer_not_lapsed", appointment=pk)
    return ended


@transaction.atomic
def _lapse(pk: int, *, now: datetime) -> int:
    """End one offer, if its hold is over still."""
    still = Appointment.objects.offers_lapsed(now).filter(pk=pk)
    return end_offers(still, by=None, now=now, ending=Ending.LAPSED)


def offer_freed_times(*, now: datetime) -> list[Appointment]:
    """
    Offer each freed time to the patient whom waiting harms most; return the offers.

    One transaction for each freed time, which a second worker meanwhile skips. Where it
    is night nothing is offered: the time stays owed until the morning.
    """
    policy = Policy.objects.in_force(now)
    freed = Appointment.objects.filter(reoffer_owed=True).order_by("ended_at", "pk")
    rows = freed.values_list("pk", "therapist__location__time_zone")
    awake = (
        pk
        for pk, zone in list(rows)
        if night_at(now, zone=ZoneInfo(zone), quiet=policy.quiet) is None
    )
    offers = []
    for pk in islice(awake, AT_ONCE):
        try:
            made = _offer_again(pk, now=now)
        except Exception:  # whatever it was, the other freed times must go on
            log.exception("freed_time_not_offered", appointment=pk)
            continue
        if made is not None:
            offers.append(made)
    return offers


@transaction.atomic
def _offer_again(pk: int, *, now: datetime) -> Appointment | None:
    """
    Pass one freed time on. If nobody can use it, it stays an opening for all.

    Its row is written, and so locked, last: whoever cancels or accepts locks a patient
    first and then such a row. Held meanwhile, it would deadlock with a patient who
    presses twice and waits for another visit too.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [LOCK, pk % 2**31])
        (ours,) = cursor.fetchone()
    freed = (
        Appointment.objects.filter(pk=pk, reoffer_owed=True)
        .select_related("therapist__location")
        .first()
    )
    if not ours or freed is None:
        return None
    made = _offer_to_next(freed, now=now)
    Appointment.objects.filter(pk=pk).update(reoffer_owed=False)
    return made


def _offer_to_next(freed: Appointment, *, now: datetime) -> Appointment | None:
    """
    Offer the time to the first in line who can use it, and return the offer.

    Whoever is refused was first when they were read, and something came between. So
    line and time are read anew, and not gone on with: a time that was taken and freed
    again meanwhile would go to whomever the walk down the line had reached by then.
    Whom nothing but the last look refuses is left out in the end.
    """
    policy = Policy.objects.in_force(now)
    if freed.starts_at - now < policy.notice:
        return None
    refused: Counter[int] = Counter()
    while (first := _first_in_line(freed, refused, policy=policy, now=now)) is not None:
        try:
            return offer(entry=first.entry, opening=first.opening, by=None, now=now)
        except Refusal:  # taken or withdrawn meanwhile
            refused[first.entry.pk] += 1
    return None


def _first_in_line(
    freed: Appointment, refused: Counter[int], *, policy: Policy, now: datetime
) -> Proposal | None:
    """
    Return who is to have the time, as things stand now.

    Whom a person must call first is passed over, and keeps their rank.
    """
    day = freed.local_start.date()
    supply = Supply(
        now=now,
        policy=policy,
        first=day,
        last=day,
        therapist=freed.therapist_id,
    )
    to_call = WaitlistEntry.objects.waiting().to_call(most_missed=policy.most_missed)
    left_out = set(to_call.values_list("pk", flat=True))
    left_out |= {pk for pk, times in refused.items() if times == MOST_REFUSED}
    for proposal in supply.first_in_line_for(
        therapist=freed.therapist_id, starts_at=freed.starts_at
    ):
        if proposal.entry.pk not in left_out:
            return proposal
    return None
