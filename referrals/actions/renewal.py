"""Warn before a referral ends, ask its provider to renew it, and take the answer."""

from __future__ import annotations

import uuid
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from massage_portal.accounts.models import User
from massage_portal.audit.record import record
from massage_portal.outbox import actions as outbox
from massage_portal.outbox.models import Message
from referrals.actions.plan import begin_plan
from referrals.actions.record import ProviderNotOnRecord, lock_patient
from referrals.actions.refusal import Refusal
from referrals.actions.states import lock
from referrals.codes import TAKEN_BACK, RenewalAnswer, Status
from referrals.models import Patient, Referral, Renewal
from referrals.pieces import LAST_DAYS, WARN_DAYS

log = structlog.get_logger(__name__)
LINK_LASTS = timedelta(days=30)
CARRIED_ON = [
    *("provider", "diagnosis", "technique", "insurer", "goals", "reason"),
    *("priority", "interval_days", "received_at"),
]


class Terms(NamedTuple):
    """The last day and the visits of a renewal."""

    valid_until: date
    sessions: int


class NotRenewable(Refusal):
    """The referral is not in force, or it is renewed already."""


class CannotBeAsked(Refusal):
    """The provider has no account to which a link could go."""


class AnsweredBefore(Refusal):
    """The question was answered with another word."""


class LinkEnded(Refusal):
    """The question was withdrawn, or its time is over."""


def first_day(referral: Referral, *, today: date) -> date:
    """Return the first day of a renewal: the day after the end, or today."""
    return max(today, referral.valid_until + timedelta(days=1))


def warn_of_expiry(*, now: datetime) -> int:
    """
    Owe each patient word of the end of a referral, and ask each provider to renew it.

    Run as often as one likes: each warning is owed once for a referral and its end.
    Each referral is a transaction of its own, so that one at fault stops no other.

    :return: how many patients are warned anew.
    """
    today = timezone.localdate(now)
    warned = 0
    for referral in Referral.objects.to_warn_of(today).order_by("pk").iterator():
        try:
            warned += _warn(referral, now=now)
            if referral.valid_until <= today + timedelta(days=WARN_DAYS):
                _ask_once(referral, now=now)
        except Exception:  # whatever it was, the others must hear of theirs
            log.exception("expiry_not_warned_of", referral=referral.pk)
    return warned


@transaction.atomic
def _warn(referral: Referral, *, now: datetime) -> bool:
    """Owe the patient the warning of this stage; say whether it is a new one."""
    until: date = referral.covered_until  # type: ignore[attr-defined]
    days = LAST_DAYS if _days_to(until, now) <= LAST_DAYS else WARN_DAYS
    key = f"{until}:{days}"
    owed = Message.objects.filter(key=f"referrals.expiring:{referral.pk}:{key}")
    if owed.exists():  # before the lock, which nearly always is not needed
        return False
    referral = lock(referral)
    if referral.status != Status.ACTIVE or owed.exists():
        return False
    # A warning that was not sent by then would say the same as the next one.
    last = until + timedelta(days=1) if days == LAST_DAYS else until - timedelta(days=7)
    outbox.owe(
        "referrals.expiring",
        referral,
        to=referral.patient.user,  # without an account they are called
        now=now,
        expires_at=_beginning(last),
        key=key,
    )
    record("referral.expiry_warned", referral, by=None, at=now, change=f">{days}")
    return True


def _days_to(day: date, now: datetime) -> int:
    return (day - timezone.localdate(now)).days


def _beginning(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=timezone.get_current_timezone())


def _ask_once(referral: Referral, *, now: datetime) -> None:
    """Ask the provider unless they were asked in the 30 days before the end."""
    since = _beginning(referral.valid_until - timedelta(days=WARN_DAYS))
    asked = referral.renewal_questions.filter(withdrawn_at=None)
    if asked.filter(asked_at__gte=since).exists() or asked.open(now).exists():
        return
    try:
        ask_renewal(referral=referral, by=None, now=now)
    except Refusal:  # staff see it on the day's list, with the step that is left
        return


