"""What each act owes: to whom, when, and what a call takes the place of."""

from __future__ import annotations

from datetime import time, timedelta

import pytest

from appointments import actions
from appointments.actions.ask import Availability, NeedAnswers
from appointments.codes import Ending, EntryStatus, Missed, RoleThreat, Status
from appointments.holding import lapse_notice
from appointments.models import Appointment
from massage_portal.accounts.roles import Role
from massage_portal.nights import Quiet
from massage_portal.outbox import actions as outbox
from massage_portal.outbox import kinds, sending
from massage_portal.outbox.actions import about
from massage_portal.outbox.codes import Channel
from massage_portal.outbox.models import Message
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    TODAY,
    ZONE,
    at,
    make_appointment,
    make_category,
    make_clinic,
    make_entry,
    make_message,
    make_patient,
    make_policy,
    make_question,
    make_referral,
    make_request,
    make_target,
    make_user,
    opening_at,
)
from tests.ground.reported import GATEWAY
from tests.letters import by_text
from tests.trail import owed, voided

pytestmark = pytest.mark.django_db
NIGHT = Quiet(time(21, 0), time(8, 0))
NEED = NeedAnswers(5, 5, 5, RoleThreat.NONE, 5)
MONDAY_9 = at(TODAY + 5 * DAY, "09:00")


@pytest.fixture
def scheduler():
    return make_user(Role.SCHEDULER)


def without_account(**fields):
    return make_referral(patient=make_patient(account=False), **fields)


def to_nobody(subject):
    """Return the kinds owed about the subject that only a call can bring home."""
    rows = Message.objects.filter(about=about(subject), recipient=None)
    return sorted(rows.values_list("kind", flat=True))


def calls_about(subject, *, now):
    """Send what is due, and return about what somebody is to call."""
    sending.send_some(clock=lambda: now)
    calls = Message.objects.to_call(now).filter(about=about(subject))
    return sorted(calls.values_list("kind", flat=True))


def opening():
    _, [therapist], [room] = make_clinic()
    return opening_at(therapist, room, MONDAY_9)


def asked(referral, *, by):
    return {
        "referral": referral,
        "availability": Availability(),
        "need": NEED,
        "today": TODAY,
        "by": by,
        "now": NOW,
    }


# --- Received -------------------------------------------------------------------------


def test_whoever_asks_gets_word_that_it_came_in():
    referral = make_referral()
    entry = actions.ask(**asked(referral, by=referral.patient.user))
    assert owed(entry) == [("appointments.requested", NOW)]


def test_so_does_whoever_staff_asked_for_unless_no_mail_reaches_them(scheduler):
    for referral, told in [(make_referral(), 1), (without_account(), 0)]:
        entry = actions.by_telephone(
            actions.ask, patient=referral.patient, **asked(referral, by=scheduler)
        )
        assert len(owed(entry)) == told


# --- Offers ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "until", "told"),
    [
        pytest.param("Wed 10:00", "Thu 15:00", "Thu 11:00", id="four hours before"),
        pytest.param("Wed 10:00", "Wed 14:00", None, id="a hold as short as that"),
        pytest.param("Wed 10:00", "Wed 14:01", "Wed 10:01", id="a minute longer"),
        pytest.param("Wed 10:00", "Thu 08:00", "Wed 20:00", id="before the night"),
        pytest.param("Wed 18:00", "Thu 10:00", "Thu 08:00", id="or as it ends"),
        pytest.param("Wed 18:00", "Thu 08:59", None, id="not with minutes left"),
        pytest.param("Wed 18:00", "Thu 08:00", None, id="or none at all"),
        pytest.param("Wed 22:00", "Thu 12:00", None, id="as the first word goes"),
        pytest.param("Wed 22:00", "Thu 12:01", "Thu 08:01", id="a minute after it"),
    ],
)
def test_a_second_word_of_an_offer_comes_in_time_and_never_at_night(made, until, told):
    def moment(words):
        day, clock = words.split()
        return at(TODAY + (day == "Thu") * DAY, clock)

    given = {"zone": ZONE, "notice": 4 * HOUR, "quiet": NIGHT}
    at_last = lapse_notice(now=moment(made), held_until=moment(until), **given)
    assert at_last == (moment(told) if told else None)
    given["notice"] = timedelta(0)
    assert lapse_notice(now=moment(made), held_until=moment(until), **given) is None


