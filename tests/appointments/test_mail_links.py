"""Confirm and cancel by a link in a mail: looked at freely, done by a button alone."""

from __future__ import annotations

from datetime import UTC

import pytest
from django.db import IntegrityError
from django.test import Client
from django.utils.translation import override

from appointments import actions
from appointments.codes import Ending, Status
from appointments.models import Appointment, WaitlistEntry
from massage_portal.accounts.models import User
from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from massage_portal.tokens import sign
from tests.appointments.pages import signed_in, url
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    make_appointment,
    make_clinic,
    make_user,
    opening_at,
)
from tests.letters import marked_visit

pytestmark = pytest.mark.django_db
PURPOSES = ["confirm", "cancel"]
ON_BOTH = pytest.mark.parametrize("purpose", PURPOSES)


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def visit():
    return marked_visit(Status.BOOKED)


def link(purpose, visit):
    return url(f"{purpose}_by_link", sign(purpose, visit.pk))


def press(purpose, visit, client=None):
    """Press the button of the page, in a browser in which nobody is signed in."""
    return (client or Client()).post(link(purpose, visit), {"answer": purpose})


def rows():
    models = (Appointment, WaitlistEntry)
    return [list(model.objects.order_by("pk").values_list()) for model in models]


def acts(visit):
    mine = AuditEvent.objects.filter(record_id=visit.pk, record_type__endswith="tment")
    mine = mine.exclude(action="appointment.seen_by_link")
    return list(mine.order_by("pk").values_list("action", "actor_id", "by_link"))


@ON_BOTH
def test_opening_a_link_changes_nothing_however_it_is_opened(purpose, visit):
    before = rows()
    page = Client().get(link(purpose, visit))
    Client().head(link(purpose, visit))
    Client().post(link(purpose, visit))  # a form without its button
    Client().post(link(purpose, visit), {"answer": "accept"})
    assert page.status_code == 200
    assert (rows(), acts(visit)) == (before, [])


@ON_BOTH
def test_its_page_shows_no_more_than_the_mail_did(purpose, visit):
    said = Client().get(link(purpose, visit)).content.decode()
    assert "Rochester, Room 4" in said
    assert "zqmark" not in said.lower()
    assert "Juniper" not in said


def test_the_button_confirms_and_pressing_it_twice_confirms_once(visit):
    done = [press("confirm", visit) for _ in range(2)]
    visit.refresh_from_db()
    assert [one.status_code for one in done] == [302, 302]
    assert visit.confirmed_at == NOW
    assert acts(visit) == [("appointment.confirmed", visit.patient.user_id, True)]
    assert "Thank you, we expect you" in Client().get(done[0].url).text


def test_what_was_confirmed_stands_on_the_day_and_on_the_patients_page(visit):
    press("confirm", visit)
    day = signed_in(make_user(Role.SCHEDULER)).get(
        url("day"), {"day": f"{visit.local_start:%Y-%m-%d}"}
    )
    mine = signed_in(visit.patient.user).get(url("offer", visit.pk))
    assert ">Confirmed<" in day.text
    assert "You told us that you will come" in mine.text


def test_the_button_cancels_and_pressing_it_twice_cancels_once(visit):
    done = [press("cancel", visit) for _ in range(2)]
    visit.refresh_from_db()
    assert [one.status_code for one in done] == [302, 302]
    assert (visit.status, visit.ending) == (Status.CANCELLED, Ending.BY_PATIENT)
    assert acts(visit) == [("appointment.cancelled", visit.patient.user_id, True)]
    told = Client().get(done[0].url).text
    assert "You canceled this visit" in told
    assert "You have kept your place" in told


@pytest.mark.parametrize(("hours", "late"), [(25, False), (23, True)])
def test_what_a_late_cancellation_means_is_said_before_the_button(hours, late):
    visit = make_appointment(starts_at=NOW + hours * HOUR)
    said = Client().get(link("cancel", visit)).text
    warning, button = "This counts as canceled late", 'value="cancel"'
    assert "hours before it begins counts as missed" in said
    assert (warning in said) is late
    assert not late or said.index(warning) < said.index(button)


