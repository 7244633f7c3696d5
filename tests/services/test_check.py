"""The guided check: one question a page, one of four ends, and nothing kept."""

from __future__ import annotations

import re

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from massage_portal.audit.models import AuditEvent
from services.codes import Meaning
from services.models import Precaution, Wording
from services.suitability import EMERGENCY, LEADS_TO, Concern, Outcome, judge
from tests.texts import reword
from tests.typed import ODD, assert_safe

CLOT = Concern("clot", "not-now", "a clot")
HEART = Concern("heart", "clearance", "heart failure")
BONES = Concern("bones", "clearance", "brittle bones")
SKIN = Concern("skin", "tell-therapist", "an allergy")
ALL = [CLOT, HEART, BONES, SKIN]
QUESTIONS = ["hope", "not-now", "clearance", "tell-therapist"]
NOTHING = dict.fromkeys(QUESTIONS, "*none")  # answers that speak for massage
PAGE = "/is-massage-right-for-me/"


@pytest.mark.parametrize(
    ("checked", "outcome", "because", "tell"),
    [
        pytest.param([], Outcome.ASK, [], [], id="nothing"),
        pytest.param(["skin"], Outcome.ASK, [], ["an allergy"], id="tell"),
        pytest.param(
            ["bones", "skin", "heart"],
            Outcome.ASK_FIRST,
            ["heart failure", "brittle bones"],
            ["an allergy"],
            id="clearance, as the lead put them in order",
        ),
        pytest.param(["heart", "clot"], Outcome.NOT_NOW, ["a clot"], [], id="red flag"),
        pytest.param(
            ["clot", EMERGENCY], Outcome.EMERGENCY, ["a clot"], [], id="emergency"
        ),
    ],
)
def test_the_gravest_answer_decides_and_says_why(checked, outcome, because, tell):
    verdict = judge(ALL, checked)

    assert verdict.outcome == outcome
    assert [one.plain for one in verdict.because] == because
    assert [one.plain for one in verdict.tell] == tell


def test_only_what_forbids_massage_today_stops_the_check():
    stops = {code for code in ["clot", "heart", "skin"] if judge(ALL, [code]).stops}

    assert stops == {"clot"}
    assert judge(ALL, [EMERGENCY]).stops


def test_every_meaning_leads_somewhere_and_red_flags_are_asked_first():
    assert set(LEADS_TO) == set(Meaning)
    assert next(iter(LEADS_TO)) == Meaning.NOT_NOW


@pytest.mark.parametrize("faulty", ["a code", "a meaning"])
def test_no_outcome_is_guessed_from_what_is_not_known(faulty):
    concerns = [Concern("odd", "perhaps", "x")] if faulty == "a meaning" else ALL

    with pytest.raises(ValueError, match=r"not among|unknown meaning"):
        judge(concerns, ["odd"])


@pytest.fixture
def content(guide, db):
    """What the clinic publishes, as a new clinic has it."""
    return guide


@pytest.fixture
def strict(content):
    """A browser that has no cookie, at a portal that checks tokens."""
    return Client(enforce_csrf_checks=True, raise_request_exception=False)


def heading(answer):
    return re.search(r"<h1[^>]*>(.*?)</h1>", answer.content.decode(), re.S)[1]


def step(answer):
    """Return which question the page asks, or "" for a result."""
    found = re.search(r'name="step" value="([^"]*)"', answer.content.decode())
    return found[1] if found else ""


def hidden(answer):
    """Return what the form of the page carries along."""
    sent = {}
    for name, value in re.findall(
        r'<input type="hidden" name="([^"]*)" value="([^"]*)"', answer.content.decode()
    ):
        sent.setdefault(name, []).append(value)
    return sent


def shown_checked(answer):
    return set(
        re.findall(r'value="([^"]*)"[^>]* checked', answer.content.decode().lower())
    )


def press_on(client, answer, *chosen):
    """Answer the question of the page, and continue as a browser would."""
    return client.post(PAGE, hidden(answer) | {step(answer): list(chosen)})


def walk(client, **chosen):
    """Go through the check; what is not named gets "none of these"."""
    answer = client.get(PAGE)
    seen = []
    while name := step(answer):
        seen.append(name)
        answer = press_on(
            client, answer, *chosen.get(name.replace("-", "_"), ["*none"])
        )
        assert answer.status_code == 200
    return answer, seen


