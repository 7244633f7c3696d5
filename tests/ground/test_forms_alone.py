"""What a form sent too late, or an address without a page of its own, leads to."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from django.test import Client

from appointments.codes import Status
from massage_portal.accounts.roles import Role
from tests.factories import make_appointment, make_user

pytestmark = pytest.mark.django_db
SIGN_IN = "/accounts/login/"
PAGE = "/my/offers/7/?from=mail"


def sent(path, page):
    return Client().post(path, headers={"referer": page} if page else {})


@pytest.mark.parametrize(
    ("page", "then"),
    [
        (f"http://testserver{PAGE}", PAGE),
        (f"http://testserver{PAGE}#now", PAGE),
        ("", "/my/offers/7/accept/"),
        ("http://elsewhere.example/my/offers/7/", "/my/offers/7/accept/"),
        ("http://testserver//elsewhere.example/", "/my/offers/7/accept/"),
        ("javascript:alert(1)", "/my/offers/7/accept/"),
    ],
)
def test_who_was_signed_out_comes_back_to_the_page_with_the_button(page, then):
    answer = sent("/my/offers/7/accept/", page)
    assert answer.status_code == 302
    assert answer["Location"] == f"{SIGN_IN}?next={quote(then)}"


def test_an_offer_accepted_too_late_to_be_signed_in_can_be_accepted_after_all():
    offer = make_appointment(status=Status.PROPOSED)
    page = f"/my/offers/{offer.pk}/"
    answer = sent(f"{page}accept/", f"http://testserver{page}")
    assert answer["Location"] == f"{SIGN_IN}?next={page}"
    offer.refresh_from_db()
    assert offer.status == Status.PROPOSED


@pytest.mark.parametrize("address", ["/my/calendar/", "/my/offers/7/accept/"])
@pytest.mark.parametrize(
    ("language", "said"),
    [("", "by pressing a button"), ("/es", "pulsando un botón")],
)
def test_an_address_for_forms_alone_says_so(address, language, said):
    client = Client()
    client.force_login(make_user(Role.PATIENT))
    answer = client.get(language + address)
    assert answer.status_code == 405
    assert answer["Allow"] == "POST"
    assert said in answer.content.decode()


def test_other_systems_and_other_methods_get_no_page():
    client = Client()
    client.force_login(make_user(Role.PATIENT))
    assert client.put("/my/").content == b""
    assert client.get("/messages/sms/incoming").content == b""
