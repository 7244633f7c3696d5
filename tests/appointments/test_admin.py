"""The admin's door for capacity: what the clinical lead may see there, and change."""

from __future__ import annotations

import pytest
from django.test import Client

from appointments.models import Policy
from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from tests.factories import (
    DAY,
    NOW,
    make_appointment,
    make_category,
    make_location,
    make_patient,
    make_policy,
    make_target,
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


def test_a_target_begins_when_the_lead_says_and_never_in_the_past(lead):
    category = make_category(target_days=28)
    address = "/admin/appointments/targetwait/add/"
    form = {"category": category.pk, "target_days": 14}

    past = lead.post(
        address, form | {"in_force_from_0": "2020-01-01", "in_force_from_1": "08:00"}
    )
    assert "cannot begin in the past" in past.content.decode()
    for days in (0, 731):
        assert lead.post(address, form | {"target_days": days}).status_code == 200
    ahead = {"in_force_from_0": "2040-01-01", "in_force_from_1": "08:00"}
    assert lead.post(address, form | ahead).status_code == 302
    assert lead.post(address, form | {"target_days": 21}).status_code == 302

    until = {one.target_days: one.in_force_until for one in category.targets.all()}
    assert until[14] is None
    assert until[28] < until[21]
    made = AuditEvent.objects.filter(action="target.set").order_by("pk")
    first, second = made.values_list("change", flat=True)
    assert first == "28>14 from 2040-01-01T14:00Z"
    assert second.startswith("28>21 from ")
    html = lead.get("/admin/appointments/triagecategory/").content.decode()
    assert '<td class="field-target_now">21</td>' in html


def test_a_target_is_corrected_only_before_it_begins(lead):
    category = make_category()
    begun = category.targets.get()
    ahead = make_target(category, 14, in_force_from=NOW + 4000 * DAY)

    for target, saves in [(begun, False), (ahead, True)]:
        address = f"/admin/appointments/targetwait/{target.pk}/change/"
        html = lead.get(address).content
        assert (b'name="_save"' in html) is saves
        answer = lead.post(address, {"target_days": 9})
        assert answer.status_code == (302 if saves else 403)
    assert [one.target_days for one in category.targets.order_by("pk")] == [28, 9]


def test_a_change_by_the_door_leaves_a_trail(lead):
    therapist = make_therapist(hours=None)
    address = f"/admin/appointments/therapist/{therapist.pk}/change/"
    form = {"user": therapist.user_id, "location": make_location().pk}

    answer = lead.post(address, form)

    assert answer.status_code == 302
    event = AuditEvent.objects.get(action="content.changed")
    assert (event.record_id, event.change) == (str(therapist.pk), "location")


def test_what_would_hit_booked_visits_is_not_changed_by_the_door(lead):
    visit = make_appointment()
    therapist, room = visit.therapist, visit.room
    address = "/admin/appointments/{}/{}/change/"
    form = {"user": therapist.user_id, "location": make_location().pk}

    lead.post(address.format("therapist", therapist.pk), form)
    answer = lead.post(address.format("room", room.pk), {"name": "Gone"})

    assert answer.status_code == 403
    kept = type(therapist).objects.get(pk=therapist.pk)
    assert (kept.active, kept.location_id) == (True, therapist.location_id)


@pytest.mark.parametrize("visited", [False, True])
def test_who_a_therapist_is_stays_once_they_have_visits(visited, lead):
    therapist, other = make_therapist(), make_user(Role.THERAPIST)
    if visited:
        make_appointment(therapist=therapist)
    address = f"/admin/appointments/therapist/{therapist.pk}/change/"

    lead.post(address, {"user": other.pk, "location": therapist.location_id})

    kept = type(therapist).objects.get(pk=therapist.pk)
    assert (kept.user_id == other.pk) is not visited


# --- A policy -------------------------------------------------------------------------

ADD_POLICY = "/admin/appointments/policy/add/"


def numbers(**changes):
    """Return the form of a new policy, filled in as it is offered, and changed so."""
    empty = make_policy(in_force_from=NOW - 4000 * DAY)
    names = [one.name for one in Policy._meta.concrete_fields if one.name != "id"]
    filled = {name: getattr(empty, name) for name in names if name != "in_force_from"}
    return {**filled, "in_force_from_0": "", "in_force_from_1": "", **changes}


def test_a_policy_begins_at_once_if_no_moment_is_said(lead):
    assert lead.post(ADD_POLICY, numbers(hold_hours=30)).status_code == 302

    made = Policy.objects.get(hold_hours=30)
    html = lead.get(f"/admin/appointments/policy/{made.pk}/change/").content
    assert b'name="_save"' not in html  # it has begun


@pytest.mark.parametrize("change", [False, True])
def test_a_policy_never_begins_in_the_past(lead, change):
    past = numbers(in_force_from_0="2020-01-01", in_force_from_1="08:00")
    ahead = make_policy(in_force_from=NOW + 4000 * DAY)
    address = f"/admin/appointments/policy/{ahead.pk}/change/"

    said = lead.post(address if change else ADD_POLICY, past).content.decode()

    assert "cannot begin in the past" in said
    assert not Policy.objects.filter(in_force_from__year=2020).exists()


@pytest.mark.parametrize(
    ("number", "least", "most"),
    [
        ("ahead_days", 1, 366),
        ("hold_hours", 1, 336),
        ("notice_hours", 0, 336),
        ("first_reminder_hours", 0, 720),
        ("second_reminder_hours", 0, 720),
        ("late_cancel_hours", 0, 336),
        ("lapse_notice_hours", 0, 336),
        ("most_missed", 1, 20),
        ("same_therapist_harm", 0, 10),
    ],
)
def test_the_numbers_of_a_policy_are_such_as_a_clinic_can_work_with(
    lead, number, least, most
):
    for wrong in (least - 1, most + 1):
        said = lead.post(ADD_POLICY, numbers(**{number: wrong})).content.decode()
        assert f"from {least} to {most}" in said
        Policy.objects.all().delete()
    for right in (least, most):
        assert lead.post(ADD_POLICY, numbers(**{number: right})).status_code == 302
        Policy.objects.all().delete()
