"""The pages of referrals, as a browser meets them."""

from __future__ import annotations

import re
import uuid

import pytest
from django.test import Client
from django.urls import reverse

from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from referrals.models import Patient, Referral
from tests.factories import (
    NOW,
    TODAY,
    make_diagnosis,
    make_patient,
    make_precaution,
    make_provider,
    make_referral,
    make_user,
)
from tests.typed import LONG, NEVER_TAKEN, ODD, assert_refused_at, assert_safe

pytestmark = pytest.mark.django_db
ADD = "/patients/add/"


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """The views' clock stands at NOW, at which the rows are made."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def staff():
    """A browser in which a member of the clinic's staff is signed in."""
    client = Client()
    client.user = make_user(Role.STAFF)
    client.force_login(client.user)
    return client


def date_of(name, day):
    parts = {"month": day.month, "day": day.day, "year": day.year}
    return {f"{name}_{part}": str(value) for part, value in parts.items()}


def order(**changes):
    """Return a filled form, as a browser sends it."""
    make_diagnosis()
    precaution = make_precaution()
    filled = {
        "key": str(uuid.uuid4()),
        "npi": make_provider().npi,
        "diagnosis": "M79.7",
        "priority": "routine",
        "sessions": "6",
        "interval_days": "7",
        "technique": "",
        "reason": "Pain in both shoulders.",
        f"precaution_{precaution.pk}": "no",
    }
    filled |= date_of("received_on", TODAY) | date_of("valid_from", TODAY)
    filled |= date_of("valid_until", TODAY.replace(year=TODAY.year + 1))
    return filled | changes


def somebody(**changes):
    filled = {
        "record_number": "R-1042",
        "given_name": "Juniper",
        "family_name": "Quillfeather",
        "email": "juniper@example.org",
        "phone": "507-555-0123",
        "language": "en",
    }
    return filled | date_of("birth_date", TODAY.replace(year=1985)) | changes


def refer(patient):
    return reverse("referrals:record", args=[patient.pk])


def test_a_referral_sent_twice_is_recorded_once_and_both_land_on_it(staff):
    patient, form = make_patient(), order()
    answers = [staff.post(refer(patient), form) for _ in range(2)]

    referral = Referral.objects.get()
    page = reverse("referrals:referral", args=[referral.pk])
    assert [(a.status_code, a["Location"]) for a in answers] == [(302, page)] * 2
    assert staff.get(page).status_code == 200


def test_going_back_and_sending_the_same_form_again_records_nothing_new(staff):
    patient = make_patient()
    page = staff.get(refer(patient)).content.decode()
    key = re.search(r'name="key" value="([^"]+)"', page)[1]
    form = order(key=key)
    first = staff.post(refer(patient), form)
    staff.get(first["Location"])

    again = staff.post(refer(patient), form)

    assert again["Location"] == first["Location"]
    assert Referral.objects.count() == 1


def test_each_page_shown_has_a_key_of_its_own(staff):
    pages = [staff.get(refer(make_patient())).content.decode() for _ in range(2)]
    keys = [re.search(r'name="key" value="([^"]+)"', page)[1] for page in pages]

    assert keys[0] != keys[1]


@pytest.mark.parametrize(
    "changes", [{"sessions": "9"}, {"reason": "Another one."}, {"priority": "urgent"}]
)
def test_the_same_key_with_other_answers_is_a_conflict_that_says_so(staff, changes):
    patient, form = make_patient(), order()
    staff.post(refer(patient), form)

    answer = staff.post(refer(patient), form | changes)

    assert answer.status_code == 409
    assert "This form was sent before with other answers" in answer.content.decode()
    kept = Referral.objects.get()
    assert (kept.sessions, kept.priority) == (6, "routine")
    assert kept.reason == "Pain in both shoulders."


def test_the_same_key_for_another_patient_is_a_conflict_too(staff):
    form = order()
    staff.post(refer(make_patient()), form)

    assert staff.post(refer(make_patient()), form).status_code == 409
    assert Referral.objects.count() == 1


def test_a_key_that_is_none_is_replaced_and_nothing_is_lost(staff):
    form = order(key="not-a-key")

    answer = staff.post(refer(make_patient()), form)

    page = answer.content.decode()
    fresh = re.search(r'name="key" value="([^"]+)"', page)[1]
    assert answer.status_code == 422
    assert str(uuid.UUID(fresh)) == fresh
    assert "Pain in both shoulders." in page


