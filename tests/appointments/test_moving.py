"""Another time for a booked visit: the old one stands until the new one is booked."""

from __future__ import annotations

import pytest
from django.db import IntegrityError
from icalendar import Calendar

from appointments import actions
from appointments.codes import Ending, EntryStatus, Status
from appointments.models import Appointment
from massage_portal.accounts.roles import Role
from massage_portal.tokens import sign
from tests.appointments.pages import signed_in, url
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    TODAY,
    at,
    make_appointment,
    make_clinic,
    make_entry,
    make_user,
    opening_at,
)
from tests.mails import body, parsed, write
from tests.trail import owed, trail, voided
from tests.turns import ANY_TURN

pytestmark = pytest.mark.django_db

MONDAY, TUESDAY = TODAY + 5 * DAY, TODAY + 6 * DAY
LATER = NOW + HOUR


@pytest.fixture
def scheduler():
    return make_user(Role.SCHEDULER)


@pytest.fixture
def visit(scheduler):
    """Monday at 9, booked; the therapist and the room are free on Tuesday too."""
    _, [therapist], [room] = make_clinic()
    opening = opening_at(therapist, room, at(MONDAY, "09:00"))
    return actions.book(entry=make_entry(), opening=opening, by=scheduler, now=NOW)


def ask(visit, words="Not before noon", *, now=NOW):
    user = visit.patient.user
    return actions.ask_to_move(appointment=visit, words=words, by=user, now=now)


def on_tuesday(visit, clock="10:00"):
    return opening_at(visit.therapist, visit.room, at(TUESDAY, clock))


def offer(visit, scheduler, clock="10:00", *, now=NOW):
    opening = on_tuesday(visit, clock)
    what = {"by": scheduler, "now": now, "terms": ANY_TURN}
    return actions.offer_move(appointment=visit, opening=opening, **what)


def accept(made, *, now=LATER):
    return actions.accept(appointment=made, by=made.patient.user, now=now)


def fresh(visit):
    return Appointment.objects.select_related("entry").get(pk=visit.pk)


def test_who_asks_for_another_time_keeps_the_visit(visit):
    ask(visit)
    ask(visit, now=LATER)  # the button, pressed twice

    visit = fresh(visit)
    assert (visit.status, visit.move_asked_at) == (Status.BOOKED, NOW)
    assert visit.move_words == "Not before noon"
    assert visit.entry.status == EntryStatus.IN_PROGRESS
    assert [row[1] for row in trail(visit)].count("appointment.move_asked") == 1
    assert next(kind for kind, _due in owed(visit)) == "appointments.booked"


def test_an_offer_of_another_time_leaves_the_visit_booked(visit, scheduler):
    made = offer(visit, scheduler)

    assert (made.status, made.replaces) == (Status.PROPOSED, visit)
    assert fresh(visit).status == Status.BOOKED
    assert offer(visit, scheduler) == made  # the button, pressed twice
    with pytest.raises(actions.NotWaiting, match="already has an offer"):
        offer(visit, scheduler, "11:00")


def test_an_offer_of_another_time_ends_before_the_visit_begins(visit, scheduler):
    morning = visit.starts_at - 3 * HOUR

    assert offer(visit, scheduler, now=morning).held_until == visit.starts_at


def test_accepting_books_the_new_time_and_frees_the_old_one(visit, scheduler):
    ask(visit)
    made = accept(offer(visit, scheduler))

    old, new = fresh(visit), fresh(made)
    assert (new.status, new.booked_at, new.replaces) == (Status.BOOKED, LATER, old)
    assert (old.status, old.ending, old.ended_at) == (
        *(Status.CANCELLED, Ending.MOVED),
        LATER,
    )
    assert old.reoffer_owed
    assert not old.late
    assert new.entry.status == EntryStatus.IN_PROGRESS
    assert trail(old)[-1][1:] == (
        *("appointment.moved", old.patient_id),
        "booked>cancelled",
    )
    assert accept(made) == new  # pressed twice
    assert Appointment.objects.count() == 2


