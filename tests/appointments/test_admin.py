"""The admin's door for capacity: what the clinical lead may see there, and change."""

from __future__ import annotations

import pytest
from django.test import Client

from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from tests.factories import (
    DAY,
    NOW,
    make_patient,
    make_policy,
    make_technique,
    make_therapist,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead():
    client = Client()
    client.force_login(make_user(Role.LEAD))
    return client


def test_a_new_therapist_is_chosen_among_those_with_the_role_and_no_patient_is_named(
    lead,
):
    patient = make_patient().user
    able = make_user(Role.THERAPIST, name="Basil Kneadham")

    html = lead.get("/admin/appointments/therapist/add/").content.decode()

    assert able.name in html
    assert patient.name not in html


def test_a_policy_in_force_is_seen_and_not_changed(lead):
    begun, ahead = make_policy(), make_policy(in_force_from=NOW + 4000 * DAY)

    for policy, saves in [(begun, False), (ahead, True)]:
        html = lead.get(f"/admin/appointments/policy/{policy.pk}/change/").content
        assert (b'name="_save"' in html) is saves


def test_a_change_by_the_door_leaves_a_trail(lead):
    therapist = make_therapist(hours=None)
    address = f"/admin/appointments/therapist/{therapist.pk}/change/"
    form = {"user": therapist.user_id, "location": therapist.location_id}
    for name in ("working_hours", "time_off"):
        form |= {f"{name}-TOTAL_FORMS": 0, f"{name}-INITIAL_FORMS": 0}

    answer = lead.post(address, form | {"techniques": [make_technique().pk]})

    assert answer.status_code == 302
    therapist.refresh_from_db()
    assert not therapist.active
    event = AuditEvent.objects.get(action="content.changed")
    assert (event.record_id, "active" in event.change) == (str(therapist.pk), True)