def test_more_fields_than_asked_change_nothing(staff):
    patient, other = make_patient(), make_patient()
    more = {"status": "completed", "patient": str(other.pk), "recorded_by": "1"}
    more |= {"clearance_by": "Myself", "submission": str(uuid.uuid4())}

    staff.post(refer(patient), order(**more))

    kept = Referral.objects.get()
    assert (kept.patient, kept.status) == (patient, "active")
    assert (kept.recorded_by, kept.clearance_by) == (staff.user, "")


def test_a_patient_added_with_more_fields_is_a_patient_and_no_more(staff):
    more = {"is_staff": "1", "is_superuser": "1", "groups": "1", "user": "1"}

    answer = staff.post(ADD, somebody(**more))

    patient = Patient.objects.get()
    assert answer.status_code == 302
    assert [group.name for group in patient.user.groups.all()] == ["patient"]
    assert (patient.user.is_staff, patient.user.is_superuser) == (False, False)


def test_an_empty_form_says_at_each_field_what_is_missing(staff):
    for url, fields in {
        ADD: ["record_number", "given_name", "family_name", "birth_date", "language"],
        refer(make_patient()): ["npi", "diagnosis", "received_on", "sessions"],
    }.items():
        answer = staff.post(url, {})

        assert answer.status_code == 422
        for field in fields:
            assert f'id="id_{field}_error"' in answer.content.decode()
    assert Patient.objects.count() == 1


TEXTS = {
    "add": ["record_number", "given_name", "family_name", "email", "phone"],
    "refer": ["npi", "diagnosis", "other_diagnoses", "reason", "goals", "sessions"],
    "clear": ["cleared_by"],
}
EACH_TEXT = [(form, field) for form, fields in TEXTS.items() for field in fields]


def send(staff, form, **changes):
    """Send one of the three forms of this app, filled but for the changes."""
    if form == "add":
        return staff.post(ADD, somebody(**changes))
    if form == "refer":
        return staff.post(refer(make_patient()), order(**changes))
    on_hold = make_referral(status="on-hold")
    url = reverse("referrals:referral", args=[on_hold.pk])
    filled = {"cleared_by": "Dr. Sampleton", "seen": 1} | date_of("cleared_on", TODAY)
    return staff.post(url, filled | changes)


@pytest.mark.parametrize("what", NEVER_TAKEN)
@pytest.mark.parametrize(("form", "field"), EACH_TEXT)
def test_a_text_that_cannot_be_kept_is_refused_at_its_field(staff, form, field, what):
    answer = send(staff, form, **{field: ODD[what]})

    assert_refused_at(answer, field, ODD[what])
    assert not Referral.objects.filter(status="active").exists()
    assert not Patient.objects.filter(record_number="R-1042").exists()


@pytest.mark.parametrize("what", sorted(set(ODD) - set(NEVER_TAKEN)))
@pytest.mark.parametrize(("form", "field"), EACH_TEXT)
def test_no_odd_text_breaks_a_form_or_runs_on_a_page(staff, form, field, what):
    answer = send(staff, form, **{field: ODD[what]})

    assert answer.status_code in (302, 422)
    assert_safe(answer)
    if answer.status_code == 302:
        assert_safe(staff.get(answer["Location"]))


DATES = ["birth_date", "received_on", "valid_from", "valid_until", "cleared_on"]


@pytest.mark.parametrize("what", ODD)
@pytest.mark.parametrize("field", DATES)
def test_an_odd_date_is_refused_at_its_field(staff, field, what):
    form = {"birth_date": "add", "cleared_on": "clear"}.get(field, "refer")

    answer = send(staff, form, **{f"{field}_month": ODD[what]})

    assert_safe(answer)
    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in answer.content.decode()


@pytest.mark.parametrize("field", ["priority", "technique", "code", "key"])
@pytest.mark.parametrize("what", ODD)
def test_a_choice_that_was_not_offered_is_refused(staff, field, what):
    answer = send(staff, "refer", **{field: ODD[what]})

    assert_safe(answer)
    assert not Referral.objects.exclude(diagnosis__code="M79.7").exists()
    if field != "code":  # a code that is none is left aside: the words decide
        assert answer.status_code == 422


@pytest.mark.parametrize("path", ["/referrals/diagnoses/?diagnosis="])
@pytest.mark.parametrize("what", ODD)
def test_no_odd_search_breaks_a_page(staff, path, what):
    name = path.partition("?")[2].rstrip("=")
    for headers in ({}, {"hx-request": "true"}):
        answer = staff.get(path.partition("?")[0], {name: ODD[what]}, headers=headers)

        assert_safe(answer)
        assert answer.status_code in (200, 422)


@pytest.mark.parametrize("query", ["page=x", "page=-1", "page=9999999999", "state=%00"])
def test_no_odd_page_number_breaks_the_list(staff, query):
    make_referral()

    assert staff.get(f"/referrals/?{query}").status_code == 200


