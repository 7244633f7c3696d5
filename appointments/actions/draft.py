"""A plan of offers that is drawn up: looked over, changed, and sent."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from appointments.actions.hold import TimeTaken
from appointments.actions.refusal import Refusal
from appointments.actions.triage import ChangedMeanwhile
from appointments.models import Draft, DraftOffer
from appointments.models.planner import Planner
from appointments.openings import Opening
from massage_portal.accounts.models import User
from massage_portal.audit.record import record


class CannotCome(Refusal):
    """The patient cannot come then any more, or somebody must call them first."""


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


def lock_drawn_up(draft: Draft, version: int) -> Draft:
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

    The time is given to somebody else when the plan is drawn up anew, or a row moved.
    Whoever is taken in again after that has the soonest other time that suits them: no
    person chose it, so it is planned again like any other, and judged more strictly:
    the plan never weighed who else could have it.

    :returns: the row, at the time that it has now.
    :raises ChangedMeanwhile: if the plan is not as it was when it was read.
    :raises TimeTaken: if they can have neither their time nor another one.
    :raises CannotCome: if they wait no more.
    """
    draft = lock_drawn_up(row.draft, version)
    row = draft.offers.with_what_is_shown().get(pk=row.pk)
    if row.struck != struck:
        if not struck:
            _find_room_for(row, draft, now=now)
        row.struck = struck
        row.save(update_fields=["struck", "ends_at"])
        _changed(draft)
        done = "struck" if struck else "taken_in"
        record(f"plan_of_offers.{done}", draft, by=by, at=now, change=f"{row.entry_id}")
    return row


def _find_room_for(row: DraftOffer, draft: Draft, *, now: datetime) -> None:
    """Have a struck row keep its time, or another, that no other row has meanwhile."""
    planner = Planner.around(draft, now=now)
    entry = planner.entry(row.entry_id)
    if entry is None:
        raise _not_in_line(row, now=now)
    row.entry = entry
    others = _others(row, draft, planner)
    if planner.stands_beside(row, others):
        row.ends_at = row.starts_at + planner.length_of(row)
        return
    other = next(planner.choices(row, others), None)
    if other is None:
        raise TimeTaken(
            _(
                "The time of this patient is somebody else's by now, and no other free "
                "time of the plan suits them. They stay struck, and keep their place "
                "in line."
            )
        )
    _put(row, other, planner, by_hand=False)


def _others(row: DraftOffer, draft: Draft, planner: Planner) -> list[DraftOffer]:
    """
    Return the other standing rows of a locked plan, none longer than visits last now.

    A policy, a technique's length or a kept kind may have changed since it was drawn
    up: what is reckoned as free must not be another row's in the database.
    """
    rows = list(draft.offers.standing().exclude(pk=row.pk).with_what_is_shown())
    longer: dict[timedelta, list[int]] = defaultdict(list)
    for other in rows:
        length = planner.length_of(other)
        if other.starts_at + length < other.ends_at:
            longer[length].append(other.pk)
    for length, keys in longer.items():
        some = draft.offers.filter(pk__in=keys)
        some.update(ends_at=F("starts_at") + length)
    return rows


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
    draft = lock_drawn_up(row.draft, version)
    planner = Planner.around(draft, now=now)
    row = draft.offers.with_what_is_shown().get(pk=row.pk)
    entry = planner.entry(row.entry_id)
    if entry is None:
        raise _not_in_line(row, now=now)
    row.entry = entry
    others = _others(row, draft, planner)
    some = planner.choices(row, others)
    opening = next((o for o in some if (o.therapist, o.starts_at) == wanted), None)
    if opening is None:
        if planner.is_elsewhere(row, others, wanted):
            raise CannotCome(_("This patient is at another visit at that time."))
        raise TimeTaken(_("That time cannot be had any more. Please choose another."))
    _put(row, opening, planner, by_hand=True)
    _changed(draft)
    record("plan_of_offers.moved", draft, by=by, at=now, change=f"{row.entry_id}")
    return row


def _not_in_line(row: DraftOffer, *, now: datetime) -> CannotCome:
    """Return why a patient of the plan can be given nothing more."""
    if row.entry.appointments.offers_open(now).exists():
        return CannotCome(_("This patient already has an offer to answer."))
    return CannotCome(_("This patient is not waiting for a time any more."))


def _put(row: DraftOffer, opening: Opening, planner: Planner, *, by_hand: bool) -> None:
    """Write the opening into the row, and what it means for its patient."""
    row.therapist_id, row.starts_at = opening.therapist, opening.starts_at
    row.ends_at, row.moved, row.unweighed = opening.ends_at, by_hand, not by_hand
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
