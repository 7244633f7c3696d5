"""Staff write down by telephone how a patient is reached."""

from __future__ import annotations

import pytest

from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from massage_portal.outbox.actions.preference import CODE_KIND, code_of
from massage_portal.outbox.codes import Channel
from massage_portal.outbox.gateways import sms_gateway
from massage_portal.outbox.models import Message, Preference, Stop
from tests.appointments.pages import signed_in, url
from tests.appointments.sent import REACHED
from tests.factories import NOW, make_patient, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def set_up(monkeypatch, settings):
    settings.SMS_GATEWAY = sms_gateway("twilio://AC1:t@sms.example.org?from=12345")
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


def test_a_patient_reads_the_code_out_and_the_trail_says_by_telephone():
    patient, clerk = make_patient(), make_user(Role.SCHEDULER)
    client = signed_in(clerk)
    typed = REACHED | {"channel": "sms", "mobile": "507-555-0123"}

    asked = client.post(url("call_reach", patient.pk), typed)

    assert asked.url == url("call_code", patient.pk)
    assert Message.objects.get(kind=CODE_KIND).recipient == patient.user
    assert "+1 507-555-0123" in client.get(asked.url).text
    wrong = client.post(asked.url, {"code": "12345"})
    assert wrong.status_code == 422
    preference = Preference.objects.get(user=patient.user)
    client.post(asked.url, {"code": code_of(preference)})

    preference.refresh_from_db()
    assert (preference.channel, preference.number) == (Channel.SMS, "+15075550123")
    acts = AuditEvent.objects.filter(actor=clerk.email, action__startswith="preference")
    assert {one.action for one in acts if one.by_telephone} == {
        "preference.changed",
        "preference.number_confirmed",
    }


def test_a_wrong_code_at_the_telephone_counts_too():
    patient, clerk = make_patient(), make_user(Role.SCHEDULER)
    client = signed_in(clerk)
    client.post(
        url("call_reach", patient.pk),
        REACHED | {"channel": "sms", "mobile": "507-555-0123"},
    )
    wrong = str(int(code_of(Preference.objects.get())) ^ 1).zfill(6)
    answer = client.post(url("call_code", patient.pk), {"code": wrong})
    assert "4 more times" in answer.text
    assert Preference.objects.get().code_tries == 1


def test_mail_that_came_back_stops_the_address_and_the_page_says_so():
    patient = make_patient()
    client = signed_in(make_user(Role.SCHEDULER))
    client.post(url("mail_came_back", patient.pk))
    assert Stop.objects.get().address == patient.user.email
    page = client.get(url("call_reach", patient.pk)).text
    assert "nothing goes there now" in page
    assert url("mail_came_back", patient.pk) not in page


def test_who_has_no_account_is_reached_by_no_message():
    patient = make_patient(account=False)
    client = signed_in(make_user(Role.SCHEDULER))
    assert client.get(url("call_reach", patient.pk)).status_code == 404
    assert (
        url("call_reach", patient.pk) not in client.get(url("caller", patient.pk)).text
    )
