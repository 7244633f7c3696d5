"""Mails written by a shorter way than Django's say what Django's would."""

from __future__ import annotations

import smtplib
from datetime import UTC, date, datetime, time
from email import message_from_bytes, policy

import pytest
from django.core.mail import BadHeaderError, EmailMultiAlternatives
from django.core.mail.message import sanitize_address
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.safestring import mark_safe

from appointments.messages.ahead import Rules, Visit, of_visits
from appointments.messages.words import Where, address
from appointments.models import (
    Appointment,
    Certification,
    Closure,
    HolidayCalendar,
    Policy,
    Therapist,
    TimeOff,
    WorkingHours,
    outside,
)
from appointments.models.hours import holidays_between
from massage_portal import stencils
from massage_portal.accounts.models import User
from massage_portal.outbox import kinds
from massage_portal.outbox.carriers import mime, smtp
from massage_portal.outbox.links import stop_address, token_of
from massage_portal.outbox.models import Message
from massage_portal.tokens import sign
from referrals.models import Referral
from services.models import Location
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    TODAY,
    make_appointment,
    make_location,
    make_message,
    make_policy,
    make_room,
    make_technique,
)

REMINDER = "appointments.reminder"
CANCELLED = {"status": "cancelled", "ended_at": NOW, "ending": "prov"}
LONG = "word " * 300
# The second Monday of October in 2027: late enough for UTC to have Tuesday.
ON_COLUMBUS_DAY = datetime(2027, 10, 12, 1, 0, tzinfo=UTC)


def mail(subject="A subject", body="Some text", html="<p>Some text</p>", **more):
    out = EmailMultiAlternatives(
        subject,
        body,
        "Clínica <clinic@example.org>",
        ["Zoë <reader@example.org>"],
        headers={"Message-ID": "<1@example.org>", "X-Long": "<https://x/" + "y" * 150},
        **more,
    )
    out.attach_alternative(html, "text/html")
    return out


def read(raw):
    """Return what a mail program makes of it: but for its date and its boundaries."""
    parsed = message_from_bytes(raw, policy=policy.default)
    parts = [
        (part.get_content_type(), part.get_content().replace("\r\n", "\n").rstrip("\n"))
        for part in parsed.walk()
        if not part.is_multipart()
    ]
    headers = {
        name: "".join(value.split())
        for name, value in parsed.items()
        if name not in ("Date", "Content-Type")
    }
    return parsed.get_content_type(), headers, parts


@pytest.mark.parametrize(
    "words",
    [
        {},
        {"subject": "Su próxima cita: miércoles, ¿vendrá usted? " * 3},
        {"body": "Buenos días,\n\nlínea\r\notra\rmás\n", "html": "<p>ñ</p>\n"},
        {"body": LONG},  # longer than a line of mail may be
        {"body": ".\n..\nFrom me\n--\n"},
        {"attachments": [("a.ics", b"BEGIN:VCALENDAR", "text/calendar")]},
    ],
)
def test_a_mail_joined_by_hand_reads_like_djangos(words):
    out = mail(**words)
    assert read(mime.as_bytes(out)) == read(out.message().as_bytes(linesep="\r\n"))
    assert all(len(line) <= 998 for line in mime.as_bytes(out).split(b"\r\n"))


@pytest.mark.parametrize(
    "raw",
    [
        *(b"Subject: a\r\n\r\n.\r\n..b\r\nc.", b".\r\n", b"a\r\n", b"", b"a\n.b\r\n"),
        b"Subject: a\r\n\r\nno dot\r\n",
    ],
)
def test_a_mail_is_quoted_as_smtplib_quotes_it(raw):
    end = b"" if raw.endswith(b"\r\n") else b"\r\n"
    assert smtp.quoted(raw) == smtplib._quote_periods(raw) + end + b".\r\n"


def test_a_mail_joined_by_hand_takes_no_line_break_in_a_header():
    with pytest.raises(BadHeaderError):
        mime.as_bytes(mail(subject="Hello\nBcc: victim@example.org"))


# --- Stencils -------------------------------------------------------------------------