def _begun(visit):
    Appointment.objects.filter(pk=visit.pk).update(starts_at=NOW - HOUR / 60)


def _over(visit):
    Appointment.objects.filter(pk=visit.pk).update(
        starts_at=NOW - 2 * HOUR, ends_at=NOW - HOUR, blocked_until=NOW - HOUR
    )


def _canceled_by_us(visit):
    actions.cancel_for_clinic(appointments=[visit], by=make_user(), now=NOW)


def _moved(visit):
    _, [therapist], [room] = make_clinic()
    opening = opening_at(therapist, room, NOW.replace(hour=14) + 5 * DAY)
    visit.entry.referral.technique = None
    visit.entry.referral.save()
    actions.move(appointment=visit, opening=opening, by=make_user(), now=NOW)


@ON_BOTH
@pytest.mark.parametrize(
    ("meanwhile", "says"),
    [
        (_begun, "This visit has begun"),
        (_over, "This visit is over"),
        (_canceled_by_us, "We canceled this visit"),
        (_moved, "This visit was moved to another time"),
    ],
)
def test_a_page_that_is_out_of_date_changes_nothing_and_says_why(
    purpose, meanwhile, says, visit
):
    meanwhile(visit)
    before = rows()
    answer = press(purpose, visit)
    assert answer.status_code == 409
    assert "That did not work" in answer.text
    later = Client().get(link(purpose, visit))
    assert later.status_code == 200
    for page in (answer, later):
        assert says in page.text
        assert f'value="{purpose}"' not in page.text
    assert rows() == before


def test_another_time_is_not_confirmed_yet(visit):
    press("confirm", visit)
    _moved(visit)
    again = Appointment.objects.get(replaces=visit)
    assert (again.status, again.confirmed_at) == (Status.BOOKED, None)


# --- Links that are too old to tell ---------------------------------------------------


def _made(visit):
    Appointment.objects.filter(pk=visit.pk).update(status=Status.FULFILLED)


def _missed_by_our_mistake(visit):
    new = {"status": Status.NOSHOW, "missed_because": "clinic"}
    Appointment.objects.filter(pk=visit.pk).update(**new)


def _canceled_by_them(visit):
    user = visit.patient.user
    actions.cancel(appointment=visit, ending=Ending.BY_PATIENT, by=user, now=NOW)


def _as_it_was(visit):
    """Booked, and nobody recorded what became of it."""


def read(path, **pressed):
    return Client().post(path, pressed) if pressed else Client().get(path)


def on_the_day_of(visit, monkeypatch, *, days=0):
    """Set the clock to a minute before the end of the visit's day, or days later."""
    last = visit.local_start.replace(hour=23, minute=59) + days * DAY
    monkeypatch.setattr("django.utils.timezone.now", lambda: last.astimezone(UTC))


WHAT_BECAME_OF_IT = [
    *(_as_it_was, _made, _missed_by_our_mistake, _canceled_by_them, _canceled_by_us),
    _moved,
]


@pytest.mark.parametrize("purpose", [*PURPOSES, "offer"])
@pytest.mark.parametrize("became", WHAT_BECAME_OF_IT)
def test_from_the_next_day_on_a_link_tells_nothing_of_its_visit(
    became, purpose, visit, monkeypatch
):
    became(visit)
    name = "answer" if purpose == "offer" else f"{purpose}_by_link"
    path = url(name, sign(purpose, visit.pk))
    on_the_day_of(visit, monkeypatch)
    assert "This link is too old" not in read(path).text

    on_the_day_of(visit, monkeypatch, days=1)
    before = rows()
    answers = [read(path), read(path, answer=purpose), read(path, answer="accept")]
    for answer in answers:
        assert answer.status_code == 410
        assert "<h1>This link is too old</h1>" in answer.text
        for told in ("kept your place", "mistake", "cancel", "missed", "Room"):
            assert told not in main_of(answer)
    assert rows() == before


def main_of(page):
    return page.text.partition("<main")[2].partition("</main>")[0]


