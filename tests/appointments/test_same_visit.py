"""A visit that is moved or booked again is, to its patient, the visit it always was."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest
from django.core import mail
from django.db import IntegrityError
from django.test import Client
from icalendar import Calendar

from appointments import actions
from appointments.codes import Ending, Status
from appointments.models import Appointment
from massage_portal.accounts.roles import Role
from massage_portal.outbox import sending
from massage_portal.outbox.actions import about
from massage_portal.outbox.codes import Channel, Failure
from massage_portal.outbox.models import Message
from massage_portal.tokens import sign
from tests.appointments.calendars import address, events, look
from tests.appointments.pages import signed_in, url
from tests.appointments.sound import faults
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    TODAY,
    at,
    make_clinic,
    make_entry,
    make_policy,
    make_user,
    opening_at,
)
from tests.mails import body, parsed

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
MONDAY, TUESDAY = TODAY + 5 * DAY, TODAY + 6 * DAY
REMINDER = "appointments.reminder"


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """The clock of pages, which the test sets; it stands at NOW."""
    moment = {"now": NOW}
    monkeypatch.setattr("django.utils.timezone.now", lambda: moment["now"])
    return moment


@pytest.fixture
def scheduler():
    return make_user(Role.SCHEDULER)


@pytest.fixture
def visit(scheduler):
    """Monday at 11, booked now."""
    make_policy(in_force_from=NOW - DAY, second_reminder_hours=2)
    _, [therapist], [room] = make_clinic()
    opening = opening_at(therapist, room, at(MONDAY, "11:00"))
    return actions.book(entry=make_entry(), opening=opening, by=scheduler, now=NOW)


def move(visit, scheduler, day, clock, *, now):
    opening = opening_at(visit.therapist, visit.room, at(day, clock))
    return actions.move(appointment=visit, opening=opening, by=scheduler, now=now)


def fresh(visit):
    return Appointment.objects.get(pk=visit.pk)


def send_all(now):
    """Do what a worker does, and return the mails that went, oldest first."""
    before = len(mail.outbox)
    while sending.send_some(clock=lambda: now):
        pass
    return [one.message().as_bytes() for one in mail.outbox[before:]]


def files(raw):
    """Return the calendar files of a mail."""
    parts = [one for one in parsed(raw).walk() if "calendar" in one["Content-Type"]]
    return [part.get_payload(decode=True).replace(b"\r\n", b"\n") for part in parts]


class Told:
    """What one calendar file asks, as a library and a reader of our own find it."""

    def __init__(self, content):
        content = content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        [(self.uid, ours)] = events(content).items()
        calendar = Calendar.from_ical(content)
        [theirs] = calendar.walk("VEVENT")
        self.method, self.status = calendar["METHOD"], theirs["STATUS"]
        self.sequence = theirs["SEQUENCE"]
        self.starts_at = theirs["DTSTART"].dt.astimezone(UTC)
        self.stamp = theirs["DTSTAMP"].dt
        assert (theirs["UID"], int(ours["SEQUENCE"])) == (self.uid, self.sequence)
        assert (ours["STATUS"], ours.moment("DTSTART")) == (self.status, self.starts_at)

    def goes_on_from(self, before):
        """Say whether a calendar that has `before` replaces it by this."""
        newer = self.sequence > before.sequence and self.stamp > before.stamp
        return self.uid == before.uid and newer


def only_file(raw):
    [content] = files(raw)
    return Told(content)


# --- Moved ----------------------------------------------------------------------------


def test_one_file_moves_the_event_in_mail_and_feed_alike(visit, scheduler):
    feed = address(visit.patient)
    first, seen = only_file(send_all(NOW + MINUTE)[-1]), Told(look(feed).content)
    assert (first.uid, first.sequence) == (seen.uid, seen.sequence)

    new = move(visit, scheduler, TUESDAY, "10:00", now=NOW + HOUR)

    [raw] = send_all(NOW + 2 * HOUR)
    told, now_seen = only_file(raw), Told(look(feed).content)
    assert (told.method, told.status) == ("REQUEST", "CONFIRMED")
    assert told.starts_at == now_seen.starts_at == new.starts_at
    assert told.sequence == now_seen.sequence
    assert now_seen.goes_on_from(seen)
    assert told.sequence > first.sequence
    assert "The one on Monday, October 19, 11 a.m. is canceled." in body(raw, "plain")
    assert "The file with this mail changes it" in body(raw, "html")


def test_an_offer_of_another_time_that_is_accepted_moves_the_event_too(
    visit, scheduler
):
    feed = address(visit.patient)
    before = Told(look(feed).content)
    opening = opening_at(visit.therapist, visit.room, at(TUESDAY, "10:00"))
    who = {"by": scheduler, "now": NOW}
    offer = actions.offer_move(appointment=visit, opening=opening, **who)
    assert Told(look(feed).content).starts_at == visit.starts_at

    user = visit.patient.user
    new = actions.accept(appointment=offer, by=user, now=NOW + HOUR)

    told = Told(look(feed).content)
    assert told.goes_on_from(before)
    assert told.starts_at == new.starts_at
    assert (new.uid, fresh(visit).uid) == (visit.uid, visit.uid)


def test_a_visit_moved_twice_while_no_mail_went_is_one_event_at_the_last_time(
    visit, scheduler
):
    first = only_file(send_all(NOW)[-1])
    second = move(visit, scheduler, TUESDAY, "10:00", now=NOW + HOUR)
    third = move(second, scheduler, TUESDAY, "08:00", now=NOW + 2 * HOUR)

    [raw] = send_all(NOW + 3 * HOUR)

    told = only_file(raw)
    assert (told.uid, told.starts_at) == (first.uid, third.starts_at)
    assert told.sequence > first.sequence
    assert "The one on Monday, October 19, 11 a.m. is canceled." in body(raw, "plain")
    assert list(events(look(address(visit.patient)).content)) == [first.uid]


def test_a_visit_canceled_after_it_was_moved_leaves_the_calendar(visit, scheduler):
    first = only_file(send_all(NOW)[-1])
    new = move(visit, scheduler, TUESDAY, "10:00", now=NOW + HOUR)
    actions.cancel(
        appointment=new, ending=Ending.BY_CLINIC, by=scheduler, now=NOW + 2 * HOUR
    )

    told = only_file(send_all(NOW + 3 * HOUR)[-1])

    assert (told.method, told.status) == ("CANCEL", "CANCELLED")
    assert (told.uid, told.sequence) == (first.uid, first.sequence + 2)
    assert Told(look(address(visit.patient)).content).status == "CANCELLED"


def test_the_file_of_a_visit_is_that_of_the_time_which_is_in_force(visit, scheduler):
    client = signed_in(visit.patient.user)
    opening = opening_at(visit.therapist, visit.room, at(TUESDAY, "10:00"))
    who = {"by": scheduler, "now": NOW}
    offer = actions.offer_move(appointment=visit, opening=opening, **who)
    shown = Told(client.get(url("calendar", offer.pk)).content)
    assert (shown.starts_at, shown.status) == (visit.starts_at, "CONFIRMED")

    actions.accept(appointment=offer, by=visit.patient.user, now=NOW + HOUR)

    for one in (visit, offer):
        shown = Told(client.get(url("calendar", one.pk)).content)
        assert (shown.starts_at, shown.status) == (offer.starts_at, "CONFIRMED")
        assert (shown.method, shown.uid) == ("PUBLISH", str(visit.uid))


def test_one_row_of_a_visit_is_in_force_at_a_time(visit, scheduler):
    """Holds the constraint appointment_one_in_force_per_uid."""
    new = move(visit, scheduler, TUESDAY, "10:00", now=NOW + HOUR)
    assert fresh(visit).uid == fresh(new).uid

    Appointment.objects.filter(pk=new.pk).update(status="noshow")
    with pytest.raises(IntegrityError, match="appointment_one_in_force_per_uid"):
        Appointment.objects.filter(pk=visit.pk).update(ending=Ending.BY_PATIENT)


# --- The wrong mark undone ------------------------------------------------------------

SEVEN = at(MONDAY, "07:00")
TEN = at(MONDAY, "10:00")


def marked_and_undone(visit, *, undone_at=SEVEN + MINUTE):
    """Mark the patient as here at seven, undo it, and return the visit booked again."""
    by = visit.therapist.user
    actions.arrive(appointment=visit, by=by, now=SEVEN)
    return actions.undo_mark(appointment=visit, by=by, now=undone_at)


def reminders():
    mine = Message.objects.filter(kind=REMINDER).order_by("due_at")
    return [(one.about, one.sent_at, one.voided_at) for one in mine]


def test_the_event_goes_on_under_its_name_and_is_canceled_under_it(visit, clock):
    feed = address(visit.patient)
    before = Told(look(feed).content)

    again = marked_and_undone(visit)
    clock["now"] = SEVEN + HOUR
    undone = Told(look(feed).content)
    assert undone.goes_on_from(before)
    assert (undone.status, undone.starts_at) == ("CONFIRMED", visit.starts_at)

    who = {"by": visit.patient.user, "now": SEVEN + HOUR}
    actions.cancel(appointment=again, ending=Ending.BY_CLINIC, **who)
    told = only_file(send_all(SEVEN + HOUR + MINUTE)[-1])
    assert (told.method, told.uid) == ("CANCEL", before.uid)
    assert told.sequence > undone.sequence


@pytest.mark.parametrize("purpose", ["confirm", "cancel"])
def test_the_links_that_were_mailed_go_on(purpose, visit, clock):
    again = marked_and_undone(visit)
    link = url(f"{purpose}_by_link", sign(purpose, visit.pk))
    clock["now"] = SEVEN + HOUR
    page = Client().get(link)
    assert f'value="{purpose}"' in page.text

    sent = {"answer": purpose, "late": "yes"}
    assert Client().post(link, sent).status_code == 302

    again = fresh(again)
    became = {"confirm": again.confirmed_at, "cancel": again.ended_at}[purpose]
    assert became == SEVEN + HOUR
    assert Client().get(link).status_code == 200


def test_the_patients_own_pages_show_the_visit_that_stands(visit, clock):
    again = marked_and_undone(visit)
    clock["now"] = SEVEN + HOUR
    client = signed_in(visit.patient.user)

    for pk in (visit.pk, again.pk):
        page = client.get(url("offer", pk))
        assert "Your visit is booked" in page.text
        assert "entered by mistake" not in page.text
        assert url("cancel", again.pk) in page.text
    assert Told(client.get(url("calendar", visit.pk)).content).status == "CONFIRMED"


def test_a_link_of_the_old_time_stays_over_where_the_visit_was_moved_after_an_undo(
    visit, scheduler, clock
):
    again = marked_and_undone(visit)
    move(again, scheduler, TUESDAY, "10:00", now=SEVEN + HOUR)
    clock["now"] = SEVEN + 2 * HOUR

    page = Client().get(url("confirm_by_link", sign("confirm", visit.pk)))

    assert "This visit was moved to another time" in page.text
    assert 'value="confirm"' not in page.text


def test_reminders_still_ahead_go_once_after_the_undo(visit):
    assert len(send_all(visit.starts_at - 3 * DAY)) == 2  # booked, the first reminder
    again = marked_and_undone(visit)

    assert len(send_all(TEN)) == 1

    mine = about(again)
    first, last = (visit.starts_at - 3 * DAY), TEN
    assert reminders() == [(mine, first, None), (mine, last, None)]
    assert send_all(TEN + 30 * MINUTE) == []
    assert faults(TEN + 30 * MINUTE) == {}


def test_a_reminder_that_went_is_not_owed_again(visit):
    send_all(visit.starts_at - 3 * DAY)
    by = visit.therapist.user
    send_all(TEN)
    actions.arrive(appointment=visit, by=by, now=TEN)
    actions.undo_mark(appointment=visit, by=by, now=TEN + MINUTE)

    assert send_all(TEN + 2 * MINUTE) == []
    assert faults(TEN + 30 * MINUTE) == {}


def test_a_reminder_that_came_due_under_the_wrong_mark_goes_once_it_is_undone(visit):
    send_all(visit.starts_at - 3 * DAY)
    by = visit.therapist.user
    actions.arrive(appointment=visit, by=by, now=SEVEN)
    assert send_all(TEN) == []
    actions.undo_mark(appointment=visit, by=by, now=TEN + 20 * MINUTE)
    assert faults(TEN + 20 * MINUTE) == {}  # it is not late: it was put off until now

    [raw] = send_all(TEN + 21 * MINUTE)

    assert "Your appointment on Monday" in parsed(raw)["Subject"]
    assert faults(TEN + 50 * MINUTE) == {}


def test_a_sender_that_read_it_under_the_wrong_mark_does_not_withdraw_it(visit):
    """Written while the mark stood: nothing to say. It must not end what is owed."""
    send_all(visit.starts_at - 3 * DAY)
    by = visit.therapist.user
    actions.arrive(appointment=visit, by=by, now=SEVEN)
    [key] = Message.objects.claim(7, most=9, now=TEN)
    batch = sending.Batch(7, [key], lambda: TEN)

    actions.undo_mark(appointment=visit, by=by, now=TEN)
    batch.unwritten.extend(batch.messages)
    assert batch._next() is None

    message = Message.objects.get(pk=key)
    assert (message.voided_at, message.claim) == (None, None)
    assert len(send_all(TEN + MINUTE)) == 1


def test_a_message_on_its_way_is_left_to_its_sender(visit):
    """A mail that is being handed over as the mark is undone counts as that visit's."""
    send_all(visit.starts_at - 3 * DAY)
    [key] = Message.objects.claim(7, most=9, now=TEN)
    how = {"claim": 7, "channel": Channel.EMAIL, "now": TEN}
    assert Message.objects.begin(key, **how)
    by = visit.therapist.user
    actions.arrive(appointment=visit, by=by, now=TEN)
    again = actions.undo_mark(appointment=visit, by=by, now=TEN)
    assert Message.objects.get(pk=key).claim == 7

    went = sending.Went(TEN, Channel.EMAIL, "", key)
    Message.objects.mark([went])

    assert reminders()[-1] == (about(again), TEN, None)
    assert send_all(TEN + MINUTE) == []


