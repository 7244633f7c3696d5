"""The guide: its order, what each page must say, and its two pictures."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from services.models import Version
from tests.texts import text

pytestmark = pytest.mark.django_db
GUIDE = [
    "massage-therapy",
    "session",
    "benefits",
    "safety",
    "approach",
    "therapists",
    "getting-an-appointment",
    "who-comes-first",
    "cost-and-insurance",
]
MUST_SAY = {  # page: what a reader must find there, whatever the case of the letters
    "massage-therapy": [
        "certified massage therapist",
        "medical professional",
        "connective tissue",
        "tendons",
        "ligaments",
        "skin",
        "several kinds of stroke",
    ],
    "session": [
        "several kinds of stroke",
        "call us if you have a fever",
    ],
    "benefits": [
        "swelling",
        "joints",
        "spasms",
        "tense muscles",
        "blood flow",
        "stress, anxiety and pain",
        "sleep",
        "alert",
        "endorphins",
        "painkillers",
        "relaxation response",
        "not sure yet",
        "some studies suggest",
    ],
    "approach": [
        "complementary and integrative medicine program",
        "conventional",
        "body, mind and spirit",
        "one massage treatment plan",
        "list of their projects",
    ],
    "therapists": [
        "certified massage therapist in complementary and integrative",
        "mayo clinic in minnesota",
        "one massage treatment plan",
        "your doctors",
    ],
    "getting-an-appointment": [
        "for massage therapy you do",
        "another mayo provider",
        "prioritized on the basis of medical need",
        "millions of people",
    ],
    "who-comes-first": [
        "prioritized on the basis of medical need",
        "target wait",
        "from the day we get your referral",
        "harm one more day would add",
    ],
    "cost-and-insurance": [
        "in network for millions of people",
        "hundreds of insurance",
        "do not need a doctor's referral",
        "some insurers want a referral",
        "some set more rules",
        "for massage therapy you do",
    ],
}
PICTURES = {"session": "_session.html", "getting-an-appointment": "_travels.html"}
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(autouse=True)
def content(guide):
    """What the clinic publishes, as a new clinic has it."""
    with translation.override("en"):
        yield


def text_of(client, slug):
    """Return the words of a page's <main>, in one line, in small letters."""
    page = client.get(text(slug).get_absolute_url())
    main = page.content.decode().partition("<main")[2].partition("</main>")[0]
    words = re.sub(r"<[^>]+>", " ", main).replace("&#x27;", "'")
    return " ".join(words.lower().split())


def test_the_guide_leads_from_what_it_is_to_what_it_costs():
    assert [page.article.slug for page in Version.objects.guide("en")] == GUIDE


@pytest.mark.parametrize("slug", MUST_SAY)
def test_a_page_says_all_that_a_reader_must_find_there(client, slug):
    said = text_of(client, slug)
    assert [words for words in MUST_SAY[slug] if words not in said] == []


@pytest.mark.parametrize("slug", GUIDE)
def test_each_page_leads_to_the_next_step(client, slug):
    answer = client.get(text(slug).get_absolute_url())

    main = answer.content.decode().partition("<main")[2].partition("</main>")[0]
    step = "start" if slug == "getting-an-appointment" else "services:referral"
    assert f'class="button" href="{reverse(step)}"' in main


@pytest.mark.parametrize("slug", GUIDE)
def test_each_link_of_a_page_to_this_site_opens(client, slug):
    links = set(re.findall(r"\]\((/[^)]*)\)", text(slug).body))

    assert {link: client.get(link).status_code for link in links} == dict.fromkeys(
        links, 200
    )


# --- Pictures -------------------------------------------------------------------------


def picture(name):
    """Return the <svg> of a template, read as XML."""
    html = render_to_string(f"services/{name}")
    found = re.search(r"<svg.*</svg>", html, re.DOTALL)[0]
    return ElementTree.fromstring(found)  # noqa: S314 - our own template


@pytest.mark.parametrize(("slug", "name"), PICTURES.items())
def test_a_picture_has_a_name_and_a_description_and_stands_on_its_page(
    client, slug, name
):
    svg = picture(name)
    title, description = svg.find(f"{SVG}title"), svg.find(f"{SVG}desc")

    assert svg.get("role") == "img"
    assert svg.get("aria-labelledby").split() == [
        title.get("id"),
        description.get("id"),
    ]
    assert title.text.strip()
    assert len(description.text.split()) > 20
    address = text(slug).get_absolute_url()
    assert f'id="{title.get("id")}"' in client.get(address).content.decode()


@pytest.mark.parametrize("name", PICTURES.values())
def test_a_picture_takes_all_its_colors_from_the_page(name):
    """So it reads in light and in dark, and on paper."""
    painted = {
        part.get(how)
        for part in picture(name).iter()
        for how in ("fill", "stroke", "color")
    }
    assert all(
        color in {None, "none", "currentColor"}
        or re.fullmatch(r"var\(--[a-z-]+\)", color)
        for color in painted
    )


@pytest.mark.parametrize("name", PICTURES.values())
def test_a_picture_fits_a_page_of_320_pixels_in_both_directions(name):
    """Its words are centered, so right-to-left moves none of them."""
    svg = picture(name)
    middle = float(svg.get("width")) / 2

    assert float(svg.get("width")) <= 280
    assert svg.get("text-anchor") == "middle"
    assert {float(one.get("x")) for one in svg.iter(f"{SVG}text")} == {middle}


@pytest.mark.parametrize("name", PICTURES.values())
def test_what_a_picture_shows_is_told_in_the_list_beside_it(name):
    beside = render_to_string(f"services/{name}").partition("<ol>")[2].lower()
    steps = [
        step.text.lower().lstrip("1234. ")
        for group in picture(name).iter(f"{SVG}g")
        if group.get("font-weight") == "600"
        for step in group.iter(f"{SVG}text")
    ]

    assert len(steps) == beside.count("<li>") >= 4
    assert [words for words in steps if words not in beside] == []