def test_an_old_link_says_so_in_spanish_too(visit, monkeypatch):
    on_the_day_of(visit, monkeypatch, days=1)
    with override("es"):
        path = link("cancel", visit)
    page = read(path)
    assert "<h1>Este enlace es demasiado antiguo</h1>" in page.text
    assert "Inicie sesión para ver sus visitas" in page.text


def _declined(offer):
    actions.decline(appointment=offer, by=offer.patient.user, now=NOW)


def _lapsed(offer):
    Appointment.objects.filter(pk=offer.pk).update(held_until=NOW)


@pytest.mark.parametrize("end", [_declined, _lapsed])
def test_an_offer_says_for_three_days_what_became_of_it(end, monkeypatch):
    offer = make_appointment(status=Status.PROPOSED, starts_at=NOW + 20 * DAY)
    address = url("answer", sign("offer", offer.pk))
    end(offer)
    after = NOW + 3 * DAY
    monkeypatch.setattr("django.utils.timezone.now", lambda: after - HOUR / 3600)
    assert "You have kept your place" in read(address).text

    monkeypatch.setattr("django.utils.timezone.now", lambda: after)
    page = read(address)
    assert (page.status_code, "kept your place" in page.text) == (410, False)
    assert read(address, answer="accept").status_code == 410


# --- Links that do not work -----------------------------------------------------------


def _of_another_purpose(purpose, visit):
    other = {"confirm": "cancel", "cancel": "offer"}[purpose]
    return url(f"{purpose}_by_link", sign(other, visit.pk))


def _with_a_letter_changed(purpose, visit):
    good = sign(purpose, visit.pk)
    return url(f"{purpose}_by_link", good[:-2] + ("AA" if good[-2:] != "AA" else "BB"))


def _of_no_visit(purpose, visit):
    return url(f"{purpose}_by_link", sign(purpose, 999_999_999))


def _of_a_closed_account(purpose, visit):
    User.objects.filter(pk=visit.patient.user_id).update(is_active=False)
    return link(purpose, visit)


@ON_BOTH
@pytest.mark.parametrize(
    "dead",
    [_of_another_purpose, _with_a_letter_changed, _of_no_visit, _of_a_closed_account],
)
def test_every_link_that_does_not_work_gets_one_and_the_same_answer(
    dead, purpose, visit
):
    guessed = url(f"{purpose}_by_link", "1")
    path, before = dead(purpose, visit), rows()
    for method in ("get", "post"):
        plain, answer = (
            getattr(Client(), method)(one, {"answer": purpose})
            for one in (guessed, path)
        )
        assert (plain.status_code, answer.status_code) == (404, 404)
        assert answer["Cache-Control"] == "no-store"
        assert answer.text.replace(path, "") == plain.text.replace(guessed, "")
    assert rows() == before


def test_an_answer_to_an_offer_is_marked_as_by_a_link():
    offer = make_appointment(status=Status.PROPOSED)
    address = url("answer", sign("offer", offer.pk))
    assert Client().post(address, {"answer": "accept"}).status_code == 302
    assert acts(offer) == [("appointment.booked", offer.patient.user_id, True)]


def test_who_declines_by_a_link_reads_that_they_declined():
    offer = make_appointment(status=Status.PROPOSED)
    address = url("answer", sign("offer", offer.pk))
    page = Client().post(address, {"answer": "decline"}, follow=True)
    assert "<h1>You declined this time</h1>" in page.text
    assert "You have kept your place" in page.text


# --- The database ---------------------------------------------------------------------


def test_only_what_was_booked_is_confirmed():
    """Holds the constraint appointment_is_confirmed_after_it_was_booked."""
    rule = "appointment_is_confirmed_after_it_was_booked"
    with pytest.raises(IntegrityError, match=rule):
        make_appointment(status=Status.PROPOSED, confirmed_at=NOW)


def test_nothing_is_confirmed_before_it_was_booked():
    rule = "appointment_is_confirmed_after_it_was_booked"
    with pytest.raises(IntegrityError, match=rule):
        make_appointment(confirmed_at=NOW - HOUR)
