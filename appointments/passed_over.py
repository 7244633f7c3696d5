"""
Was anybody in greater need passed over, when time was given?

Judged are the offers that the portal made by itself, and the times that people gave
without saying that it was out of turn: a reason that was said explains it, and a plan
weighs all who wait. What was known then is put together from the rows and the trail,
and whoever has changed since (by triage, a report, a merge, a change to the referral or
category) is left out: nothing can be proved of them. So a fault that is told is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.db.models.expressions import RawSQL

from appointments.matching import fits
from appointments.models import Appointment, Policy, WaitlistEntry
from appointments.models.treatment import Treatment, kept_for
from appointments.models.wish import wish_of
from appointments.openings import Opening, Span
from massage_portal.invariants import Found, ask

LOOK_BACK = timedelta(days=7)
BATCH = 50
MOST_TOLD = 3  # of those passed over by one offer
MOST_JUDGED = 200  # offers, the newest
MOST_BEFORE = 1000  # who stood before one of them: a sound one went to the front
CLOSE = timedelta(minutes=1)  # two acts at once: which came first is not told
OFFERS = """
    SELECT * FROM (
    SELECT DISTINCT ON (visit.id) visit.id, event.at
      FROM audit_auditevent event
      JOIN appointments_appointment visit ON visit.id::text = event.record_id
     WHERE (event.action = 'appointment.offered'
            OR event.action = 'appointment.booked' AND event.change = '>booked')
       AND event.record_type = 'appointments.appointment'
       AND event.at > %s
       AND NOT EXISTS (SELECT FROM appointments_givenoutofturn said
                        WHERE said.appointment_id = visit.id)
       AND NOT EXISTS (SELECT FROM appointments_draftoffer planned
                        WHERE planned.appointment_id = visit.id)
     ORDER BY visit.id, event.id) offer
     ORDER BY at DESC, id DESC LIMIT %s
"""
# Who waited at %(at)s with nothing in hand, and is now as they were.
WAITED = """
    SELECT entry.id
      FROM appointments_waitlistentry entry
     WHERE entry.asked_at < %s AND entry.triaged_at < %s
       AND (entry.status IN ('accepted', 'in-progress', 'completed')
            OR EXISTS (SELECT FROM audit_auditevent event
                        WHERE event.patient_id = entry.patient_id AND event.at > %s
                          AND event.record_type = 'appointments.waitlistentry'
                          AND event.record_id = entry.id::text
                          AND event.change LIKE 'accepted>%%'))
       AND NOT EXISTS (
           SELECT FROM appointments_appointment other
            WHERE other.entry_id = entry.id
              AND (other.id < %s OR other.offered_at < %s)  -- or made at that moment
              AND (other.ended_at IS NULL OR other.ended_at > %s))
