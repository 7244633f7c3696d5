"""The pages on which two records are made one."""

from __future__ import annotations

import pytest
from django.test import Client

from massage_portal.accounts.roles import Role
from referrals.models import PatientMerge
from tests.appointments.merging import code
from tests.factories import (
    NOW,
    make_patient,
    make_referral,
    make_user,
)


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def staff(db):
    client = Client()
    client.user = make_user(Role.STAFF)
    client.force_login(client.user)
    return client


def test_the_pages_lead_from_the_search_to_one_record_and_back(staff):
    kept = make_patient(given_name="Juniper", record_number="R-1")
    other = make_patient(given_name="June", record_number="R-2")
    make_referral(patient=other)
    path = f"/patients/{kept.pk}/merge/"
    assert path in staff.get(f"/patients/{kept.pk}/").content.decode()

    found = staff.post(path, {"q": "r-2"}).content.decode()
    assert f'name="other" value="{other.pk}"' in found
    beside = staff.post(path, {"other": other.pk}).content.decode()
    for text in ("R-1", "R-2", "Both have an account", 'name="reason"'):
        assert text in beside
    assert staff.post(path, {"other": other.pk, "reason": ""}).status_code == 422
    assert not PatientMerge.objects.exists()

    done = staff.post(path, {"other": other.pk, "reason": "She says so"}, follow=True)
    page = done.content.decode()
    assert "The two records are one now." in page
    assert "She says so" in page
    assert done.redirect_chain[-1][0] == f"/patients/{kept.pk}/"
    led_on = staff.get(f"/patients/{other.pk}/")
    assert led_on["Location"] == f"/patients/{kept.pk}/"
    [made] = PatientMerge.objects.all()
    assert f"/merges/{made.pk}/part/" in page
    staff.post(f"/merges/{made.pk}/part/")
    assert staff.get(f"/patients/{other.pk}/").status_code == 200
    assert "Records merged" not in staff.get(f"/patients/{kept.pk}/").content.decode()


def test_a_refusal_is_said_on_the_page_and_keeps_the_reason(staff):
    kept, other = make_patient(), make_patient()
    for patient in (kept, other):
        make_referral(patient=patient, diagnosis=code(1))

    answer = staff.post(
        f"/patients/{kept.pk}/merge/", {"other": other.pk, "reason": "She says so"}
    )

    assert answer.status_code == 409
    assert "Withdraw one of the two referrals first." in answer.content.decode()
    assert "She says so" in answer.content.decode()


@pytest.mark.parametrize("other", ["x", "-1", "0", "9" * 30, ""])
def test_an_odd_key_of_the_other_record_is_not_found(staff, other):
    path = f"/patients/{make_patient().pk}/merge/"
    assert staff.post(path, {"other": other}).status_code == 404


@pytest.mark.django_db
def test_who_may_not_merge_sees_no_button_and_a_patient_no_page():
    scheduler, patient = Client(), Client()
    record = make_patient()
    scheduler.force_login(make_user(Role.SCHEDULER))
    patient.force_login(record.user)
    page = scheduler.get(f"/patients/{record.pk}/").content.decode()

    assert "/merge/" not in page
    for client in (scheduler, patient):
        answer = client.post(f"/patients/{record.pk}/merge/", {"q": "x"})
        assert answer.status_code == 403
