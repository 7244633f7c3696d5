"""
How a referral comes to the demo clinic: patient, order, letter, insurer, signatures.

Each is recorded by the action that a page calls, as who would have called it.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.core.files.base import ContentFile

from massage_portal.accounts.models import User
from massage_portal.demo import letter, people
from massage_portal.demo.stage import ZONE, Clinic
from referrals import actions as referrals
from referrals.codes import Answer
from referrals.models import DiagnosisCode, Patient, Provider, Referral
from services.models import Insurer, Precaution

WEEK = timedelta(days=7)
SPOKEN_AFTER = timedelta(minutes=20)  # the insurer answers while the letter lies there
SIGNED_AFTER = timedelta(minutes=40)


@dataclass(frozen=True)
class Case:
    """What one referral is like, where it is unlike the others."""

    sessions: int = 1
    yes: str = ""  # the code of the safety question that is answered with yes
    lasts: int = 120  # days from today to its last day
    provider: Provider | None = None
    insurer: Insurer | None = None  # None: as the patient's number has it
    heard: bool = True  # of the insurer, if it wants to be heard
    signed: bool | None = None  # None: as the patient's number has it
    email: str | None = None  # "": the patient has none
    known_as: int | None = None  # the number of the record that has the same person


def arrive(clinic: Clinic, number: int, days_ago: float, case: Case) -> Referral:
    """Record the patient and the referral, as clinic staff did that day."""
    moment = clinic.at(days_ago, 9)
    patient = add(clinic, number, moment, case)
    order = _order(clinic, number, moment, case)
    referral = referrals.record_referral(
        patient=patient,
        order=order,
        answers=answers(clinic, order, yes=case.yes),
        submission=uuid.UUID(int=clinic.random.getrandbits(128), version=4),
        by=clinic.users["staff"],
        now=moment,
    )
    if number % 4:
        _keep_letter(clinic, referral, moment)
    if case.heard:
        _hear(clinic, referral, number, min(moment + SPOKEN_AFTER, clinic.now))
    _sign(clinic, referral, number, min(moment + SIGNED_AFTER, clinic.now), case)
    return referral


def _order(
    clinic: Clinic, number: int, moment: datetime, case: Case
) -> referrals.Order:
    """Return what the provider ordered."""
    codes = DiagnosisCode.objects.in_bulk(people.DIAGNOSES, field_name="code")
    code = people.DIAGNOSES[number % len(people.DIAGNOSES)]
    other = people.DIAGNOSES[(number + 2) % len(people.DIAGNOSES)]
    return referrals.Order(
        provider=case.provider or clinic.providers[number % 12],
        diagnosis=codes[code],
        other_diagnoses=(codes[other],) if number % 6 == 2 else (),
        priority="urgent" if number % 5 == 0 else "routine",
        received_at=moment,
        valid_from=moment.astimezone(ZONE).date(),
        valid_until=clinic.today + timedelta(days=case.lasts),
        sessions=case.sessions,
        interval_days=7,
        technique=clinic.techniques[number % 2] if number % 3 else None,
        insurer=case.insurer or _insurer(clinic, number),
        reason="An example of a reason, written for the demo.",
        goals=people.GOALS[number % len(people.GOALS)],
    )


def _insurer(clinic: Clinic, number: int) -> Insurer | None:
    """Return the patient's insurer: half have one in the network, a quarter none."""
    kind = (number + number // 4) % 4
    if not kind:
        return None
    some = [one for one in clinic.insurers if one.in_network == (kind != 2)]
    return some[number * 13 % len(some)]


def answers(
    clinic: Clinic, ordered: referrals.Order | Referral, *, yes: str
) -> dict[Precaution, Answer]:
    """Answer each safety question that applies, one of them with yes."""
    codes = [ordered.diagnosis.code]
    others = ordered.other_diagnoses
    more = others if isinstance(others, tuple) else others.all()
    codes += [one.code for one in more]
    slug = ordered.technique.slug if ordered.technique else ""
    return {
        one: Answer.YES if one.code == yes else Answer.NO
        for one in clinic.precautions
        if one.applies(codes=codes, technique=slug)
    }


def _keep_letter(clinic: Clinic, referral: Referral, moment: datetime) -> None:
    """Keep the letter that a referral came by."""
    file = ContentFile(letter.pdf([*letter.LINES, f"{moment:%Y-%m-%d}"]))
    referrals.add_letter(
        referral=referral,
        file=file,
        name="Referral letter.pdf",
        by=clinic.users["staff"],
        now=moment,
    )


def _hear(clinic: Clinic, referral: Referral, number: int, moment: datetime) -> None:
    """Record the word of an insurer that must agree first; its numbers are made up."""
    insurer = referral.insurer
    if insurer is None:
        return
    authorizes, refers = insurer.needs_authorization, insurer.needs_referral
    if not (authorizes or refers):
        return
    visits = min(referral.sessions + number % 3, 60)
    until = referral.valid_until - number % 3 * WEEK
    referrals.record_authorization(
        referral=referral,
        insurer=insurer,
        referral_seen=referral.version,
        word=referrals.Word(
            member_number=f"EX-M-{3000 + number}",
            referral_number=f"EX-R-{2000 + number}" if refers else "",
            number=f"EX-{1000 + number}" if authorizes else "",
            visits=visits if authorizes else None,
            valid_until=until if authorizes else None,
        ),
        seen=0,
        by=clinic.users["staff"],
        now=moment,
    )


def _sign(
    clinic: Clinic, referral: Referral, number: int, moment: datetime, case: Case
) -> None:
    """Have provider and therapist sign the plan, as most do."""
    signers: list[User | None] = []
    if case.signed or (case.signed is None and number % 11 != 5):
        signers.append(referral.provider.user)
    if case.signed or (case.signed is None and number % 13 != 6):
        signers.append(clinic.users["therapist"])
    plan = referral.plans.get()
    for user in filter(None, signers):
        referrals.sign_plan(plan=plan, by=user, now=moment)
        moment = min(moment + SIGNED_AFTER, clinic.now)


def add(clinic: Clinic, number: int, moment: datetime, case: Case) -> Patient:
    """Add the patient; the first two have a password that the demo prints."""
    who = number if case.known_as is None else case.known_as
    given, family = people.person(who)
    email = f"patient{number:03d}@example.org" if case.email is None else case.email
    if number < 2:
        email = people.STAFF[number][1]
        given, _space, family = people.STAFF[number][2].partition(" ")
    patient = referrals.add_patient(
        record_number=f"D-{1000 + number}",
        given_name=given,
        family_name=family,
        birth_date=date(1940 + who % 60, 1 + who % 12, 1 + who % 28),
        email=email,
        phone=f"+1507555{100 + who % 100:04d}",
        language="es" if number // 4 % 4 == 1 else "en",
        by=clinic.users["staff"],
        now=moment,
    )
    if number < 2 and patient.user:
        patient.user.set_password(clinic.password)
        patient.user.save(update_fields=["password"])
    return patient
