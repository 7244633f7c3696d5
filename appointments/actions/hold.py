"""How a free time becomes a patient's: locks, one last look, and the hold itself."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError
from django.db.models import Q
from django.utils.translation import gettext as _

from appointments.actions.refusal import Refusal
from appointments.actions.terms import Terms, judge, keep, see_it_is_for_them
from appointments.codes import Ending, EntryStatus, Status
from appointments.holding import hold_until
from appointments.models import (
    Appointment,
    Policy,
    Supply,
    WaitlistEntry,
)
from appointments.models.appointment import AppointmentQuerySet
from appointments.models.booking import (
    SAID,
    add_visit,
    lock_room,
    lock_with_time,
    unlock_room,
)
from appointments.models.rota import Rota
from appointments.models.treatment import Treatment
from appointments.obstacle import obstacle
from appointments.openings import Opening, Span
from massage_portal.accounts.models import User
from massage_portal.audit.record import record
from massage_portal.outbox import actions as outbox
from massage_portal.prepared import know, unsaved
from referrals.screening import Outcome
from services.models import Technique

# As an offer accepted: a calendar counts the booking as the second state of the visit.
_BOOKED: dict[str, Any] = {"status": Status.BOOKED, "sequence": 1}


class NotWaiting(Refusal):
    """The patient is not waiting for a time, or the referral does not cover it."""


class TimeTaken(Refusal):
    """The time was free a moment ago, and is not any more."""


class OfferGone(Refusal):
    """The offer was answered, taken back, or its hold has ended."""


def taken() -> TimeTaken:
    """Return the refusal of a time that somebody else has by now."""
    return TimeTaken(_("That time has just been taken. Please choose another."))


def lock_waiting(
    entry: WaitlistEntry,
    opening: Opening,
    *,
    now: datetime,
    terms: Terms,
    by: User | None,
) -> tuple[WaitlistEntry, Rota]:
    """
    Lock the entry and the therapist; see that it may have this time.

    Patient, entry, therapist, room: the same order everywhere, so nobody deadlocks.
    Returns also what `hold` judges the time by.

    :raises NotWaiting: if it is not waiting, or its referral does not cover the day.
    """
    in_turn = terms.in_turn(by)
    entry, known = lock_with_time(entry.pk, opening, now=now, in_turn=in_turn)
    if entry.status != EntryStatus.ACCEPTED:
        raise NotWaiting(_("This patient is not waiting for a time any more."))
    if not covers(entry, opening.local_start.date()):
        raise NotWaiting(_("The referral does not cover that day."))
    return entry, known


def covers(entry: WaitlistEntry, day: date) -> bool:
    """Say whether the referral, locked with the entry, covers this visit on `day`."""
    referral = entry.referral
    stands = obstacle(
        status=referral.status,
        outcome=Outcome.GO_ON,
        coverage=referral.coverage,
        valid_from=referral.valid_from,
        day=day,
        visit=entry.session,
    )
    return stands is None


def still_free(
    entry: WaitlistEntry,
    opening: Opening,
    *,
    now: datetime,
    terms: Terms,
    by: User | None,
    known: Rota | None = None,
) -> tuple[Supply, Opening]:
    """
    Lock the therapist; return the opening as it can be had now, and what it is part of.

    :param known: what was read under that lock already, anew if the visit lasts longer.
    :raises TimeTaken: if the therapist is away, taken or not certified then, the place
        is closed, or no room is free.
    """
    policy = entry.policy
    day = opening.local_start.date()
    treatment = terms.treatment or Treatment(entry.referral.technique)
    ends_at = opening.starts_at + timedelta(minutes=treatment.lasts(policy))
    within = Span(opening.starts_at, ends_at + policy.turnover)
    supply = Supply(
        now=now,
        policy=policy,
        first=day,
        last=day,
        therapist=opening.therapist,
        within=within,
        locked=True,
        line_of=entry if terms.in_turn(by) else None,
        known=known if known and known.tells_of(within) else None,
    ).for_treatment(treatment)
    free = supply.only_at(
        treatment.technique, therapist=opening.therapist, starts_at=opening.starts_at
    )
    if free is None:
        raise _not_free(supply, treatment.technique, day)
    return supply, free


def _not_free(supply: Supply, technique: Technique | None, day: date) -> TimeTaken:
    """Return the refusal that is true of a time that is no opening any more."""
    for diary in supply.diaries:
        if day in diary.closed:
            return TimeTaken(_("The place is closed that day. Please choose another."))
        if diary.last_day_for(technique.pk if technique else None, day) != day:
            return TimeTaken(
                _(
                    "The therapist is not certified for this kind of massage on that "
                    "day. Please choose another therapist."
                )
            )
    return taken()


def make_in(
    rooms: list[int],
    visit: Appointment,
    *,
    now: datetime,
    lapsed: AppointmentQuerySet | None = None,
) -> None:
    """
    Save the visit in one of `rooms`, under its lock, if the constraints let it.

    What waits to be sent goes ahead in the same message, so the room is locked no
    longer than it must be. Nothing of that may lock what others lock after a room.

    Nobody looks first whether the patient is at another visit, or a lapsed offer still
    has the room: it is nearly never so. Only where the constraints refuse, or each room
    is filled or being booked at this moment, is it seen what is in the way.

    :param lapsed: offers that leave no place for this one, which are ended first; not
        before a room is locked, for who holds one may wait for them.
    :raises TimeTaken: if no room is left, or the patient is elsewhere then.
    :raises IntegrityError: if what goes ahead of the visit is refused.
    """
    if lapsed is None:
        try:
            if add_visit(visit, rooms):
                return
        except IntegrityError as error:
            refused = getattr(error.__cause__, "diag", None)
            if refused is None or refused.table_name != Appointment._meta.db_table:
                raise
        unlock_room()
    room = _lock_free(visit, rooms, now=now)
    if lapsed is not None:
        end_offers(lapsed, by=None, now=now, ending=Ending.LAPSED)
    try:
        made = add_visit(visit, [room])
    except IntegrityError as error:
        raise taken() from error
    if not made:
        raise taken()


def _lock_free(visit: Appointment, rooms: list[int], *, now: datetime) -> int:
    """
    Lock one of `rooms` that is free, and return it.

    One that proves full is unlocked again before another is waited for, so nobody
    waits for a room while holding another: no deadlock, and no room is passed over
    because of its key.

    :raises TimeTaken: if none is left, or the patient or the therapist is elsewhere.
    """
    left = list(rooms)
    while True:
        room = lock_room(left)
        if room is None:
            raise taken()
        if _is_clear(visit, room=room, now=now):
            return room
        unlock_room()
        left.remove(room)


def _is_clear(visit: Appointment, *, room: int, now: datetime) -> bool:
    """
    Say whether the locked room is free, and end what only seems to fill it.

    :raises TimeTaken: if the patient or the therapist is elsewhere then.
    """
    whose = Q(therapist=visit.therapist_id) | Q(patient=visit.patient_id)
    there = Appointment.objects.filter(whose | Q(room=room)).holding_between(
        visit.starts_at, visit.blocked_until
    )
    rows = list(there)
    full = [row for row in rows if not row.is_lapsed(now)]
    if any(row.patient_id == visit.patient_id for row in full):
        raise TimeTaken(_("The patient is at another visit at that time."))
    if any(row.room_id != room for row in full):
        raise taken()
    if full:
        return False
    if rows:
        end_offers(there, by=None, now=now, ending=Ending.LAPSED)
    return True


def ready(
    *,
    entry: WaitlistEntry,
    opening: Opening,
    by: User | None,
    now: datetime,
    terms: Terms,
    known: Rota | None = None,
    replaces: Appointment | None = None,
    by_telephone: bool = False,
    booked: bool = False,
) -> tuple[Appointment, list[int]]:
    """
    Return the visit, not saved yet, and the rooms in one of which `make_in` saves it.

    An offer, if it is not `booked`. What is to be kept of it is written.

    :param by: None where the portal gives it by itself.
    :param terms: what is said with it.
    :param known: as `lock_waiting` returned it.
    :param replaces: the booked visit that it may replace, and before which it ends.
    :param by_telephone: whether staff answer for the patient.
    :param booked: whether it is no offer: the patient has said yes already.
    :raises NotForThem, NotWished, NotTheirTurn: as `see_it_is_for_them` and `judge`.
    :raises TimeTaken: as `still_free`, or if the patient is elsewhere then.
    """
    see_it_is_for_them(entry, terms.treatment)
    terms = terms.as_kept_for(entry)
    supply, free = still_free(entry, opening, now=now, terms=terms, by=by, known=known)
    technique = supply.technique_for(entry)
    judged = judge(entry, free, supply=supply, terms=terms, by=by)
    state = {"by_telephone": by_telephone, "offered_at": now}
    state["agreed_to"] = ",".join(judged.agreed_to)
    if booked:
        state |= _BOOKED | {"booked_at": now}
    else:
        state["held_until"] = _until(free, replaces, policy=entry.policy, now=now)
    visit = _visit(entry, free, state, technique=technique, replaces=replaces)
    keep(visit, judged, terms, by=by, now=now)
    return visit, supply.rooms_for(free, technique)


def _visit(
    entry: WaitlistEntry,
    opening: Opening,
    state: dict[str, Any],
    *,
    technique: Technique | None,
    replaces: Appointment | None,
) -> Appointment:
    """Return the visit of the patient at the opening, unsaved."""
    said = state | {
        "id": entry.visit_key,
        "entry_id": entry.pk,
        "patient_id": entry.patient_id,
        "therapist_id": opening.therapist,
        "technique_id": technique.pk if technique else None,
        "replaces_id": replaces.pk if replaces else None,
        "starts_at": opening.starts_at,
        "ends_at": opening.ends_at,
        "blocked_until": opening.blocked_until,
    }
    if unsaid := said.keys() - SAID:
        raise TypeError(f"would not be written: {unsaid}")
    visit = unsaved(Appointment, said)
    know(visit, entry=entry, technique=technique, replaces=replaces)
    return visit


def _until(
    opening: Opening, replaces: Appointment | None, *, policy: Policy, now: datetime
) -> datetime:
    """Return until when an offer of the opening holds, by policy."""
    until = hold_until(
        now=now,
        starts_at=opening.starts_at,
        zone=opening.zone,
        hold=policy.hold,
        notice=policy.notice,
        quiet=policy.quiet,
    )
    return min(until, replaces.starts_at) if replaces else until


def end_offers(
    offers: AppointmentQuerySet,
    *,
    by: User | None,
    now: datetime,
    ending: Ending = Ending.WITHDRAWN,
) -> int:
    """
    End those of `offers` that are still proposed, inside the caller's transaction.

    Their time is free from then on, and owed to the next in line. Returns how many.
    """
    locked = offers.filter(status=Status.PROPOSED).select_for_update(
        of=("self",), no_key=True
    )
    ended = 0
    for appointment in locked.order_by("pk"):
        appointment.status = Status.CANCELLED
        appointment.ended_at = now
        appointment.ending = ending
        appointment.reoffer_owed = appointment.starts_at > now
        appointment.sequence += 1
        appointment.save(
            update_fields=["status", "ended_at", "ending", "reoffer_owed", "sequence"]
        )
        outbox.void(appointment, now=now)
        record(
            f"appointment.{ending.name.lower()}",
            appointment,
            by=by,
            at=now,
            change="proposed>cancelled",
        )
        ended += 1
    return ended