def plain(code):
    return escape(Precaution.objects.get(code=code).plain)


def test_a_visitor_with_nothing_to_fear_is_sent_for_a_referral(strict):
    answer, seen = walk(strict, hope=["fibromyalgia"])

    page = answer.content.decode()
    assert seen == QUESTIONS
    assert heading(answer) == "Ask your provider for a referral"
    assert reverse("services:condition", args=["fibromyalgia"]) in page
    assert reverse("services:referral") in page
    assert "not a diagnosis" in page


def test_what_needs_clearance_is_listed_in_the_patients_words(strict):
    answer, seen = walk(strict, clearance=["heart", "bones"], tell_therapist=["skin"])

    page = answer.content.decode()
    assert seen == QUESTIONS
    assert heading(answer) == "Ask your provider first"
    for code in ("heart", "bones", "skin"):
        assert plain(code) in page
    assert plain("cancer") not in page


def test_a_red_flag_ends_the_check_at_once_and_says_what_to_do(strict):
    answer, seen = walk(strict, not_now=["dvt-now"])

    page = answer.content.decode()
    assert seen == QUESTIONS[:2]
    assert heading(answer) == "Not now: call your provider today"
    assert plain("dvt-now") in page
    assert plain("acute-illness") not in page
    assert "Call your provider&#x27;s office today" in page or "office today" in page
    assert "How to get an appointment" not in page


def test_signs_of_a_stroke_lead_to_911_and_to_nothing_else(strict):
    answer, _seen = walk(strict, not_now=["dvt-now", EMERGENCY], hope=["cancer"])

    assert heading(answer) == "Not now: call 911"
    assert 'href="tel:911"' in answer.content.decode()
    assert "How to get an appointment" not in answer.content.decode()


def test_a_red_flag_outweighs_all_that_was_answered_later(strict):
    sent = NOTHING | {"not-now": ["dvt-now"], "step": "tell-therapist"}

    assert heading(strict.post(PAGE, sent)) == "Not now: call your provider today"


def test_the_questions_are_the_clinical_leads_published_rows(strict):
    first = press_on(strict, strict.get(PAGE), "*none")
    Precaution.objects.filter(code="dvt-now").update(plain="a sudden test of words")
    Precaution.objects.filter(code="acute-illness").update(active=False)
    changed = press_on(strict, strict.get(PAGE), "*none")

    assert 'value="acute-illness"' in first.content.decode()
    assert "A sudden test of words" in changed.content.decode()
    assert 'value="acute-illness"' not in changed.content.decode()


def test_a_precaution_without_a_patients_words_is_not_asked(strict):
    page = press_on(strict, strict.get(PAGE), "*none").content.decode()

    assert "stroke-signs" not in page
    assert EMERGENCY in page


def test_going_back_shows_what_was_answered_and_keeps_the_rest(strict):
    third = strict.post(PAGE, NOTHING | {"step": "not-now", "tell-therapist": "skin"})
    assert step(third) == "clearance"

    back = strict.post(PAGE, hidden(third) | {"clearance": "heart", "to": "not-now"})
    assert (step(back), shown_checked(back)) == ("not-now", {"*none"})
    assert hidden(back)["clearance"] == ["heart"]

    again = press_on(strict, back, "*none")
    assert (step(again), shown_checked(again)) == ("clearance", {"heart"})
    last = press_on(strict, again, "heart")
    assert (step(last), shown_checked(last)) == ("tell-therapist", {"skin"})


def test_the_result_leads_back_to_the_question_that_led_to_it(strict):
    result, _seen = walk(strict, not_now=["dvt-now"])
    to = re.search(r'name="to" value="([^"]*)"', result.content.decode())[1]

    back = strict.post(PAGE, hidden(result) | {"to": to})

    assert (step(back), shown_checked(back)) == ("not-now", {"dvt-now"})


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_without_an_answer_is_asked_again(strict, name):
    sent = {key: value for key, value in NOTHING.items() if key != name}

    answer = strict.post(PAGE, sent | {"step": "tell-therapist"})

    assert (answer.status_code, step(answer)) == (422, name)
    assert 'class="error-summary"' in answer.content.decode()
    assert f'id="id_{name}_error"' in answer.content.decode()


