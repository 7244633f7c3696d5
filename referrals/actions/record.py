"""Record a referral, clear it, end it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from massage_portal.accounts.actions import invite
from massage_portal.accounts.models import User
from massage_portal.audit.record import record
from massage_portal.outbox import actions as outbox
from referrals.actions.refusal import Refusal
from referrals.codes import Answer, Status
from referrals.models import (
    DiagnosisCode,
    Patient,
    Provider,
    Referral,
    ScreeningAnswer,
)
from referrals.screening import Outcome, outcome

if TYPE_CHECKING:
    from services.models import Insurer, Precaution, Technique

_SENT_BEFORE = gettext_lazy(
    "This form was sent before with other answers; those are on record. Open the "
    "referral to see it, or start a new one."
)
MAIL_LASTS = timedelta(days=14)
OPEN = [Status.ACTIVE, Status.ON_HOLD]


class AlreadyReferred(Refusal):
    """The patient has an open referral for this diagnosis."""

    def __init__(self, words: object, referral: Referral) -> None:
        super().__init__(words)
        self.referral = referral


class ProviderNotOnRecord(Refusal):
    """The provider may not refer (any more)."""


class OtherBody(Refusal):
    """The same form came twice, with different answers."""


class NotClearable(Refusal):
    """There is nothing to clear, or it cannot be cleared."""


@dataclass(frozen=True)
class Order:
    """What the provider ordered: days are local days of the clinic."""

    provider: Provider
    diagnosis: DiagnosisCode
    priority: str
    received_at: datetime
    valid_from: date
    valid_until: date
    sessions: int
    interval_days: int
    technique: Technique | None = None
    insurer: Insurer | None = None
    reason: str = ""


@transaction.atomic
def record_referral(
    *,
    patient: Patient,
    order: Order,
    answers: Mapping[Precaution, Answer],
    submission: uuid.UUID,
    by: User,
    now: datetime,
) -> Referral:
    """
    Record a referral with its safety answers, and owe the patient a message.

    The same `submission` records one referral, however often it arrives.

    :param submission: the form's own key.
    :raises OtherBody: if that key came before with another order or other answers.
    :raises ProviderNotOnRecord: if the provider may not refer.
    :raises AlreadyReferred: if one is open for this diagnosis; it carries that one.
    """
    # The patient's row is the lock: two forms about one patient wait for each other.
    patient = _lock_patient(patient)
    before = Referral.objects.filter(submission=submission).first()
    if before is not None:
        return _same(before, patient, order, answers)
    _refuse(patient, order, by=by, now=now)
    verdict = outcome((one.meaning, answer) for one, answer in answers.items())
    referral = Referral(
        patient=patient,
        status=Status.ACTIVE if verdict == Outcome.GO_ON else Status.ON_HOLD,
        submission=submission,
        recorded_at=now,
        recorded_by=by,
        **vars(order),
    )
    _insert(referral)
    _keep(answers, referral)
    record("referral.recorded", referral, by=by, at=now, change=f">{referral.status}")
    if verdict == Outcome.GO_ON:  # on hold there is nothing that the patient can do
        _tell(referral, by=by, now=now)
    return referral


def _lock_patient(patient: Patient) -> Patient:
    locked = Patient.objects.select_for_update(of=("self",), no_key=True)
    return locked.select_related("user").get(pk=patient.pk)


def _insert(referral: Referral) -> None:
    """Insert the row; refuse a key that came for another patient at the same moment."""
    try:
        with transaction.atomic():
            referral.save(force_insert=True)
    except IntegrityError:
        if Referral.objects.filter(submission=referral.submission).exists():
            raise OtherBody(_SENT_BEFORE) from None
        raise


def _refuse(patient: Patient, order: Order, *, by: User, now: datetime) -> None:
    """
    Raise what `record_referral` raises about the order itself.

    A referral that is past its end, or that a red flag stopped, gives way to the new
    one: nothing can be booked by it, and the patient must not be shut out.
    """
    if not Provider.objects.may_refer().filter(pk=order.provider.pk).exists():
        raise ProviderNotOnRecord(
            _(
                "This provider is not on record as one who may refer. Check the "
                "letter, or ask the clinical lead to add them."
            )
        )
    twin = patient.referrals.filter(diagnosis=order.diagnosis, status__in=OPEN).first()
    if twin is None:
        return
    answers = twin.screening_answers.values_list("meaning", "answer")
    stopped = twin.status == Status.ON_HOLD and outcome(answers) == Outcome.STOP
    if not stopped and twin.valid_until >= timezone.localdate(now):
        raise AlreadyReferred(
            _("This patient has an open referral for this diagnosis."), twin
        )
    revoke(referral=twin, by=by, now=now)


def _keep(answers: Mapping[Precaution, Answer], referral: Referral) -> None:
    """Keep the safety answers, each with its question as it was asked."""
    ScreeningAnswer.objects.bulk_create(
        ScreeningAnswer(
            referral=referral,
            precaution=precaution,
            question=precaution.question,
            meaning=precaution.meaning,
            answer=answer,
        )
        for precaution, answer in answers.items()
    )


def _same(
    before: Referral,
    patient: Patient,
    order: Order,
    answers: Mapping[Precaution, Answer],
) -> Referral:
    """Return the referral that this form made, if it says the same."""
    answered = dict(before.screening_answers.values_list("precaution", "answer"))
    same = (
        before.patient_id == patient.pk
        and all(
            getattr(before, name) == getattr(order, name)
            for name in Order.__dataclass_fields__
        )
        and answered == {one.pk: answer for one, answer in answers.items()}
    )
    if not same:
        raise OtherBody(_SENT_BEFORE)
    return before


def _tell(referral: Referral, *, by: User, now: datetime) -> None:
    """Owe the patient a link to a first password, or word of a new referral."""
    user = referral.patient.user
    if user is None:
        return
    if user.has_usable_password():
        outbox.owe(
            "referrals.recorded",
            referral,
            to=user,
            now=now,
            expires_at=now + MAIL_LASTS,
        )
        return
    invitation = invite(user=user, by=by, now=now)
    outbox.owe(
        "referrals.invitation",
        invitation,
        to=user,
        now=now,
        expires_at=invitation.expires_at,
    )


def _lock(referral: Referral) -> Referral:
    return (
        Referral.objects.select_for_update(of=("self",), no_key=True)
        .select_related("patient__user")
        .get(pk=referral.pk)
    )


def _move(
    referral: Referral, to: Status, action: str, *, by: User, now: datetime
) -> Referral:
    before, referral.status = referral.status, to
    referral.save(update_fields=["status", "clearance_by", "clearance_on"])
    record(action, referral, by=by, at=now, change=f"{before}>{to}")
    return referral


@transaction.atomic
def record_clearance(
    *, referral: Referral, cleared_by: str, cleared_on: date, by: User, now: datetime
) -> Referral:
    """
    Record that the provider cleared what was on hold, by name and date.

    :raises NotClearable: if it is not on hold, or a red flag was answered with yes:
        then the patient needs a new referral once they are well.
    """
    referral = _lock(referral)
    if referral.status == Status.ACTIVE and referral.clearance_by == cleared_by:
        return referral
    if referral.status != Status.ON_HOLD:
        raise NotClearable(_("This referral is not waiting for a clearance."))
    answers = referral.screening_answers.values_list("meaning", "answer")
    if outcome(answers) == Outcome.STOP:
        raise NotClearable(
            _(
                "A red flag was answered with yes. It cannot be cleared here: call the "
                "provider, and record a new referral when the patient is well."
            )
        )
    referral.clearance_by = cleared_by
    referral.clearance_on = cleared_on
    _move(referral, Status.ACTIVE, "referral.cleared", by=by, now=now)
    _tell(referral, by=by, now=now)
    return referral


@transaction.atomic
def revoke(*, referral: Referral, by: User, now: datetime) -> Referral:
    """
    Withdraw a referral, as its provider asked.

    :raises NotClearable: if it has ended already.
    """
    referral = _lock(referral)
    if referral.status not in OPEN:
        raise NotClearable(_("This referral has ended already."))
    return _move(referral, Status.REVOKED, "referral.revoked", by=by, now=now)


@transaction.atomic
def complete(*, referral: Referral, by: User, now: datetime) -> Referral:
    """Mark a referral whose last visit is over. Doing it twice is no fault."""
    referral = _lock(referral)
    if referral.status != Status.ACTIVE:
        return referral
    return _move(referral, Status.COMPLETED, "referral.completed", by=by, now=now)
