"""Add a patient, and the account that goes with an email address."""

from __future__ import annotations

from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from massage_portal.accounts.actions import add_user
from massage_portal.accounts.models import User
from massage_portal.accounts.roles import Role
from massage_portal.audit.record import record
from referrals.actions.refusal import Refusal
from referrals.models import Patient


class PatientExists(Refusal):
    """The record number or the email address belongs to somebody already."""

    def __init__(self, words: object, *, field: str) -> None:
        super().__init__(words)
        self.field = field


@transaction.atomic
def add_patient(
    *,
    record_number: str,
    given_name: str,
    family_name: str,
    birth_date: date,
    email: str,
    phone: str,
    language: str,
    by: User,
    now: datetime,
) -> Patient:
    """
    Add a patient. Without an email address they have no account: staff act for them.

    :raises PatientExists: if the record number or the address is taken; it names the
        field. A lost race ends the same way: the constraints decide.
    """
    _refuse_taken(record_number=record_number, email=email)
    try:
        with transaction.atomic():
            user = _account(
                email, f"{given_name} {family_name}", language, by=by, now=now
            )
            patient = Patient.objects.create(
                user=user,
                record_number=record_number,
                given_name=given_name,
                family_name=family_name,
                birth_date=birth_date,
                phone=phone,
            )
    except IntegrityError as error:
        raise PatientExists(
            _("This patient has just been added. Search for the record number."),
            field="record_number",
        ) from error
    record("patient.added", patient, by=by, at=now)
    return patient


def _account(
    email: str, name: str, language: str, *, by: User, now: datetime
) -> User | None:
    """Return the account that goes with the address; None where there is none."""
    if not email:
        return None
    return add_user(
        email=email,
        name=name,
        roles=[Role.PATIENT],
        language=language,
        by=by,
        now=now,
    )


def _refuse_taken(*, record_number: str, email: str) -> None:
    if Patient.objects.filter(record_number__iexact=record_number).exists():
        raise PatientExists(
            _("A patient with this record number is on record. Search for it."),
            field="record_number",
        )
    if email and User.objects.filter(email__iexact=email).exists():
        raise PatientExists(
            _("This address belongs to another account. Ask for a different one."),
            field="email",
        )
