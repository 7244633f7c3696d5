"""The demo clinic, built once at NOW: each kind of work lies on the desk."""

from __future__ import annotations

from collections import Counter

import pytest
from django.db import transaction
from django.db.models import Count, Max
from django.test import Client

from appointments.codes import SEEING_THE_PATIENT, Ending, Missed
from appointments.codes import Status as Visit
from appointments.figures import fairness, visits
from appointments.invariants import INVARIANTS as OF_APPOINTMENTS
from appointments.models import (
    Appointment,
    Certification,
    Closure,
    Draft,
    ExpectedWait,
    ExtraHours,
    HolidayCalendar,
    NeedReport,
    Overrule,
    Question,
    Room,
    TargetWait,
    TimeOff,
    TriageCategory,
    VisitNote,
    WaitlistEntry,
)
from appointments.models.outside import outside_of_hours
from appointments.reminded import INVARIANTS as REMINDED
from massage_portal.accounts.models import ClientSystem, User
from massage_portal.demo import clinic, people
from referrals.codes import RenewalAnswer, Status
from referrals.invariants import INVARIANTS as OF_REFERRALS
from referrals.models import Patient, Referral, Renewal, TreatmentPlan
from referrals.pieces import Work
from services.models import Insurer, Location
from tests.factories import DAY, HOUR, NOW, PASSWORD, TODAY, make_diagnosis

# To build the clinic takes long: once, and so in one worker.
pytestmark = pytest.mark.xdist_group("demo")


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


@pytest.mark.parametrize(
    "invariant", [*OF_REFERRALS, *OF_APPOINTMENTS], ids=lambda one: one.says
)
def test_what_verify_asks_for_holds_in_the_demo(invariant):
    found = invariant.look(NOW)

    assert found.looked_at or "merged" in invariant.says
    assert found.faults == []


@pytest.mark.parametrize("invariant", REMINDED, ids=lambda one: one.says)
def test_no_patient_of_the_demo_was_forgotten_until_its_last_hour(invariant):
    """What came due since waits for the worker."""
    found = invariant.look(NOW - HOUR)

    assert found.looked_at
    assert found.faults == []


def test_no_visit_ahead_is_in_the_way_of_anything():
    ahead = Appointment.objects.filter(status__in=["booked", "arrived", "checked-in"])
    some = list(ahead.with_place().with_precautions())

    assert [one for one in some if one.obstacle] == []
    offers = Appointment.objects.offers_open(NOW).with_place()
    assert outside_of_hours([*some, *offers]) == {}


@pytest.mark.parametrize(
    "model",
    [Appointment, WaitlistEntry, NeedReport, Question, VisitNote, Draft, ExpectedWait],
)
def test_nothing_was_done_later_than_now(model):
    planned = {"received_at", "starts_at", "ends_at", "held_until", "blocked_until"}
    moments = [
        one.name
        for one in model._meta.fields
        if one.name.endswith("_at") and one.name not in planned
    ]
    found = model.objects.aggregate(*(Max(name) for name in moments))

    assert [name for name, at in found.items() if at is not None and at > NOW] == []


def test_hours_closures_certificates_and_rooms_are_each_of_some_kind():
    massage = Location.objects.filter(gives_massage=True)
    kept = HolidayCalendar.objects.filter(country="US", subdivision="MN")
    assert {one.location_id for one in kept} == {one.pk for one in massage}
    for model, past in [(Closure, "last_day"), (ExtraHours, "day")]:
        assert model.objects.filter(**{f"{past}__lt": TODAY}).exists()
        assert model.objects.filter(**{f"{past}__gt": TODAY}).exists()
    assert TimeOff.objects.filter(starts_at__gt=NOW).exists()
    assert not TimeOff.objects.filter(reason="").exists()
    ends = Certification.objects.filter(valid_until__lt=TODAY + 30 * DAY)
    assert ends.filter(valid_until__gte=TODAY).count() == 1
    fit = Room.objects.annotate(n=Count("techniques")).values_list("n", flat=True)
    assert {bool(number) for number in fit} == {True, False}


def test_a_target_was_changed_and_another_will_be():
    assert TargetWait.objects.exclude(in_force_until=None).count() == 2
    assert TargetWait.objects.filter(in_force_from__gt=NOW).count() == 1
    assert not TargetWait.objects.filter(set_by=None).exists()