"""
UNCHANGED = """
       AND NOT EXISTS (
           SELECT FROM audit_auditevent event
            WHERE event.patient_id = entry.patient_id AND event.at > %s
              AND event.record_type = ANY('{appointments.waitlistentry,
                  referrals.referral,referrals.patient}')
              AND event.action !~ '(seen|listed|by_link|planned|made)$'
              AND event.action !~ 'overrule(d|_ended)$'
              AND event.change <> ALL('{accepted>cancelled,accepted>rejected,
                  accepted>on-hold,active>completed}'))
       AND NOT EXISTS (
           SELECT FROM audit_auditevent event
            WHERE event.record_type = 'appointments.triagecategory'
              AND event.record_id = entry.category_id::text AND event.at > %s)
       AND NOT EXISTS (
           SELECT FROM appointments_needreport report
            WHERE report.entry_id = entry.id AND report.reported_at > %s)
       -- What counted then is known, unless it began or ended just then.
       AND NOT EXISTS (
           SELECT FROM appointments_overrule one
            WHERE one.entry_id = entry.id
              AND (one.starts_at BETWEEN %s AND %s OR one.ends_at BETWEEN %s AND %s))
       AND NOT EXISTS (
           SELECT FROM appointments_targetwait target
            WHERE target.category_id = entry.category_id
              AND target.in_force_from BETWEEN %s AND %s)
"""


def nobody_passed_over(now: datetime) -> Found:
    """Judge the newest offers of the last LOOK_BACK, each as it stood when made."""
    faults = []
    offers = ask(OFFERS, now - LOOK_BACK, MOST_JUDGED)
    found = Appointment.objects.with_place().select_related("entry__referral")
    for pk, at in offers:
        offer = found.get(pk=pk)
        for entry in _passed(offer, at=at):
            faults.append(
                f"appointment {pk} was given to request {offer.entry_id} while "
                f"request {entry.pk} stood before it and could have come"
            )
    return Found(len(offers), faults)


def _passed(offer: Appointment, *, at: datetime) -> list[WaitlistEntry]:
    """Return some of those who stood before the one that was offered it, and could."""
    own = "SELECT entry.id FROM appointments_waitlistentry entry WHERE entry.id = %s"
    if not ask(own + UNCHANGED, offer.entry_id, *_around(at)):
        return []
    policy = Policy.objects.in_force(at)
    before = _before(offer, at=at, exponent=float(policy.harm_exponent))
    passed: list[WaitlistEntry] = []
    for first in range(0, len(before), BATCH):
        some = _to_be_offered(before[first : first + BATCH], at=at, policy=policy)
        passed += [one for one in some if _could_come(one, offer, at=at, policy=policy)]
        if len(passed) >= MOST_TOLD:
            break
    return passed[:MOST_TOLD]


def _around(at: datetime) -> list[datetime]:
    """Return the moments about which UNCHANGED asks."""
    early, late = at - CLOSE, at + CLOSE
    return [early] * 3 + [early, late] * 3


def _before(offer: Appointment, *, at: datetime, exponent: float) -> list[int]:
    """
    Return the keys of who stood before it, by rank: of the line's front.

    They waited at `at`, and are now as they were.
    """
    line: Any = WaitlistEntry.objects.in_order_of_need(now=at, exponent=exponent)
    its = line.filter(pk=offer.entry_id).values_list("day_adds", "received_at").first()
    if its is None:
        return []
    day_adds, received_at = its
    if day_adds is not None:
        line = line.filter(
            Q(day_adds__gt=day_adds)
            | Q(day_adds=day_adds, received_at__lt=received_at)
            | Q(day_adds=day_adds, received_at=received_at, pk__lt=offer.entry_id)
        )
    early, late = at - CLOSE, at + CLOSE
    values = [early, early, late, offer.pk, late, early, *_around(at)]
    line = line.filter(pk__in=RawSQL(WAITED + UNCHANGED, values))  # noqa: S611 - ours
    return list(line.values_list("pk", flat=True)[:MOST_BEFORE])


def _to_be_offered(
    keys: Sequence[int], *, at: datetime, policy: Policy
) -> list[WaitlistEntry]:
    """Return those of `keys`, in order, who could be offered anything then."""
    rows = WaitlistEntry.objects.filter(pk__in=keys).covered(at)
    # Whom a person had to call first was passed over rightly.
    to_call = rows.to_call(most_missed=policy.most_missed, before=at + CLOSE)
    rows = rows.exclude(pk__in=to_call.values("pk")).select_related(
        *("referral__technique", "referral__insurer", "referral__authorization")
    )
    found = {one.pk: one for one in rows}
    return [found[key] for key in keys if key in found]


def _could_come(
    entry: WaitlistEntry, offer: Appointment, *, at: datetime, policy: Policy
) -> bool:
    """Say whether the time that was offered would have been an opening for them."""
    key, kept = entry.pk, kept_for(entry)
    kind = kept or Treatment(entry.referral.technique)
    technique = kind.technique
    if technique is not None and technique != offer.technique:
        return False  # whether the therapist was certified for it then is not known
    length = timedelta(minutes=kind.lasts(policy))
    if technique is not None and kept is None:
        # How long it took then is not known; as long as the visit at the most. Where
        # that was chosen to be longer, somebody who was passed over may not be seen.
        length = max(length, offer.ends_at - offer.starts_at)
    if offer.starts_at + length > offer.ends_at:
        return False  # the time may have been too short
    wish = wish_of(entry, policy=policy)
    opening = _opening(offer, length, policy)
    if not fits(wish, opening, now=at):
        return False
    earlier = Appointment.objects.filter(patient=entry.patient_id, pk__lt=offer.pk)
    rows = list(earlier.filter(blocked_until__gt=offer.starts_at))
    wish = replace(
        wish,
        refused=frozenset(
            (one.therapist_id, one.starts_at) for one in rows if one.entry_id == key
        ),
        elsewhere=tuple(
            Span(one.starts_at, one.blocked_until)
            for one in rows
            if one.ended_at is None or one.ended_at > at - CLOSE
        ),
    )
    return fits(wish, opening, now=at)


def _opening(offer: Appointment, length: timedelta, policy: Policy) -> Opening:
    """Return the time offered as the opening of a visit that lasts `length`."""
    ends_at = offer.starts_at + length
    return Opening(
        starts_at=offer.starts_at,
        therapist=offer.therapist_id,
        room=offer.room_id,
        location=offer.therapist.location_id,
        ends_at=ends_at,
        blocked_until=ends_at + policy.turnover,
        zone=offer.zone,
    )
