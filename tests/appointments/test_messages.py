"""The mails about requests and visits: true, to the point, in the reader's language."""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import partial
from urllib.parse import urlsplit

import pytest
from django.urls import resolve
from django.utils import translation
from django.utils.translation import trans_real

from appointments.actions import cancel
from appointments.codes import Ending, EntryStatus, Missed, Status
from appointments.models import Appointment, Closure, HolidayCalendar, TimeOff
from massage_portal.accounts.roles import Role
from massage_portal.outbox import kinds, sending
from massage_portal.outbox.models import Message, Preference
from services.models import Location
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    make_appointment,
    make_message,
    make_overrule,
    make_policy,
    make_user,
)
from tests.letters import EXAMPLES, FRIDAY, by_text, marked_entry, marked_visit
from tests.mails import (
    MarkedSpanish,
    body,
    contents,
    links,
    parsed,
    seen,
    untranslated,
    write,
)
from tests.threads import errors, together

ORIGIN = "https://portal.example.org"
OF_A_VISIT = {
    "appointments.offer": Status.PROPOSED,
    "appointments.lapsing": Status.PROPOSED,
    "appointments.booked": Status.BOOKED,
    "appointments.moved": Status.BOOKED,
    "appointments.reminder": Status.BOOKED,
    "appointments.cancelled": Status.CANCELLED,
    "appointments.missed": Status.NOSHOW,
}
OF_A_REQUEST = {
    "appointments.requested": EntryStatus.REQUESTED,
    "appointments.accepted": EntryStatus.ACCEPTED,
    "appointments.on-hold": EntryStatus.ON_HOLD,
    "appointments.rejected": EntryStatus.REJECTED,
}
KINDS = sorted(kind for kind in EXAMPLES if kind.startswith("appointments."))
WITH_A_CALENDAR = [f"appointments.{one}" for one in ("booked", "moved", "cancelled")]
# What the texts of a message take from records, and what no translator sees.
DATA = r"Rochester|Room 4|C[DS]T|CEST"


@pytest.fixture
def post(db, settings, mailoutbox):
    """The portal has an address of its own, and Django's test mailbox catches mail."""
    settings.PORTAL_ORIGIN = ORIGIN
    return mailoutbox


def write_about(kind, subject):
    return write(kind, subject, subject.patient.user)


def written(kind, **person):
    """Return a mail of `kind` about its example."""
    subject, to, _key = EXAMPLES[kind](**person)
    return write(kind, subject, to)


def flat(words):
    return re.sub(r"\s+", " ", words)


# --- True -----------------------------------------------------------------------------


@pytest.mark.parametrize("status", Status)
def test_a_mail_about_a_visit_goes_only_while_it_is_true(status, post):
    visit = marked_visit(status)
    went = {kind for kind in OF_A_VISIT if write_about(kind, visit) is not None}
    assert went == {kind for kind, true in OF_A_VISIT.items() if true == status}
    assert Message.objects.filter(voided_at=NOW).count() == len(OF_A_VISIT) - len(went)


@pytest.mark.parametrize("status", EntryStatus)
def test_news_of_a_request_goes_only_while_it_is_true(status, post):
    entry = marked_entry(status)
    went = {kind for kind in OF_A_REQUEST if write_about(kind, entry) is not None}
    assert went == {kind for kind, true in OF_A_REQUEST.items() if true == status}


def test_nothing_is_written_about_what_is_no_longer_on_record(post):
    user = make_user(Role.PATIENT)
    for kind in KINDS:
        assert write(kind, user, user) is None  # no visit or request has this key
    assert post == []


def test_a_reminder_of_a_cancelled_visit_is_not_sent(post):
    visit = marked_visit(Status.BOOKED)
    user = visit.patient.user
    message = make_message(kind="appointments.reminder", subject=visit, to=user)
    cancel(appointment=visit, ending=Ending.BY_PATIENT, by=user, now=NOW)
    assert not sending.send(pk=message.pk, now=NOW)
    assert post == []
    assert Message.objects.due(NOW).get().kind == "appointments.cancelled"


@pytest.mark.usefixtures("committed")
def test_no_reminder_goes_if_the_cancel_commits_while_it_is_being_written(
    monkeypatch, mailoutbox
):
    visit = make_appointment()
    user = visit.patient.user
    message = make_message(kind="appointments.reminder", subject=visit, to=user)
    kind = kinds.kind_of(message.kind)
    cancels = partial(
        cancel, appointment=visit, ending=Ending.BY_PATIENT, by=user, now=NOW
    )

    def overtaken(message):
        mail = kind.render(message)
        assert mail is not None
        assert errors(together(cancels)) == []  # on another connection: it commits
        return mail

    overtaken_kind = kind._replace(render=overtaken)
    monkeypatch.setitem(kinds._kinds, message.kind, overtaken_kind)
    assert not sending.send(pk=message.pk, now=NOW)
    message.refresh_from_db()
    assert (message.voided_at, message.began_at) == (NOW, None)
    assert mailoutbox == []