@transaction.atomic
def ask_renewal(*, referral: Referral, by: User | None, now: datetime) -> Renewal:
    """
    Ask the provider whether the referral shall go on, by a link in a mail.

    One question at a time is open: asked twice, the first stands. One that nobody
    answered in time gives way to the new one.

    :param by: None is the system itself.
    :raises NotRenewable: if it is not in force, or renewed already.
    :raises ProviderNotOnRecord: if the provider may not refer any more.
    :raises CannotBeAsked: if the provider has no account.
    """
    referral = lock(referral)
    if referral.status != Status.ACTIVE or referral.carried_on_by() is not None:
        raise NotRenewable(_("This referral cannot be renewed, or is renewed already."))
    _refuse_provider(referral, now=now)
    user = referral.provider.user
    if user is None or not user.is_active:
        raise CannotBeAsked(
            _("This provider has no account, so no link can be sent. Call them.")
        )
    unanswered = referral.renewal_questions.filter(answer="", withdrawn_at=None)
    before = unanswered.open(now).first()
    if before is not None:
        return before
    unanswered.update(withdrawn_at=now)
    question = Renewal.objects.create(
        referral=referral, asked_at=now, expires_at=now + LINK_LASTS
    )
    outbox.owe(
        "referrals.renewal", question, to=user, now=now, expires_at=question.expires_at
    )
    record("referral.renewal_asked", referral, by=by, at=now)
    return question


def _refuse_provider(referral: Referral, *, now: datetime) -> None:
    if not referral.provider.could_refer_on(timezone.localdate(now)):
        raise ProviderNotOnRecord(
            _("This provider may not refer any more. The patient needs another one.")
        )


@transaction.atomic
def answer_renewal(
    *,
    renewal: Renewal,
    answer: RenewalAnswer,
    terms: Terms | None = None,
    by: User,
    now: datetime,
) -> Renewal:
    """
    Take the provider's answer; the first one counts, sent twice it is one.

    Renewed, a new referral lies ready as a draft: the safety answers of the old one
    are too old to let anybody come. It keeps the old one's place in line.

    :param terms: of the new referral; needed to renew, else without meaning.
    :raises AnsweredBefore: if it was answered with another word.
    :raises LinkEnded: if it was withdrawn, or its time is over.
    :raises NotRenewable: if the referral was withdrawn or entered in error.
    :raises ProviderNotOnRecord: if the provider may not refer any more.
    """
    # The patient first, as wherever a referral begins, then the referral.
    patient = lock_patient(renewal.referral.patient)
    referral = lock(renewal.referral)
    renewal = Renewal.objects.get(pk=renewal.pk)
    if renewal.answer == answer:
        return renewal
    _refuse_answer(renewal, referral, now=now)
    renewal.answer, renewal.answered_at = answer, now
    renewal.save(update_fields=["answer", "answered_at"])
    change = f">{answer}"
    record("referral.renewal_answered", referral, by=by, at=now, change=change)
    if answer == RenewalAnswer.RENEW and referral.carried_on_by() is None:
        _refuse_provider(referral, now=now)
        if terms is None:
            raise ValueError("a renewal needs its terms")
        _begin(referral, patient, terms, by=by, now=now)
    return renewal


def _refuse_answer(renewal: Renewal, referral: Referral, *, now: datetime) -> None:
    if renewal.answer:
        raise AnsweredBefore(_("This question was answered before."))
    if renewal.withdrawn_at is not None or renewal.expires_at <= now:
        raise LinkEnded(_("This link has ended. Please call the clinic."))
    if referral.status in TAKEN_BACK or referral.status == Status.DRAFT:
        raise NotRenewable(_("This referral has been withdrawn. Please call us."))


def _begin(
    old: Referral, patient: Patient, terms: Terms, *, by: User, now: datetime
) -> None:
    """Keep the new referral beside the old one, which lasts until its own end."""
    new = Referral(
        patient=patient,
        renews=old,
        status=Status.DRAFT,
        valid_from=first_day(old, today=timezone.localdate(now)),
        valid_until=terms.valid_until,
        sessions=terms.sessions,
        submission=uuid.uuid4(),
        recorded_at=now,
        recorded_by=by,
        **{name: getattr(old, name) for name in CARRIED_ON},
    )
    new.save(force_insert=True)
    new.other_diagnoses.set(old.other_diagnoses.all())
    begin_plan(referral=new, by=by, now=now)
    record("referral.renewed", new, by=by, at=now, change=f">{new.status}")