def test_none_of_these_does_not_go_with_one_of_them(strict):
    sent = NOTHING | {"not-now": ["*none", "dvt-now"], "step": "not-now"}

    answer = strict.post(PAGE, sent)

    assert (answer.status_code, step(answer)) == (422, "not-now")
    assert shown_checked(answer) == {"*none", "dvt-now"}


FORGED = {
    "nothing": {},
    "an unknown step": {"step": "absent"},
    "a step ahead": {"step": "tell-therapist", "tell-therapist": "*none"},
    "a condition that is none": NOTHING | {"hope": "absent", "step": "clearance"},
}


@pytest.mark.parametrize("what", FORGED)
def test_made_up_answers_lead_to_the_first_question(strict, what):
    answer = strict.post(PAGE, FORGED[what])

    assert (answer.status_code, step(answer)) == (422, "hope")


def test_an_unknown_way_back_leads_to_the_first_question(strict):
    answer = strict.post(PAGE, NOTHING | {"to": "absent"})

    assert (answer.status_code, step(answer)) == (200, "hope")


@pytest.mark.parametrize("name", [*QUESTIONS, "step", "to"])
@pytest.mark.parametrize("what", ODD)
def test_no_odd_answer_breaks_the_check_or_comes_back(strict, what, name):
    answer = strict.post(PAGE, NOTHING | {"step": "tell-therapist"} | {name: ODD[what]})

    page = assert_safe(answer)
    assert answer.status_code in (200, 422)
    assert ODD[what] not in page
    assert answer["Cache-Control"] == "no-store"


FORM = "application/x-www-form-urlencoded"
UNREADABLE = {
    "another charset": (b"hope=x", f"{FORM}; charset=utf-16"),
    "bytes that are no text": (b"hope=%ff%fe%00", FORM),
    "parts without a boundary": (b"x", "multipart/form-data"),
    "JSON": (b'{"hope": "x"}', "application/json"),
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_a_form_that_cannot_be_read_leads_to_the_first_question(strict, what):
    body, kind = UNREADABLE[what]

    answer = strict.generic("POST", PAGE, body, content_type=kind)

    assert (answer.status_code, step(answer)) == (422, "hope")


def test_nothing_is_kept_and_nothing_is_told_by_the_address(strict, caplog):
    before = AuditEvent.objects.count()
    for chosen in ({"clearance": ["heart"]}, {"not_now": ["dvt-now"]}, {}):
        answer, _seen = walk(strict, **chosen)
        assert answer["Cache-Control"] == "no-store"
        assert not answer.has_header("Location")

    assert strict.cookies == {}
    assert not Session.objects.exists()
    assert AuditEvent.objects.count() == before
    assert "heart" not in caplog.text + str(caplog.records)


def test_answers_in_the_address_are_not_read(strict):
    answer = strict.get(PAGE, {"to": "clearance", "not-now": "dvt-now"})

    assert step(answer) == "hope"
    assert set(hidden(answer)) == {"step"}


def test_each_question_needs_two_reads_and_no_more(
    strict, django_assert_max_num_queries
):
    strict.get(PAGE)

    with django_assert_max_num_queries(3):
        strict.post(PAGE, NOTHING | {"step": "clearance"})


def test_each_page_has_its_twin_in_spanish_and_says_what_is_english(strict):
    Wording.objects.filter(precaution__code="heart").delete()
    answer = strict.post(f"/es{PAGE}", NOTHING | {"step": "not-now"})

    page = answer.content.decode()
    assert 'lang="es"' in page
    assert f'action="/es{PAGE}"' in page
    assert '<span lang="en">Heart failure' in page
    assert "<span>Un trastorno de sangrado" in page


@pytest.mark.parametrize("name", ["home", "safety", "condition"])
def test_the_check_is_found_where_the_question_comes_up(strict, name):
    args = ["fibromyalgia"] if name == "condition" else []

    page = strict.get(reverse(f"services:{name}", args=args)).content.decode()

    assert f'href="{PAGE}"' in page


def test_what_an_editor_writes_cannot_run_in_the_check(strict):
    reword(title="<script>alert(1)</script>")
    Precaution.objects.exclude(plain="").update(plain="<script>alert(1)</script>")

    pages = [
        strict.get(PAGE),
        *(strict.post(PAGE, NOTHING | {"step": s}) for s in QUESTIONS),
    ]
    pages.append(walk(strict, hope=["cancer"], clearance=["heart"])[0])

    for page in pages:
        assert "<script>alert" not in page.content.decode()
