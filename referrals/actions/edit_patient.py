"""Put a patient's record right, and send a fresh link to who has no password yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from massage_portal.accounts.actions import add_user
from massage_portal.accounts.models import Invitation, User
from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from massage_portal.audit.record import record
from massage_portal.outbox import actions as outbox
from referrals.actions.patients import PatientExists
from referrals.actions.refusal import Refusal
from referrals.actions.tell import owe_link
from referrals.models import Patient

AGAIN_AFTER = timedelta(minutes=1)  # a button pressed twice sends one link
LABELS = {
    "given_name": gettext_lazy("given name"),
    "family_name": gettext_lazy("family name"),
    "birth_date": gettext_lazy("date of birth"),
    "phone": gettext_lazy("telephone"),
    "email": gettext_lazy("email address"),
    "language": gettext_lazy("language of messages"),
    "account": gettext_lazy("account"),
    "merge": gettext_lazy("merged with another record, or parted from it"),
}
CHANGES = [f"patient.{what}" for what in ("corrected", "merged", "parted")]


@dataclass(frozen=True)
class Details:
    """What is on record of a patient, and may be put right."""

    given_name: str
    family_name: str
    birth_date: date
    phone: str
    email: str
    language: str


class PatientChanged(Refusal):
    """Somebody changed the patient since the form was drawn; it carries the row."""

    def __init__(self, words: object, patient: Patient) -> None:
        super().__init__(words)
        self.patient = patient


class AddressNeeded(Refusal):
    """An account cannot be without its address."""


class NoLink(Refusal):
    """No link can be sent: no account, or a password is chosen already."""


def lock_patient(patient: Patient) -> Patient:
    """Return the patient's row, locked, with the account."""
    locked = Patient.objects.select_for_update(of=("self",), no_key=True)
    return locked.select_related("user").get(pk=patient.pk)


@transaction.atomic
def correct_patient(
    *, patient: Patient, details: Details, seen: int, by: User, now: datetime
) -> Patient:
    """
    Write what is right of a patient. An address that is new makes or moves the account.

    Who has no password yet is sent a link to the new address, and the old link ends.

    :param seen: the version that the form was drawn from.
    :raises PatientChanged: if it was changed since, with what, by whom and when.
    :raises AddressNeeded: if the address of an account is left empty.
    :raises PatientExists: if the address belongs to another account.
    """
    patient = lock_patient(patient)
    if patient.version != seen or patient.merged_into_id:
        raise PatientChanged(_what_changed(patient, seen), patient)
    before, old_name = details_of(patient), str(patient)
    changed = [name for name in vars(before) if _differ(name, before, details)]
    if not changed:
        return patient
    for name in ("given_name", "family_name", "birth_date", "phone"):
        setattr(patient, name, getattr(details, name))
    patient.version += 1
    try:
        with transaction.atomic():
            _account(patient, details, old_name=old_name, by=by, now=now)
            patient.save()
    except IntegrityError as error:
        raise _taken() from error
    record("patient.corrected", patient, by=by, at=now, change=",".join(changed))
    return patient


def details_of(patient: Patient) -> Details:
    """Return what is on record."""
    user = patient.user
    return Details(
        given_name=patient.given_name,
        family_name=patient.family_name,
        birth_date=patient.birth_date,
        phone=str(patient.phone),
        email=user.email if user else "",
        language=user.language if user else "",
    )


def _differ(name: str, before: Details, after: Details) -> bool:
    if name == "language" and not after.email:
        return False  # nobody to write to
    return bool(getattr(before, name) != getattr(after, name))


def _account(
    patient: Patient, details: Details, *, old_name: str, by: User, now: datetime
) -> None:
    """Make the account, or write what changed of it; owe a link where one is due."""
    user = patient.user
    if user is None and not details.email:
        return
    if not details.email:
        raise AddressNeeded(
            _("This patient has an account, which needs an email address.")
        )
    moved = user is None or user.email != details.email
    if moved and User.objects.filter(email__iexact=details.email).exists():
        raise _taken()
    is_new = user is None
    if user is None:
        user = patient.user = add_user(
            email=details.email,
            name=str(patient),
            roles=[Role.PATIENT],
            language=details.language,
            by=by,
            now=now,
        )
    user.email, user.language = details.email, details.language
    if user.name == old_name:  # one who works here too may be called otherwise
        user.name = str(patient)
    user.save(update_fields=["email", "language", "name"])
    if moved and not user.has_usable_password():
        owe_link(user, by=by, now=now)
    if is_new:
        outbox.give_to(user, patient=patient.pk, now=now)
    elif moved:
        outbox.go_again(user=user, now=now)


def _taken() -> PatientExists:
    return PatientExists(
        _("This address belongs to another account. Ask for a different one."),
        field="email",
    )


@transaction.atomic
def send_link(*, patient: Patient, by: User, now: datetime) -> Invitation:
    """
    Owe the patient a fresh link. Pressed twice within a minute, it is the same one.

    :raises NoLink: if there is no account, or a password is chosen already.
    """
    patient = lock_patient(patient)
    if patient.user is None:
        raise NoLink(_("This patient has no account. Add an email address first."))
    user = User.objects.select_for_update(no_key=True).get(pk=patient.user.pk)
    if user.has_usable_password() or not user.is_active:
        raise NoLink(
            _("This patient has chosen a password, or may not sign in: no link is due.")
        )
    usable = user.invitations.usable(now)
    just_sent = usable.filter(created_at__gt=now - AGAIN_AFTER).first()
    return just_sent or owe_link(user, by=by, now=now)


def _what_changed(patient: Patient, seen: int) -> str:
    """Say who changed what since version `seen`, and when, by the trail."""
    if patient.merged_into_id:
        return _("This record was merged into another one. Correct that one.")
    rows = AuditEvent.objects.filter(
        record_type=patient._meta.label_lower,
        record_id=str(patient.pk),
        action__in=CHANGES,
    )
    since = list(rows.order_by("-pk")[: max(1, patient.version - seen)])
    told: list[Any] = [_one_change(row) for row in reversed(since)]
    told.append(
        _(
            "Compare below, then save again if yours is right. Nothing that you typed "
            "is lost."
        )
    )
    return " ".join(told)


def _one_change(row: AuditEvent) -> str:
    users = User.objects.filter(email=row.actor)
    who = users.values_list("name", flat=True).first()
    names = row.change.split(",") if row.action == CHANGES[0] else ["merge"]
    return _("%(who)s changed this on %(when)s: %(what)s.") % {
        "who": who or row.actor,
        "when": date_format(timezone.localtime(row.at), "DATETIME_FORMAT"),
        "what": ", ".join(str(LABELS[name]) for name in names if name in LABELS),
    }
