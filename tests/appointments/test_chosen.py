"""Several requests are triaged at once, and each is judged alone."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from appointments import actions
from appointments.codes import EntryStatus
from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from tests.factories import (
    NOW,
    make_category,
    make_entry,
    make_patient,
    make_referral,
    make_request,
    make_user,
)

pytestmark = pytest.mark.django_db
ADDRESS = reverse("appointments:triage_chosen")


@pytest.fixture
def staff(client, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    client.force_login(make_user(Role.SCHEDULER))
    return client


def boxes(*entries):
    """Return what the boxes of the board carry, as the entries were when seen."""
    return [f"{entry.pk}:{entry.version}" for entry in entries]


def test_the_board_has_a_box_for_each_and_one_button(staff):
    asked, waits = make_request(), make_entry()
    page = staff.get(reverse("appointments:queue")).text
    for value in boxes(asked, waits):
        assert f'form="chosen" name="chosen" value="{value}"' in page
    assert page.count(f'action="{ADDRESS}"') == 1


def test_all_that_were_chosen_go_into_one_category_and_a_second_press_adds_nothing(
    staff,
):
    soon = make_category(name="Soon")
    chosen = [make_request(), make_request(), make_entry(waited_days=3)]
    received = [entry.received_at for entry in chosen]
    spared = make_request()
    sent = {"chosen": boxes(*chosen), "category": soon.pk}

    pages = [staff.post(ADDRESS, sent, follow=True) for _ in range(2)]

    for page in pages:
        assert "3 requests are now in the category Soon." in page.text
    for entry in (*chosen, spared):
        entry.refresh_from_db()
    assert {entry.category for entry in chosen} == {soon}
    assert [entry.received_at for entry in chosen] == received
    assert spared.status == EntryStatus.REQUESTED
    done = AuditEvent.objects.filter(
        action__in=["request.triaged", "request.retriaged"]
    )
    assert done.count() == 3


def test_who_was_changed_meanwhile_is_left_and_told_by_name_with_who_and_when(staff):
    soon, other = make_category(name="Soon"), make_category(name="Standard")
    changed = make_request(
        referral=make_referral(patient=make_patient(family_name="Clover"))
    )
    others = [make_request(), make_request()]
    sent = {"chosen": boxes(changed, *others), "category": soon.pk}
    colleague = make_user(Role.SCHEDULER, name="Teasel Timewell")
    actions.triage(entry=changed, category=other, version=1, by=colleague, now=NOW)

    page = staff.post(ADDRESS, sent)

    assert page.status_code == 409
    assert "2 requests are now in the category Soon." in page.text
    assert "Clover" in page.text
    assert "by Teasel Timewell, Oct 14, 10 a.m. CDT" in page.text
    changed.refresh_from_db()
    assert (changed.category, changed.version) == (other, 2)
    for entry in others:
        entry.refresh_from_db()
        assert entry.category == soon


def test_who_is_past_triage_is_left_and_told_why(staff):
    gone = make_request()
    sent = {"chosen": boxes(gone), "category": make_category().pk}
    type(gone).objects.filter(pk=gone.pk).update(status=EntryStatus.CANCELLED)

    page = staff.post(ADDRESS, sent)

    assert page.status_code == 409
    assert "can no longer be triaged" in page.text


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ([], "Choose at least one request."),
        (
            ["x", "1", ":", "1:x", "9" * 40 + ":1", "-1:1"],
            "Choose at least one request.",
        ),
        ([f"{number}:1" for number in range(1, 102)], "Choose 100 requests at most."),
    ],
)
def test_nothing_chosen_or_too_much_is_told(staff, chosen, said):
    page = staff.post(ADDRESS, {"chosen": chosen, "category": make_category().pk})
    assert page.status_code == 422
    assert f'href="#id_chosen"><b>Those you chose:</b> {said}' in page.text
    assert 'id="id_chosen"' in page.text
    assert f'<p class="error" id="chosen-error">{said}' in page.text
    assert 'aria-describedby="chosen-error"' in page.text


@pytest.mark.parametrize("number", [0, 101])
def test_what_is_told_leads_to_where_it_is_mended(staff, number):
    boxes = [f"{key}:1" for key in range(1, number + 1)]
    category = {"category": make_category().pk} if boxes else {}
    page = staff.post(ADDRESS, {"chosen": boxes} | category).text

    told = set(re.findall(r'href="#(id_[a-z]+)"', page))
    assert "id_chosen" in told
    assert all(page.count(f'id="{one}"') == 1 for one in told)


@pytest.mark.parametrize("category", ["", "0", "x"])
def test_without_a_category_nothing_is_done(staff, category):
    entry = make_request()
    page = staff.post(ADDRESS, {"chosen": boxes(entry), "category": category})
    assert page.status_code == 422
    assert "Choose a category" in page.text
    entry.refresh_from_db()
    assert entry.version == 1


def test_a_refusal_keeps_what_was_chosen_and_asks_for_the_category_alone(staff):
    soon, chosen = make_category(name="Soon"), [make_request(), make_request()]
    stale = make_request()
    values = [*boxes(*chosen), f"{stale.pk}:9"]

    page = staff.post(ADDRESS, {"chosen": values, "category": ""})

    for value in values:
        assert f'value="{value}" checked' in page.text
    listed = AuditEvent.objects.filter(action="request.listed")
    assert {int(key) for key in listed.values_list("record_id", flat=True)} == {
        entry.pk for entry in (*chosen, stale)
    }
    again = staff.post(ADDRESS, {"chosen": values, "category": soon.pk})
    assert again.status_code == 409  # one was changed since: its version is kept too
    for entry in (*chosen, stale):
        entry.refresh_from_db()
    assert [one.category for one in (*chosen, stale)] == [soon, soon, None]
