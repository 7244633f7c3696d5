"""What is too large is refused before it is read, in words and with a way back."""

from __future__ import annotations

import gzip
import uuid
from types import ModuleType

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.urls import path, resolve, reverse
from django.utils import translation

from massage_portal.access import public, requires, takes
from tests.roles_table import GET
from tests.roles_world import arguments

CHECK, SIGN_IN = "/is-massage-right-for-me/", "/accounts/login/"
MOST = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
FORM = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data; boundary=part"
FILE = (
    b'--part\r\nContent-Disposition: form-data; name="letter"; filename="a.txt"\r\n'
    b"Content-Type: text/plain\r\n\r\n%b\r\n--part--\r\n"
)


class NotToBeRead:
    """A body that fails the test when somebody reads it."""

    def read(self, *_sizes):
        raise AssertionError("the body was read")

    readline = read


class AnyWorld:
    """Records with a number each, for addresses: nobody looks for them."""

    pk = provider_id = draft_id = location_id = 1
    key = uuid.UUID(int=1)

    def __getattr__(self, name):
        return self

    def __call__(self):
        return self


@pytest.fixture
def strict():
    return Client(enforce_csrf_checks=True)


def send_unread(client, method, address, *, length, kind=FORM):
    """Send only the head of a request, which says how long the body will be."""
    body = {"CONTENT_LENGTH": str(length), "wsgi.input": NotToBeRead()}
    return client.generic(method, address, b"", content_type=kind, **body)


@pytest.mark.parametrize("kind", [FORM, PARTS, "application/json"])
@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("language", ["en", "es"])
def test_no_address_reads_a_body_that_is_too_large_or_asks_the_database(
    strict, language, method, kind
):
    with translation.override(language):
        places = arguments(AnyWorld())
        addresses = [reverse(name, kwargs=places.get(name)) for name in GET]
        addresses += ["/admin/", "/admin/login/", "/admin/absent/"]
        views = {address: resolve(address).func for address in addresses}
    assert len(addresses) > 40

    for address, view in views.items():
        most = getattr(view, "most_bytes", MOST)
        answer = send_unread(strict, method, address, length=most + 1, kind=kind)

        assert answer.status_code == 413, address
        assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize(
    "address", ["/nowhere/", "/es/nowhere/", "/static/absent.css", "/conditions"]
)
@pytest.mark.django_db
def test_where_there_is_no_page_nobody_reads_the_body(strict, method, address):
    answer = send_unread(strict, method, address, length=10**9, kind=PARTS)

    assert answer.status_code in (301, 404)


@pytest.mark.django_db
def test_what_is_just_small_enough_is_read(strict):
    as_much = b"hope=" + b"x" * (MOST - 5)

    answer = strict.generic("POST", CHECK, as_much, content_type=FORM)

    assert answer.status_code == 422
    assert answer.context["form"].errors


def test_one_byte_more_is_refused_in_words_with_a_way_back(strict):
    answer = strict.generic("POST", CHECK, b"x" * (MOST + 1), content_type=FORM)

    page = answer.content.decode()
    assert answer.status_code == 413
    assert "<h1>That was too large to send</h1>" in page
    assert 'href="/"' in page
    assert settings.CLINIC_PHONE in page
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert answer["X-Robots-Tag"] == "noindex"


def test_the_refusal_speaks_the_visitors_language(strict):
    answer = send_unread(strict, "POST", f"/es{CHECK}", length=MOST + 1)

    assert answer.status_code == 413
    assert '<html lang="es"' in answer.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("length", ["", "-1", "many", "1e9", "9" * 5000])
def test_a_length_that_is_no_number_lets_nobody_read(strict, length):
    answer = send_unread(strict, "POST", CHECK, length=length)

    assert answer.status_code == 422


@pytest.mark.parametrize("address", [CHECK, SIGN_IN])
@pytest.mark.django_db
def test_a_hundred_thousand_fields_are_refused(client, address):
    fields = b"&".join(b"a%d=" % number for number in range(100_000))
    assert len(fields) < MOST

    answer = client.generic("POST", address, fields, content_type=FORM)

    assert answer.status_code == 400
    assert b"<h1>We could not read that</h1>" in answer.content


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "identity"])
@pytest.mark.parametrize("address", [CHECK, SIGN_IN, "/nowhere/"])
def test_a_packed_body_is_refused_unopened(strict, address, coding):
    packed = gzip.compress(bytes(10_000_000))
    unread = {"CONTENT_LENGTH": str(len(packed)), "wsgi.input": NotToBeRead()}

    answer = strict.generic(
        "POST", address, headers={"content-encoding": coding}, **unread
    )

    assert answer.status_code == 400
    assert b"<h1>We could not read that</h1>" in answer.content


# --- A page that takes more -----------------------------------------------------------


@public
@takes(2_000_000)
def letter(request):
    return HttpResponse(str(request.FILES["letter"].size))


@pytest.fixture
def letters(settings):
    """The portal as if it had this one page, which takes a letter."""
    roof = ModuleType("letters")
    roof.urlpatterns = [path("letter/", letter)]
    settings.ROOT_URLCONF = roof


@pytest.mark.usefixtures("letters")
def test_a_page_may_take_more_when_it_says_so(client):
    body = FILE % (b"x" * 1_900_000)

    answer = client.generic("POST", "/letter/", body, content_type=PARTS)

    assert (answer.status_code, answer.content) == (200, b"1900000")


@pytest.mark.usefixtures("letters")
def test_a_page_that_takes_more_takes_no_byte_above_that(client):
    answer = send_unread(client, "POST", "/letter/", length=2_000_001, kind=PARTS)

    assert answer.status_code == 413


def test_the_limit_of_a_view_shows_through_the_other_decorators():
    assert requires("")(takes(5)(letter)).most_bytes == 5
    assert takes(5)(requires("")(letter)).most_bytes == 5