def test_an_offer_is_told_twice_and_an_answer_withdraws_the_second(scheduler):
    entry = make_entry()
    made = actions.offer(entry=entry, opening=opening(), by=scheduler, now=NOW)
    assert owed(made) == [
        ("appointments.offer", NOW),
        ("appointments.lapsing", at(TODAY, "20:00")),  # four hours before is at night
    ]
    actions.decline(appointment=made, by=entry.patient.user, now=NOW)
    assert owed(made) == []
    assert voided(made) == ["appointments.offer", "appointments.lapsing"]


def test_a_second_word_goes_by_mail_rather_than_as_a_text_half_its_time_later(settings):
    settings.SMS_GATEWAY = GATEWAY
    offer, evening = make_appointment(status=Status.PROPOSED), at(TODAY, "20:00")
    by_text(user := offer.patient.user)
    told = {"subject": offer, "to": user, "due_at": evening}
    message = make_message(
        kind="appointments.lapsing", expires_at=evening + 16 * HOUR, **told
    )
    sending.send(pk=message.pk, now=evening)
    message.refresh_from_db()
    assert (message.sent_at, message.channel) == (evening, Channel.EMAIL)


def test_policy_says_when_and_whether(scheduler):
    make_policy(lapse_notice_hours=0)
    made = actions.offer(entry=make_entry(), opening=opening(), by=scheduler, now=NOW)
    assert owed(made) == [("appointments.offer", NOW)]


# --- Without an account ---------------------------------------------------------------


def test_an_offer_to_whoever_has_no_account_is_a_call_once(scheduler):
    entry = make_entry(referral=without_account())
    made = actions.offer(entry=entry, opening=opening(), by=None, now=NOW)
    assert to_nobody(made) == ["appointments.offer"]


def test_what_was_agreed_on_the_telephone_is_not_told_again_but_is_reminded_of(
    scheduler,
):
    entry = make_entry(referral=without_account())
    visit = actions.by_telephone(
        actions.book,
        patient=entry.patient,
        entry=entry,
        opening=opening(),
        by=scheduler,
        now=NOW,
    )
    assert to_nobody(visit) == ["appointments.reminder"] * 2
    actions.by_telephone(
        actions.cancel,
        patient=entry.patient,
        appointment=visit,
        ending=Ending.BY_PATIENT,
        by=scheduler,
        now=NOW,
    )
    assert owed(visit) == []


def test_a_cancellation_by_the_clinic_and_a_missed_visit_are_calls(scheduler):
    ahead, past = (
        make_appointment(
            entry=make_entry(
                status=EntryStatus.IN_PROGRESS, referral=without_account()
            ),
            starts_at=starts_at,
        )
        for starts_at in (NOW + DAY, NOW - HOUR)
    )
    actions.cancel_for_clinic(appointments=[ahead], by=scheduler, now=NOW)
    outcome = {"outcome": Status.NOSHOW, "by": scheduler, "now": NOW}
    actions.record_visit(appointment=past, **outcome)
    assert to_nobody(ahead) == ["appointments.cancelled"]
    assert to_nobody(past) == ["appointments.missed"]


def test_our_questions_and_answers_are_calls_and_good_news_is_none(scheduler):
    entry = make_request(referral=without_account())
    judge = {"by": scheduler, "now": NOW}
    actions.ask_information(entry=entry, question="When?", version=1, **judge)
    actions.triage(entry=entry, category=make_category(), version=2, **judge)
    asked = make_question(entry, asked_by=scheduler)
    actions.answer_question(question=asked, words="Yes.", **judge)
    assert to_nobody(entry) == ["appointments.on-hold"]
    assert to_nobody(asked) == ["appointments.question_answered"]


