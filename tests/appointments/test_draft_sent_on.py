"""The offers of a long plan go out by the worker: in turns, once each, whoever dies."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, OperationalError
from django.utils import translation
from django.utils.translation import gettext as _

from appointments import actions, tasks
from appointments.actions import send_draft as sending
from appointments.actions.hold import taken
from appointments.codes import Status
from appointments.models import Appointment, Draft
from appointments.models.draft import SENDS_FOR
from massage_portal import ending
from massage_portal.accounts.roles import Role
from massage_portal.outbox.health import SENDER
from massage_portal.outbox.models import Pulse
from tests.appointments.pages import signed_in, url
from tests.appointments.plans import handed_to, morning, planned, rows_of
from tests.factories import NOW, make_entry, make_user

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Let one offer go at once, and one in each turn."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    monkeypatch.setattr(sending, "AT_ONCE", 1)
    monkeypatch.setattr(sending, "EACH_TURN", 1)


@pytest.fixture
def alive():
    """The background work has just given a sign of life."""
    return Pulse.objects.create(task=SENDER, at=NOW)


@pytest.fixture
def handed(monkeypatch):
    """The keys of the plans that were handed to the worker."""
    return handed_to(tasks.send_draft_on, monkeypatch)


@pytest.fixture
def draft():
    """A plan of three offers."""
    morning(therapists=2, rooms=2)
    made = planned()
    assert made.offers.count() == 3
    return made


def send(draft, *, now=NOW, **user):
    by = make_user(Role.SCHEDULER, **user)
    return sending.send_draft(draft=draft, version=1, by=by, now=now)


def turn(draft):
    return sending.send_rest(pk=draft.pk, clock=lambda: NOW)


def raising(fault):
    def fail(**_what):
        raise fault

    return fail


def out():
    return Appointment.objects.filter(status=Status.PROPOSED).count()


@pytest.mark.usefixtures("alive")
def test_the_page_tells_how_far_it_is_until_all_are_out(draft, handed):
    desk = signed_in(make_user(Role.SCHEDULER))
    page, ready = url("draft", draft.pk), url("draft_ready", draft.pk)

    answer = desk.post(page, {"version": "1", "do": "send"}, follow=True)

    assert handed == [draft.pk]
    assert "The offers are going out by themselves." in answer.text
    assert "Done so far: 1 of 3." in answer.text
    assert f'data-hx-get="{ready}?left=2"' in answer.text
    assert desk.get(ready, {"left": "2"}).status_code == 204
    tasks.send_draft_on(pk=draft.pk)
    assert "Done so far: 2 of 3." in desk.get(ready, {"left": "2"}).text
    assert handed == 2 * [draft.pk]
    tasks.send_draft_on(pk=draft.pk)
    assert desk.get(ready, {"left": "1"}).headers["HX-Refresh"] == "true"
    assert handed == 2 * [draft.pk]  # nothing is left
    assert "Done so far" not in desk.get(page).text
    assert out() == 3


GOING, STANDING = "going out by themselves", "No offer is going out at this moment"


@pytest.mark.parametrize("pulse", [None, NOW - 10 * MINUTE])
def test_where_no_worker_runs_the_page_says_that_nothing_goes_out(draft, handed, pulse):
    if pulse:
        Pulse.objects.create(task=SENDER, at=pulse)
    desk = signed_in(make_user(Role.SCHEDULER))
    page, ready = url("draft", draft.pk), url("draft_ready", draft.pk)

    said = desk.post(page, {"version": "1", "do": "send"}, follow=True).text

    assert STANDING in said
    assert "each press of “Send the rest” sends up to 50 offers." in said
    assert GOING not in said
    assert f'data-hx-get="{ready}?left=2&amp;silent"' in said
    assert desk.get(f"{ready}?left=2&silent").status_code == 204
    Pulse.objects.update_or_create(task=SENDER, defaults={"at": NOW})
    assert desk.get(f"{ready}?left=2&silent").headers["HX-Refresh"] == "true"
    assert GOING in desk.get(page).text
    assert STANDING not in desk.get(page).text
    Pulse.objects.all().delete()
    assert desk.get(f"{ready}?left=2").headers["HX-Refresh"] == "true"


def test_while_none_runs_each_press_sends_some(draft, handed):
    desk = signed_in(make_user(Role.SCHEDULER))
    page = url("draft", draft.pk)

    for number in (1, 2, 3):
        said = desk.post(page, {"version": "1", "do": "send"}, follow=True).text
        assert (out(), STANDING in said) == (number, number < 3)


def test_what_a_dead_worker_left_is_handed_out_again(draft, handed, monkeypatch):
    send(draft)

    class Killed(BaseException):
        pass

    def die(*_row, **_how):
        raise Killed

    with monkeypatch.context() as deadly:
        deadly.setattr(sending, "offer", die)
        with pytest.raises(Killed):
            turn(draft)
    tasks.send_drafts_due()
    assert handed == [draft.pk]

    assert [turn(draft), turn(draft), turn(draft)] == [True, False, False]
    assert out() == 3
    tasks.send_drafts_due()
    assert handed == [draft.pk]


def test_a_worker_that_is_asked_to_end_sends_no_more(draft, handed, monkeypatch):
    send(draft)
    monkeypatch.setattr(ending, "is_near", lambda: True)

    assert not turn(draft)

    assert out() == 1
    tasks.send_drafts_due()
    assert handed == [draft.pk]


def test_what_is_left_of_an_old_plan_goes_out_only_if_somebody_asks(draft, handed):
    send(draft)
    Draft.objects.update(sent_at=NOW - SENDS_FOR)

    tasks.send_drafts_due()
    assert handed == []
    page = signed_in(make_user(Role.SCHEDULER)).get(url("draft", draft.pk)).text
    assert "The sending was cut short" in page
    assert "Done so far" not in page
    send(draft)
    assert out() == 2


def test_what_is_left_of_an_old_plan_passes_over_nobody_who_came_since(draft):
    send(draft)
    urgent = make_entry(waited_days=40, target_days=3, notice_hours=0)
    with pytest.raises(sending.PassesOver, match="Draw up a new plan"):
        send(draft, now=NOW + SENDS_FOR)
    assert out() == 1

    actions.withdraw(entry=urgent, by=make_user(Role.SCHEDULER), now=NOW)
    send(draft, now=NOW + SENDS_FOR)
    assert out() == 2


def test_nothing_is_sent_of_a_plan_that_nobody_sent(draft):
    assert not turn(draft)
    assert not sending.send_rest(pk=draft.pk + 1, clock=lambda: NOW)
    assert out() == 0


@pytest.mark.parametrize("fault", [KeyError("x"), IntegrityError("it is in no room")])
def test_one_that_fails_keeps_the_others_from_nothing(draft, monkeypatch, fault):
    send(draft)
    with monkeypatch.context() as broken:
        broken.setattr(sending, "offer", raising(fault))
        assert turn(draft)

    assert not turn(draft)
    assert out() == 2
    [fault] = {row.fault for row in rows_of(draft).values()} - {""}
    assert fault == "Something went wrong on our side. Offer a time by hand."


def test_one_that_lost_the_database_is_tried_again(draft, monkeypatch):
    send(draft)
    with monkeypatch.context() as broken:
        broken.setattr(sending, "offer", raising(OperationalError("it went away")))
        with pytest.raises(OperationalError):
            turn(draft)

    assert [turn(draft), turn(draft)] == [True, False]
    assert out() == 3


def test_reasons_are_kept_in_the_language_of_who_sent_the_plan(draft, monkeypatch):
    send(draft, language="es")

    def refuse(**_what):
        raise taken()

    monkeypatch.setattr(sending, "offer", refuse)
    turn(draft)

    with translation.override("es"):
        said = _("That time has just been taken. Please choose another.")
    assert said in {row.fault for row in rows_of(draft).values()}
