"""Each sight of a patient's record leaves one row: who, what, whose."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from appointments.codes import EntryStatus, Status
from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from massage_portal.tokens import sign
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    make_appointment,
    make_diagnosis,
    make_entry,
    make_patient,
    make_referral,
    make_request,
    make_user,
)

pytestmark = pytest.mark.django_db

# Which page, seen by whom, leaves which action about which record.
SIGHTS = [
    ("mine", None, "patient", "referral.seen", "referral"),
    ("ask", "free", "patient", "referral.seen", "free"),
    ("standing", "entry", "patient", "request.seen", "entry"),
    ("withdraw", "entry", "patient", "request.seen", "entry"),
    ("offer", "offer", "patient", "appointment.seen", "offer"),
    ("cancel", "visit", "patient", "appointment.seen", "visit"),
    ("calendar", "visit", "patient", "appointment.seen", "visit"),
    ("queue", None, "scheduler", "request.listed", "entry"),
    ("queue", None, "scheduler", "request.listed", "asked"),
    ("triage", "asked", "scheduler", "request.seen", "asked"),
    ("propose", "entry", "scheduler", "request.seen", "entry"),
    ("offers", None, "scheduler", "appointment.listed", "offer"),
    ("visit", "visit", "scheduler", "appointment.seen", "visit"),
    ("visit", "visit", "therapist", "appointment.seen", "visit"),
]


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """The views' clock stands at NOW, at which the rows are made."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def records():
    """Records of one patient, one for each kind of page."""
    patient = make_patient()
    entry = make_entry(referral=make_referral(patient=patient))
    asked = make_request(referral=_another(patient, "M54.1"))
    offer = make_appointment(
        status=Status.PROPOSED, entry=make_entry(referral=_another(patient, "M54.2"))
    )
    booked = make_entry(
        referral=_another(patient, "M54.3"), status=EntryStatus.IN_PROGRESS
    )
    visit = make_appointment(entry=booked, starts_at=NOW + 2 * DAY + 2 * HOUR)
    return {
        "entry": entry,
        "referral": entry.referral,
        "free": _another(patient, "M54.4"),
        "asked": asked,
        "offer": offer,
        "visit": visit,
        "patient": patient,
    }


def _another(patient, code):
    return make_referral(patient=patient, diagnosis=make_diagnosis(code, "Back pain"))


def browser(records, who):
    users = {
        "patient": lambda: records["patient"].user,
        "therapist": lambda: records["visit"].therapist.user,
        "scheduler": lambda: make_user(Role.SCHEDULER),
    }
    client = Client()
    client.user = users[who]()
    client.force_login(client.user)
    return client


def rows(action, record):
    return AuditEvent.objects.filter(
        action=action,
        record_type=record._meta.label_lower,
        record_id=str(record.pk),
    )


@pytest.mark.parametrize(("view", "key", "who", "action", "about"), SIGHTS)
def test_a_sight_of_a_record_leaves_a_row(records, view, key, who, action, about):
    client = browser(records, who)
    args = [records[key].pk] if key else []

    answer = client.get(reverse(f"appointments:{view}", args=args))

    assert answer.status_code == 200
    row = rows(action, records[about]).get()
    assert row.actor == client.user.email
    assert row.patient_id == records["patient"].pk
    assert row.at == NOW
    assert row.address == "127.0.0.1"
    assert row.trace


def test_the_therapists_day_records_each_visit_it_shows(records):
    client = browser(records, "therapist")

    client.get("/day/?day=2026-10-15")
    assert not rows("appointment.seen", records["visit"]).exists()
    client.get("/day/?day=2026-10-16")

    assert rows("appointment.seen", records["visit"]).get().actor == client.user.email


def test_a_look_by_a_link_is_recorded_as_such(records):
    Client().get(
        reverse("appointments:answer", args=[sign("offer", records["offer"].pk)])
    )

    row = rows("appointment.seen_by_link", records["offer"]).get()
    assert (row.actor, row.patient_id) == ("system", records["patient"].pk)


def test_a_strangers_try_shows_nothing_and_so_records_no_sight(records):
    client = Client()
    client.force_login(make_patient().user)
    for view, key, who, action, about in SIGHTS:
        if who == "patient" and key:
            path = reverse(f"appointments:{view}", args=[records[key].pk])
            assert client.get(path).status_code == 404
            assert not rows(action, records[about]).exists()
