"""Staff act for a patient, and no page of theirs speaks to the patient."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils.html import strip_tags
from django.utils.translation import gettext, override, trans_real

from appointments.codes import EntryStatus, Status
from appointments.views.deeds import OF_REQUEST, OF_VISIT
from appointments.views.staff_words import WORDS, to_staff
from massage_portal.accounts.roles import Role
from massage_portal.actions import compile_translations
from massage_portal.outbox.models import Preference
from tests.appointments.pages import ANSWERS, signed_in, url
from tests.factories import (
    DAY,
    NOW,
    make_appointment,
    make_clinic,
    make_entry,
    make_question,
    make_referral,
    make_user,
)
from tests.spanish import catalog

pytestmark = pytest.mark.django_db
QUOTED = re.compile(r"<(blockquote|q|bdi)\b.*?</\1>", re.DOTALL)
MAIN = re.compile(r"<main\b.*?</main>", re.DOTALL)
TO_PATIENTS = re.compile(r"\b(you|your|yours|yourself|me|my|mine)\b", re.IGNORECASE)
TO_STAFF = [  # where "you" is whoever reads the page
    "What you can do for them",
    "Ask the patient to read it out to you.",
]
ALL = {name: value for page in ANSWERS.values() for name, value in page.items()}
WORSE = ANSWERS["pain"] | ANSWERS["daily-life"]
WHEN = ANSWERS["when"] | ANSWERS["preferences"]


@pytest.fixture(scope="module", autouse=True)
def spanish():
    """The compiled catalog, in use even if a test before spoke Spanish without it."""
    compile_translations()
    trans_real._translations.clear()


@pytest.fixture(autouse=True)
def at_noon(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture(params=["en", "es"])
def desk(request):
    user = make_user(Role.SCHEDULER, language=request.param)
    browser = signed_in(user)
    browser.language = request.param
    return browser


def said(page):
    """Return what a page says, but for what is quoted for the patient."""
    [main] = MAIN.findall(page.text)
    return " ".join(strip_tags(QUOTED.sub(" ", main.replace(">", "> "))).split())


def check(browser, path, sent=None):
    """See that it is a page, in the language, and that nothing speaks to patients."""
    prefix = "" if browser.language == "en" else f"/{browser.language}"
    ask = browser.get if sent is None else browser.post
    page = ask(prefix + path.removeprefix(prefix), sent)
    if page.status_code == 302:
        return  # it was done before
    assert page.status_code in (200, 409, 422)
    assert f'<html lang="{browser.language}"' in page.text
    words = said(page)
    for one in TO_STAFF:
        words = words.replace(one, "")
    if browser.language == "en":
        assert not TO_PATIENTS.findall(words), words
    with override(browser.language):
        ours = {gettext(one) for one in WORDS.values()}
        for theirs in WORDS:
            if gettext(theirs) not in ours and " " in gettext(theirs):
                assert gettext(theirs) not in words


def an_offer(**fields):
    entry = make_entry()
    make_clinic(therapists=2)
    return make_appointment(entry=entry, status=Status.PROPOSED, **fields)


def subject_of(deed):
    """Return a request or a visit of which the deed can be done."""
    if deed in OF_REQUEST:
        return make_entry(status=EntryStatus.ON_HOLD, note="Since when?")
    return an_offer() if deed in ("accept", "decline") else make_appointment()


def address(deed, subject):
    return url("call_request" if deed in OF_REQUEST else "call_visit", subject.pk, deed)


def over(subject):
    """Make it too late for every deed."""
    rows = type(subject).objects.filter(pk=subject.pk)
    if hasattr(subject, "received_at"):
        rows.update(status=EntryStatus.CANCELLED)
    else:
        rows.update(starts_at=NOW - DAY, ends_at=NOW - DAY / 2, held_until=NOW)


@pytest.mark.parametrize("deed", [*OF_REQUEST, *OF_VISIT])
def test_a_deed_at_the_telephone_is_in_staffs_words(deed, desk):
    subject = subject_of(deed)
    there = address(deed, subject)

    check(desk, there)
    if deed in ("reply", "worse", "when", "question"):
        check(desk, there, {})
    over(subject)
    check(desk, there)
    check(desk, there, WORSE | WHEN | {"words": "x", "version": "1"})


def test_the_page_of_a_caller_is_in_staffs_words(desk):
    waits = make_entry()
    make_question(waits)
    make_clinic()
    visit = make_appointment(entry=make_entry(status=EntryStatus.IN_PROGRESS))
    offer = make_appointment(
        entry=visit.entry,
        status=Status.PROPOSED,
        replaces=visit,
        starts_at=NOW + 5 * DAY,
        ends_at=NOW + 5 * DAY + timedelta(minutes=50),
        blocked_until=NOW + 5 * DAY + timedelta(hours=1),
    )

    check(desk, url("caller", waits.patient_id))
    check(desk, url("caller", visit.patient_id))
    check(desk, url("call_visit", offer.pk, "accept"))
    check(desk, url("propose", visit.entry_id))
    check(desk, url("propose", waits.pk))
    check(desk, url("telephone"))


def test_asking_for_a_patient_is_in_staffs_words(desk):
    referral = make_referral()
    make_clinic(therapists=2)
    there = url("call_ask", referral.pk)

    check(desk, there)
    check(desk, there, {})
    referral.sessions, referral.valid_until = 1, NOW.date() - DAY
    referral.save()
    check(desk, there, ALL)


def test_how_a_patient_is_reached_is_in_staffs_words(desk):
    patient = make_entry().patient
    there = url("call_reach", patient.pk)

    check(desk, there)
    check(desk, there, {})
    Preference.objects.update_or_create(
        user=patient.user,
        defaults={
            "asked_mobile": "+15075550123",
            "code_seed": "seed",
            "code_expires_at": NOW + DAY / 24,
        },
    )
    check(desk, url("call_code", patient.pk))


@pytest.mark.parametrize("language", ["en", "es"])
def test_what_is_not_in_the_table_stays_as_it_is(language):
    with override(language):
        assert to_staff("Etwas anderes") == "Etwas anderes"
        for theirs, ours in WORDS.items():
            assert to_staff(gettext(theirs)) == gettext(ours)


def test_the_table_holds_only_what_some_page_says_to_patients():
    """Words that change on the patient's page would else be left as they were here."""
    elsewhere = {
        entry.id
        for entry in catalog()
        if any(not place.endswith("staff_words.py") for place, _line in entry.locations)
    }
    assert set(WORDS) - elsewhere == set()
