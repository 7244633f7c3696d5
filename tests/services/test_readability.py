"""
Plain words: what patients read asks for no more than eight years of school.

Two measures must agree. Flesch and Kincaid's grade counts syllables and the words of a
sentence; the automated readability index counts letters instead, so it needs no
dictionary. Both speak of English; what stands in a list counts as a sentence.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
import textstat
from django.urls import reverse

from appointments.codes import EntryStatus
from services.actions.content import CONTENT, read, rows
from services.markdown import to_html
from services.models import Publication
from tests.factories import (
    NOW,
    make_category,
    make_diagnosis,
    make_entry,
    make_referral,
)
from tests.roles_world import arguments, make_world

HIGHEST = 8
MEASURES = {
    "Flesch-Kincaid": textstat.flesch_kincaid_grade,
    "automated readability index": textstat.automated_readability_index,
}
BLOCKS = {"p", "li", "h1", "h2", "h3", "dt", "dd", "legend", "label", "td", "th"}
BLOCKS |= {"caption", "summary", "figcaption", "text", "title", "desc", "button"}
TEXTS = sorted((CONTENT / "en").rglob("*.md"))


class Words(HTMLParser):
    """The blocks of text in <main> of a page, or in a piece of one, in order."""

    def __init__(self, html):
        super().__init__()
        self.blocks = [""]
        self.feed(html.partition("<main")[2].partition("</main>")[0] or html)
        self.close()

    def handle_starttag(self, tag, _attributes):
        if tag in BLOCKS:
            self.blocks.append("")

    def handle_endtag(self, tag):
        if tag in BLOCKS:
            self.blocks.append("")

    def handle_data(self, data):
        self.blocks[-1] += data


def prose(html):
    """
    Return what `html` says, each block a sentence at least.

    Labels of one or two words are left out: the measures would take them for a part of
    the sentence that follows.
    """
    said = [" ".join(block.split()) for block in Words(html).blocks]
    return "\n".join(
        block if re.search(r"[.!?]$", block) else f"{block.rstrip(':')}."
        for block in said
        if len(block.split()) > 2
    )


def too_hard(html):
    """Return each measure by which `html` asks for more than HIGHEST, and its grade."""
    text = prose(html)
    grades = {name: measure(text) for name, measure in MEASURES.items()}
    return {name: grade for name, grade in grades.items() if grade > HIGHEST}


def test_the_measures_tell_hard_words_from_plain_ones():
    hard = (
        "<p>Appointments are allocated in accordance with prioritization criteria "
        "established by the responsible organizational authority, notwithstanding "
        "individual preferences communicated subsequently.</p>"
    )
    plain = "<p>We see those first who need care most. You can say when you come.</p>"

    assert set(too_hard(hard)) == set(MEASURES)
    assert too_hard(plain) == {}


def test_list_items_and_headings_are_sentences_and_labels_are_not():
    html = "<main><h2>Who they are now</h2><ul><li>one two three</li></ul><p>No</p>"

    assert prose(html) == "Who they are now.\none two three."


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_a_text_can_be_read_after_eight_years_of_school(path):
    fields = read(path)

    assert too_hard(f"<p>{fields['summary']}</p>{to_html(fields['body'])}") == {}


def test_so_can_what_each_study_found():
    found = [row["summary"] for row in rows(CONTENT / "publications.toml")]

    assert too_hard("".join(f"<p>{text}</p>" for text in found)) == {}


def test_so_can_the_safety_questions_in_a_patients_words():
    said = [row["plain"]["en"] for row in rows(CONTENT / "precautions.toml")]

    assert too_hard("".join(f"<p>{text}</p>" for text in said)) == {}


# --- The fixed words of the pages, with what a new clinic publishes -------------------


@pytest.fixture
def opened(guide, db, monkeypatch):
    """A clinic that has just opened, at NOW."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def english(opened):
    """The same, without the studies: they have titles of their own."""
    Publication.objects.all().delete()


PUBLIC = ["home", "safety", "referral", "privacy", "conditions", "techniques"]
PUBLIC += ["locations", "research"]


@pytest.mark.parametrize("name", PUBLIC)
@pytest.mark.usefixtures("english")
def test_a_public_page_with_all_its_words_can_be_read_so(client, name):
    answer = client.get(reverse(f"services:{name}"))

    assert too_hard(answer.content.decode()) == {}


@pytest.mark.usefixtures("english")
def test_a_search_that_finds_nothing_can_be_read_so(client):
    answer = client.get(reverse("services:search"), {"q": "xylophone"})

    assert "Nothing found" in answer.content.decode()
    assert too_hard(answer.content.decode()) == {}


@pytest.mark.parametrize("slug", ["session", "who-comes-first"])
@pytest.mark.usefixtures("english")
def test_a_page_with_a_picture_or_a_table_can_be_read_so(client, slug):
    make_category(name="Soon", meaning="Pain that may stay, or after surgery.")

    answer = client.get(reverse("services:page", args=[slug]))

    assert too_hard(answer.content.decode()) == {}


# --- The patient's own pages ----------------------------------------------------------

OWN = ["mine", "ask", "standing", "withdraw", "offer", "cancel", "answer"]
ANSWERS = {
    "when": {"weekdays": ["M", "W"], "times": "any"},
    "preferences": {"notice_hours": "24"},
    "pain": {"pain": "6", "enjoyment": "4", "activity": "5"},
    "daily-life": {"role_threat": "7", "sleep": "5"},
}
STATES = [state for state in EntryStatus if state != EntryStatus.IN_PROGRESS]


@pytest.fixture
def patient(client, opened):
    """Return a function that opens a page as the patient of a small clinic."""
    world = make_world()
    client.force_login(world.patient.user)

    def page(name, **others):
        known = arguments(world).get(f"appointments:{name}", {})
        answer = client.get(reverse(f"appointments:{name}", kwargs=known | others))
        assert answer.status_code == 200
        return answer.content.decode()

    page.patient, page.asking = world.patient, world.asking
    return page


@pytest.mark.parametrize("name", OWN)
def test_a_page_of_the_patients_own_can_be_read_so(patient, name):
    assert too_hard(patient(name)) == {}


def test_each_step_of_asking_and_its_check_can_be_read_so(client, patient):
    for step, answers in ANSWERS.items():
        assert too_hard(patient("ask_step", step=step)) == {}, step
        pk = patient.asking.pk
        client.post(reverse("appointments:ask_step", args=[pk, step]), answers)

    assert too_hard(patient("ask_check")) == {}


@pytest.mark.parametrize("waited", [5, 100], ids=["in time", "past the target"])
@pytest.mark.parametrize("status", STATES, ids=[state.value for state in STATES])
def test_where_a_patient_stands_can_be_read_so(patient, status, waited):
    entry = make_entry(
        referral=make_referral(
            patient=patient.patient, diagnosis=make_diagnosis("M99.9", "A sore back")
        ),
        status=status,
        waited_days=waited,
        need_score=40,
        note="When did the pain begin?",
    )

    assert too_hard(patient("standing", pk=entry.pk)) == {}
