"""Kept pages go out packed to browsers that take them so; no other page does."""

from __future__ import annotations

import gzip

import pytest
from django.test import Client
from django.urls import reverse

from massage_portal.accounts.roles import Role
from tests.content import open_guide
from tests.factories import make_user

pytestmark = pytest.mark.django_db
PAGE = "/conditions/cancer/"
BROWSER = {"accept-encoding": "gzip, deflate, br"}


@pytest.fixture(autouse=True)
def content(keeping):
    open_guide()


def test_a_browser_gets_the_same_page_in_less_than_half_its_bytes():
    plain = Client().get(PAGE)
    drawn, kept = (Client().get(PAGE, headers=BROWSER) for _ in range(2))

    assert "Content-Encoding" not in plain.headers
    for packed in (drawn, kept):
        assert packed["Content-Encoding"] == "gzip"
        assert gzip.decompress(packed.content) == plain.content
        assert packed["Content-Length"] == str(len(packed.content))
        assert len(packed.content) * 2 < len(plain.content)


def test_it_is_packed_as_it_is_drawn_too_and_its_tag_stays():
    drawn, kept = (Client().get(PAGE, headers=BROWSER) for _ in range(2))
    plain = Client().get(PAGE)
    again = Client().get(PAGE, headers=BROWSER | {"if-none-match": drawn["ETag"]})

    assert drawn["Content-Encoding"] == "gzip"
    assert drawn["ETag"] == kept["ETag"]
    assert plain["ETag"] != kept["ETag"]  # other bytes, another tag
    assert again.status_code == 304
    for one in (drawn, kept, plain, again):
        assert "Accept-Encoding" in one["Vary"]


@pytest.mark.parametrize(
    ("takes", "packed"),
    [
        ("gzip", True),
        ("br;q=1.0, GZip;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000, br", False),
        ("br", False),
        ("identity", False),
        ("", False),
    ],
)
def test_only_who_takes_it_gets_it(takes, packed):
    for _drawn_then_kept in range(2):
        answer = Client().get(PAGE, headers={"accept-encoding": takes})
        assert ("Content-Encoding" in answer.headers) is packed
        assert answer.content.startswith(b"\x1f\x8b" if packed else b"<!doctype")


def test_what_somebody_signed_in_or_with_a_query_reads_is_not_packed(client):
    """Its length would tell an eavesdropper what stands in it."""
    client.force_login(make_user(Role.SCHEDULER))
    pages = [PAGE, "/", reverse("appointments:queue")]
    for page in pages:
        answer = client.get(page, headers=BROWSER)
        assert answer.status_code == 200
        assert "Content-Encoding" not in answer.headers
    for page in (PAGE + "?from=elsewhere", reverse("account_login")):
        answer = Client().get(page, headers=BROWSER)
        assert answer.status_code == 200
        assert "Content-Encoding" not in answer.headers
