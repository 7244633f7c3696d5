"""The page of what cannot be done any more says so, before anything is typed."""

from __future__ import annotations

import pytest

from appointments.codes import EntryStatus, Status
from appointments.views.deeds import OF_REQUEST, OF_VISIT
from massage_portal.accounts.roles import Role
from tests.appointments.pages import signed_in, url
from tests.factories import DAY, NOW, make_appointment, make_entry, make_user

pytestmark = pytest.mark.django_db
OWN_OF_REQUEST = {
    "worse": "worse",
    "when": "change_when",
    "question": "ask_question",
    "withdraw": "withdraw",
}
OWN_OF_VISIT = {"cancel": "cancel", "move": "ask_to_move"}
SAID = {
    "reply": "There is no open question",
    "worse": "does not wait any more",
    "when": "does not wait any more",
    "question": "This request is over.",
    "withdraw": "can no longer be withdrawn",
    "accept": "This offer has already ended.",
    "decline": "This offer has already ended.",
    "cancel": "can no longer be canceled",
    "move": "can no longer be moved",
    "keep": "can no longer be moved",
}


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def desk():
    return signed_in(make_user(Role.SCHEDULER))


def has_form(page):
    return 'method="post"' in page.text.partition("<main")[2].partition("</main")[0]


def tells(page, said):
    assert page.status_code == 409
    assert said in page.text
    assert not has_form(page)
    assert "banner__title" not in page.text  # the heading says what it was


def over():
    """Return a visit that is over, of a request that is completed."""
    entry = make_entry(status=EntryStatus.COMPLETED)
    return make_appointment(
        entry=entry, status=Status.FULFILLED, starts_at=NOW - 5 * DAY
    )


def waiting():
    """Return a request that waits, and what is asked of it."""
    return make_entry(status=EntryStatus.ON_HOLD)


@pytest.mark.parametrize("deed", OF_REQUEST)
def test_staff_read_that_a_request_is_over(desk, deed):
    tells(desk.get(url("call_request", over().entry.pk, deed)), SAID[deed])
    page = desk.get(url("call_request", waiting().pk, deed))
    assert (page.status_code, has_form(page)) == (200, True)


@pytest.mark.parametrize("deed", OF_VISIT)
def test_staff_read_that_a_visit_is_over(desk, deed):
    status = Status.PROPOSED if deed in ("accept", "decline") else Status.BOOKED

    tells(desk.get(url("call_visit", over().pk, deed)), SAID[deed])
    page = desk.get(url("call_visit", make_appointment(status=status).pk, deed))
    assert (page.status_code, has_form(page)) == (200, True)


@pytest.mark.parametrize("deed", OWN_OF_REQUEST)
def test_patients_read_that_a_request_is_over(deed):
    done, open_one = over().entry, waiting()

    page = signed_in(done.patient.user).get(url(OWN_OF_REQUEST[deed], done.pk))
    tells(page, SAID[deed])
    assert url("standing", done.pk) in page.text
    page = signed_in(open_one.patient.user).get(url(OWN_OF_REQUEST[deed], open_one.pk))
    assert (page.status_code, has_form(page)) == (200, True)


@pytest.mark.parametrize("deed", OWN_OF_VISIT)
def test_patients_read_that_a_visit_is_over(deed):
    done, ahead = over(), make_appointment()

    page = signed_in(done.patient.user).get(url(OWN_OF_VISIT[deed], done.pk))
    tells(page, SAID[deed])
    page = signed_in(ahead.patient.user).get(url(OWN_OF_VISIT[deed], ahead.pk))
    assert (page.status_code, has_form(page)) == (200, True)


def test_a_visit_that_is_booked_is_accepted_by_nobody(desk):
    page = desk.get(url("call_visit", make_appointment().pk, "accept"))

    tells(page, "This offer was accepted: the visit is booked.")


def test_who_has_withdrawn_reads_that_they_have(desk):
    entry = make_entry(status=EntryStatus.CANCELLED)

    tells(desk.get(url("call_request", entry.pk, "withdraw")), "is withdrawn.")


def test_a_visit_that_is_booked_leaves_nothing_to_change(desk):
    booked = make_appointment().entry

    page = signed_in(booked.patient.user).get(url("change_when", booked.pk))

    tells(page, "so there is nothing to change.")
