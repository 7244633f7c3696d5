"""The guided check in a browser: with scripts and without, back, and on paper."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.journeys.test_pages import WIDE, examined, faults_of
from tests.journeys.walk import heading, press

pytestmark = pytest.mark.browser
PAGE = "/is-massage-right-for-me/"
NONE = "None of these"
HEADINGS = [
    "What do you hope massage will help with?",
    "Do you have any of these right now?",
    "Do you have, or have you had, any of these?",
    "Is there anything your therapist should know?",
]
HEART = "Heart failure, unstable blood pressure, or a recent heart attack"


def test_the_check_is_walked_without_scripts_and_back(clinic, window):
    page = window(scripts=False, viewport=WIDE)
    page.goto("/")
    page.get_by_role("link", name="Is massage right for me?").click()
    for words, answer in zip(HEADINGS, ["Something else", NONE, HEART], strict=False):
        heading(page, words)
        page.get_by_label(answer).check()
        press(page, "Continue")
    heading(page, HEADINGS[3])
    press(page, "Back")
    expect(page.get_by_label(HEART)).to_be_checked()
    press(page, "Continue")
    page.get_by_label(NONE).check()
    press(page, "Continue")

    heading(page, "Ask your provider first")
    assert page.url.endswith(PAGE)
    assert page.context.cookies() == []


@pytest.mark.parametrize(
    ("flag", "result"),
    [
        ("A drooping face", "Not now: call 911"),
        ("A blood clot", "Not now: call your provider today"),
        (NONE, "Ask your provider for a referral"),
    ],
)
def test_no_page_of_the_check_is_hard_to_use(clinic, window, flag, result):
    page = examined(window)
    page.goto(PAGE)
    found = []
    for words, answer in zip(
        HEADINGS, ["Cancer", flag, NONE, "An allergy"], strict=True
    ):
        heading(page, words)
        press(page, "Continue")
        expect(page.get_by_role("alert")).to_be_visible()
        found += faults_of(page)
        page.get_by_label(answer).check()
        press(page, "Continue")
        if page.get_by_role("heading", name=result).count():
            break
    heading(page, result)
    found += faults_of(page)
    page.emulate_media(media="print")
    expect(page.get_by_text("This check is not a diagnosis.")).to_be_visible()
    expect(page.get_by_role("button", name="Back")).to_be_hidden()
    assert found == []
