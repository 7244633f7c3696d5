"""The mails about requests and visits: true, private, and in the reader's language."""

from __future__ import annotations

import re
from datetime import date
from functools import partial
from urllib.parse import urlsplit

import pytest
from django.urls import resolve
from django.utils.translation import trans_real

from appointments.actions import cancel
from appointments.codes import Ending, EntryStatus, Status
from massage_portal.accounts.roles import Role
from massage_portal.outbox import actions as outbox
from massage_portal.outbox import kinds
from massage_portal.outbox.models import Message
from tests.factories import (
    NOW,
    TODAY,
    at,
    make_appointment,
    make_category,
    make_diagnosis,
    make_entry,
    make_location,
    make_message,
    make_patient,
    make_provider,
    make_referral,
    make_room,
    make_technique,
    make_therapist,
    make_user,
)
from tests.mails import (
    MarkedSpanish,
    body,
    contents,
    laid_open,
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
    "appointments.booked": Status.BOOKED,
    "appointments.moved": Status.BOOKED,
    "appointments.reminder": Status.BOOKED,
    "appointments.cancelled": Status.CANCELLED,
}
OF_A_REQUEST = {
    "appointments.accepted": EntryStatus.ACCEPTED,
    "appointments.on-hold": EntryStatus.ON_HOLD,
    "appointments.rejected": EntryStatus.REJECTED,
}
KINDS = [*OF_A_VISIT, *OF_A_REQUEST]
WITH_A_CALENDAR = [f"appointments.{one}" for one in ("booked", "moved", "cancelled")]
BORN = ["1931-03-17", "17/1931", "March 17", "17 de marzo", "19310317"]


@pytest.fixture
def post(db, settings, mailoutbox):
    """The portal has an address of its own, and Django's test mailbox catches mail."""
    settings.PORTAL_ORIGIN = ORIGIN
    return mailoutbox


def marked_entry(status, *, language="en", given_name="Juniper"):
    """Return an entry with a mark, zqmark, in all that no mail may tell."""
    user = make_user(Role.PATIENT, name=f"{given_name} Zqmarkson", language=language)
    patient = make_patient(
        user=user,
        given_name=given_name,
        family_name="Zqmarkson",
        record_number=f"ZQMARK-{user.pk}",
        birth_date=date(1931, 3, 17),
    )
    referral = make_referral(
        patient=patient,
        provider=make_provider(
            given_name="Zqmarkia", family_name="Zqmarkov", department="Zqmarkology"
        ),
        diagnosis=make_diagnosis("ZQMARK", "Zqmarkitis"),
        technique=make_technique(name="Zqmark strokes"),
        reason="Zqmark reason",
        clearance_by="Zqmark clearer",
        clearance_on=TODAY,
    )
    category = make_category(name="Zqmark category", meaning="Zqmark meaning")
    said = {"note": "Zqmark question", "reply": "Zqmark answer"}
    return make_entry(referral=referral, status=status, category=category, **said)


def marked_visit(status, *, day=date(2026, 10, 16), clock="10:00", **person):
    """Return a visit of such an entry, to a therapist who is marked too."""
    place = make_location(name="Rochester")
    entry = marked_entry(EntryStatus.ACCEPTED, **person)
    return make_appointment(
        status=status,
        entry=entry,
        therapist=make_therapist(
            location=place, user=make_user(Role.THERAPIST, name="Zqmark Therapist")
        ),
        room=make_room(location=place, name="Room 4"),
        technique=entry.referral.technique,
        starts_at=at(day, clock),
    )


def make_subject(kind, **person):
    """Return what a message of `kind` is about, in the state that it tells of."""
    if kind in OF_A_VISIT:
        return marked_visit(OF_A_VISIT[kind], **person)
    return marked_entry(OF_A_REQUEST[kind], **person)


def write_about(kind, subject):
    return write(kind, subject, subject.patient.user)


def test_every_kind_of_message_is_examined_here():
    ours = {kind for kind in kinds._renderers if kind.startswith("appointments.")}
    # That of an answer is examined in test_question.py.
    assert ours == {*KINDS, "appointments.question_answered"}


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
    visit.entry.status = EntryStatus.IN_PROGRESS
    visit.entry.save()
    cancel(appointment=visit, ending=Ending.BY_PATIENT, by=user, now=NOW)
    assert not outbox.send(pk=message.pk, now=NOW)
    assert post == []
    assert Message.objects.due(NOW).get().kind == "appointments.cancelled"


