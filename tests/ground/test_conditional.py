"""A page that is as the browser has it is not sent again; a private one always is."""

from __future__ import annotations

import pytest
from django.test import Client, override_settings
from django.urls import reverse

from tests.content import open_guide
from tests.factories import NOW
from tests.ground.test_headers import WANTED
from tests.roles_table import GET
from tests.roles_world import arguments, make_world
from tests.texts import reword

pytestmark = pytest.mark.django_db
PUBLIC = ["/", "/es/", "/conditions/", "/conditions/cancer/", "/about/benefits/"]
PUBLIC += ["/safety/", "/locations/", "/sitemap.xml", "/robots.txt", "/changes.atom"]


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """The views' clock stands at NOW, at which the rows are made."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    open_guide()


def again(client, path, etag):
    return client.get(path, headers={"if-none-match": etag})


@pytest.mark.parametrize("path", PUBLIC)
def test_an_unchanged_public_page_is_answered_304_with_every_header(path):
    first = Client().get(path)

    second = again(Client(), path, first["ETag"])

    assert (first.status_code, second.status_code) == (200, 304)
    assert second.content == b""
    assert second["ETag"] == first["ETag"]
    assert {name: second.headers.get(name) for name in WANTED} == WANTED
    assert second.headers.get("Vary") == first.headers.get("Vary")


def test_a_page_that_changed_is_sent_again(client):
    etag = client.get("/conditions/cancer/")["ETag"]
    reword("cancer", title="As edited")

    answer = again(client, "/conditions/cancer/", etag)

    assert answer.status_code == 200
    assert answer["ETag"] != etag
    assert "As edited" in answer.content.decode()


def test_the_two_languages_are_never_taken_for_each_other(client):
    assert again(client, "/es/", client.get("/")["ETag"]).status_code == 200


@override_settings(HTTPS=True, SECURE_HSTS_SECONDS=63072000)
def test_a_304_over_https_asks_for_https_too(client):
    answer = again(client, "/", client.get("/")["ETag"])

    assert answer.status_code == 304
    assert "max-age=63072000" in answer["Strict-Transport-Security"]


def test_no_answer_to_somebody_who_signed_in_is_ever_304():
    world = make_world()
    for who in ("patient", "scheduler", "editor"):
        client = Client()
        client.force_login(world.people[who])
        for name in GET:
            url = reverse(name, kwargs=arguments(world).get(name, {}))
            if name in ("account_logout", "calendar_feed"):
                continue  # the feed knows its address alone: programs ask each hour
            answer = again(client, url, "*")
            if answer.streaming:  # a letter, which is open until it is read
                answer.getvalue()
            assert answer.status_code != 304, (who, name)
            assert "ETag" not in answer.headers, (who, name)
    assert len(GET) > 40


def test_what_a_link_shows_or_a_password_is_typed_on_has_no_etag(client):
    world = make_world()
    names = ["appointments:answer", "accounts:invitation", "account_login"]

    for name in names:
        url = reverse(name, kwargs=arguments(world).get(name, {}))
        answer = again(client, url, "*")
        assert answer.status_code == 200, name
        assert "ETag" not in answer.headers, name
        assert answer["Cache-Control"] == "no-store"


def test_a_visitor_s_etag_is_not_taken_from_who_signed_in_since():
    etag = Client().get("/conditions/")["ETag"]
    client = Client()
    client.force_login(make_world().patient.user)

    answer = again(client, "/conditions/", etag)

    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"


def test_a_fault_is_no_304(client):
    answer = again(client, "/no/such/page/", client.get("/no/such/page/")["ETag"])

    assert answer.status_code == 404