def reminder(**fields):
    link = "https://portal.example.org/"
    return {
        "name": "Ada",
        "phone": "507-555-0100",
        "subject": "Your appointment",
        "link": f"{link}confirm/a",
        "day": "lunes",
        "time": "9 a.m.",
        "zone": "CDT",
        "place": "Rochester",
        "room": "Room 4",
        "elsewhere": None,
        "when": "Oct 14",
        "confirm": f"{link}confirm/a?b=1&c=2",
        "cancel": f"{link}cancel/a",
        "see": f"{link}offer/7",
        "stop": f"{link}stop/x",
        "confirmed": False,
        "policy": Rules(late_cancel_hours=24, most_missed=2),
    } | fields


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({}, id="ordinary"),
        pytest.param({"name": "", "stop": ""}, id="nothing there"),
        pytest.param({"name": "<b>&amp;x&</b>", "day": "<&"}, id="marks"),
        pytest.param({"confirmed": True}, id="another shape"),
        pytest.param({"elsewhere": {"moment": "noon", "zone": "CET"}}, id="no shape"),
    ],
)
@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("form", ["txt", "html"])
def test_a_stencil_filled_is_the_template_rendered(form, language, fields):
    template = f"appointments/mail/reminder.{form}"
    with translation.override(language):
        for given in (reminder(), reminder(**fields)):
            assert stencils.render(template, given) == render_to_string(template, given)


def test_what_is_kept_holds_no_words_though_they_are_safe():
    template = "appointments/mail/reminder.html"
    for name in ("<b>Ada</b>", "<i>Grace</i>", ""):
        given = reminder(name=mark_safe(name))  # noqa: S308 - it is a test's
        assert stencils.render(template, given) == render_to_string(template, given)
    assert stencils._stencil.cache_info().currsize == 1  # of none that has a name


def test_a_template_that_changes_a_text_makes_no_stencil(monkeypatch):
    shouts = lambda template, context: context["name"].upper() + "!"  # noqa: E731
    monkeypatch.setattr(stencils, "render_to_string", shouts)
    with pytest.raises(ValueError, match=r"loud\.txt changes a text"):
        stencils.render("loud.txt", {"name": "Ada"})


# --- Read ahead -----------------------------------------------------------------------


@pytest.mark.django_db
def test_what_is_read_for_many_reminders_is_what_each_would_read_for_itself(
    django_assert_max_num_queries,
):
    visits = [make_appointment(starts_at=NOW + (20 + n) * HOUR) for n in range(4)]
    ill = visits[3]
    TimeOff.objects.create(
        therapist=ill.therapist, starts_at=ill.starts_at, ends_at=ill.ends_at
    )
    for visit in visits:
        make_message(kind=REMINDER, subject=visit, to=visit.patient.user)

    def render(message):
        try:
            return kinds.kind_of(REMINDER).render(message)
        except kinds.Withheld:
            return None

    alone = list(Message.objects.select_related("recipient").order_by("pk"))
    together = list(Message.objects.select_related("recipient").order_by("pk"))

    with django_assert_max_num_queries(16):
        kinds.read_ahead(together)
        ahead = [render(message) for message in together]

    assert ahead == [render(message) for message in alone]
    assert [mail is None for mail in ahead] == [False, False, False, True]


