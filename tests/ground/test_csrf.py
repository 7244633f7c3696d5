"""Forms from elsewhere, or from a page that is too old: refused, and kindly."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from massage_portal.accounts.models import User
from massage_portal.accounts.roles import Role
from referrals.models import Patient
from tests.factories import NOW, PASSWORD, make_user

ADD = "/patients/add/"
SIGN_IN = "/accounts/login/"
OURS = "http://testserver"
TYPED = {
    "record_number": "R-77",
    "given_name": "Juniper <b>",
    "family_name": "Quillfeather",
    "birth_date_month": "3",
    "birth_date_day": "14",
    "birth_date_year": "1985",
    "language": "en",
}


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """The views' clock stands at NOW, at which the rows are made."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


def token_in(answer):
    return re.search(
        r'name="csrfmiddlewaretoken" value="(\w+)"', answer.content.decode()
    )[1]


def strict():
    return Client(enforce_csrf_checks=True)


def of_staff():
    client = strict()
    client.force_login(make_user(Role.STAFF))
    return client


def send(client, *, token, origin=OURS, path=ADD, typed=TYPED):
    data = typed | ({} if token is None else {"csrfmiddlewaretoken": token})
    headers = {} if origin is None else {"origin": origin}
    return client.post(path, data, headers=headers)


@pytest.mark.django_db
def test_a_form_with_its_own_token_is_taken():
    client = of_staff()
    answer = send(client, token=token_in(client.get(ADD)))

    assert answer.status_code == 302
    assert Patient.objects.get().record_number == "R-77"


def no_token(_client):
    return None


def a_stale_one(client):
    client.get(ADD)
    return "a" * 64


def one_too_short(client):
    return token_in(client.get(ADD))[:-1]


def of_another_session(client):
    client.get(ADD)
    return token_in(of_staff().get(ADD))


BAD = [no_token, a_stale_one, one_too_short, of_another_session]


@pytest.mark.django_db
@pytest.mark.parametrize("bad", BAD)
def test_a_form_with_a_wrong_token_saves_nothing_and_shows_the_way_back(bad):
    client = of_staff()

    answer = send(client, token=bad(client))

    page = answer.content.decode()
    assert answer.status_code == 403
    assert answer["Cache-Control"] == "no-store"
    assert "Please send it again" in page
    assert "Nothing was saved" in page
    assert f'action="{ADD}"' in page
    assert not Patient.objects.exists()


@pytest.mark.django_db
def test_what_was_typed_is_kept_and_can_be_sent_again():
    client = of_staff()
    page = send(client, token=None)
    hidden = re.findall(
        r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.content.decode()
    )
    kept = {
        name: value.replace("&lt;", "<").replace("&gt;", ">") for name, value in hidden
    }
    fresh = kept.pop("csrfmiddlewaretoken")

    assert kept == TYPED
    assert "Juniper <b>" not in page.content.decode()  # it is shown escaped
    assert send(client, token=fresh, typed=kept).status_code == 302
    assert Patient.objects.get().given_name == "Juniper <b>"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "https://evil.example.com",
        "http://testserver.evil.example.com",
        "http://testserver:8080",
        "https://testserver",
        "http://evil.example.com/http://testserver",
    ],
)
def test_a_form_from_elsewhere_is_refused_whatever_its_token(origin):
    client = of_staff()

    answer = send(client, token=token_in(client.get(ADD)), origin=origin)

    page = answer.content.decode()
    assert answer.status_code == 403
    assert f'href="{ADD}"' in page
    assert "R-77" not in page
    assert "Quillfeather" not in page
    assert not Patient.objects.exists()


@pytest.mark.django_db
def test_a_form_whose_origin_is_not_told_is_shown_nothing_either():
    answer = send(of_staff(), token=None, origin=None)

    assert answer.status_code == 403
    assert "R-77" not in answer.content.decode()


@pytest.mark.django_db
def test_a_token_from_before_signing_in_is_worth_nothing_after():
    client, user = strict(), make_user(Role.STAFF)
    before = token_in(client.get(SIGN_IN))
    typed = {"login": user.email, "password": PASSWORD}
    assert send(client, token=before, path=SIGN_IN, typed=typed).status_code == 302

    answer = send(client, token=before)

    assert answer.status_code == 403
    assert not Patient.objects.exists()


@pytest.mark.django_db
def test_a_password_is_never_shown_again():
    client, user = strict(), make_user(Role.STAFF)
    typed = {
        "login": user.email,
        "password": PASSWORD,
        "password1": "another-secret-1",
        "oldpassword": "another-secret-2",
    }

    answer = send(client, token=None, path=SIGN_IN, typed=typed)

    page = answer.content.decode()
    assert answer.status_code == 403
    assert user.email in page
    for secret in (PASSWORD, "another-secret-1", "another-secret-2"):
        assert secret not in page
    assert client.get("/start/").status_code == 302


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", [SIGN_IN, "/accounts/logout/", "/accounts/password/reset/"]
)
def test_the_forms_of_accounts_are_guarded_too(path):
    client, user = strict(), make_user(Role.STAFF)
    client.force_login(user)

    assert send(client, token="b" * 64, path=path, typed={}).status_code == 403
    assert client.get("/start/")["Location"] == "/referrals/"  # still signed in


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path",
    ["/admin/services/technique/add/", "/admin/logout/", "/admin/services/technique/"],
)
def test_the_forms_of_the_admin_are_guarded_too(path):
    client = strict()
    client.force_login(make_user(Role.EDITOR))

    assert send(client, token=None, path=path, typed={}).status_code == 403
    assert client.get("/start/")["Location"] == "/editing/"


@pytest.mark.django_db
def test_a_refused_form_with_ten_thousand_letters_is_answered_as_well():
    typed = TYPED | {"given_name": "x" * 10_000}

    answer = send(of_staff(), token=None, typed=typed)

    assert answer.status_code == 403
    assert "x" * 10_000 in answer.content.decode()
    assert User.objects.count() == 1
