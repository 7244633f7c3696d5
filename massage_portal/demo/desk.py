"""
What lies on the desk on the demo's first morning: one of each kind of work for staff.

Scripts as in season.py, of people numbered after the season's patients.
"""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse

from massage_portal.accounts.actions import add_client_system, note_use
from massage_portal.accounts.models import ClientSystem
from massage_portal.demo import people
from massage_portal.demo.arrival import Case, answers, arrive
from massage_portal.demo.deeds import Script
from massage_portal.demo.stage import PATIENTS, ZONE, Clinic
from referrals import actions as referrals
from referrals import fhir
from referrals.codes import RenewalAnswer
from referrals.referrals_csv import COLUMNS
from services.models import Insurer

SYSTEM = "example-record-system"
ICD_10_CM = "http://hl7.org/fhir/sid/icd-10-cm"
NPI = "http://hl7.org/fhir/sid/us-npi"
NO_ACCOUNT = 11  # the place of the one provider who cannot sign in
Play = Callable[[Clinic, int], Script]


def scripts(clinic: Clinic) -> list[Script]:
    """Return what happens to each of the people whose papers lie on the desk."""
    plays: list[Play] = [
        *(_no_authorization, _no_referral_number, _red_flag, _unsigned),
        *(_ends_this_month, _ends_this_week, _nobody_to_ask, _no_email),
        *(_one_person, _same_person, _asked_again, _sent_by_a_system),
        *(_warnings, _by_spreadsheet),
    ]
    return [play(clinic, number) for number, play in enumerate(plays, start=PATIENTS)]


def _insurer(clinic: Clinic, *, authorizes: bool, refers: bool) -> Insurer:
    """Return the first insurer that asks for just this."""
    return next(
        one
        for one in clinic.insurers
        if one.needs_authorization == authorizes and one.needs_referral == refers
    )


def _no_authorization(clinic: Clinic, number: int) -> Script:
    """The insurer has not authorized any visit yet."""
    yield clinic.at(3, 9)
    insurer = _insurer(clinic, authorizes=True, refers=False)
    arrive(clinic, number, 3, Case(sessions=6, insurer=insurer, heard=False))


def _no_referral_number(clinic: Clinic, number: int) -> Script:
    """The insurer wants a referral of its own, whose number is missing."""
    yield clinic.at(1, 9)
    insurer = _insurer(clinic, authorizes=False, refers=True)
    arrive(clinic, number, 1, Case(sessions=4, insurer=insurer, heard=False))


def _red_flag(clinic: Clinic, number: int) -> Script:
    """A fever, which no provider can clear."""
    yield clinic.at(1, 9)
    arrive(clinic, number, 1, Case(sessions=4, yes="acute-illness"))


def _unsigned(clinic: Clinic, number: int) -> Script:
    """A plan that neither provider nor therapist has signed."""
    yield clinic.at(1, 9)
    arrive(clinic, number, 1, Case(sessions=8, signed=False))


def _ends_this_month(clinic: Clinic, number: int) -> Script:
    """Staff have asked the provider, whose answer is open."""
    yield clinic.at(95, 9)
    case = Case(sessions=6, lasts=24, provider=clinic.providers[0], signed=True)
    referral = arrive(clinic, number, 95, case)
    moment = clinic.at(2, 10)
    yield moment
    referrals.ask_renewal(referral=referral, by=clinic.users["staff"], now=moment)


def _ends_this_week(clinic: Clinic, number: int) -> Script:
    """The portal has warned and asked; the provider wants a call."""
    yield clinic.at(98, 9)
    case = Case(sessions=6, lasts=5, provider=clinic.providers[3], signed=True)
    referral = arrive(clinic, number, 98, case)
    moment = clinic.at(12, 15)
    yield moment
    provider = referral.provider.user
    assert provider is not None  # noqa: S101 - all but NO_ACCOUNT have one
    referrals.answer_renewal(
        renewal=referral.renewal_questions.get(),
        answer=RenewalAnswer.CALL,
        by=provider,
        now=moment,
    )


def _nobody_to_ask(clinic: Clinic, number: int) -> Script:
    """It ends, and its provider has no account to which a question could go."""
    yield clinic.at(80, 9)
    case = Case(sessions=4, lasts=15, provider=clinic.providers[NO_ACCOUNT])
    arrive(clinic, number, 80, case)


def _one_person(clinic: Clinic, number: int) -> Script:
    yield clinic.at(60, 9)
    arrive(clinic, number, 60, Case(sessions=3))


def _same_person(clinic: Clinic, number: int) -> Script:
    """The person before, whom somebody did not find and recorded a second time."""
    yield clinic.at(4, 9)
    arrive(clinic, number, 4, Case(sessions=2, known_as=number - 1))