def test_who_must_be_called_of_a_visit_must_still_be_after_an_undo(visit, scheduler):
    message = Message.objects.filter(kind=REMINDER).earliest("due_at")
    lost = {"failed_at": SEVEN - HOUR, "failed_because": Failure.UNREACHABLE}
    Message.objects.filter(pk=message.pk).update(**lost)

    marked_and_undone(visit)

    assert list(Message.objects.to_call(SEVEN + HOUR)) == [message]


def test_a_wish_for_another_time_outlives_the_wrong_mark(visit):
    user = visit.patient.user
    actions.ask_to_move(appointment=visit, words="Later", by=user, now=NOW)

    again = marked_and_undone(visit)

    assert (again.move_asked_at, again.move_words) == (NOW, "Later")
    assert Appointment.objects.to_move(SEVEN + HOUR).get() == again


def test_a_mark_undone_twice_leaves_one_event_and_one_reminder(visit, clock):
    feed = address(visit.patient)
    send_all(visit.starts_at - 3 * DAY)
    again = marked_and_undone(marked_and_undone(visit), undone_at=SEVEN + 2 * MINUTE)

    assert fresh(visit).status == Status.ENTERED_IN_ERROR
    assert (again.uid, again.status) == (visit.uid, Status.BOOKED)
    clock["now"] = SEVEN + HOUR
    assert Told(look(feed).content).status == "CONFIRMED"
    link = url("confirm_by_link", sign("confirm", visit.pk))
    assert 'value="confirm"' in Client().get(link).text
    assert len(send_all(TEN)) == 1
    assert faults(TEN + 30 * MINUTE) == {}