def test_reminders_of_the_old_time_give_way_to_those_of_the_new(visit, scheduler):
    made = accept(offer(visit, scheduler))

    assert owed(visit) == []
    assert set(voided(visit)) == {"appointments.booked", "appointments.reminder"}
    assert voided(made) == ["appointments.offer", "appointments.lapsing"]
    assert owed(made) == [
        ("appointments.moved", LATER),
        ("appointments.reminder", made.starts_at - 3 * DAY),
        ("appointments.reminder", made.starts_at - DAY),
    ]


def test_the_old_time_is_offered_on_to_the_next(visit, scheduler):
    next_in_line = make_entry(waited_days=20)
    accept(offer(visit, scheduler))

    [passed_on] = actions.offer_freed_times(now=LATER)

    assert (passed_on.entry, passed_on.starts_at) == (next_in_line, visit.starts_at)


def test_one_calendar_file_says_where_the_visit_went(visit, scheduler, mailoutbox):
    made = accept(offer(visit, scheduler))
    raw = write("appointments.moved", made, to=made.patient.user)

    parts = [part for part in parsed(raw).walk() if "calendar" in part["Content-Type"]]
    files = [Calendar.from_ical(part.get_payload(decode=True)) for part in parts]
    said = [
        (
            file["METHOD"],
            event["STATUS"],
            event["SEQUENCE"],
            event["UID"],
        )
        for file in files
        for event in file.walk("VEVENT")
    ]
    assert said == [
        ("REQUEST", "CONFIRMED", visit.sequence + 1, str(visit.uid)),
    ]
    assert "The one on Monday, October 19, 9 a.m. is canceled." in body(raw, "plain")
    assert "Tuesday, October 20" in body(raw, "html")


def test_declining_keeps_the_visit_and_costs_nothing(visit, scheduler):
    for number, clock in enumerate(["08:00", "09:00", "10:00"]):
        made = offer(visit, scheduler, clock)
        actions.decline(appointment=made, by=made.patient.user, now=NOW)
        assert made.entry.appointments.count() == number + 2

    assert fresh(visit).status == Status.BOOKED
    assert not type(visit.entry).objects.all().to_call().exists()


def test_a_lapsed_offer_of_another_time_stands_in_no_ones_way(visit, scheduler):
    lapsed = offer(visit, scheduler)

    again = offer(visit, scheduler, "11:00", now=lapsed.held_until)

    assert fresh(lapsed).ending == Ending.LAPSED
    assert again.replaces == visit


def test_a_visit_is_replaced_by_one_at_a_time(visit):
    made = make_appointment(status=Status.PROPOSED, replaces=visit)

    with pytest.raises(IntegrityError, match="appointment_is_replaced_by_one"):
        make_appointment(status=Status.PROPOSED, replaces=made.replaces)


def test_staff_move_a_visit_at_once_on_the_telephone(visit, scheduler):
    out = offer(visit, scheduler, "11:00")

    new = actions.move(
        appointment=visit, opening=on_tuesday(visit), by=scheduler, now=LATER
    )

    assert (new.status, new.by_telephone) == (Status.BOOKED, True)
    assert fresh(visit).ending == Ending.MOVED
    assert fresh(out).ending == Ending.WITHDRAWN


def test_who_cancels_while_another_time_is_offered_can_still_take_that(
    visit, scheduler
):
    made = offer(visit, scheduler)
    actions.cancel(
        appointment=visit, ending=Ending.BY_PATIENT, by=visit.patient.user, now=NOW
    )

    new = accept(made)

    assert (fresh(visit).ending, new.status) == (Ending.BY_PATIENT, Status.BOOKED)
    assert fresh(new).entry.status == EntryStatus.IN_PROGRESS
    assert owed(new)[0][0] == "appointments.booked"


