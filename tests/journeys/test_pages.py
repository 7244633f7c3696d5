"""Every page of the journey, for each who uses it, in a browser with scripts."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, expect

from tests.journeys.scene import Scene, set_scene
from tests.journeys.walk import follow, group, heading, press, sign_in

pytestmark = pytest.mark.browser

WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 320, "height": 640}
ALL_RULES = {"resultTypes": ["violations"], "elementRef": False}
FIELDS = {"INPUT", "TEXTAREA", "SELECT"}
WITH_THE_MENU_OPEN = """() => {
    const menu = document.querySelector(".menu--narrow details") ?? {};
    menu.open = true;
    const width = document.documentElement.scrollWidth;
    menu.open = false;
    return width;
}"""
CONTRAST = ALL_RULES | {"runOnly": ["color-contrast"]}  # all that darkness changes


@pytest.fixture
def scene(clinic) -> Scene:
    return set_scene(clinic)


def examined(window) -> Page:
    """Return a page in which axe lies ready, in whatever it goes to."""
    page = window(scripts=True, viewport=WIDE)
    page.add_init_script(AXE_SCRIPT)
    return page


def faults_of(page: Page) -> list[str]:
    """Return what axe finds in light and dark, and what is wider than a small phone."""
    found = []
    for scheme, rules in (("light", ALL_RULES), ("dark", CONTRAST)):
        page.emulate_media(color_scheme=scheme)
        for fault in page.evaluate("rules => axe.run(rules)", rules)["violations"]:
            places = [node["html"][:120] for node in fault["nodes"]]
            found.append(f"{page.url} {scheme}: {fault['id']} {places}")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(NARROW)
    width = page.evaluate(WITH_THE_MENU_OPEN)
    if width > NARROW["width"]:
        found.append(f"{page.url} at 320 px: {width} px wide")
    page.set_viewport_size(WIDE)
    return found


def test_no_page_is_hard_to_use(scene, window):
    found = []
    for user, addresses in scene.pages.items():
        page = examined(window)
        if user is not None:
            sign_in(page, user)
        for address in addresses:
            page.goto(address)
            found += faults_of(page)
    assert found == []


EMPTY_FORMS = [  # who, an address, and the button that sends the form unanswered
    ("staff", "/patients/add/", "Add patient"),
    ("staff", "/patients/{patient}/refer/", "Record referral"),
    ("scheduler", "/queue/{to_triage}/triage/", "Save decision"),
    ("patient", "/my/referrals/{asked_about}/ask/when/", "Continue"),
    ("patient", "/my/requests/{question}/", "Send my answer"),
]


def test_a_form_sent_unanswered_is_no_harder_to_use(scene, clinic, window):
    people = {
        "staff": clinic.staff,
        "scheduler": clinic.scheduler,
        "patient": scene.patient.user,
    }
    keys = {
        name: getattr(scene, name).pk
        for name in ("patient", "to_triage", "asked_about", "question")
    }
    found = []
    for who, user in people.items():
        page = examined(window)
        sign_in(page, user)
        for _who, address, button in (one for one in EMPTY_FORMS if one[0] == who):
            page.goto(address.format(**keys))
            press(page, button)
            expect(page).to_have_title(re.compile("^Error:"))
            summary = page.get_by_role("alert")
            expect(summary).to_be_visible()
            summary.get_by_role("link").first.click()
            assert page.evaluate("document.activeElement.tagName") in FIELDS
            found += faults_of(page)
    assert found == []


def test_codes_and_patients_appear_as_one_types(scene, clinic, window):
    page = window(scripts=True, viewport=WIDE)
    sign_in(page, clinic.staff)

    page.goto("/referrals/")
    follow(page, "Record a referral")
    expect(page.get_by_role("searchbox")).to_be_focused()  # one types at once
    page.keyboard.type("mockin")
    expect(page.locator("#found").get_by_role("link").first).to_have_text(
        "Aster Mockingham"
    )
    follow(page, "Aster Mockingham")
    follow(page, "Record a referral")
    page.get_by_label("Diagnosis").press_sequentially("myalgia oth")
    expect(group(page, "Codes found").get_by_role("radio")).to_have_count(1)
    expect(group(page, "Codes found")).to_contain_text("M79.18")
    page.get_by_label("Diagnosis").press_sequentially("er nonsense")
    expect(group(page, "Codes found")).to_contain_text("No code fits")


def test_a_file_is_checked_without_leaving_the_page(scene, clinic, window):
    page = window(scripts=True, viewport=WIDE)
    sign_in(page, clinic.staff)
    page.goto("/referrals/import/")
    expect(page.locator("#busy")).to_be_hidden()
    file = {"name": "a.csv", "mimeType": "text/csv", "buffer": b"reference;npi\n1;2\n"}
    page.get_by_label("File of referrals").set_input_files(file)

    page.get_by_role("button", name="Check the file").click()

    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.locator("#busy")).to_be_hidden()
    page.get_by_label("File of referrals").set_input_files(
        file | {"buffer": b"x" * 5_200_000}
    )
    page.get_by_role("button", name="Take it in").click()
    expect(page.get_by_role("alert")).to_contain_text("at most 5 MB")


def test_back_after_signing_out_shows_nothing_of_the_patient(scene, window):
    page = window(scripts=True, viewport=WIDE)
    sign_in(page, scene.patient.user)
    page.goto(f"/my/requests/{scene.question.pk}/")
    expect(page.get_by_text("Have you had massage before?")).to_be_visible()

    page.get_by_text("Account", exact=True).click()
    page.get_by_role("button", name="Sign out").click()
    heading(page, "Massage therapy as part of your care")
    page.evaluate("history.back()")

    heading(page, "Sign in")
    expect(page.get_by_text("Have you had massage before?")).to_have_count(0)
