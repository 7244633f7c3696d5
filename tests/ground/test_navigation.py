"""The menu: each entry leads somewhere, and only those who may go see it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.test import RequestFactory
from django.urls import resolve, reverse
from django.utils import translation

from massage_portal.accounts.roles import PERMISSIONS, Role
from massage_portal.navigation import ENTRIES, OPENS_ADMIN, entries, languages


def someone(*roles):
    granted = {name for role in roles for name in PERMISSIONS[role]}
    return SimpleNamespace(
        is_authenticated=True,
        is_staff=bool({Role.LEAD, Role.EDITOR} & set(roles)),
        is_active=True,
        is_superuser=False,
        get_all_permissions=lambda: granted,
    )


def menu(user, path="/"):
    request = RequestFactory().get(path)
    request.user = user
    request.resolver_match = resolve(path)
    return entries(request)


def labels(user):
    return [entry["label"] for entry in menu(user)]


VISITOR = SimpleNamespace(is_authenticated=False, is_staff=False)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.view)
def test_every_entry_leads_somewhere(entry):
    assert reverse(entry.view).startswith("/")


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.view)
def test_every_permission_of_the_menu_is_granted_to_some_role(entry):
    granted = {name for names in PERMISSIONS.values() for name in names}
    assert entry.permission in granted | {"", OPENS_ADMIN}


def test_a_visitor_sees_what_everyone_may_read_and_nothing_else():
    assert labels(VISITOR) == [e.label for e in ENTRIES if not e.permission]


def test_a_patient_sees_their_own_care_first_and_then_what_everyone_may_read():
    found = labels(someone(Role.PATIENT))
    assert found[0] == "My care"
    assert "Conditions" in found
    assert "Queue" not in found


def test_staff_see_their_work_only():
    first, then = ["Queue", "Offers"], ["Visits", "Figures", "Calendar", "Capacity"]
    boards = [*then, "Referrals", "Patients", "Messages"]
    assert labels(someone(Role.SCHEDULER)) == [*first, "Telephone", *boards]
    assert labels(someone(Role.STAFF)) == ["Referrals", "Patients", "Messages"]
    assert labels(someone(Role.THERAPIST)) == ["My day", "My calendar"]
    assert labels(someone(Role.AUDITOR)) == ["Audit trail"]
    lead = [*first, *boards, "Editing", "Content and settings"]
    assert labels(someone(Role.LEAD)) == lead


def test_the_entry_of_the_page_shown_is_marked():
    path = reverse("services:conditions")
    for place, mark in [(path, "page"), (f"{path}fibromyalgia/", "true")]:
        marked = {e["url"]: e["here"] for e in menu(VISITOR, place) if e["here"]}
        assert marked == {path: mark}


def test_a_page_marks_the_entry_it_belongs_to_wherever_its_address_lies():
    marked = {
        path: [entry["label"] for entry in menu(someone(role), path) if entry["here"]]
        for role, path in [
            (Role.SCHEDULER, "/visits/1/"),
            (Role.THERAPIST, "/visits/1/note/"),
            (Role.SCHEDULER, "/calendar/day/"),
            (Role.SCHEDULER, "/questions/"),
            (Role.SCHEDULER, "/patients/1/"),
        ]
    }
    assert list(marked.values()) == [
        ["Visits"],
        ["My day"],
        ["Calendar"],
        ["Queue"],
        ["Patients"],
    ]


def test_the_page_in_the_other_language_is_one_plain_link_away():
    path = reverse("account_login") + "?next=/start/"
    with translation.override("en"):
        spanish = languages(RequestFactory().get(path))
    assert spanish == [{"code": "es", "name": "Español", "url": f"/es{path}"}]
    with translation.override("es"):
        english = languages(RequestFactory().get(f"/es{path}"))
    assert english == [{"code": "en", "name": "English", "url": path}]


def test_where_there_is_no_page_the_other_language_begins_at_home():
    with translation.override("en"):
        spanish = languages(RequestFactory().get("//example.org/nowhere/"))
    assert spanish[0]["url"].startswith("/es/")
