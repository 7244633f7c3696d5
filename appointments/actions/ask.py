"""A patient asks for an appointment, answers a question, or withdraws."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from appointments.actions.hold import end_offers
from appointments.actions.refusal import Refusal
from appointments.actions.tell import tell
from appointments.codes import IN_LINE, EntryStatus, RoleThreat
from appointments.course import days_after
from appointments.matching import LETTERS
from appointments.models import Appointment, NeedReport, Therapist, WaitlistEntry
from appointments.need import assess
from massage_portal.accounts.models import User
from massage_portal.audit.record import record
from massage_portal.outbox import actions as outbox
from referrals.actions.locks import lock_patient_of
from referrals.codes import Status as ReferralStatus
from referrals.models import Referral
from services.models import Location

RECEIPT_LASTS = timedelta(days=2)  # by then the clinic has most likely judged it


class ReferralNotInForce(Refusal):
    """The referral is on hold, withdrawn, used up or past its end."""


class AlreadyAsked(Refusal):
    """There is an open request for this referral."""

    def __init__(self, words: object, entry: WaitlistEntry) -> None:
        super().__init__(words)
        self.entry = entry


class NoSessionLeft(Refusal):
    """Every visit that the referral authorizes is spoken for."""


class NotAskable(Refusal):
    """The request is not in a state in which this can be done."""


@dataclass(frozen=True)
class Availability:
    """When a patient can come; what is left out means any."""

    weekdays: str = LETTERS
    from_time: time = time(0, 0)
    to_time: time = time(23, 59)
    earliest: date | None = None
    latest: date | None = None
    therapist: Therapist | None = None
    location: Location | None = None
    notice_hours: int = 24


@dataclass(frozen=True)
class NeedAnswers:
    """How the problem affects the patient: the parts that need.assess takes."""

    pain: int
    enjoyment: int
    activity: int
    role_threat: RoleThreat
    sleep: int


@transaction.atomic
def ask(
    *,
    referral: Referral,
    availability: Availability,
    need: NeedAnswers,
    by: User,
    now: datetime,
    today: date,
) -> WaitlistEntry:
    """
    Put the next visit of the referral on the waiting list, to be triaged.

    The clock starts when the clinic received the referral, or on the planned day of a
    later visit, not now: nobody gains or loses by asking early or late.

    :param today: the clinic's local day.
    :raises ReferralNotInForce: if the referral does not allow booking.
    :raises AlreadyAsked: if a request is open; it carries that request.
    :raises NoSessionLeft: if all sessions are used or asked for.
    :raises NotAskable: if the last day that suits lies before the plan's next visit.
    """
    # Without its patient: a merge of two records may give it another one meanwhile.
    referral = Referral.objects.select_for_update(no_key=True).get(pk=referral.pk)
    session, clock = _next_session(referral, today=today), _clock(referral)
    entry = WaitlistEntry.objects.create(
        referral=referral,
        patient=referral.patient,
        session=session,
        received_at=clock,
        asked_at=now,
        need_score=assess(**asdict(need)).score,
        **vars(from_planned_day(availability, clock, now=now)),
    )
    NeedReport.objects.create(
        entry=entry, reported_at=now, reported_by=by, **asdict(need)
    )
    record("request.made", entry, by=by, at=now, change=f">{entry.status}")
    _tell(entry, now=now)
    return entry


def _tell(entry: WaitlistEntry, *, now: datetime) -> None:
    """Owe word that the request came in."""
    until, whose = now + RECEIPT_LASTS, entry.patient
    tell("appointments.requested", entry, patient=whose, now=now, expires_at=until)


def _clock(referral: Referral) -> datetime:
    """
    Return since when the patient waits: the referral's clock.

    Where visits of the plan were made, also by a referral that this one carries on,
    that would be the clock of a wait that is over; then it is the day planned after
    the last of them.
    """
    before: Referral | None = referral
    while before is not None:
        seen = Appointment.objects.filter(entry__referral=before).visits_over()
        last = seen.order_by("-starts_at").first()
        if last is not None:
            planned = days_after(last.local_start, referral.interval_days)
            return max(referral.received_at, planned)
        before = before.renews
    return referral.received_at


def planned_day(received_at: datetime, *, now: datetime) -> date | None:
    """Return the local day of a clock that lies ahead: no visit before it; or None."""
    return timezone.localdate(received_at) if received_at > now else None


def from_planned_day(
    wanted: Availability, received_at: datetime, *, now: datetime
) -> Availability:
    """
    Return what was said, no earlier than the planned day of the visit.

    :raises NotAskable: if the last day that suits lies before it.
    """
    planned = planned_day(received_at, now=now)
    if planned is None:
        return wanted
    if wanted.latest and wanted.latest < planned:
        raise NotAskable(
            _("This visit is planned for %(day)s or later. Choose a later last day.")
            % {"day": date_format(planned)}
        )
    return replace(wanted, earliest=max(wanted.earliest or planned, planned))


def _next_session(referral: Referral, *, today: date) -> int:
    """Return the number of the visit to ask for; raise what `ask` raises."""
    covered = referral.coverage
    if referral.status != ReferralStatus.ACTIVE or covered.until < today:
        raise ReferralNotInForce(
            _("This referral cannot be used now. Please call the clinic.")
        )
    if not covered.visits:
        raise ReferralNotInForce(
            _("Your insurer must agree first. The clinic asks it; you need do nothing.")
        )
    entries = referral.waitlist_entries
    open_entry = entries.open_one()
    if open_entry is not None:
        raise AlreadyAsked(_("You have already asked for this visit."), open_entry)
    used = entries.exclude(status__in=[EntryStatus.REJECTED, EntryStatus.CANCELLED])
    session = used.count() + 1
    if session > covered.visits:
        raise NoSessionLeft(
            _("You have used all the visits that this referral allows.")
        )
    return session


@transaction.atomic
def reply(
    *, entry: WaitlistEntry, words: str, by: User, now: datetime
) -> WaitlistEntry:
    """
    Answer what the clinic asked. The patient kept their place all the while.

    :raises NotAskable: if nothing is being asked.
    """
    lock_patient_of(WaitlistEntry.objects.all(), pk=entry.pk)
    entry = WaitlistEntry.objects.select_for_update(of=("self",), no_key=True).get(
        pk=entry.pk
    )
    if entry.status == EntryStatus.REQUESTED and entry.reply == words:
        return entry  # the same button, pressed twice
    if entry.status != EntryStatus.ON_HOLD:
        raise NotAskable(_("There is no open question on this request."))
    back_to = EntryStatus.REQUESTED
    entry.reply = words
    entry.status = back_to
    entry.version += 1
    entry.save(update_fields=["reply", "status", "version"])
    outbox.void(entry, now=now)  # our question, if it reached nobody
    record("request.answered", entry, by=by, at=now, change=f"on-hold>{back_to}")
    return entry


@transaction.atomic
def withdraw(*, entry: WaitlistEntry, by: User, now: datetime) -> WaitlistEntry:
    """
    Take a request off the list; open offers for it end.

    :raises NotAskable: if the visit is booked (cancel that first) or it is over.
    """
    lock_patient_of(WaitlistEntry.objects.all(), pk=entry.pk)
    entry = WaitlistEntry.objects.select_for_update(of=("self",), no_key=True).get(
        pk=entry.pk
    )
    if entry.status == EntryStatus.CANCELLED:
        return entry
    if entry.status not in IN_LINE:
        raise NotAskable(_("This request can no longer be withdrawn."))
    end_offers(Appointment.objects.filter(entry=entry), by=by, now=now)
    before, entry.status = entry.status, EntryStatus.CANCELLED
    entry.version += 1
    entry.save(update_fields=["status", "version"])
    outbox.void(entry, now=now)
    record("request.withdrawn", entry, by=by, at=now, change=f"{before}>{entry.status}")
    return entry