def _no_email(clinic: Clinic, number: int) -> Script:
    """No message reaches this patient: staff call."""
    yield clinic.at(6, 9)
    arrive(clinic, number, 6, Case(sessions=4, email=""))


def _asked_again(clinic: Clinic, number: int) -> Script:
    """The safety questions, asked again by telephone: a round of its own."""
    yield clinic.at(45, 9)
    referral = arrive(clinic, number, 45, Case(sessions=6, signed=True))
    moment = clinic.at(2, 14)
    yield moment
    referrals.screen_again(
        referral=referral,
        answers=answers(clinic, referral, yes="skin"),
        by=clinic.users["staff"],
        now=moment,
    )


def _warnings(clinic: Clinic, number: int) -> Script:
    """The portal warns of what ends, as it does each morning."""
    for days_ago in (20, 1):
        moment = clinic.at(days_ago, 6)
        yield moment
        referrals.warn_of_expiry(now=moment)


def _sent_by_a_system(clinic: Clinic, number: int) -> Script:
    """An order that the record system sends; it waits for its safety questions."""
    yield clinic.at(30, 9)
    add_client_system(name=SYSTEM, by=None, now=clinic.at(30, 9))
    moment = clinic.at(1, 16)
    yield moment
    system = ClientSystem.objects.get(name=SYSTEM)
    note_use(system=system, now=moment)
    arrival = fhir.read(
        _order_sent(clinic, number),
        today=moment.astimezone(ZONE).date(),
        zone=ZONE,
    )
    assert isinstance(arrival, fhir.Arrival), arrival  # noqa: S101 - nothing to refuse
    referrals.arrive(
        arrival=arrival,
        submission=uuid.UUID(int=clinic.random.getrandbits(128), version=4),
        techniques=_techniques(),
        by=system,
        now=moment,
    )


def _techniques() -> str:
    return settings.PORTAL_ORIGIN + reverse("services:techniques")


def _order_sent(clinic: Clinic, number: int) -> dict[str, Any]:
    """Return a ServiceRequest for a new patient with cancer."""
    given, family = people.person(number)
    patient = {
        "resourceType": "Patient",
        "id": "patient",
        "identifier": [{"value": f"D-{1000 + number}"}],
        "name": [{"family": family, "given": [given]}],
        "birthDate": f"{1940 + number % 60}-04-12",
    }
    technique = {"system": _techniques(), "code": clinic.techniques[0].slug}
    npi = {"system": NPI, "value": clinic.providers[1].npi}
    return {
        "resourceType": "ServiceRequest",
        "contained": [patient],
        "identifier": [
            {"system": "https://record.example.org/orders", "value": f"EX-{number}"}
        ],
        "status": "active",
        "intent": "order",
        "priority": "asap",
        "subject": {"reference": "#patient"},
        "requester": {"identifier": npi},
        "occurrencePeriod": {
            "start": clinic.today.isoformat(),
            "end": (clinic.today + timedelta(days=90)).isoformat(),
        },
        "quantityQuantity": {"value": 6},
        "reasonCode": [
            {"coding": [{"system": ICD_10_CM, "code": code}]}
            for code in ("G89.3", "C50.911")
        ],
        "orderDetail": [{"coding": [technique]}],
        "note": [{"text": "An example of a reason, sent by another system."}],
    }


def _by_spreadsheet(clinic: Clinic, number: int) -> Script:
    """Two orders that another clinic's list brings; they wait as drafts."""
    moment = clinic.at(2, 11)
    yield moment
    referrals.import_referrals(
        file=_spreadsheet(clinic, [number, number + 1]),
        by=clinic.users["staff"],
        now=moment,
    )


def _spreadsheet(clinic: Clinic, numbers: list[int]) -> io.BytesIO:
    """Return the file: what every column of the page's table may hold."""
    written = io.StringIO(newline="")
    table = csv.DictWriter(written, COLUMNS)
    table.writeheader()
    table.writerows(_rows(clinic, numbers))
    return io.BytesIO(written.getvalue().encode())


def _rows(clinic: Clinic, numbers: list[int]) -> Iterator[dict[str, Any]]:
    came = clinic.today - timedelta(days=3)
    for number in numbers:
        given, family = people.person(number)
        yield {
            "record_number": f"D-{1000 + number}",
            "given_name": given,
            "family_name": family,
            "birth_date": f"{1940 + number % 60}-09-20",
            "npi": clinic.providers[number % 12].npi,
            "diagnosis": people.DIAGNOSES[number % len(people.DIAGNOSES)],
            "priority": "routine",
            "received_on": came.isoformat(),
            "valid_from": came.isoformat(),
            "valid_until": (came + timedelta(days=90)).isoformat(),
            "sessions": 4,
            "reference": f"EX-LIST-{number}",
            "insurer": clinic.insurers[number % 300].name,
            "reason": "An example of a reason, from a list.",
        }
