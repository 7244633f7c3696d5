"""One patient's whole way, from a search to the visit, in a browser without scripts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import SimpleNamespace

import pytest
from icalendar import Calendar
from playwright.sync_api import Page, expect

from massage_portal.audit.models import AuditEvent
from referrals.models import Patient
from tests.factories import HOUR, ZONE, at
from tests.journeys.walk import (
    Clinic,
    choose,
    enter_date,
    follow,
    group,
    heading,
    link_in,
    menu,
    press,
    sees,
    sign_in,
    words_of,
)

pytestmark = pytest.mark.browser

EMAIL = "juniper@example.org"
CHOSEN = "four-words-nobody-would-guess"
VISIT_DAY = date(2026, 10, 21)  # a Wednesday: the first day Juniper can come
VISIT, LATER_VISIT = at(VISIT_DAY, "08:00"), at(VISIT_DAY, "09:00")
# What a mail must not say, for others may read it: what for, and what kind.
PRIVATE = re.compile(r"fibro|myalg|pain|M79|massage|swedish|therap|testwell", re.I)

DESK, TIMES, HANDS = "desk@example.org", "times@example.org", "hands@example.org"
SIGHT = re.compile(r"\.(seen|listed|seen_by_link)$")
DEEDS = [  # all that was done with the patient's records, in order, and by whom
    ("patient.added", DESK),
    ("referral.recorded", DESK),
    ("request.made", EMAIL),
    ("request.triaged", TIMES),
    ("appointment.offered", TIMES),
    ("appointment.booked", EMAIL),
    ("appointment.cancelled", EMAIL),
    ("appointment.offered", TIMES),
    ("appointment.booked", EMAIL),
    ("visit.fulfilled", HANDS),
    ("request.planned", HANDS),
]
SIGHTS = [  # who saw what of them, at least once
    ("patient.seen", DESK),
    ("referral.seen", DESK),
    ("referral.seen", EMAIL),
    ("request.seen", EMAIL),
    ("request.listed", TIMES),
    ("request.seen", TIMES),
    ("appointment.seen_by_link", "system"),
    ("appointment.seen", HANDS),
    ("appointment.seen", EMAIL),
]


@dataclass
class Story(SimpleNamespace):
    """What the chapters share: the clinic, its clock and post, and the windows."""

    clinic: Clinic
    clock: object
    post: object
    window: object
    desk: Page | None = None
    times: Page | None = None
    home: Page | None = None  # the patient's own computer

    def __post_init__(self):
        self.desk, self.times, self.home = (
            self.window(scripts=False, accept_downloads=True) for _ in range(3)
        )

    @property
    def patient(self) -> Patient:
        return Patient.objects.get(user__email=EMAIL)

    def move_clock(self, to: datetime) -> None:
        assert to > self.clock.now
        self.clock.now = to


def test_a_patient_walks_from_a_search_to_the_visit(clinic, clock, post, window):
    story = Story(clinic, clock, post, window)
    a_visitor_learns_that_a_referral_is_needed(story)
    staff_add_the_patient(story)
    staff_record_the_referral(story)
    the_patient_chooses_a_password(story)
    the_patient_asks(story)
    the_scheduler_triages(story)
    the_scheduler_offers_a_time(story)
    the_patient_accepts_without_signing_in(story)
    the_therapist_sees_the_visit(story)
    the_calendar_file_is_read(story)
    one_reminder_is_sent(story)
    the_patient_cancels_and_keeps_the_place(story)
    the_next_patient_is_offered_the_time(story)
    the_patient_accepts_another_time(story)
    what_became_of_the_visits_is_recorded(story)
    the_trail_tells_it_all(story)


def a_visitor_learns_that_a_referral_is_needed(story):
    page = story.window(scripts=False)
    page.goto("/")
    page.get_by_role("searchbox").fill("fibromyalgia")
    press(page, "Search")
    follow(page, "Fibromyalgia")
    heading(page, "Fibromyalgia")
    sees(page, "A referral from a Mayo Clinic provider")
    follow(page, "How to get an appointment")
    heading(page, "How to get an appointment")


def staff_add_the_patient(story):
    page = story.desk
    sign_in(page, story.clinic.staff)
    follow(page, "Record a referral")
    page.get_by_role("searchbox").fill("Juniper Testwell")
    press(page, "Search")
    sees(page, "No patient found.")
    press(page, "Add a new patient")  # with the name that was typed
    page.get_by_label("Record number").fill("R-2001")
    enter_date(page, "Date of birth", date(1980, 2, 29))
    page.get_by_label("Email address").fill(EMAIL)
    page.get_by_label("Phone number").fill("507-555-0123")
    press(page, "Add patient")
    heading(page, "Record a referral")
    sees(page, "The patient is added.")


def staff_record_the_referral(story):
    page = story.desk
    npi = story.clinic.provider.npi
    page.get_by_label("Provider's NPI").fill(npi[:-1] + str((int(npi[-1]) + 1) % 10))
    page.get_by_label("Diagnosis").fill("myalgia")
    enter_date(page, "Valid until", date(2027, 2, 1))
    page.get_by_label("Visits authorized").fill("2")
    page.get_by_label("Reason, in the provider's words").fill("Pain all over.")
    for question in page.get_by_role("group", name=re.compile(r"\?$")).all():
        question.get_by_label("No", exact=True).check()
    choose(page, "Pregnant?", "Yes")
    press(page, "Record referral")

    problems = page.get_by_role("alert")
    expect(problems).to_contain_text("the last one does not fit the others")
    expect(problems).to_contain_text("Choose one of the codes found.")
    page.get_by_label("Provider's NPI").fill(npi)
    group(page, "Codes found").get_by_label("M79.7 Fibromyalgia").check()
    press(page, "Record referral")
    heading(page, "Juniper Testwell")
    sees(page, "We have sent them a link.")
    sees(page, "M79.7 Fibromyalgia")


def the_patient_chooses_a_password(story):
    [mail] = story.post.round()
    assert mail["To"] == EMAIL
    assert not PRIVATE.search(words_of(mail)), words_of(mail)
    link = link_in(mail, "/accounts/invitation/")
    page = story.home
    page.goto(link)
    heading(page, "Choose your password")
    page.get_by_label("Choose a password").fill(CHOSEN)
    page.get_by_label("Type the password again").fill(CHOSEN)
    press(page, "Save password and sign in")
    heading(page, "My care")

    again = story.window(scripts=False)
    again.goto(link)
    heading(again, "This link does not work")


def the_patient_asks(story):
    page = story.home
    follow(page, "See the referral")
    sees(page, "Your provider asks for 2 massage visits")
    sees(page, "Fibromyalgia")
    follow(page, "Ask for an appointment")
    follow(page, "Begin")
    for day in ("Monday", "Tuesday", "Wednesday"):
        group(page, "Days that suit you").get_by_label(day).check()
    choose(page, "Time of day", "Before noon")
    enter_date(page, "Not before", VISIT_DAY)
    press(page, "Continue")
    choose(page, "How soon could you come", "One day")
    press(page, "Continue")
    for question in ("How strong was your pain", "enjoying life", "everyday activity"):
        choose(page, question, "8")
    press(page, "Continue")
    choose(page, "Is your ability to work", "Yes, right now")
    choose(page, "disturb your sleep", "9")
    press(page, "Continue")
    heading(page, "Check your answers")
    sees(page, "Before noon")
    press(page, "Send my request")
    heading(page, "Your request for visit 1")
    sees(page, "We have your request.")
    sees(page, "A scheduler decides how soon")


def the_scheduler_triages(story):
    page = story.times
    sign_in(page, story.clinic.scheduler)
    heading(page, "Queue")
    assert names_in_order(page) == ["Aster Mockingham", "Clover Mockingham"]
    follow(page, "Triage Juniper Testwell")
    heading(page, "Juniper Testwell")
    sees(page, "M79.7 Fibromyalgia")
    sees(page, "Pregnant?")
    choose(page, "Decision", "Accept into a category")
    group(page, "Category").get_by_label(re.compile("^Urgent")).check()
    press(page, "Save decision")
    sees(page, "Accepted: now number 1 of 3 in the queue.")
    assert names_in_order(page) == [
        "Juniper Testwell",
        "Aster Mockingham",
        "Clover Mockingham",
    ]
    row = page.locator(".board").last.get_by_role("row").nth(1)
    for said in ("Urgent", "0.4", "1.7", "days", "24%", "Oct 15", "one more day"):
        expect(row).to_contain_text(said, ignore_case=True)
    [mail] = story.post.round()
    assert mail["To"] == EMAIL
    assert not PRIVATE.search(words_of(mail)), words_of(mail)


def names_in_order(page: Page) -> list[str]:
    """Return who waits, as the queue shows them."""
    names = page.locator("#waiting tbody tr th a")
    return names.all_inner_texts()


def the_scheduler_offers_a_time(story):
    page = story.times
    follow(page, "Next to offer")
    sees(page, "The first in line who can use a free time.")
    follow(page, "Look at this offer")
    press(page, "Send offer Wednesday, October 21, 8 a.m. CDT")
    sees(page, "Offer sent for Wed, Oct 21, 8 a.m. CDT.")


def the_patient_accepts_without_signing_in(story):
    [mail] = story.post.round()
    assert mail["To"] == EMAIL
    assert not PRIVATE.search(words_of(mail)), words_of(mail)
    phone = story.window(scripts=False)
    phone.goto(link_in(mail, "/offer/"))
    heading(phone, "A time is held for you")
    sees(phone, "Wednesday, October 21")
    press(phone, "Accept this time")
    heading(phone, "Your visit is booked")
    expect(phone.get_by_text("Account", exact=True)).to_have_count(0)


def the_therapist_sees_the_visit(story):
    page = story.window(scripts=False)
    sign_in(page, story.clinic.therapist.user)
    heading(page, "Wednesday, October 14, 2026")
    sees(page, "No visits on this day")
    page.goto("/day/?day=2026-10-21")
    row = page.get_by_role("row").nth(1)
    for said in ("8 a.m.", "8:50 a.m.", "Juniper Testwell", "Pregnant? Yes", "Room 1"):
        expect(row).to_contain_text(said)
    row.get_by_role("link", name="Juniper Testwell").click()
    heading(page, "Juniper Testwell")
    page.get_by_role("link", name="Back", exact=True).click()
    heading(page, "Wednesday, October 21, 2026")


def the_calendar_file_is_read(story):
    [mail] = story.post.round()
    assert not PRIVATE.search(words_of(mail)), words_of(mail)
    page = story.home
    menu(page, "My care")
    follow(page, "See the visit")
    with page.expect_download() as downloading:
        follow(page, "Add to my calendar")
    saved = downloading.value.path().read_bytes()
    [attached] = mail.iter_attachments()
    for content in (saved, attached.get_content().encode()):
        [event] = Calendar.from_ical(content).walk("VEVENT")
        assert (event.start, event.end) == (VISIT, VISIT + timedelta(minutes=50))
        assert event.start.tzinfo.key == ZONE.key
        assert str(event["SUMMARY"]) == "Appointment"
        assert event["DESCRIPTION"] == "Questions? Call 507-555-0100."


def one_reminder_is_sent(story):
    story.move_clock(VISIT - 72 * HOUR - timedelta(seconds=1))
    assert story.post.round() == []
    story.move_clock(VISIT - 72 * HOUR)
    [mail] = story.post.round()
    assert mail["To"] == EMAIL
    assert mail["Subject"] == "Your appointment on Wednesday, October 21"
    assert "8 a.m. (CDT)" in words_of(mail)
    assert not PRIVATE.search(words_of(mail)), words_of(mail)
    story.move_clock(VISIT - 71 * HOUR)
    assert story.post.round() == []
    story.reminder = mail


def the_patient_cancels_and_keeps_the_place(story):
    page = story.home
    page.goto(link_in(story.reminder, "/cancel/"))  # signed in days ago: it needs none
    heading(page, "Cancel this visit?")
    sees(page, "You keep your place on the waiting list.")
    press(page, "Cancel this visit")
    sees(page, "You have kept your place, and we will offer you another time.")
    sign_in(page, EMAIL, CHOSEN)
    follow(page, "Visit 1")
    sees(page, "We look for a time for you")
    sign_in(story.times, story.clinic.scheduler)
    assert names_in_order(story.times)[0] == "Juniper Testwell"


def the_next_patient_is_offered_the_time(story):
    mails = {mail["Subject"]: mail for mail in story.post.round()}
    assert mails["Your appointment is canceled"]["To"] == EMAIL
    offer = mails["A time is held for you"]
    assert offer["To"] == story.clinic.next_patient.user.email
    assert len(mails) == 2
    phone = story.window(scripts=False)
    phone.goto(link_in(offer, "/offer/"))
    sees(phone, "Wednesday, October 21")
    sees(phone, "8 a.m.")
    press(phone, "Accept this time")
    heading(phone, "Your visit is booked")
    story.post.round()


def the_patient_accepts_another_time(story):
    page = story.times
    menu(page, "Queue")
    follow(page, "Next to offer")
    follow(page, "Look at this offer")
    sees(page, "Juniper Testwell")
    press(page, "Send offer Wednesday, October 21, 9 a.m. CDT")
    story.post.round()
    menu(story.home, "My care")
    follow(story.home, "Answer the offer")
    press(story.home, "Accept this time")
    heading(story.home, "Your visit is booked")


def what_became_of_the_visits_is_recorded(story):
    story.move_clock(LATER_VISIT + HOUR)
    page = story.window(scripts=False)
    sign_in(page, story.clinic.therapist.user)
    heading(page, "Wednesday, October 21, 2026")
    follow(page, "Juniper Testwell")
    press(page, "The patient came")
    sees(page, "Recorded.")
    sees(page, "Visit made")
    menu(page, "My day")
    follow(page, "Aster Mockingham")
    press(page, "The patient did not come")
    sees(page, "Missed")


def the_trail_tells_it_all(story):
    """Each deed is there in order, with who and from where; and so is each sight."""
    rows = AuditEvent.objects.filter(patient_id=story.patient.pk).order_by("pk")
    deeds = [(row.actor, row.action) for row in rows if not SIGHT.search(row.action)]
    assert deeds == [(by, action) for action, by in DEEDS]
    assert {row.address for row in rows} == {"127.0.0.1"}
    assert all(row.trace for row in rows)
    sights = {(row.actor, row.action) for row in rows if SIGHT.search(row.action)}
    assert {(by, action) for action, by in SIGHTS} <= sights

    next_patient = AuditEvent.objects.filter(patient_id=story.clinic.next_patient.pk)
    deeds = [row for row in next_patient.order_by("pk") if not SIGHT.search(row.action)]
    assert [(row.action, row.actor, row.address) for row in deeds[:2]] == [
        ("appointment.offered", "system", None),  # passed on by the portal itself
        ("appointment.booked", "aster@example.org", "127.0.0.1"),
    ]
    assert "visit.noshow" in [row.action for row in deeds]
