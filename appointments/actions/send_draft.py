"""
The offers of a plan go out: the first at once, the others by the worker, in turns.

Thousands would keep a web worker busy for minutes. Each row is a transaction of its
own, so whoever is cut short has lost nothing: what is left is found and gone on with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import structlog
from django.db import DataError, Error, IntegrityError, connection, transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appointments.actions.draft import CannotCome, lock_drawn_up
from appointments.actions.hold import taken
from appointments.actions.offer import offer
from appointments.actions.refusal import Refusal
from appointments.actions.terms import Terms
from appointments.models import Appointment, Draft, DraftOffer
from appointments.models.booking import lock_entry
from appointments.models.planner import Planner
from appointments.models.weighed import passed_over
from massage_portal import ending
from massage_portal.accounts.models import User
from massage_portal.audit.record import record

AT_ONCE = 50  # rows, while the scheduler waits for the page
EACH_TURN = 200  # rows, for which free time is read once
LOCK = 4_747_004  # any number of our own: one sender of a plan at a time
BY_PLAN = Terms(by_plan=True)
PASSES_OVER = gettext_lazy(
    "Waiting harms somebody more who could have one of these times: since the plan was "
    "drawn up, somebody came to the line, was judged anew or was taken in again. Plan "
    "the rest again, then send."
)
TOO_OLD = gettext_lazy(
    "Waiting harms somebody more who could have one of these times: since the plan was "
    "drawn up, somebody came to the line, was judged anew or was taken in again. Draw "
    "up a new plan for those who are left."
)
REFUSED = (IntegrityError, DataError)  # of this row, and so they would be every time
log = structlog.get_logger(__name__)


class PassesOver(Refusal):
    """Somebody whom the plan did not weigh for a time would be passed over."""


def send_draft(*, draft: Draft, version: int, by: User, now: datetime) -> Draft:
    """
    Send the plan's offers, each in a transaction of its own, and once.

    First the plan is marked as sent, by whoever is quicker. Then each row is judged
    again under the locks of `offer`: what has become impossible is kept with its
    reason. AT_ONCE of them go now, the rest by `send_rest`. If this is cut short, what
    is left is sent later; an offer that is out is found and not sent twice.

    :raises ChangedMeanwhile: if it was changed since it was read, or thrown away.
    :raises PassesOver: if somebody who came to the line, or whose need was judged anew,
        since it was drawn up would gain more by one of its times. Asked again of what
        was left for longer than it goes out by itself.
    """
    with transaction.atomic():
        locked = Draft.objects.select_for_update(no_key=True, of=("self",)).get(
            pk=draft.pk
        )
        if locked.sent_at is None:
            locked = lock_drawn_up(draft, version)
            _refuse_to_pass_over(locked, now=now)
            locked.sent_at, locked.sent_by = now, by
            locked.save(update_fields=["sent_at", "sent_by"])
            record("plan_of_offers.sent", locked, by=by, at=now)
        elif not locked.is_being_sent(now):
            _refuse_to_pass_over(locked, now=now)
    _send_some(locked, most=AT_ONCE, by=by, now=now)
    return locked


def send_rest(*, pk: int, clock: Callable[[], datetime]) -> bool:
    """
    Send the next EACH_TURN offers of a plan that was sent; say whether more are left.

    Nothing is done while somebody else sends this plan, or once the worker is to end.
    They go out in the name and the language of whoever sent the plan.
    """
    draft = Draft.objects.sent().select_related("sent_by").filter(pk=pk).first()
    if draft is None or draft.sent_by is None:
        return False
    with translation.override(draft.sent_by.language):
        mine = _send_some(draft, most=EACH_TURN, by=draft.sent_by, now=clock())
    return mine and not ending.is_near() and draft.offers.to_send().exists()


def _send_some(draft: Draft, *, most: int, by: User, now: datetime) -> bool:
    """Send up to `most` offers; False if somebody else is sending this plan."""
    with _alone(draft.pk) as mine:
        if mine:
            planner = Planner.around(draft, now=now)  # reads nothing before it is asked
            for row in list(draft.offers.to_send().with_what_is_shown()[:most]):
                if ending.is_near():
                    break
                _send(row, planner, by=by, now=now)
    return mine


@contextmanager
def _alone(pk: int) -> Iterator[bool]:
    """Say whether nobody else sends the plan; they cannot until the block is over."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK, pk])
        [mine] = cursor.fetchone()
    try:
        yield mine
    finally:
        # Who dies lets go of it, for their session ends: at once, or where the whole
        # machine vanished, within the minute for which the settings let TCP wait.
        if mine:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK, pk])


def _send(row: DraftOffer, planner: Planner, *, by: User, now: datetime) -> None:
    """Send one offer, or keep why it could not be sent."""
    try:
        with transaction.atomic():
            row.appointment = _offer(row, planner, by=by, now=now)
            row.save(update_fields=["appointment"])
    except Refusal as refusal:
        _keep_fault(row, str(refusal))
    except Exception as fault:  # the others must not wait for this one for ever
        if isinstance(fault, Error) and not isinstance(fault, REFUSED):
            raise  # the database was away, or somebody in the way: it is tried again
        log.exception("offer_not_sent", row=row.pk)
        _keep_fault(row, _("Something went wrong on our side. Offer a time by hand."))


def _keep_fault(row: DraftOffer, why: str) -> None:
    row.appointment = None
    row.fault = why[:300]
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
    """Refuse if somebody whom the plan did not weigh for a time would gain more."""
    planner = Planner.around(draft, now=now)
    rows = list(draft.offers.standing().with_what_is_shown())
    if passed_over(planner, draft, rows):
        raise PassesOver(PASSES_OVER if draft.sent_at is None else TOO_OLD)
