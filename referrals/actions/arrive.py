"""Take in a referral that another system sent."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, time
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from massage_portal.accounts.models import ClientSystem
from massage_portal.audit.record import record
from referrals.actions.plan import begin_plan
from referrals.actions.refusal import Refusal
from referrals.codes import Status
from referrals.fhir import Arrival, Coded, Fault
from referrals.models import DiagnosisCode, Patient, Provider, Referral
from services.models import Technique

if TYPE_CHECKING:
    from datetime import date

    from referrals.models.referral import ReferralQuerySet


KEPT = [
    *("identifier_system", "identifier_value", "priority", "valid_from"),
    *("valid_until", "sessions", "reason"),
]


class NotTaken(Refusal):
    """What was sent does not fit what is on record; it carries the faults."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(faults[0].words)
        self.faults = faults


class OtherContent(Refusal):
    """The identifier came before, with other content or from another system."""


@transaction.atomic
def arrive(
    *,
    arrival: Arrival,
    submission: uuid.UUID,
    techniques: str,
    by: ClientSystem,
    now: datetime,
    unless: tuple[str, str] | None = None,
) -> tuple[Referral, bool]:
    """
    Keep the order as a draft, which staff complete; say whether it is new.

    The patient is found by record number and never by name, or added.

    :param submission: made of sender and content: the same ones have the same one.
    :param techniques: the system of our codes of techniques.
    :param unless: an identifier (system, value): what this system sent under it before
        is returned, whatever came now (FHIR If-None-Exist).
    :raises OtherContent: if the identifier came before and says something else.
    :raises NotTaken: if patient, provider or codes do not fit what is on record.
    """
    before = _before(arrival, submission, unless, by=by)
    if before is None:
        referral, others = _draft(arrival, submission, techniques, by=by, now=now)
        try:
            with transaction.atomic():
                _keep(referral, others, by=by, now=now)
            return referral, True
        except IntegrityError:  # it came twice at the same moment
            before = _before(arrival, submission, unless, by=by)
            if before is None:
                raise
    see_arrival(referral=before, by=by, now=now)
    return before, False


@transaction.atomic
def arrived_before(
    *,
    unless: tuple[str, str] | None,
    identifier: tuple[str, str] | None,
    submission: uuid.UUID,
    by: ClientSystem,
    now: datetime,
) -> Referral | None:
    """
    Return what this system sent before, by `unless`, or by saying the same again.

    Asked before the order is judged: what was taken stays taken, also when its time is
    over, and what matches If-None-Exist is not looked at.
    """
    mine = Referral.objects.filter(sent_by=by)
    found = None
    if unless is not None:
        found = mine.filter(_is_called(*unless)).first()
    if found is None and identifier is not None:
        found = mine.filter(_is_called(*identifier), submission=submission).first()
    if found is not None:
        see_arrival(referral=found, by=by, now=now)
    return found


def refuse_arrival(
    *, faults: list[Fault], status: int, by: ClientSystem, now: datetime
) -> None:
    """Keep on the trail that something was refused: by codes, not by what it said."""
    codes = ",".join(sorted({fault.code for fault in faults}))
    record("referral.refused", by, by=by, at=now, change=f">{status} {codes}")


def see_arrival(*, referral: Referral, by: ClientSystem, now: datetime) -> None:
    """Keep on the trail that the other system read what it had sent."""
    record("referral.seen", referral, by=by, at=now)


def _beginning(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=timezone.get_current_timezone())


def _draft(
    arrival: Arrival,
    submission: uuid.UUID,
    techniques: str,
    *,
    by: ClientSystem,
    now: datetime,
) -> tuple[Referral, list[DiagnosisCode]]:
    """
    Return the referral, not yet saved, and its other diagnoses.

    Its clock starts with the day of arrival, as that of a letter does.
    """
    today = timezone.localdate(now)
    provider, codes = _on_record(arrival, today)
    referral = Referral(
        patient=_patient(arrival, by=by, now=now),
        provider=provider,
        diagnosis=codes[0],
        technique=_technique(arrival.techniques, techniques),
        status=Status.DRAFT,
        received_at=_beginning(today),
        submission=submission,
        recorded_at=now,
        sent_by=by,
        **{name: getattr(arrival, name) for name in KEPT},
    )
    return referral, [code for code in codes if code != codes[0]]


