"""Another system sends an order: it arrives once, as a draft, and can be read back."""

from __future__ import annotations

from datetime import date, datetime
from functools import partial

import pytest
from django.db import IntegrityError
from django.test import Client
from django.utils import timezone

from massage_portal.accounts.models import ClientSystem
from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from referrals import fhir
from referrals.codes import Status
from referrals.models import Patient, Referral
from tests.factories import (
    DAY,
    NOW,
    TODAY,
    ZONE,
    make_patient,
    make_provider,
    make_referral,
    make_technique,
    make_user,
)
from tests.referrals.fhir_examples import (
    ADDRESS,
    MR,
    NPI,
    a_resource,
    issues,
    make_rules,
    make_system,
    send,
    the_system,
)
from tests.threads import errors, together, won

TECHNIQUES = "http://testserver/techniques/"


@pytest.fixture(autouse=True)
def at_noon(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def world(db):
    """A system's secret, and who refers."""
    return make_system(), make_rules()


def trail():
    rows = AuditEvent.objects.filter(actor="system clinic-record").order_by("pk")
    return list(rows.values_list("action", "change"))


def read(resource):
    return fhir.read(resource, today=TODAY, zone=ZONE)


def test_an_order_arrives_as_a_draft_with_all_that_it_says(world):
    secret, provider = world
    technique = make_technique()
    detail = {"coding": [{"system": TECHNIQUES, "code": technique.slug}]}

    answer = send(secret, a_resource(provider.npi, orderDetail=[detail]))

    referral = Referral.objects.get()
    assert answer.status_code == 201
    assert answer["Location"] == f"http://testserver{ADDRESS}/{referral.pk}"
    assert (referral.status, referral.priority) == (Status.DRAFT, "urgent")
    assert (referral.provider, referral.diagnosis.code) == (provider, "M79.7")
    assert [code.code for code in referral.other_diagnoses.all()] == ["M54.50"]
    assert (referral.sessions, referral.technique) == (6, technique)
    assert referral.valid_from == date(2026, 10, 14)
    assert referral.valid_until == date(2027, 1, 14)
    assert referral.reason == ("Massage therapy\nSleeps badly.\nWorse in the morning.")
    assert (referral.recorded_by, referral.sent_by) == (None, the_system())
    plan = referral.plans.get()
    assert (plan.number, plan.sessions, plan.made_by) == (1, 6, None)


def test_its_clock_starts_with_the_day_of_arrival(world):
    secret, provider = world

    send(secret, a_resource(provider.npi))

    midnight = datetime(2026, 10, 14, tzinfo=ZONE)
    assert Referral.objects.get().received_at == midnight


def test_a_patient_who_is_not_on_record_is_added_without_an_account(world):
    secret, provider = world

    send(secret, a_resource(provider.npi))

    patient = Referral.objects.get().patient
    assert (patient.record_number, patient.user) == ("R-77", None)
    assert (patient.given_name, patient.family_name) == ("Juniper Ann", "Testwell")
    assert patient.birth_date == date(1985, 3, 14)
    assert trail() == [("patient.added", ""), ("referral.arrived", ">draft")]


def test_a_patient_is_found_by_record_number_in_any_case_and_not_renamed(world):
    secret, provider = world
    known = make_patient(record_number="r-77", birth_date=date(1985, 3, 14))

    send(secret, a_resource(provider.npi))

    assert Referral.objects.get().patient == known
    assert Patient.objects.get().given_name == "Juniper"


def test_a_patient_is_never_found_by_name(world):
    secret, provider = world
    same = {"given_name": "Juniper Ann", "family_name": "Testwell"}
    make_patient(record_number="R-1", birth_date=date(1985, 3, 14), **same)

    send(secret, a_resource(provider.npi))

    assert Referral.objects.get().patient.record_number == "R-77"


def test_a_number_that_was_merged_leads_to_the_record_that_was_kept(world):
    secret, provider = world
    kept = make_patient(birth_date=date(1985, 3, 14))
    make_patient(record_number="R-77", merged_into=kept)

    send(secret, a_resource(provider.npi))

    assert Referral.objects.get().patient == kept


def test_patient_and_practitioner_may_be_named_by_identifier_alone(world):
    secret, provider = world
    known = make_patient(record_number="R-77")
    body = a_resource(
        provider.npi,
        contained=None,
        subject={"reference": "Patient/9", "identifier": {"value": "R-77"}},
        requester={"identifier": {"system": NPI, "value": provider.npi}},
    )

    assert send(secret, body).status_code == 201
    assert Referral.objects.get().patient == known


def test_without_dates_an_order_counts_from_the_day_it_was_written_for_90_days():
    resource = a_resource("1000000004", occurrencePeriod=None)

    found = read(resource)

    assert (found.valid_from, found.valid_until) == (
        date(2026, 10, 13),
        date(2026, 10, 13) + 90 * DAY,
    )


def test_sending_it_again_finds_the_first_even_with_other_meta(world):
    secret, provider = world
    first = send(secret, a_resource(provider.npi))

    meta = {"lastUpdated": "2026-10-14T10:00:00Z"}
    again = send(secret, a_resource(provider.npi, meta=meta, id="x"))

    assert (first.status_code, again.status_code) == (201, 200)
    assert again["Location"] == first["Location"]
    assert again.json() == first.json()
    assert Referral.objects.count() == 1
    assert trail()[-1] == ("referral.seen", "")


def test_sending_it_again_after_staff_changed_it_is_no_conflict(world):
    secret, provider = world
    send(secret, a_resource(provider.npi))
    Referral.objects.update(priority="routine", status=Status.ACTIVE)

    again = send(secret, a_resource(provider.npi))

    assert (again.status_code, again.json()["status"]) == (200, "active")


def test_an_identifier_with_other_content_is_a_conflict_and_changes_nothing(world):
    secret, provider = world
    send(secret, a_resource(provider.npi))

    answer = send(secret, a_resource(provider.npi, priority="stat"))

    assert answer.status_code == 409
    assert issues(answer) == [("duplicate", "ServiceRequest.identifier[0]")]
    assert Referral.objects.get().priority == "urgent"
    assert trail()[-1] == ("referral.refused", ">409 duplicate")


EXISTS = "identifier=https%3A%2F%2Frecord.example.org%2Forders|A-1"


def test_if_none_exist_finds_what_was_sent_whatever_comes_now(world):
    secret, provider = world
    made = send(secret, a_resource(provider.npi), If_None_Exist=EXISTS)

    again = send(
        secret, a_resource(provider.npi, priority="stat"), If_None_Exist=EXISTS
    )

    assert (made.status_code, again.status_code) == (201, 200)
    assert again.json()["priority"] == "urgent"


@pytest.mark.parametrize(
    "header",
    [
        *("", "identifier", "identifier=", "identifier=A-1", "identifier=|A-1"),
        *("name=x|y", "identifier=a|b&identifier=c|d", "identifier=a|b|c"),
        *("identifier=a|%00", "identifier=a|%ff"),
    ],
)
def test_an_if_none_exist_that_says_nothing_is_refused(world, header):
    secret, provider = world

    answer = send(secret, a_resource(provider.npi), If_None_Exist=header)

    assert answer.status_code == 400
    assert issues(answer) == [("value", "")]
    assert not Referral.objects.exists()


@pytest.mark.usefixtures("committed")
def test_six_at_once_make_one_patient_and_one_referral():
    secret, provider = make_system(), make_rules()
    calls = [partial(send, secret, a_resource(provider.npi)) for _ in range(6)]

    outcomes = together(*calls)

    assert errors(outcomes) == []
    codes = sorted(answer.status_code for answer in won(outcomes))
    assert codes == [200, 200, 200, 200, 200, 201]
    assert Referral.objects.count() == Patient.objects.count() == 1


def test_the_database_takes_an_identifier_once(world):
    named = {"identifier_system": "urn:a", "identifier_value": "1"}
    make_referral(**named)

    with pytest.raises(IntegrityError, match="referral_identifier_arrives_once"):
        make_referral(**named)


def test_what_is_answered_reads_as_what_was_sent(world):
    secret, provider = world
    sent = a_resource(provider.npi)
    answer = send(secret, sent)

    first, second = read(sent), read(answer.json() | {"status": "active"})

    for name in (
        *("identifier_system", "identifier_value", "record_number", "npi", "reason"),
        *("priority", "valid_from", "valid_until", "sessions"),
    ):
        assert getattr(first, name) == getattr(second, name), name
    codes = [
        [one.code.replace(".", "") for one in found.diagnoses]
        for found in (first, second)
    ]
    assert codes[0] == codes[1]
    assert answer.json()["subject"]["identifier"]["type"]["coding"][0]["system"] == MR
    assert "Testwell" not in answer.text
    assert "1985" not in answer.text


def test_a_system_reads_what_it_sent_and_nothing_else(world):
    secret, provider = world
    made = send(secret, a_resource(provider.npi))
    staffs = make_referral()

    def get(secret, pk):
        headers = {"Authorization": f"Bearer {secret}"}
        return Client().get(f"{ADDRESS}/{pk}", headers=headers)

    mine = get(secret, made.json()["id"])
    others = get(secret, staffs.pk)
    strangers = get(make_system("other"), made.json()["id"])

    assert (mine.status_code, mine.json()) == (200, made.json())
    for answer in (others, strangers, get(secret, 999_999)):
        assert answer.status_code == 404
        assert issues(answer) == [("not-found", "")]
        assert answer.content == others.content


def test_another_system_learns_nothing_from_an_identifier(world):
    secret, provider = world
    send(secret, a_resource(provider.npi))
    other = make_system("other")

    for headers in ({}, {"If_None_Exist": EXISTS}):
        answer = send(other, a_resource(provider.npi), **headers)

        assert answer.status_code == 409
        assert issues(answer) == [("duplicate", "ServiceRequest.identifier[0]")]


@pytest.mark.parametrize(
    "authorization",
    [
        *("", "Bearer", "Bearer ", "Bearer wrong", "Basic abc", "Bearer " + "x" * 9999),
        *("Bearer \udc80", "Bearer a b"),
    ],
)
def test_who_bears_no_secret_is_told_so_and_nothing_is_kept(world, authorization):
    answer = send("", a_resource(world[1].npi), Authorization=authorization)

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert issues(answer) == [("login", "")]
    assert not Patient.objects.exists()


def test_a_revoked_secret_opens_nothing(world):
    secret, provider = world
    ClientSystem.objects.update(revoked_at=NOW)

    assert send(secret, a_resource(provider.npi)).status_code == 401


def test_a_session_opens_nothing_and_none_is_made(world):
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user(Role.STAFF))
    assert send("", a_resource(world[1].npi), client=client).status_code == 401

    bare = Client(enforce_csrf_checks=True)
    answer = send(world[0], a_resource(world[1].npi), client=bare)
    assert answer.status_code == 201
    assert not bare.cookies
    assert answer["Cache-Control"] == "no-store"
    assert answer["X-Robots-Tag"] == "noindex"


