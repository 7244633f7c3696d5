"""A plan of offers that is drawn up: looked over, changed, and sent."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from appointments.actions.hold import TimeTaken, lock_entry, taken
from appointments.actions.offer import offer
from appointments.actions.refusal import Refusal
from appointments.actions.terms import Terms
from appointments.actions.triage import ChangedMeanwhile
from appointments.models import Appointment, Draft, DraftOffer
from appointments.models.planner import Planner
from appointments.openings import Opening
from massage_portal.accounts.models import User
from massage_portal.audit.record import record

BY_PLAN = Terms(by_plan=True)


class CannotCome(Refusal):
    """The patient cannot come then any more, or somebody must call them first."""


class PassesOver(Refusal):
    """Somebody who came to the line since would be passed over."""


def lock_draft(draft: Draft, version: int) -> Draft:
    """Lock the plan as it was read, drawn up or not."""
    locked = Draft.objects.select_for_update(no_key=True, of=("self",)).get(pk=draft.pk)
    if locked.sent_at is not None:
        raise ChangedMeanwhile(_("This plan has been sent."))
    if locked.dropped_at is not None:
        raise ChangedMeanwhile(_("This plan was thrown away."))
    if locked.version != version:
        raise ChangedMeanwhile(
            _("The plan was changed meanwhile. Read it again, then decide.")
        )
    return locked


def _lock(draft: Draft, version: int) -> Draft:
    """Lock the plan as it was read; it must be drawn up."""
    locked = lock_draft(draft, version)
    if locked.is_awaited:
        raise ChangedMeanwhile(_("This plan is being drawn up. Wait until it is here."))
    return locked


def _changed(draft: Draft) -> None:
    draft.version += 1
    draft.save(update_fields=["version"])


@transaction.atomic
def strike(
    *, row: DraftOffer, struck: bool, version: int, by: User, now: datetime
) -> DraftOffer:
    """
    Leave one patient out of the plan, or take them in again.

    The time is given to somebody else when the plan is drawn up anew.

    :raises ChangedMeanwhile: if the plan is not as it was when it was read.
    """
    draft = _lock(row.draft, version)
    row = draft.offers.get(pk=row.pk)
    if row.struck != struck:
        row.struck = struck
        row.save(update_fields=["struck"])
        _changed(draft)
        done = "struck" if struck else "taken_in"
        record(f"plan_of_offers.{done}", draft, by=by, at=now, change=f"{row.entry_id}")
    return row


@transaction.atomic
def move(
    *,
    row: DraftOffer,
    therapist: int,
    starts_at: datetime,
    version: int,
    by: User,
    now: datetime,
) -> DraftOffer:
    """
    Give the patient of a row another free time, which then stays theirs.

    Pressed twice, it is one move.

    :raises ChangedMeanwhile: if the plan is not as it was when it was read.
    :raises TimeTaken: if the time is not free, beside the other rows of the plan.
    :raises CannotCome: if it does not suit the patient.
    """
    wanted = (therapist, starts_at)
    if (pressed_twice := _moved_so(row, wanted, version)) is not None:
        return pressed_twice
    draft = _lock(row.draft, version)
    planner = Planner.around(draft, now=now)
    rows = draft.offers.with_what_is_shown()
    row = rows.get(pk=row.pk)
    entry = planner.entry(row.entry_id)
    others = [one for one in rows if one.pk != row.pk and not one.struck]
    if entry is None:
        raise CannotCome(_("This patient is not waiting for a time any more."))
    row.entry = entry
    some = planner.choices(row, others)
    opening = next((o for o in some if (o.therapist, o.starts_at) == wanted), None)
    if opening is None:
        if planner.is_elsewhere(row, others, wanted):
            raise CannotCome(_("This patient is at another visit at that time."))
        raise TimeTaken(_("That time cannot be had any more. Please choose another."))
    _put(row, opening, planner)
    _changed(draft)
    record("plan_of_offers.moved", draft, by=by, at=now, change=f"{row.entry_id}")
    return row


def _put(row: DraftOffer, opening: Opening, planner: Planner) -> None:
    """Write the opening into the row, and what it means for its patient."""
    row.therapist_id, row.starts_at = opening.therapist, opening.starts_at
    row.ends_at, row.moved = opening.ends_at, True
    row.harm = planner.harm_of(row.entry, opening.starts_at)
    last = planner.last_therapists.get(row.entry.referral_id)
    row.same_therapist = last == opening.therapist
    row.save()


def _moved_so(
    row: DraftOffer, wanted: tuple[int, datetime], version: int
) -> DraftOffer | None:
    """Lock the plan; return the row if its last change was this very move."""
    plans = Draft.objects.at_work().select_for_update(no_key=True, of=("self",))
    locked = plans.filter(pk=row.draft_id, version=version + 1).first()
    if locked is None:
        return None
    therapist, starts_at = wanted
    there = locked.offers.filter(therapist=therapist, starts_at=starts_at)
    return there.filter(pk=row.pk, moved=True, struck=False).first()


@transaction.atomic
def drop_draft(*, draft: Draft, version: int, by: User, now: datetime) -> Draft:
    """
    Throw the plan away.

    :raises ChangedMeanwhile: if it is not as it was when it was read.
    """
    locked = lock_draft(draft, version)
    drop(locked, by=by, now=now)
    return locked


def drop(draft: Draft, *, by: User | None, now: datetime) -> None:
    """Throw a locked plan away."""
    draft.dropped_at, draft.claim, draft.claimed_until = now, None, None
    draft.save(update_fields=["dropped_at", "claim", "claimed_until"])
    record("plan_of_offers.dropped", draft, by=by, at=now)


def send_draft(*, draft: Draft, version: int, by: User, now: datetime) -> Draft:
    """
    Send the plan's offers, each in a transaction of its own, and once.

    First the plan is marked as sent, by whoever is quicker. Then each row is judged
    again under the locks of `offer`: what has become impossible is kept with its
    reason. If this is cut short, pressing again sends the rest; an offer that is out is
    found and not sent twice.

    :raises ChangedMeanwhile: if it was changed since it was read, or thrown away.
    :raises PassesOver: if somebody who came to the line, or whose need was judged anew,
        since it was drawn up would gain more by one of its times.
    """
    with transaction.atomic():
        locked = Draft.objects.select_for_update(no_key=True, of=("self",)).get(
            pk=draft.pk
        )
        if locked.sent_at is None:
            locked = _lock(draft, version)
            _refuse_to_pass_over(locked, now=now)
            locked.sent_at, locked.sent_by = now, by
            locked.save(update_fields=["sent_at", "sent_by"])
            record("plan_of_offers.sent", locked, by=by, at=now)
    rows = list(locked.offers.to_send().with_what_is_shown())
    planner = Planner.around(locked, now=now)  # reads nothing before it is asked
    for row in rows:
        _send(row, planner, by=by, now=now)
    return locked


def _send(row: DraftOffer, planner: Planner, *, by: User, now: datetime) -> None:
    """Send one offer, or keep why it could not be sent."""
    try:
        with transaction.atomic():
            row.appointment = _offer(row, planner, by=by, now=now)
            row.save(update_fields=["appointment"])
    except Refusal as refusal:
        row.appointment = None
        row.fault = str(refusal)[:300]
        row.save(update_fields=["fault"])


def _offer(
    row: DraftOffer, planner: Planner, *, by: User, now: datetime
) -> Appointment | None:
    """
    Judge the row again, under the patient's lock, and offer its time.

    The free time was read once for all rows; whether it is free still, `offer` sees
    under its own locks. What concerns the patient is read now that they are locked.
    """
    entry = lock_entry(row.entry_id, now=now)
    still = DraftOffer.objects.get(pk=row.pk)
    if still.appointment or still.fault:  # somebody pressed again, and was quicker
        row.fault = still.fault
        return still.appointment
    row.entry = entry
    opening = planner.opening_of(row)
    if opening is None:
        raise taken()
    if entry.is_waiting and not planner.can_have_still(entry, opening):
        raise CannotCome(_("The patient cannot come at that time any more."))
    if planner.must_call(entry):
        raise CannotCome(_("Somebody must call this patient first."))
    return offer(entry=entry, opening=opening, by=by, now=now, terms=BY_PLAN)


def _refuse_to_pass_over(draft: Draft, *, now: datetime) -> None:
    """Refuse if somebody whom the plan does not know as they are would gain more."""
    planner = Planner.around(draft, now=now)
    if planner.passed_over(draft, draft.offers.standing().with_what_is_shown()):
        raise PassesOver(
            _(
                "Somebody has come to the line since the plan was drawn up, or was "
                "judged anew, whom waiting harms more. Plan the rest again, then send."
            )
        )
