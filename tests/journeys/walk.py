"""What the journeys share: a small clinic, and the moves that people make again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from email.message import EmailMessage

from playwright.sync_api import Locator, Page, expect

from appointments.models import Room, Therapist, TriageCategory, WaitlistEntry
from massage_portal.accounts.models import User
from massage_portal.accounts.roles import Role
from referrals.models import Patient, Provider
from services.models import Location, Technique
from tests.content import open_guide
from tests.factories import (
    DAY,
    NOW,
    PASSWORD,
    make_category,
    make_diagnosis,
    make_entry,
    make_patient,
    make_policy,
    make_provider,
    make_referral,
    make_therapist,
    make_user,
)

CODES = {
    "M79.7": "Fibromyalgia",
    "M79.10": "Myalgia, unspecified site",
    "M79.18": "Myalgia, other site",
    "M54.50": "Low back pain, unspecified",
}


@dataclass
class Clinic:
    """Who works here, and who waits."""

    staff: User
    scheduler: User
    therapist: Therapist
    provider: Provider
    categories: list[TriageCategory]
    next_patient: Patient  # whom waiting harms most among those who wait already
    last_patient: Patient


def open_clinic() -> Clinic:
    """Make a clinic: one therapist, mornings of every day, two patients who wait."""
    open_guide(NOW - 90 * DAY)
    for code, description in CODES.items():
        make_diagnosis(code, description)
    make_policy()
    place = Location.objects.get(slug="rochester")
    Room.objects.create(location=place, name="Room 1")
    categories = [
        make_category(name=name, target_days=days, meaning="An example.")
        for name, days in [("Urgent", 3), ("Soon", 14), ("Maintenance", 84)]
    ]
    waiting = [_waits("Aster", 6, categories[1]), _waits("Clover", 30, categories[2])]
    return Clinic(
        staff=make_user(Role.STAFF, email="desk@example.org", name="Sorrel Deskworth"),
        scheduler=make_user(
            Role.SCHEDULER, email="times@example.org", name="Teasel Timewell"
        ),
        therapist=make_therapist(
            location=place,
            techniques=Technique.objects.all(),
            user=make_user(
                Role.THERAPIST, email="hands@example.org", name="Heather Handsworth"
            ),
        ),
        provider=make_provider(),
        categories=categories,
        next_patient=waiting[0].patient,
        last_patient=waiting[1].patient,
    )


def _waits(name: str, days: float, category: TriageCategory) -> WaitlistEntry:
    """Return the entry of a patient who was triaged `days` ago."""
    email = f"{name.lower()}@example.org"
    user = make_user(Role.PATIENT, email=email, name=f"{name} Mockingham")
    patient = make_patient(user=user, given_name=name, family_name="Mockingham")
    referral = make_referral(patient=patient, received_at=NOW - days * DAY)
    return make_entry(waited_days=days, referral=referral, category=category)


def sign_in(page: Page, user: User | str, password: str = PASSWORD) -> None:
    """Fill in the sign-in page, which is open or is opened."""
    if "/accounts/login/" not in page.url:
        page.goto("/accounts/login/")
    page.get_by_label("Email address").fill(getattr(user, "email", user))
    page.get_by_label("Password").fill(password)
    page.locator("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Account", exact=True)).to_be_visible()


def heading(page: Page, words: str | re.Pattern[str]) -> None:
    """See that the page's one main heading says `words`."""
    expect(page.get_by_role("heading", level=1)).to_have_text(words)


def sees(page: Page, *all_words: str) -> None:
    """See that the page shows each of `all_words`."""
    for words in all_words:
        expect(page.locator("main, aside").get_by_text(words).first).to_be_visible()


def press(page: Page, words: str) -> None:
    """Press the button in the page's main part."""
    page.locator("main").get_by_role("button", name=words, exact=True).click()


def follow(page: Page, words: str) -> None:
    """Follow the link in the page's main part."""
    page.locator("main").get_by_role("link", name=words, exact=True).first.click()


def menu(page: Page, words: str) -> None:
    """Choose from the menu at the top."""
    bar = page.get_by_role("navigation", name="Main")
    bar.get_by_role("link", name=words, exact=True).click()


def enter_date(page: Page, label: str, day: date) -> None:
    """Fill the three boxes of one date."""
    boxes = group(page, label)
    boxes.get_by_label("Month").fill(str(day.month))
    boxes.get_by_label("Day").fill(str(day.day))
    boxes.get_by_label("Year").fill(str(day.year))


def group(page: Page, label: str) -> Locator:
    """Return the group of answers to one question."""
    return page.get_by_role("group", name=re.compile(re.escape(label)))


def choose(page: Page, question: str, answer: str) -> None:
    """Check one answer of a question."""
    group(page, question).get_by_label(answer, exact=True).check()


def words_of(mail: EmailMessage) -> str:
    """Return what a mail says: its subject, its text and its HTML."""
    bodies = [part for part in mail.walk() if _is_body(part)]
    assert {part.get_content_subtype() for part in bodies} == {"plain", "html"}
    return "\n".join([str(mail["Subject"]), *[part.get_content() for part in bodies]])


def _is_body(part: EmailMessage) -> bool:
    return part.get_content_maintype() == "text" and not part.is_attachment()


def link_in(mail: EmailMessage, to: str) -> str:
    """Return the one link of a mail whose address contains `to`."""
    body = mail.get_body(("plain",))
    assert body is not None
    found = [
        one for one in re.findall(r"https?://\S+", body.get_content()) if to in one
    ]
    assert len(found) == 1, found
    return found[0]
