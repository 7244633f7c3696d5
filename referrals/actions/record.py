"""Record a referral."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from massage_portal.accounts.models import User
from massage_portal.audit.record import record
from referrals.actions.plan import begin_plan
from referrals.actions.refusal import Refusal
from referrals.actions.screen import (
    keep_answers,
    refuse_incomplete,
    status_after,
)
from referrals.actions.states import carry_on, change_status, revoke
from referrals.actions.tell import tell
from referrals.codes import OPEN, Answer, Status
from referrals.models import DiagnosisCode, Patient, Provider, Referral
from referrals.screening import Outcome, outcome

if TYPE_CHECKING:
    from services.models import Insurer, Precaution, Technique

_SENT_BEFORE = gettext_lazy(
    "This form was sent before with other answers; those are on record. Open the "
    "referral to see it, or start a new one."
)


class AlreadyReferred(Refusal):
    """The patient has an open referral for this diagnosis."""

    def __init__(self, words: object, referral: Referral) -> None:
        super().__init__(words)
        self.referral = referral


class ProviderNotOnRecord(Refusal):
    """The provider may not refer (any more)."""


class OtherBody(Refusal):
    """The same form came twice, with different answers."""


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
    goals: str = ""
    other_diagnoses: tuple[DiagnosisCode, ...] = ()


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
    :raises ScreeningIncomplete: if a question that applies is not answered as it is.
    """
    # The patient's row is the lock: two forms about one patient wait for each other.
    patient = lock_patient(patient)
    before = Referral.objects.filter(submission=submission).first()
    if before is not None:
        return _same(before, patient, order, answers)
    old = refuse_order(patient, order, by=by, now=now)
    refuse_incomplete(answers, order)
    fields = {"submission": submission, "recorded_at": now, "recorded_by": by}
    if old is not None:
        _end_renewal(old, by=by, now=now)
        fields["renews"] = old
    referral = _insert(patient, order, status=status_after(answers), **fields)
    keep_answers(answers, referral, by=by, now=now)
    begin_plan(referral=referral, by=by, now=now)
    record("referral.recorded", referral, by=by, at=now, change=f">{referral.status}")
    if old is not None:
        carry_on(old, referral, by=by, now=now)
    if referral.status == Status.ACTIVE:  # on hold the patient can do nothing
        tell(referral, by=by, now=now)
    return referral


def _end_renewal(old: Referral, *, by: User, now: datetime) -> None:
    """End a renewal that nobody completed: a newer letter takes its place."""
    draft = old.carried_on_by()
    if draft is not None:
        change_status(draft, Status.REVOKED, "referral.revoked", by=by, now=now)


def lock_patient(patient: Patient) -> Patient:
    """Lock the patient's row, or that of the record which this one was merged into."""
    locked = Patient.objects.select_for_update(of=("self",), no_key=True)
    found = locked.select_related("user").get(pk=patient.pk)
    if found.merged_into is not None:
        return lock_patient(found.merged_into)
    return found


def _insert(patient: Patient, order: Order, **fields: Any) -> Referral:
    """Insert the rows; refuse a key that came for another patient just now."""
    ordered = {k: v for k, v in vars(order).items() if k != "other_diagnoses"}
    referral = Referral(patient=patient, **ordered, **fields)
    try:
        with transaction.atomic():
            referral.save(force_insert=True)
    except IntegrityError:
        if Referral.objects.filter(submission=referral.submission).exists():
            raise OtherBody(_SENT_BEFORE) from None
        raise
    referral.other_diagnoses.set(order.other_diagnoses)
    return referral


def refuse_order(
    patient: Patient, order: Order | Referral, *, by: User, now: datetime
) -> Referral | None:
    """
    Raise what `record_referral` raises about the order itself.

    A referral that is past its end, or that a red flag stopped, gives way to the new
    one: nothing can be booked by it, and the patient must not be shut out.

    :returns: the referral that gave way, which the new one carries on.
    """
    if (
        not Provider.objects.may_refer(timezone.localdate(now))
        .filter(pk=order.provider.pk)
        .exists()
    ):
        raise ProviderNotOnRecord(
            _(
                "This provider is not on record as one who may refer. Check the "
                "letter, or ask the clinical lead to add them."
            )
        )
    twin = patient.referrals.filter(diagnosis=order.diagnosis, status__in=OPEN).first()
    if twin is None:
        return None
    newest = twin.screening_answers.newest_round()
    answers = newest.values_list("meaning", "answer")
    stopped = twin.status == Status.ON_HOLD and outcome(answers) == Outcome.STOP
    if not stopped and twin.valid_until >= timezone.localdate(now):
        raise AlreadyReferred(
            _("This patient has an open referral for this diagnosis."), twin
        )
    return revoke(referral=twin, by=by, now=now)


def _same(
    before: Referral,
    patient: Patient,
    order: Order,
    answers: Mapping[Precaution, Answer],
) -> Referral:
    """Return the referral that this form made, if it says the same."""
    first = before.screening_answers.filter(round=1)
    answered = dict(first.values_list("precaution", "answer"))
    same = (
        before.patient_id == patient.pk
        and all(
            getattr(before, name) == getattr(order, name)
            for name in Order.__dataclass_fields__
            if name != "other_diagnoses"
        )
        and set(before.other_diagnoses.all()) == set(order.other_diagnoses)
        and answered == {one.pk: answer for one, answer in answers.items()}
    )
    if not same:
        raise OtherBody(_SENT_BEFORE)
    return before
