"""Another time for a booked visit: asked for, offered, and taken; or the visit kept."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from appointments.actions.book import book_held
from appointments.actions.hold import NotWaiting, covers, end_offers, make_in, ready
from appointments.actions.offer import send
from appointments.actions.refusal import Refusal
from appointments.actions.terms import NOTHING_SAID, Terms
from appointments.models import Appointment, WaitlistEntry
from appointments.models.booking import lock_entry
from appointments.openings import Opening
from massage_portal.accounts.models import User
from massage_portal.audit.record import record
from massage_portal.prepared import together


class NotMovable(Refusal):
    """The visit has begun, is over, was canceled, or was moved already."""


def _lock_booked(
    visit: Appointment, *, now: datetime
) -> tuple[Appointment, WaitlistEntry]:
    """Lock patient, entry and visit, and see that it is booked and ahead."""
    entry = lock_entry(visit.entry_id, now=now)
    visit = (
        Appointment.objects.select_for_update(of=("self",), no_key=True)
        .select_related("therapist__location")
        .get(pk=visit.pk)
    )
    if not visit.is_booked_ahead(now):
        raise NotMovable(
            _("This visit can no longer be moved here. Please call the clinic.")
        )
    return visit, entry


@transaction.atomic
def ask_to_move(
    *, appointment: Appointment, words: str, by: User, now: datetime
) -> Appointment:
    """
    Ask for another time. The patient keeps the visit until they accept one.

    :param words: when would suit, or why; up to 300 characters, for the scheduler.
    :raises NotMovable: if it is not booked, or has begun.
    """
    visit, _entry = _lock_booked(appointment, now=now)
    if visit.move_asked_at is not None and visit.move_words == words:
        return visit  # the same button, pressed twice
    visit.move_asked_at = visit.move_asked_at or now
    visit.move_words = words
    visit.save(update_fields=["move_asked_at", "move_words"])
    record("appointment.move_asked", visit, by=by, at=now)
    return visit


@transaction.atomic
def keep_time(*, appointment: Appointment, by: User, now: datetime) -> Appointment:
    """
    Take the wish for another time back; an offer made for it can still be answered.

    :raises NotMovable: if the visit is not booked, or has begun.
    """
    visit, _entry = _lock_booked(appointment, now=now)
    if visit.move_asked_at is not None:
        visit.move_asked_at, visit.move_words = None, ""
        visit.save(update_fields=["move_asked_at", "move_words"])
        record("appointment.time_kept", visit, by=by, at=now)
    return visit


@transaction.atomic
def offer_move(
    *,
    appointment: Appointment,
    opening: Opening,
    by: User,
    now: datetime,
    terms: Terms = NOTHING_SAID,
) -> Appointment:
    """
    Offer another time for a booked visit, which stands until the patient accepts.

    :raises NotMovable: if the visit is not booked, or has begun.
    :raises NotWaiting: if an offer is out, or the referral does not cover the day.
    :raises TimeTaken: if the time is not free any more.
    :raises NotForThem, NotWished, NotTheirTurn: as `offer`.
    """
    visit, entry = _lock_booked(appointment, now=now)
    out = entry.appointments.offers_open(now).with_place().first()
    if out is not None:
        if out.is_at(opening):  # the same button, pressed twice
            return out
        raise NotWaiting(_("This patient already has an offer to answer."))
    held = _hold_for(visit, entry, opening, by=by, now=now, terms=terms)
    send(held, entry, zone=opening.zone, by=by, now=now)
    return held


@transaction.atomic
def move(
    *,
    appointment: Appointment,
    opening: Opening,
    by: User,
    now: datetime,
    terms: Terms = NOTHING_SAID,
) -> Appointment:
    """
    Move a booked visit at once, as agreed on the telephone; return the new one.

    :raises NotMovable, NotWaiting, TimeTaken: as `offer_move`.
    :raises NotForThem, NotWished, NotTheirTurn: as `offer`.
    """
    visit, entry = _lock_booked(appointment, now=now)
    end_offers(entry.appointments.offers_open(now), by=by, now=now)
    held = _hold_for(
        visit, entry, opening, by=by, now=now, terms=terms, by_telephone=True
    )
    return book_held(held, entry, by=by, now=now, instead_of=visit, made=True)


def _hold_for(
    visit: Appointment,
    entry: WaitlistEntry,
    opening: Opening,
    *,
    by: User,
    now: datetime,
    terms: Terms,
    by_telephone: bool = False,
) -> Appointment:
    """
    Hold the opening as another time for the visit; what has lapsed makes room.

    :param entry: as it was locked.
    """
    if not covers(entry, opening.local_start.date()):
        raise NotWaiting(_("The referral does not cover that day."))
    lapsed = entry.appointments.offers_lapsed(now) if entry.offer_out else None
    with together():
        held, rooms = ready(
            entry=entry,
            opening=opening,
            by=by,
            now=now,
            replaces=visit,
            by_telephone=by_telephone,
            terms=terms,
        )
        make_in(rooms, held, now=now, lapsed=lapsed)
    return held
