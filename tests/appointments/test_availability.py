"""Who waits says anew when they can come: the place and an open offer stay."""

from __future__ import annotations

from datetime import time

import pytest

from appointments import actions
from appointments.codes import EntryStatus, Status
from appointments.models import WaitlistEntry
from massage_portal.audit.models import AuditEvent
from tests.appointments.pages import signed_in, url
from tests.factories import NOW, TODAY, make_appointment, make_entry, make_request

pytestmark = pytest.mark.django_db
MORNINGS = actions.Availability(
    weekdays="MW", from_time=time(0), to_time=time(12), notice_hours=4
)
ANSWERS = {"weekdays": ["M", "W"], "times": "morning", "notice_hours": "4"}


@pytest.fixture
def waiting(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    return make_entry()


def change(entry, wanted=MORNINGS, *, version=None, by=None):
    return actions.change_availability(
        entry=entry,
        availability=wanted,
        version=version or entry.version,
        by=by or entry.patient.user,
        now=NOW,
    )


def changes(entry):
    kept = AuditEvent.objects.filter(action="request.availability_changed")
    return kept.filter(record_id=str(entry.pk)).count()


def test_it_is_kept_with_the_place_in_line(waiting):
    before = (waiting.received_at, waiting.status, waiting.category_id)

    changed = change(waiting)

    assert (changed.weekdays, changed.to_time) == ("MW", time(12))
    assert changed.notice_hours == 4
    assert (changed.received_at, changed.status, changed.category_id) == before
    assert changes(waiting) == 1


def test_the_same_button_pressed_twice_is_one_change(waiting):
    change(waiting, version=1)
    again = change(waiting, version=1)

    assert again.version == 2
    assert changes(waiting) == 1


def test_an_open_offer_that_no_longer_suits_is_kept_until_it_is_answered(waiting):
    offer = make_appointment(status=Status.PROPOSED, entry=waiting)

    change(waiting, actions.Availability(weekdays="U"))

    offer.refresh_from_db()
    assert offer.status == Status.PROPOSED
    actions.accept(appointment=offer, by=waiting.patient.user, now=NOW)
    waiting.refresh_from_db()
    assert waiting.status == EntryStatus.IN_PROGRESS


@pytest.mark.parametrize("status", ["in-progress", "completed", "rejected"])
def test_what_waits_no_more_takes_no_change(status):
    with pytest.raises(actions.NotAskable):
        change(make_entry(status=status))


def test_a_request_that_nobody_has_read_takes_it_too():
    assert change(make_request()).weekdays == "MW"


def test_the_page_shows_what_was_said_and_saves_what_is_said_now(waiting):
    client = signed_in(waiting.patient.user)
    shown = client.get(url("change_when", waiting.pk)).context["form"]
    said = {name: shown[name].value() for name in ("weekdays", "times", "version")}

    sent = ANSWERS | {"version": "1"}
    done = client.post(url("change_when", waiting.pk), sent, follow=True)

    assert said == {"weekdays": ["any"], "times": "any", "version": 1}
    assert done.redirect_chain == [(url("standing", waiting.pk), 302)]
    assert "Monday, Wednesday; before noon" in done.content.decode()


def test_a_stale_page_is_told_and_what_was_typed_stays(waiting):
    client = signed_in(waiting.patient.user)
    change(waiting, actions.Availability(weekdays="F"))

    told = client.post(url("change_when", waiting.pk), ANSWERS | {"version": "1"})

    form = told.context["form"]
    assert told.status_code == 409
    assert "changed after you opened this page" in told.content.decode()
    assert form["weekdays"].value() == ["M", "W"]
    assert form["version"].value() == "2"
    sent = ANSWERS | {"version": form["version"].value()}
    assert client.post(url("change_when", waiting.pk), sent).status_code == 302


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"weekdays": []}, "weekdays"),
        ({"weekdays": ["X"]}, "weekdays"),
        ({"times": "midnight"}, "times"),
        ({"notice_hours": "9" * 400}, "notice_hours"),
        ({"therapist": "999999999"}, "therapist"),
        ({"version": "no number"}, "version"),
        ({"latest_month": "1", "latest_day": "1", "latest_year": "2020"}, "latest"),
    ],
)
def test_a_wrong_answer_is_told_beside_its_field_and_saves_nothing(
    waiting, wrong, field
):
    client = signed_in(waiting.patient.user)

    sent = ANSWERS | {"version": "1"} | wrong
    told = client.post(url("change_when", waiting.pk), sent)

    assert told.status_code == 422
    assert list(told.context["form"].errors) == [field]
    assert WaitlistEntry.objects.get(pk=waiting.pk).version == 1


def test_days_that_are_over_are_not_shown_again(waiting):
    WaitlistEntry.objects.update(earliest=TODAY.replace(day=1), latest=TODAY)
    client = signed_in(waiting.patient.user)
    form = client.get(url("change_when", waiting.pk)).context["form"]

    assert not any(form["earliest"].subwidgets[0].data["value"] or [])


def test_a_last_day_that_is_today_stays_on_the_page(waiting):
    WaitlistEntry.objects.filter(pk=waiting.pk).update(latest=TODAY)

    page = signed_in(waiting.patient.user).get(url("change_when", waiting.pk))

    assert page.context["form"].initial["latest"] == TODAY