def in_the_way(what, visit):
    """Have something that cannot be helped be in the way of a visit, or nothing."""
    place, day = visit.therapist.location, visit.local_start.date()
    if what == "off":
        span = {"starts_at": visit.starts_at, "ends_at": visit.ends_at}
        TimeOff.objects.create(therapist=visit.therapist, **span)
    elif what == "closed":
        Closure.objects.create(location=place, first_day=day, last_day=day)
    elif what == "closed the day before":
        day -= DAY
        Closure.objects.create(location=place, first_day=day, last_day=day)
    elif what == "gone":
        Therapist.objects.filter(pk=visit.therapist_id).update(active=False)
    elif what == "no massage":
        Location.objects.filter(pk=place.pk).update(gives_massage=False)
    elif what == "a calendar":  # Columbus Day is the 12th
        HolidayCalendar.objects.create(location=place, country="US")
    elif what in ("a holiday", "a holiday worked"):  # Columbus Day itself
        visit.starts_at = ON_COLUMBUS_DAY
        visit.ends_at = visit.blocked_until = visit.starts_at + HOUR
        visit.save()
        kept = HolidayCalendar.objects.create(location=place, country="US")
        if what == "a holiday worked":
            kept.worked.create(day=visit.local_start.date())
    elif what == "uncertified":
        visit.technique = make_technique()
        visit.save()
        until = {"technique": visit.technique, "valid_until": day - DAY}
        Certification.objects.create(therapist=visit.therapist, **until)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("what", "cannot_be"),
    [
        *(("", False), ("closed the day before", False), ("a calendar", False)),
        *(("a holiday", True), ("a holiday worked", False)),
        *(("off", True), ("closed", True), ("gone", True), ("uncertified", True)),
        ("no massage", True),
    ],
)
def test_what_is_read_of_a_visit_is_what_its_rows_say(what, cannot_be):
    make_policy(in_force_from=NOW - 2 * DAY, late_cancel_hours=30, most_missed=4)
    make_policy(in_force_from=NOW - HOUR, late_cancel_hours=8, most_missed=3)
    visit = make_appointment(starts_at=NOW + 20 * HOUR, booked_at=NOW - DAY)
    hours = {"starts": time(0), "ends": time(23), "valid_from": TODAY - DAY}
    for weekday in range(7):
        WorkingHours.objects.create(therapist=visit.therapist, weekday=weekday, **hours)
    in_the_way(what, visit)
    message = make_message(kind=REMINDER, subject=visit, to=visit.patient.user)

    read = of_visits([message])[message.pk]

    rules = Policy.objects.agreed(visit.booked_at, now=message.due_at)
    assert read == Visit(
        pk=visit.pk,
        stands=True,
        given_name=visit.patient.given_name,
        confirmed=False,
        where=Where(
            visit.local_start,
            visit.local_end,
            visit.therapist.location.time_zone,
            visit.therapist.location.name,
            visit.room.name,
        ),
        rules=Rules(rules.late_cancel_hours, rules.most_missed),
        cannot_be=outside.cannot_be(Appointment.objects.with_place().get()),
    )
    assert read.rules == Rules(30, 3)
    assert read.cannot_be == cannot_be


@pytest.mark.django_db
@pytest.mark.parametrize("holidays", [False, True])
def test_reminders_of_fifty_visits_are_read_in_two_statements(
    holidays, django_assert_num_queries
):
    place = make_location()
    if holidays:
        HolidayCalendar.objects.create(location=place, country="US")
    room = make_room(location=place)
    visits = [
        make_appointment(room=room, starts_at=NOW + n * DAY + 2 * HOUR)
        for n in range(50)
    ]
    on = {visit.local_start.date() for visit in visits}
    assert date(2026, 11, 11) in on  # Veterans Day, on which no visit can be
    messages = [
        make_message(kind=REMINDER, subject=visit, to=visit.patient.user)
        for visit in visits
        if visit.local_start.date() not in holidays_between("US", "", min(on), max(on))
    ]
    assert len(messages) > 45
    of_visits(messages[:1])  # both statements are prepared

    with django_assert_num_queries(2):
        read = of_visits(messages)

    assert [read[one.pk].cannot_be for one in messages] == [False] * len(messages)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("of", "fields", "stands"),
    [
        (Appointment, {"confirmed_at": NOW}, True),
        (Appointment, CANCELLED, False),
        (Referral, {"status": "on-hold"}, False),
    ],
)
def test_a_visit_stands_while_it_is_booked_and_its_referral_in_force(
    of, fields, stands
):
    visit = make_appointment()
    of.objects.update(**fields)
    message = make_message(kind=REMINDER, subject=visit, to=visit.patient.user)
    read = of_visits([message])[message.pk]
    assert (read.stands, read.confirmed) == (stands, "confirmed_at" in fields)


# --- Made once, as if made each time --------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [
        *("ana@example.org", "a.b+c_d-e@mail-2.example.org", "ana@Example.ORG"),
        *("josé@example.org", "ana@ejemplo-ñ.example", '"a b"@example.org'),
        "The Clinic <clinic@example.org>",
    ],
)
def test_an_ordinary_address_is_what_it_would_be_if_it_were_read(written):
    assert smtp.plain_address(written, "utf-8") == sanitize_address(written, "utf-8")


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_link_is_what_looking_up_its_path_each_time_would_make(language, settings):
    origin, key = settings.PORTAL_ORIGIN, 987_654_321
    reader = User(pk=key, language=language)
    with translation.override(language):
        for view, arg in (("offer", key), ("answer", sign("offer", key))):
            path = reverse(f"appointments:{view}", args=[arg])
            assert address(view, arg) == f"{origin}{path}"
        path = reverse("outbox:stop", args=[token_of(reader)])
        assert stop_address(reader) == f"{origin}{path}"
        assert address("mine") == origin + reverse("appointments:mine")