def test_a_patient_like_another_is_added_only_when_one_is_certain(staff):
    make_patient(
        given_name="Juniper",
        family_name="Quillfether",
        birth_date=TODAY.replace(year=1985),
    )
    first = staff.post(ADD, somebody())
    page = first.content.decode()
    assert first.status_code == 422
    assert "Is it one of these?" in page
    assert 'value="Quillfeather"' in page
    assert Patient.objects.count() == 1

    assert staff.post(ADD, somebody(certain="on")).status_code == 302
    assert Patient.objects.count() == 2


@pytest.mark.parametrize(
    ("field", "value"),
    [("record_number", "r-1042"), ("email", "JUNIPER@example.org")],
)
def test_a_patient_added_twice_is_refused_at_the_field_that_is_taken(
    staff, field, value
):
    staff.post(ADD, somebody())
    other = {"record_number": "R-2", "email": "another@example.org"}
    other |= {"given_name": "Rowan", "family_name": "Elsewhere"}

    answer = staff.post(ADD, somebody(**other | {field: value}))

    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in answer.content.decode()
    assert Patient.objects.count() == 1


def test_a_search_is_answered_whole_or_as_a_fragment(staff):
    patient = make_patient()
    query = {"q": patient.record_number}

    whole = staff.post("/patients/", query)
    part = staff.post("/patients/", query, headers={"hx-request": "true"})

    assert "<html" in whole.content.decode()
    assert "<html" not in part.content.decode()
    for answer in (whole, part):
        assert patient.family_name in answer.content.decode()
        assert "HX-Request" in answer["Vary"]


def seen(user):
    """Return what `user` is recorded to have seen: action and record."""
    rows = AuditEvent.objects.filter(actor=user.email).exclude(
        action__startswith="user."
    )
    return {(row.action, row.record_id, row.patient_id) for row in rows}


def test_each_sight_of_a_record_by_staff_leaves_a_row(staff):
    referral = make_referral()
    patient = referral.patient
    of_patient, of_referral = (
        (str(record.pk), patient.pk) for record in (patient, referral)
    )
    sights = {
        "/referrals/?show=all": ("referral.listed", *of_referral),
        f"/referrals/{referral.pk}/": ("referral.seen", *of_referral),
        f"/patients/{patient.pk}/": ("patient.seen", *of_patient),
        refer(patient): ("patient.seen", *of_patient),
    }
    for path, row in sights.items():
        before = AuditEvent.objects.count()
        assert staff.get(path).status_code == 200
        newest = AuditEvent.objects.order_by("-pk").first()
        assert AuditEvent.objects.count() == before + 1, path
        assert (newest.action, newest.record_id, newest.patient_id) == row
        assert newest.actor == staff.user.email
        assert newest.trace
    assert seen(staff.user) == set(sights.values())


def test_patients_shown_as_alike_are_recorded_as_seen(staff):
    alike = make_patient(
        family_name="Quillfeather", birth_date=TODAY.replace(year=1985)
    )

    staff.post(ADD, somebody())

    assert ("patient.listed", str(alike.pk), alike.pk) in seen(staff.user)


def test_a_patients_own_look_leaves_a_row_and_a_strangers_none():
    referral, stranger = make_referral(), make_patient()
    own = reverse("referrals:own", args=[referral.pk])
    for user, status in ((referral.patient.user, 200), (stranger.user, 404)):
        client = Client()
        client.force_login(user)
        assert client.get(own).status_code == status

    row = ("referral.seen", str(referral.pk), referral.patient_id)
    assert seen(referral.patient.user) == {row}
    assert seen(stranger.user) == set()


def test_a_clearance_is_taken_from_those_who_record_and_from_nobody_else(staff):
    on_hold = make_referral(status="on-hold")
    url = reverse("referrals:referral", args=[on_hold.pk])
    filled = {"cleared_by": "Dr. Sampleton", "seen": 1} | date_of("cleared_on", TODAY)
    scheduler = Client()
    scheduler.force_login(make_user(Role.SCHEDULER))

    assert scheduler.post(url, filled).status_code == 403
    on_hold.refresh_from_db()
    assert on_hold.status == "on-hold"
    assert staff.post(url, filled).status_code == 302
    on_hold.refresh_from_db()
    assert (on_hold.status, on_hold.clearance_by) == ("active", "Dr. Sampleton")


def test_a_text_of_ten_thousand_letters_comes_back_with_its_length(staff):
    answer = send(staff, "refer", reason=LONG)

    assert "Shorten this to 2000 characters. It has 10000." in answer.content.decode()
