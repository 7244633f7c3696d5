"""Safety questions in another language: the clinical lead writes and changes them."""

from __future__ import annotations

import pytest
from django.test import Client

from massage_portal.accounts.roles import Role
from services.models import Wording
from tests.content import open_guide
from tests.factories import make_precaution, make_user
from tests.trail import trail

pytestmark = pytest.mark.django_db
ADMIN = "/admin/services/wording/"


@pytest.fixture
def lead():
    client = Client()
    client.force_login(make_user(Role.LEAD))
    return client


def test_what_the_lead_writes_is_read_on_the_page_about_safety(lead):
    open_guide()
    question = make_precaution(meaning="clearance", plain="an invented tremble")
    assert '<li lang="en">an invented tremble</li>' in read()

    added = lead.post(ADMIN + "add/", said("un tembleque", question))
    words = Wording.objects.get(precaution=question)
    assert "<li>un tembleque</li>" in read()
    changed = lead.post(f"{ADMIN}{words.pk}/change/", said("un temblor", question))

    assert (added.status_code, changed.status_code) == (302, 302)
    assert "<li>un temblor</li>" in read()
    assert [act for _at, act, *_more in trail(words)] == [
        "content.added",
        "content.changed",
    ]


def test_english_stands_on_the_question_itself_and_is_not_offered(lead):
    question = make_precaution(plain="an invented tremble")

    form = lead.get(ADMIN + "add/").content.decode()
    refused = lead.post(ADMIN + "add/", said("a tremble", question, language="en"))

    assert '<option value="es"' in form
    assert '<option value="en"' not in form
    assert refused.status_code == 200
    assert not Wording.objects.filter(precaution=question).exists()


def said(words, question, language="es"):
    return {"precaution": question.pk, "language": language, "plain": words}


def read():
    return Client().get("/es/safety/").content.decode()