@pytest.mark.usefixtures("committed")
def test_no_reminder_goes_if_the_cancel_commits_while_it_is_being_written(
    monkeypatch, mailoutbox
):
    visit = make_appointment()
    user = visit.patient.user
    message = make_message(kind="appointments.reminder", subject=visit, to=user)
    renderer = kinds.renderer_of(message.kind)
    cancels = partial(
        cancel, appointment=visit, ending=Ending.BY_PATIENT, by=user, now=NOW
    )

    def overtaken(message):
        mail = renderer(message)
        assert mail is not None
        assert errors(together(cancels)) == []  # on another connection: it commits
        return mail

    monkeypatch.setitem(kinds._renderers, message.kind, overtaken)
    assert not outbox.send(pk=message.pk, now=NOW)
    message.refresh_from_db()
    assert (message.voided_at, message.began_at) == (NOW, None)
    assert mailoutbox == []


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
        assert says in re.sub(r"\s+", " ", words).replace(" (", " (")
        assert "Rochester, Room 4" in words


# --- Private --------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_mail_tells_nobody_who_is_treated_for_what_and_by_whom(kind, language, post):
    said = laid_open(write_about(kind, make_subject(kind, language=language)))
    assert "Juniper" in said  # the first name, and the proof that we can read it
    assert ("BEGIN:VCALENDAR" in said) == (kind in WITH_A_CALENDAR)
    assert "zqmark" not in said.lower()
    assert [born for born in BORN if born in said] == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_mail_is_addressed_to_the_bare_address_of_its_patient(kind, post):
    subject = make_subject(kind)
    mail = parsed(write_about(kind, subject))
    assert mail["To"] == subject.patient.user.email
    assert [mail["Cc"], mail["Bcc"]] == [None, None]


@pytest.mark.parametrize("kind", KINDS)
def test_links_lead_to_pages_of_this_portal_and_nowhere_else(kind, post):
    raw = write_about(kind, make_subject(kind))
    found = links(body(raw, "plain"))
    assert found
    assert set(found) == set(links(body(raw, "html")))
    for link in links("\n".join(contents(raw))):
        assert link.startswith(f"{ORIGIN}/")
        assert resolve(urlsplit(link).path).app_name == "appointments"
    outward = re.findall(r"\b(src|background|action)=", body(raw, "html"))
    assert outward == []


# --- In the reader's language ---------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_every_word_of_a_mail_can_be_translated(kind, post, monkeypatch):
    monkeypatch.setitem(trans_real._translations, "es", MarkedSpanish())
    raw = write_about(kind, make_subject(kind, language="es"))
    mail = parsed(raw)
    assert '<html lang="es" dir="ltr">' in body(raw, "html")
    texts = [mail["Subject"], body(raw, "plain"), seen(body(raw, "html"))]
    for text in texts:
        assert "«" in text
        data = r"Rochester|Room 4|C[DS]T"
        assert re.findall(r"[^\W\d]+", re.sub(data, "", untranslated(text))) == []
    files = "".join(contents(raw)[2:])
    assert ("SUMMARY:«Appointment»" in files) == (kind in WITH_A_CALENDAR)


@pytest.mark.parametrize(("language", "day"), [("en", "Friday"), ("es", "viernes")])
@pytest.mark.parametrize("kind", OF_A_VISIT)
def test_days_are_named_in_the_language_of_the_patient(kind, language, day, post):
    raw = write_about(kind, make_subject(kind, language=language))
    assert f'<html lang="{language}"' in body(raw, "html")
    for words in (body(raw, "plain"), body(raw, "html")):
        assert day.lower() in words.lower()


@pytest.mark.parametrize("kind", KINDS)
def test_a_name_is_plain_in_the_text_and_escaped_in_the_page(kind, post):
    raw = write_about(kind, make_subject(kind, given_name="Zoë <b>O'Hara & Co"))
    assert "Hello Zoë <b>O'Hara & Co," in body(raw, "plain")
    assert "Hello Zoë &lt;b&gt;O&#x27;Hara &amp; Co," in body(raw, "html")