def test_what_is_due_stands_on_the_list_of_calls_with_whom_to_call(scheduler):
    referral = without_account()
    referral.patient.phone = "+15075550177"
    referral.patient.save()
    entry = make_entry(referral=referral)
    made = actions.offer(entry=entry, opening=opening(), by=None, now=NOW)
    assert sending.send_some(clock=lambda: NOW) == 1
    [call] = Message.objects.to_call(NOW)
    person = kinds.people([call])[call.pk]
    patient = referral.patient
    assert (person.name, person.phone) == (str(patient), str(patient.phone))
    assert person.address == f"/visits/{made.pk}/"


def test_nobody_is_called_about_an_offer_that_was_answered_or_a_visit_that_was_canceled(
    scheduler,
):
    entry = make_entry(referral=without_account())
    made = actions.offer(entry=entry, opening=opening(), by=None, now=NOW)
    assert calls_about(made, now=NOW) == ["appointments.offer"]
    act = {"appointment": made, "by": scheduler}
    actions.by_telephone(actions.accept, patient=entry.patient, now=NOW, **act)
    assert calls_about(made, now=NOW) == []

    later = MONDAY_9 - 2 * DAY
    assert calls_about(made, now=later) == ["appointments.reminder"]
    actions.cancel(ending=Ending.BY_CLINIC, now=later, **act)
    assert calls_about(made, now=later) == ["appointments.cancelled"]


def test_nobody_is_called_about_what_comes_back_after_it_was_withdrawn(scheduler):
    visit = make_appointment(starts_at=NOW + 5 * DAY)
    user = visit.patient.user
    sent = make_message(kind="appointments.booked", subject=visit, to=user)
    sending.send(pk=sent.pk, now=NOW)
    actions.cancel(
        appointment=visit, ending=Ending.BY_PATIENT, by=scheduler, now=NOW + HOUR
    )
    bounced = outbox.Report(outbox.Outcome.RETURNED, message_id=str(sent.message_id))
    given = {"channel": Channel.EMAIL, "reports": [bounced], "now": NOW + 2 * HOUR}
    outbox.note_reports(**given)
    sent.refresh_from_db()
    assert sent.returned_at == NOW + 2 * HOUR
    assert sent not in Message.objects.to_call(NOW + 2 * HOUR)


def test_nobody_is_called_about_a_question_that_was_answered(scheduler):
    entry = make_request(referral=without_account())
    judge = {"by": scheduler, "now": NOW}
    actions.ask_information(entry=entry, question="When?", version=1, **judge)
    assert calls_about(entry, now=NOW) == ["appointments.on-hold"]
    actions.reply(entry=entry, words="On Mondays.", **judge)
    assert calls_about(entry, now=NOW) == []


# --- Missed ---------------------------------------------------------------------------


@pytest.mark.parametrize("because", [Missed.NOT_SAID, Missed.CLINIC])
def test_a_missed_visit_is_written_of_in_an_hour(because, scheduler):
    visit = make_appointment(starts_at=NOW - HOUR)
    mark = {"outcome": Status.NOSHOW, "by": scheduler, "now": NOW, "because": because}
    for _ in range(2):
        actions.record_visit(appointment=visit, **mark)
    assert owed(visit) == [("appointments.missed", NOW + HOUR)]


def test_a_wrong_mark_taken_back_in_time_is_written_of_to_nobody(scheduler):
    visit = make_appointment(starts_at=NOW - HOUR)
    mark = {"outcome": Status.NOSHOW, "by": scheduler, "now": NOW}
    actions.record_visit(appointment=visit, **mark)
    again = actions.undo_mark(appointment=visit, by=scheduler, now=NOW)
    assert voided(visit) == ["appointments.missed"]
    assert owed(again) == []