def _keep(
    referral: Referral, others: list[DiagnosisCode], *, by: ClientSystem, now: datetime
) -> None:
    referral.save(force_insert=True)
    referral.other_diagnoses.set(others)
    begin_plan(referral=referral, by=None, now=now)
    record("referral.arrived", referral, by=by, at=now, change=f">{referral.status}")


def _before(
    arrival: Arrival,
    submission: uuid.UUID,
    unless: tuple[str, str] | None,
    *,
    by: ClientSystem,
) -> Referral | None:
    """Return the referral that this one is: by `unless`, or if it says the same."""
    if unless is not None:
        mine = _called(*unless).filter(sent_by=by).first()
        if mine is not None:
            return mine
    before = _called(arrival.identifier_system, arrival.identifier_value).first()
    if before is None:
        return None
    if before.submission != submission:
        raise OtherContent(
            "A ServiceRequest with this identifier is on record and says something "
            "else. A changed order needs an identifier of its own; to change the one "
            "on record, call the clinic."
        )
    return before


def _called(system: str, value: str) -> ReferralQuerySet:
    return Referral.objects.filter(_is_called(system, value))


def _is_called(system: str, value: str) -> Q:
    return Q(identifier_system=system, identifier_value=value)


def _on_record(arrival: Arrival, day: date) -> tuple[Provider, list[DiagnosisCode]]:
    """Return provider and codes, or raise with all that is not on record."""
    faults: list[Fault] = []
    provider = Provider.objects.may_refer(day).filter(npi=arrival.npi).first()
    if provider is None:
        words = (
            "This practitioner is not on record as one who may refer today. Check the "
            "NPI, or ask the clinical lead of the clinic to add them; then send again."
        )
        faults.append(Fault("business-rule", arrival.npi_path, words))
    compact = [_compact(one) for one in arrival.diagnoses]
    known = {
        one.compact: one for one in DiagnosisCode.objects.filter(compact__in=compact)
    }
    faults += _unknown(arrival.diagnoses, set(known))
    if faults or provider is None:
        raise NotTaken(faults)
    return provider, [known[code] for code in compact]


def _compact(coded: Coded) -> str:
    return coded.code.replace(".", "").upper()


def _unknown(diagnoses: tuple[Coded, ...], known: set[str]) -> Iterator[Fault]:
    words = (
        "This is not a billable code of ICD-10-CM. Send one with all its characters."
    )
    for one in diagnoses:
        if _compact(one) not in known:
            yield Fault("not-found", one.path, words)


def _patient(arrival: Arrival, *, by: ClientSystem, now: datetime) -> Patient:
    """Return the patient, locked, or add them."""
    found = _find(arrival.record_number)
    if found is None:
        found = _add(arrival, by=by, now=now)
    born = arrival.patient.birth_date if arrival.patient else None
    if born is not None and found.birth_date != born:
        words = (
            "The patient on record under this number was born on another day. Check "
            "both; if they are right, call the clinic."
        )
        raise NotTaken([Fault("business-rule", arrival.record_number_path, words)])
    return found


def _find(number: str) -> Patient | None:
    """Return the record that stands for this number; another may hold its visits."""
    rows = Patient.objects.select_for_update(of=("self",), no_key=True)
    found = rows.filter(record_number__iexact=number).first()
    while found is not None and found.merged_into_id is not None:
        found = rows.get(pk=found.merged_into_id)
    return found


def _add(arrival: Arrival, *, by: ClientSystem, now: datetime) -> Patient:
    new = arrival.patient
    if new is None or not (new.given_name and new.family_name and new.birth_date):
        words = (
            "No patient is on record under this number. Contain the Patient with "
            "family and given name and birthDate, and they will be added."
        )
        where = new.path if new else arrival.record_number_path
        raise NotTaken([Fault("not-found", where, words)])
    try:
        with transaction.atomic():
            patient = Patient.objects.create(
                record_number=arrival.record_number,
                given_name=new.given_name,
                family_name=new.family_name,
                birth_date=new.birth_date,
            )
    except IntegrityError:  # somebody added them at the same moment
        found = _find(arrival.record_number)
        if found is None:
            raise
        return found
    record("patient.added", patient, by=by, at=now)
    return patient


def _technique(coded: tuple[Coded, ...], system: str) -> Technique | None:
    """Return the first technique that is ours and offered; None: therapist decides."""
    slugs = [one.code for one in coded if one.system == system]
    offered = {
        one.slug: one for one in Technique.objects.filter(slug__in=slugs, active=True)
    }
    return next((offered[slug] for slug in slugs if slug in offered), None)