def test_schedulers_moved_people_up_and_down_over_the_months():
    in_force = Overrule.objects.in_force(NOW)
    ended = Overrule.objects.exclude(pk__in=in_force)

    assert {one.is_up for one in in_force} == {True, False}
    assert {one.is_up for one in ended} == {True, False}
    assert len({one.starts_at.month for one in Overrule.objects.all()}) >= 3
    assert {one.reason for one in Overrule.objects.all()} <= {*people.UP, *people.DOWN}


def test_questions_are_answered_and_open():
    assert Question.objects.unanswered().count() >= 2
    mine = Question.objects.exclude(answer="").filter(
        entry__patient__user__email="patient@example.org"
    )
    assert mine.exists()


def test_staff_did_at_the_telephone_what_patients_do_themselves():
    asked = WaitlistEntry.objects.filter(by_telephone=True, patient__user=None)
    answered = Appointment.objects.filter(by_telephone=True, status=Visit.BOOKED)

    assert asked.exists()
    assert answered.filter(replaces=None).exists()
    assert answered.exclude(replaces=None).exists()
    assert Appointment.objects.offers_open(NOW).filter(patient__user=None).exists()


def test_one_wants_another_time_one_is_offered_it_and_one_was_moved():
    wanted = Appointment.objects.to_move(NOW).with_open_move(NOW)

    assert {one.has_offer for one in wanted} == {True, False}
    assert Appointment.objects.filter(ending=Ending.MOVED).exists()


def test_some_are_to_be_called_and_one_was():
    to_call = WaitlistEntry.objects.waiting().with_offers_not_taken().to_call()

    assert {one.not_taken >= 2 for one in to_call} == {True, False}
    assert WaitlistEntry.objects.filter(called_at__isnull=False).count() == 1
    assert WaitlistEntry.objects.waiting().worse().exists()


def test_visits_were_canceled_late_or_in_time_or_missed_for_reasons():
    canceled = Appointment.objects.filter(ending=Ending.BY_PATIENT)
    assert set(canceled.values_list("late", flat=True)) == {True, False}
    why = set(Appointment.objects.values_list("missed_because", flat=True)) - {""}
    assert len(why) >= 4
    assert Missed.CLINIC in why
    filled = sum(int(row[3]) for row in visits.refilled(now=NOW).rows)
    assert filled >= 1


def test_notes_are_signed_amended_and_waiting_to_be_signed():
    therapist = User.objects.get(email="therapist@example.org")
    notes = VisitNote.objects.current()

    assert notes.filter(number=1, signed_at__isnull=False).count() > 20
    assert notes.filter(number=2, signed_at__isnull=False).exists()
    assert 1 <= VisitNote.objects.to_sign(therapist).count() <= 12


def test_of_todays_patients_one_is_checked_in_and_one_has_arrived():
    today = [one for one in Appointment.objects.all() if one.is_on_the_day(NOW)]
    seen = Counter(one.status for one in today if one.status in SEEING_THE_PATIENT)

    assert seen[Visit.CHECKED_IN] == 1
    assert seen[Visit.ARRIVED] == 1
    assert seen[Visit.FULFILLED] >= 1
    assert seen.total() >= 4


def test_figures_have_people_enough_in_each_category_language_and_kind_of_insurer():
    categories = TriageCategory.objects.count()

    assert WaitlistEntry.objects.median_waits(now=NOW).count() == categories
    assert ExpectedWait.objects.filter(source="past").count() == categories
    assert len(fairness.by_language(now=NOW).rows) == 2
    assert len(fairness.by_insurer(now=NOW).rows) == 3


def test_a_plan_of_offers_lies_ready_that_leaves_somebody_out():
    [draft] = Draft.objects.at_work()

    assert draft.offers.exists()
    assert draft.waits.exists()


@pytest.mark.parametrize(
    ("email", "pages"),
    [
        ("patient@example.org", ["/my/", "/about/who-comes-first/"]),
        ("therapist@example.org", ["/day/", "/calendar/week/"]),
        ("lead@example.org", ["/queue/", "/figures/", "/capacity/"]),
        (
            "scheduler@example.org",
            [
                "/offers/",
                "/questions/",
                "/telephone/",
                "/queue/plan/",
                "/calendar/day/",
            ],
        ),
    ],
)
def test_no_page_of_the_demo_is_empty(clock, email, pages):
    client = signed_in(email)
    for page in pages:
        answer = client.get(page)
        assert answer.status_code == 200, page
        assert 'class="empty' not in answer.content.decode(), page