# --- A wait longer than its target ----------------------------------------------------


def late(**fields):
    return make_entry(**{"waited_days": 29, "target_days": 28} | fields)


def test_whoever_waits_past_the_target_is_told_once(scheduler):
    entry, in_time = late(), make_entry(waited_days=26.5)
    assert actions.tell_of_waits(now=NOW) == 1
    assert owed(entry) == [("appointments.waiting", NOW)]
    assert owed(in_time) == []
    Message.objects.update(sent_at=NOW)
    assert actions.tell_of_waits(now=NOW + DAY) == 0
    assert actions.tell_of_waits(now=NOW + 2 * DAY) == 1  # the other one, by then
    assert owed(in_time) == [("appointments.waiting", NOW + 2 * DAY)]


def test_a_word_that_was_withdrawn_before_it_went_is_said_after_all():
    entry = late()
    assert actions.tell_of_waits(now=NOW) == 1
    Message.objects.update(voided_at=NOW)  # an offer came, and lapsed
    assert actions.tell_of_waits(now=NOW + DAY) == 1
    assert actions.tell_of_waits(now=NOW + DAY) == 0
    Message.objects.filter(voided_at=None).update(sent_at=NOW + DAY)
    assert actions.tell_of_waits(now=NOW + 2 * DAY) == 0
    assert Message.objects.filter(kind="appointments.waiting").count() == 2
    assert len(voided(entry)) == 1


def test_the_target_passes_at_its_very_moment():
    entry = late(waited_days=28)
    assert actions.tell_of_waits(now=NOW - timedelta(seconds=1)) == 0
    assert actions.tell_of_waits(now=NOW) == 1
    assert len(owed(entry)) == 1


def _offered(entry):
    make_appointment(status=Status.PROPOSED, entry=entry)


def _referral_over(entry):
    entry.referral.valid_until = TODAY - DAY
    entry.referral.save()


def _called_first(entry):
    for number in range(2):
        make_appointment(
            status=Status.CANCELLED,
            entry=entry,
            ending=Ending.LAPSED,
            booked_at=None,
            starts_at=NOW + number * DAY,
        )


def _longer_target(entry):
    make_target(entry.category, 40, in_force_from=NOW - DAY)


def _booked(entry):
    entry.status = EntryStatus.IN_PROGRESS
    entry.save()


@pytest.mark.parametrize(
    "changed", [_offered, _referral_over, _called_first, _longer_target, _booked]
)
def test_nobody_is_told_that_times_are_short_who_lacks_something_else(changed):
    entry = late()
    changed(entry)
    assert actions.tell_of_waits(now=NOW) == 0
    assert owed(entry) == []


def test_a_wait_of_whoever_has_no_account_is_a_call():
    entry = late(referral=without_account(received_at=NOW - 29 * DAY))
    actions.tell_of_waits(now=NOW)
    assert to_nobody(entry) == ["appointments.waiting"]


# --- Reminders, when policy changes ---------------------------------------------------


def test_reminders_that_are_owed_stay_as_they_were_when_policy_changes(scheduler):
    visit = actions.book(entry=make_entry(), opening=opening(), by=scheduler, now=NOW)
    before = owed(visit)
    later = {"first_reminder_hours": 48, "second_reminder_hours": 0}
    make_policy(in_force_from=NOW + HOUR, **later)
    actions.tell_of_waits(now=NOW + 2 * HOUR)
    assert owed(visit) == before
    other = make_appointment(status=Status.PROPOSED, starts_at=NOW + 5 * DAY)
    Appointment.objects.filter(pk=other.pk).update(held_until=NOW + 5 * HOUR)
    by = other.patient.user
    actions.accept(appointment=other, by=by, now=NOW + 2 * HOUR)
    assert owed(other)[1:] == [("appointments.reminder", NOW + 3 * DAY)]
