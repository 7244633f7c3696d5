"""Steps between the states of a referral: clear it, end it."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from massage_portal.accounts.models import User
from massage_portal.audit.record import record
from massage_portal.outbox import actions as outbox
from referrals.actions.locks import lock_patient_of
from referrals.actions.refusal import Refusal
from referrals.actions.tell import tell
from referrals.codes import MAY_MOVE, OPEN, TAKEN_BACK, TRANSITIONS, Status
from referrals.followers import tell_of_renewal, tell_of_resumption, tell_of_stop
from referrals.models import Referral
from referrals.screening import Outcome, outcome

MOVED = [
    *("status", "status_reason", "clearance_by", "clearance_on"),
    *("version", "changed_by", "changed_at"),
]
ACTIONS = {
    Status.ON_HOLD: "held",
    Status.REVOKED: "revoked",
    Status.ENTERED_IN_ERROR: "retracted",
}


class NotClearable(Refusal):
    """There is nothing to clear, or it cannot be cleared."""


class NotAllowed(Refusal):
    """The user may not move a referral there."""


class Moved(Refusal):
    """Somebody moved the referral meanwhile, or no step leads there."""


def lock(referral: Referral) -> Referral:
    """Lock the patient, as whoever books does first, then the referral; then read."""
    lock_patient_of(Referral.objects.all(), pk=referral.pk)
    Referral.objects.select_for_update(no_key=True).get(pk=referral.pk)
    return Referral.objects.select_related("patient__user", "changed_by").get(
        pk=referral.pk
    )


def change_status(
    referral: Referral, to: Status, action: str, *, by: User, now: datetime
) -> Referral:
    """Move a locked referral, and leave the trail."""
    before, referral.status = referral.status, to
    referral.version += 1
    referral.changed_by, referral.changed_at = by, now
    referral.save(update_fields=MOVED)
    record(action, referral, by=by, at=now, change=f"{before}>{to}")
    if to in (Status.ON_HOLD, *TAKEN_BACK):
        tell_of_stop(referral, by=by, now=now)
    if before == Status.ON_HOLD and to == Status.ACTIVE:
        tell_of_resumption(referral, by=by, now=now)
    if to not in (*OPEN, Status.DRAFT):  # what is owed about it would be untrue
        outbox.void(referral, now=now)
    if to in TAKEN_BACK:
        withdraw_questions(referral, now=now)
    return referral


def carry_on(old: Referral, new: Referral, *, by: User, now: datetime) -> None:
    """Have `new` take the place of `old`: nobody need hear, or be told, of its end."""
    outbox.void(old, now=now)
    tell_of_renewal(old, new, by=by, now=now)


def withdraw_questions(referral: Referral, *, now: datetime) -> None:
    """Let nobody answer a question about its renewal that is still open."""
    for question in referral.renewal_questions.filter(answer="", withdrawn_at=None):
        question.withdrawn_at = now
        question.save(update_fields=["withdrawn_at"])
        outbox.void(question, now=now)


@transaction.atomic
def record_clearance(
    *,
    referral: Referral,
    cleared_by: str,
    cleared_on: date,
    seen: int,
    by: User,
    now: datetime,
) -> Referral:
    """
    Record that the provider cleared what was on hold, by name and date.

    :param seen: the version of the referral that the page showed: a clearance is for
        what was known then.
    :raises NotClearable: if it is not on hold, if it was changed since, if the safety
        questions were asked again after that date, or if a red flag was answered with
        yes: then the patient needs a new referral once they are well.
    """
    referral = lock(referral)
    if referral.status == Status.ACTIVE and referral.clearance_by == cleared_by:
        return referral
    if referral.status != Status.ON_HOLD:
        raise NotClearable(_("This referral is not waiting for a clearance."))
    if referral.version != seen:
        raise NotClearable(_stands(referral))
    _refuse_clearance(referral, cleared_on)
    referral.clearance_by = cleared_by
    referral.clearance_on = cleared_on
    referral.status_reason = ""
    change_status(referral, Status.ACTIVE, "referral.cleared", by=by, now=now)
    tell(referral, by=by, now=now)
    return referral


def _refuse_clearance(referral: Referral, cleared_on: date) -> None:
    newest = list(referral.screening_answers.newest_round())
    if outcome((one.meaning, one.answer) for one in newest) == Outcome.STOP:
        raise NotClearable(
            _(
                "A red flag was answered with yes. It cannot be cleared here: call the "
                "provider, and record a new referral when the patient is well."
            )
        )
    again = [one.asked_at for one in newest if one.round > 1 and one.asked_at]
    asked_on = timezone.localdate(max(again)) if again else cleared_on
    if cleared_on < asked_on:
        raise NotClearable(
            _(
                "The safety questions were asked again on %(day)s. A clearance from "
                "before that day is not for what was answered then."
            )
            % {"day": date_format(asked_on, "DATE_FORMAT")}
        )


@transaction.atomic
def revoke(*, referral: Referral, by: User, now: datetime) -> Referral:
    """
    Withdraw a referral that a new one takes the place of.

    :raises NotClearable: if it has ended already.
    """
    referral = lock(referral)
    if referral.status not in OPEN:
        raise NotClearable(_("This referral has ended already."))
    return change_status(referral, Status.REVOKED, "referral.revoked", by=by, now=now)


def by_hand(status: Status) -> list[Status]:
    """
    Return where a referral in this state may be moved by hand.

    A draft leaves its state by having its safety questions answered, or it ends.
    """
    steps = TRANSITIONS[status]
    if status == Status.DRAFT:
        steps = steps - {Status.ON_HOLD}
    return [to for to in MAY_MOVE if to in steps]


@transaction.atomic
def move(
    *, referral: Referral, to: Status, reason: str, seen: str, by: User, now: datetime
) -> Referral:
    """
    Hold, withdraw or retract a referral by hand, with the reason why.

    Nothing is deleted: what was entered in error stays readable for staff. Moving it
    twice to the same state is no fault: a button was pressed twice.

    :param seen: the state that the user saw; another one was reached meanwhile.
    :raises NotAllowed: if the user may not move a referral there.
    :raises Moved: if it is no longer in the state that was seen, or no step leads
        from there.
    """
    if not by.has_perm(MAY_MOVE.get(to, "")):
        raise NotAllowed(_("You may not do this. Ask the clinical lead."))
    referral = lock(referral)
    if referral.status == to:
        return referral
    if referral.status != seen or to not in by_hand(Status(referral.status)):
        raise Moved(_stands(referral))
    referral.status_reason = reason
    action = f"referral.{ACTIONS[to]}"
    return change_status(referral, to, action, by=by, now=now)


def _stands(referral: Referral) -> str:
    """Say how a referral stands, who brought it there and when."""
    if referral.changed_by is None or referral.changed_at is None:
        return _("This referral has been changed meanwhile: it is now “%(state)s”.") % {
            "state": referral.get_status_display()
        }
    return _(
        "%(who)s changed this referral on %(when)s: it is now “%(state)s”. Look at it "
        "again before you go on."
    ) % {
        "who": referral.changed_by.name,
        "when": date_format(timezone.localtime(referral.changed_at), "DATETIME_FORMAT"),
        "state": referral.get_status_display(),
    }


@transaction.atomic
def reopen(*, referral: Referral, by: User, now: datetime) -> Referral:
    """
    Open a referral again whose last visit was marked by mistake; others stay so.

    :raises NotClearable: if another one is open for the same diagnosis now.
    """
    referral = lock(referral)
    if referral.status != Status.COMPLETED:
        return referral
    others = Referral.objects.filter(
        patient=referral.patient_id,
        diagnosis=referral.diagnosis_id,
        status__in=OPEN,
    )
    if others.exists():
        raise NotClearable(
            _(
                "This referral was completed, and another one is open for the same "
                "diagnosis now. Withdraw that one first."
            )
        )
    return change_status(referral, Status.ACTIVE, "referral.reopened", by=by, now=now)


@transaction.atomic
def complete(*, referral: Referral, by: User, now: datetime) -> Referral:
    """Mark a referral whose last visit is over. Doing it twice is no fault."""
    referral = lock(referral)
    if referral.status != Status.ACTIVE:
        return referral
    return change_status(
        referral, Status.COMPLETED, "referral.completed", by=by, now=now
    )
