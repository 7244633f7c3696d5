"""The demo clinic, built once at NOW: each kind of work lies on the desk."""

from __future__ import annotations

from collections import Counter

import pytest
from django.db import transaction
from django.db.models import Count, Max
from django.test import Client

from appointments.models import Appointment
from massage_portal.accounts.models import ClientSystem, User
from massage_portal.demo import clinic, people
from referrals.codes import RenewalAnswer, Status
from referrals.models import Patient, Referral, Renewal, TreatmentPlan
from referrals.pieces import Work
from services.models import Insurer
from tests.factories import DAY, NOW, PASSWORD, TODAY, make_diagnosis


@pytest.fixture(scope="module", autouse=True)
def built(django_db_setup, django_db_blocker):
    """Build the clinic in a transaction that is taken back after the last test."""
    with django_db_blocker.unblock(), transaction.atomic():
        for code in [*people.DIAGNOSES, "G89.3", "C50.911"]:
            make_diagnosis(code, f"An example, {code}")
        clinic.build(now=NOW, password=PASSWORD)
        yield
        transaction.set_rollback(True)


@pytest.fixture
def clock(monkeypatch):
    """The views' clock stands at NOW."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


def signed_in(email):
    client = Client()
    client.force_login(User.objects.get(email=email))
    return client


def with_piece(code):
    """Return the referrals of which this piece is missing."""
    rows = Referral.objects.with_pieces(TODAY)
    return [row for row in rows if code in [piece.code for piece in row.pieces(TODAY)]]


@pytest.mark.parametrize(
    "code",
    [
        *("clearance", "red-flag", "draft", "authorization", "insurer-referral"),
        *("asked", "call", "expiring", "unsigned", "letter", "account"),
    ],
)
def test_each_piece_is_missing_of_some_referral(code):
    assert with_piece(code)


@pytest.mark.parametrize("work", list(Work))
def test_staff_find_each_kind_of_work_on_the_days_list(clock, work):
    page = signed_in("staff@example.org").get(f"/referrals/?show={work}")

    assert page.status_code == 200
    assert page.context["rows"]
    listed = {one.pk for one, _tasks in page.context["rows"]}
    assert listed <= {one.pk for one in Referral.objects.with_work(TODAY, work)}


def test_most_have_no_work_so_that_the_list_can_be_done_in_a_day():
    work = Referral.objects.with_work(TODAY).count()

    assert 15 <= work <= Referral.objects.count() / 3


def test_most_plans_are_signed_by_both():
    open_ones = Referral.objects.filter(status__in=[Status.ACTIVE, Status.ON_HOLD])
    unsigned = Referral.objects.count_work(TODAY)[Work.UNSIGNED]

    assert 0 < unsigned < open_ones.count() / 3


def test_one_plan_was_signed_by_neither_though_both_could():
    neither = TreatmentPlan.objects.unsigned().filter(
        provider_signed_at=None, therapist_signed_at=None
    )

    could = neither.exclude(referral__provider__user=None)
    assert could.filter(referral__status=Status.ACTIVE).count() == 1


def test_a_number_is_recorded_wherever_an_insurer_wants_one_but_on_the_desk():
    wanting = Insurer.objects.filter(needs_authorization=True)
    wanting |= Insurer.objects.filter(needs_referral=True)
    recorded = Referral.objects.filter(insurer__in=wanting).exclude(status="draft")

    without = recorded.filter(authorization=None)
    assert without.count() == 2
    assert recorded.count() > 30


def test_a_draft_came_from_another_system_and_others_by_spreadsheet():
    system = ClientSystem.objects.get()
    drafts = Referral.objects.filter(status=Status.DRAFT)

    assert [one.sent_by for one in drafts.exclude(sent_by=None)] == [system]
    assert drafts.filter(identifier_system="urn:portal:spreadsheet").count() == 2


def test_one_ends_in_30_days_and_its_provider_was_asked_and_one_in_7():
    asked = Renewal.objects.open(NOW).filter(referral__status=Status.ACTIVE)
    soon = asked.filter(
        referral__valid_until__gt=TODAY + 7 * DAY,
        referral__valid_until__lte=TODAY + 30 * DAY,
    )
    assert soon.exists()
    called = Renewal.objects.get(answer=RenewalAnswer.CALL)
    assert TODAY <= called.referral.valid_until <= TODAY + 7 * DAY


def test_one_person_has_two_records_that_staff_can_find(clock):
    same = ["given_name", "family_name", "birth_date"]
    twice = Patient.objects.values(*same).annotate(n=Count("pk")).filter(n=2)

    who = twice.get()
    found = Patient.objects.alike(**{name: who[name] for name in same})
    assert len({one.record_number for one in found}) == 2


def test_a_patient_has_no_email_address():
    assert Patient.objects.filter(user=None, referrals__status="active").exists()


def test_safety_was_asked_about_again_of_one_referral():
    rounds = Referral.objects.annotate(last=Max("screening_answers__round"))

    again = rounds.get(last__gt=1)
    assert again.status == Status.ACTIVE


def test_the_demos_provider_sent_referrals_that_wait_are_booked_and_were_visited(clock):
    page = signed_in("provider@example.org").get("/sent/")

    assert page.status_code == 200
    numbers = {str(key): number for key, _label, number in page.context["figures"]}
    assert numbers["waiting"] >= 2
    assert numbers["booked"] >= 1
    mine = Appointment.objects.filter(
        entry__referral__provider__user__email="provider@example.org"
    )
    assert mine.filter(status="fulfilled").exists()


def test_nothing_on_record_is_later_than_now():
    latest = Referral.objects.aggregate(
        *(Max(name) for name in ("received_at", "recorded_at", "changed_at"))
    )

    assert max(latest.values()) <= NOW


def test_every_address_and_name_is_plainly_invented():
    addresses = User.objects.values_list("email", flat=True)
    assert {one.rpartition("@")[2] for one in addresses} == {"example.org"}
    families = Counter(Patient.objects.values_list("family_name", flat=True))
    assert set(families) <= set(people.FAMILY)