def closed(visit):
    place = visit.therapist.location
    Closure.objects.create(
        location=place, first_day=FRIDAY, last_day=FRIDAY, reason="Painters"
    )


def holiday(visit):
    """Friday is none: the calendar alone is in nobody's way."""
    HolidayCalendar.objects.create(location=visit.therapist.location, country="US")


def off(visit):
    TimeOff.objects.create(
        therapist=visit.therapist,
        starts_at=visit.ends_at - HOUR / 2,
        ends_at=visit.ends_at + HOUR,
    )


def off_before(visit):
    TimeOff.objects.create(
        therapist=visit.therapist,
        starts_at=visit.starts_at - DAY,
        ends_at=visit.starts_at,
    )


def left(visit):
    visit.therapist.active = False
    visit.therapist.save()


def not_certified(visit):
    visit.therapist.certifications.update(valid_until=FRIDAY - DAY)


def other_hours(visit):
    """Somebody stays longer, if they kept the visit."""
    visit.therapist.working_hours.all().delete()


@pytest.mark.parametrize(
    ("happened", "reminded"),
    [
        (closed, False),
        (off, False),
        (left, False),
        (not_certified, False),
        (off_before, True),
        (holiday, True),
        (other_hours, True),
    ],
)
def test_nobody_is_reminded_of_a_visit_that_the_clinic_cannot_give(
    happened, reminded, post
):
    visit = marked_visit(Status.BOOKED)
    happened(visit)
    assert (write_about("appointments.reminder", visit) is not None) is reminded


def test_an_overdue_request_is_not_told_of_its_wait_once_an_offer_is_out(post):
    entry = marked_entry(EntryStatus.ACCEPTED, waited_days=40)
    make_appointment(status=Status.PROPOSED, entry=entry)
    assert write_about("appointments.waiting", entry) is None


def test_nobody_hears_of_a_late_target_that_counts_no_more(post):
    entry = marked_entry(EntryStatus.ACCEPTED, waited_days=40)
    make_overrule(entry, 60)
    assert write_about("appointments.waiting", entry) is None


# --- What they say --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "says"),
    [
        (date(2026, 10, 30), "Friday, October 30, 2026, 9 a.m. (CDT)"),
        (date(2026, 11, 2), "Monday, November 2, 2026, 9 a.m. (CST)"),
    ],
)
@pytest.mark.parametrize("kind", OF_A_VISIT)
def test_a_mail_names_the_hour_on_the_wall_of_the_place(kind, day, says, post):
    raw = write_about(kind, marked_visit(OF_A_VISIT[kind], day=day, clock="09:00"))
    for words in (body(raw, "plain"), seen(body(raw, "html"))):
        assert says in flat(words)
        assert "Rochester, Room 4" in words
        assert "where you are" not in words


@pytest.mark.parametrize("kind", OF_A_VISIT)
def test_whoever_is_in_another_zone_reads_the_hour_there_too(kind, post):
    visit = marked_visit(OF_A_VISIT[kind])
    Preference.objects.create(user=visit.patient.user, time_zone="Europe/Madrid")
    raw = write_about(kind, visit)
    for words in (body(raw, "plain"), seen(body(raw, "html"))):
        assert "That is Friday, October 16, 5 p.m. (CEST) where you are." in flat(words)
        assert "Friday, October 16, 2026, 10 a.m. (CDT)" in flat(words)


def test_whoever_named_no_zone_is_told_of_none_but_the_places(post):
    visit = marked_visit(Status.BOOKED)
    Location.objects.update(time_zone="America/Phoenix")
    Preference.objects.create(user=visit.patient.user)
    raw = write_about("appointments.booked", visit)
    for words in (body(raw, "plain"), seen(body(raw, "html"))):
        assert "where you are" not in words
        assert "(MST)" in flat(words)


def test_a_reminder_says_how_to_prepare_how_to_cancel_and_what_a_late_one_means(post):
    make_policy(late_cancel_hours=48, most_missed=3)
    raw = write_about("appointments.reminder", marked_visit(Status.BOOKED))
    for words in map(flat, (body(raw, "plain"), seen(body(raw, "html")))):
        assert "Come ten minutes early." in words
        assert "If you are late, call" in words
        assert "canceled less than 48 hours before it begins counts as missed" in words
        assert "After 3 missed visits we call you" in words
    ways = [resolve(urlsplit(one).path).url_name for one in links(body(raw, "plain"))]
    assert ways == ["confirm_by_link", "cancel_by_link", "stop"]


def test_whoever_confirmed_is_not_asked_again(post):
    message = longest("appointments.reminder", "es")
    Appointment.objects.filter(pk=message.subject_key).update(confirmed_at=NOW)
    mail = kinds.kind_of("appointments.reminder").render(message)
    assert "Thank you for telling us" in mail.text
    assert "/confirm/" not in mail.text + mail.html + mail.short
    assert links(mail.short) == [f"{ORIGIN}/my/offers/{message.subject_key}/"]
    with translation.override("es"):
        assert len(mail.short) <= kinds.LONGEST_TEXT