def test_the_old_time_cannot_be_canceled_once_it_is_moved(visit, scheduler):
    accept(offer(visit, scheduler))

    with pytest.raises(actions.NotCancellable, match="moved to another time"):
        actions.cancel(
            appointment=visit, ending=Ending.BY_PATIENT, by=scheduler, now=LATER
        )


@pytest.mark.parametrize("state", [Status.ARRIVED, Status.CHECKED_IN])
def test_who_has_arrived_has_the_visit_and_no_other_time(state, visit, scheduler):
    made = offer(visit, scheduler)
    Appointment.objects.filter(pk=visit.pk).update(status=state)

    with pytest.raises(actions.NotWaiting, match="already have a time"):
        accept(made)


@pytest.mark.parametrize("what", ["ask", "keep", "offer", "move"])
def test_a_visit_that_has_begun_is_not_moved(what, visit, scheduler):
    begun = {"appointment": visit, "by": scheduler, "now": visit.starts_at}
    act = {
        "ask": lambda: actions.ask_to_move(words="", **begun),
        "keep": lambda: actions.keep_time(**begun),
        "offer": lambda: actions.offer_move(opening=on_tuesday(visit), **begun),
        "move": lambda: actions.move(opening=on_tuesday(visit), **begun),
    }

    with pytest.raises(actions.NotMovable, match="Please call the clinic"):
        act[what]()


@pytest.fixture
def soon(scheduler, monkeypatch):
    """The same visit, on a page that shows NOW."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    _, [therapist], [room] = make_clinic()
    opening = opening_at(therapist, room, at(MONDAY, "09:00"))
    return actions.book(entry=make_entry(), opening=opening, by=scheduler, now=NOW)


def test_a_patient_asks_on_the_page_of_the_visit_and_takes_it_back(soon):
    client = signed_in(soon.patient.user)
    page = url("ask_to_move", soon.pk)
    assert page in client.get(url("offer", soon.pk)).content.decode()

    too_long = client.post(page, {"words": "x" * 301})
    assert too_long.status_code == 422
    assert "x" * 301 in too_long.content.decode()
    assert client.post(page, {"words": "After noon"}).status_code == 302
    assert (
        "You asked for another time"
        in client.get(url("offer", soon.pk)).content.decode()
    )
    assert fresh(soon).move_words == "After noon"
    client.post(url("keep_time", soon.pk))
    assert fresh(soon).move_asked_at is None


def test_a_scheduler_sees_the_wish_and_offers_another_time(soon, scheduler):
    ask(soon, "Any <b>Tuesday</b>")
    client = signed_in(scheduler)
    listed = client.get(url("offers")).content.decode()
    assert "Any &lt;b&gt;Tuesday&lt;/b&gt;" in listed
    page = client.get(url("propose", soon.entry_id))
    rows = page.context["rows"]
    assert (soon.therapist_id, soon.starts_at) not in {
        (row["opening"].therapist, row["opening"].starts_at) for row in rows
    }

    sent = {"opening": rows[-1]["value"], "how": "offer"}
    for _press in range(2):
        assert client.post(url("propose", soon.entry_id), sent).status_code == 302

    made = Appointment.objects.get(replaces=soon)
    assert made.status == Status.PROPOSED
    assert "Offer out" in client.get(url("offers")).content.decode()
    for opened in (
        signed_in(soon.patient.user).get(url("offer", made.pk)),
        client.get(url("answer", sign("offer", made.pk))),
    ):
        words = opened.content.decode()
        assert "stays booked until you accept this time instead" in words
        assert "Decline, and keep my visit" in words
        assert "counts as missed" in words


def test_the_mail_of_the_offer_says_that_the_visit_stays(visit, scheduler, mailoutbox):
    made = offer(visit, scheduler)

    raw = write("appointments.offer", made, to=made.patient.user)

    for form in ("plain", "html"):
        assert "on Monday, October 19, 9 a.m. stays booked" in body(raw, form)