def test_the_secret_opens_no_page(world):
    headers = {"Authorization": f"Bearer {world[0]}"}
    for page in ("/referrals/", "/patients/", "/queue/", "/audit/"):
        assert Client().get(page, headers=headers).status_code == 302


def test_its_last_use_is_kept_to_the_minute(world, monkeypatch):
    secret, provider = world
    times = []
    for seconds in (0, 59, 60):
        moment = NOW + timezone.timedelta(seconds=seconds)
        monkeypatch.setattr("django.utils.timezone.now", lambda at=moment: at)
        send(secret, a_resource(provider.npi))
        times.append((the_system().used_at - NOW).seconds)

    assert times == [0, 0, 60]


def test_who_may_not_refer_today_is_refused_with_what_to_do(world):
    secret, _provider = world
    ended = make_provider(may_refer_until=TODAY - DAY)

    answer = send(secret, a_resource(ended.npi))

    assert answer.status_code == 422
    where = "ServiceRequest.contained[1].identifier[0].value"
    assert issues(answer) == [("business-rule", where)]
    assert "clinical lead" in answer.json()["issue"][0]["diagnostics"]
    assert not Patient.objects.exists()
    assert trail() == [("referral.refused", ">422 business-rule")]


def test_a_birth_date_unlike_that_on_record_is_refused(world):
    secret, provider = world
    make_patient(record_number="R-77", birth_date=date(1985, 3, 15))

    answer = send(secret, a_resource(provider.npi))

    where = "ServiceRequest.contained[0].identifier[1].value"
    assert (answer.status_code, issues(answer)) == (422, [("business-rule", where)])
    assert "1985" not in answer.text