@pytest.mark.parametrize(
    ("ending", "says"),
    [
        (Ending.BY_CLINIC, "We have to cancel this appointment. We are sorry"),
        (Ending.BY_PATIENT, "This appointment is canceled, as you asked"),
    ],
)
def test_a_cancellation_says_who_wanted_it(ending, says, post):
    visit = marked_visit(Status.CANCELLED, ended={"ending": ending})
    raw = write_about("appointments.cancelled", visit)
    for words in (body(raw, "plain"), seen(body(raw, "html"))):
        assert says in words


def test_a_visit_missed_by_our_mistake_is_not_laid_at_the_patients_door(post):
    visit = marked_visit(Status.NOSHOW)
    theirs = body(write_about("appointments.missed", visit), "plain")
    visit.missed_because = Missed.CLINIC
    visit.save()
    ours = body(write_about("appointments.missed", visit), "plain")
    assert "We hope that you are well" in theirs
    assert "used up" in theirs
    assert "that was our mistake. We are sorry" in ours
    assert "used up" not in ours


def test_a_long_wait_is_told_with_its_reason_and_what_can_be_done(post):
    said = body(written("appointments.waiting"), "plain")
    assert "More people need us than we have times for" in said
    assert "in 1 to 13 weeks: that is how it goes for 8 of 10" in flat(said)
    assert "Has it got worse? Tell us" in said


@pytest.mark.parametrize("kind", KINDS)
def test_links_lead_to_pages_of_this_portal_and_nowhere_else(kind, post):
    raw = written(kind)
    found = links(body(raw, "plain"))
    assert found
    assert set(found) == set(links(body(raw, "html")))
    for link in links("\n".join(contents(raw))):
        assert link.startswith(f"{ORIGIN}/")
        assert resolve(urlsplit(link).path).app_name in ("appointments", "outbox")
    outward = re.findall(r"\b(src|background|action)=|url\(", body(raw, "html"))
    assert outward == []


# --- As a text message ----------------------------------------------------------------


def longest(kind, language):
    """Return the example with the longest key and hour that it may have."""
    subject, to, _key = EXAMPLES[kind](language=language)
    if kind in OF_A_VISIT:
        starts_at = datetime.fromisoformat("2026-09-30T22:30:00-05:00")
        times = {"starts_at": starts_at, "ends_at": starts_at + HOUR}
        times["blocked_until"] = starts_at + HOUR
        if subject.held_until:
            times["held_until"] = starts_at - DAY
        type(subject).objects.filter(pk=subject.pk).update(id=999_999_999, **times)
        subject.pk = 999_999_999
    by_text(to)
    return make_message(kind=kind, subject=subject, to=to)


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_text_has_room_for_its_link_with_the_longest_values(kind, language, post):
    message = longest(kind, language)
    with translation.override(language):
        mail = kinds.kind_of(kind).render(message)
    assert len(mail.short) <= kinds.LONGEST_TEXT
    assert len(links(mail.short)) == 1


def test_a_text_whose_link_is_too_long_names_the_telephone(post, settings):
    settings.PORTAL_ORIGIN = "https://a-very-long-name.portal.of.the.clinic.example.org"
    mail = kinds.kind_of("appointments.offer").render(
        longest("appointments.offer", "en")
    )
    assert mail.short.endswith(f"Call {settings.CLINIC_PHONE}.")
    assert links(mail.short) == []


# --- In the reader's language ---------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_every_word_of_a_mail_can_be_translated(kind, post, monkeypatch):
    monkeypatch.setitem(trans_real._translations, "es", MarkedSpanish())
    raw = written(kind, language="es")
    mail = parsed(raw)
    assert '<html lang="es" dir="ltr">' in body(raw, "html")
    texts = [mail["Subject"], body(raw, "plain"), seen(body(raw, "html"))]
    for text in texts:
        assert "«" in text
        assert re.findall(r"[^\W\d]+", re.sub(DATA, "", untranslated(text))) == []
    files = "".join(contents(raw)[2:])
    assert ("SUMMARY:«Appointment»" in files) == (kind in WITH_A_CALENDAR)


@pytest.mark.parametrize(("language", "day"), [("en", "Friday"), ("es", "viernes")])
@pytest.mark.parametrize("kind", OF_A_VISIT)
def test_days_are_named_in_the_language_of_the_patient(kind, language, day, post):
    raw = written(kind, language=language)
    assert f'<html lang="{language}"' in body(raw, "html")
    for words in (body(raw, "plain"), body(raw, "html")):
        assert day.lower() in words.lower()


def test_a_name_is_plain_in_the_text_and_escaped_in_the_page(post):
    raw = written("appointments.reminder", given_name="Zoë <b>O'Hara & Co")
    assert "Hello Zoë <b>O'Hara & Co," in body(raw, "plain")
    assert "Hello Zoë &lt;b&gt;O&#x27;Hara &amp; Co," in body(raw, "html")
