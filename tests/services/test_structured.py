"""The head of a public page: addresses, Open Graph, and the words of schema.org."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from services.models import Location
from tests.factories import NOW, TODAY
from tests.heads import data, graph, head, links
from tests.roles_world import arguments, make_world
from tests.texts import reword, text

pytestmark = pytest.mark.django_db

ORIGIN = "https://portal.example.org"
HOSTILE = "\"'></script><script>alert(1)</script><!-- &amp; \u2028 {{ 7 }}"


@pytest.fixture(autouse=True)
def content(guide, settings):
    """What a new clinic publishes, at an address that is not the one asked."""
    settings.PORTAL_ORIGIN = ORIGIN


# --- The head of a page ---------------------------------------------------------------


def test_what_was_added_to_an_address_is_not_part_of_the_page_s_own(client):
    answer = client.get("/es/conditions/fibromyalgia/?from=mail&x=%22%3E%3Cb%3E")

    own = f"{ORIGIN}/es/conditions/fibromyalgia/"
    assert links(answer, "canonical") == {"": own}
    assert graph(answer)["og:url"] == own
    assert "from=mail" not in "".join(links(answer, "alternate").values())


def test_search_engines_list_no_search_no_fault_and_nothing_private(client):
    world = make_world()
    client.force_login(world.patient.user)
    private = [client.get("/my/"), client.get("/my/nothing/"), client.get("/queue/")]
    visitor = Client()
    paths = ["/search/", "/search/?q=pain", "/no/such/page/", "/conditions/absent/"]
    paths += ["/accounts/login/", "/offer/no-such-token/", "/my/", "/admin/"]
    paths += [reverse("accounts:invitation", args=["no-such-token"])]
    link = arguments(world)["appointments:answer"]
    paths += [reverse("appointments:answer", kwargs=link)]

    for answer in [*private, *map(visitor.get, paths)]:
        assert answer["X-Robots-Tag"] == "noindex", answer.request["PATH_INFO"]
        assert "canonical" not in answer.content.decode()
        assert "og:" not in answer.content.decode()


def test_open_graph_says_what_the_page_itself_says(client):
    page = client.get("/about/benefits/")
    row = text("benefits")

    assert graph(page) == {
        "og:title": row.title,
        "og:description": row.summary,
        "og:type": "article",
        "og:url": f"{ORIGIN}/about/benefits/",
        "og:locale": "en_US",
        "og:locale:alternate": "es_US",
        "og:site_name": "Massage Therapy Portal",
    }
    assert graph(client.get("/"))["og:type"] == "website"
    assert graph(client.get("/es/"))["og:locale"] == "es_US"
    assert "og:image" not in head(page)


def test_no_text_of_an_editor_breaks_out_of_the_head(client):
    reword("benefits", title=HOSTILE, summary=HOSTILE)
    answer = client.get("/about/benefits/")

    assert head(answer).count("<script") == 1
    assert "alert(1)</script>" not in answer.content.decode()
    assert data(answer)["name"] == data(answer)["description"] == HOSTILE
    title = re.search(r'"og:title" content="([^"]*)">', head(answer))[1]
    assert title.startswith("&quot;&#x27;&gt;&lt;/script&gt;")


# --- schema.org -----------------------------------------------------------------------


def test_a_review_is_told_to_machines_where_one_is_recorded(client):
    assert "lastReviewed" not in data(client.get("/about/benefits/"))
    reword(reviewed_by="A. Lead", reviewed_on=TODAY)

    told = data(client.get("/about/benefits/"))

    assert told["@context"] == "https://schema.org"
    assert told["@type"] == "MedicalWebPage"
    assert told["lastReviewed"] == TODAY.isoformat()
    assert told["reviewedBy"] == {"@type": "Person", "name": "A. Lead"}
    assert told["url"] == f"{ORIGIN}/about/benefits/"
    assert told["dateModified"] == NOW.isoformat()


def test_the_page_that_says_what_massage_is_tells_of_the_therapy_and_no_other(client):
    told = data(client.get("/about/massage-therapy/"))

    assert told["mainEntity"]["@type"] == "MedicalTherapy"
    assert "mainEntity" not in data(client.get("/about/benefits/"))


def test_a_condition_is_told_with_its_other_words(client):
    reword("fibromyalgia", other_words="FMS, , sore all over")

    about = data(client.get("/conditions/fibromyalgia/"))["about"]

    assert about == {
        "@type": "MedicalCondition",
        "name": "Fibromyalgia",
        "alternateName": ["FMS", "sore all over"],
    }


def test_only_a_place_that_gives_massage_is_told_as_a_clinic(client, settings):
    (clinic,) = data(client.get("/locations/"))["@graph"]

    assert clinic["@type"] == "MedicalClinic"
    assert clinic["name"] == "Mayo Clinic, Rochester"
    assert clinic["telephone"] == settings.CLINIC_PHONE
    assert clinic["address"]["addressLocality"] == "Rochester"
    assert "streetAddress" not in clinic["address"]  # nobody has said it yet

    Location.objects.update(address="1 Example Way", phone="+15075550123")
    (clinic,) = data(client.get("/locations/"))["@graph"]
    assert clinic["telephone"] == "+1 507-555-0123"
    assert clinic["address"]["streetAddress"] == "1 Example Way"

    Location.objects.update(gives_massage=False)
    assert data(client.get("/locations/")) is None
