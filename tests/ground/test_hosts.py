"""The portal has one origin: no header of a request and no `next` leads elsewhere."""

from __future__ import annotations

import re
from urllib.parse import quote, urljoin, urlsplit

import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation

from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from massage_portal.headers import client_address
from massage_portal.outbox.kinds import kind_of
from massage_portal.outbox.models import Message
from tests.factories import NOW, PASSWORD, make_user

EVIL = "evil.example.com"
SIGN_IN, SIGN_OUT = "/accounts/login/", "/accounts/logout/"
RESET = "/accounts/password/reset/"


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """The views' clock stands at NOW, at which the rows are made."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    with translation.override("en"):  # a page in Spanish leaves its language behind
        yield


@pytest.mark.django_db
@pytest.mark.parametrize(
    "host",
    [
        EVIL,
        f"testserver.{EVIL}",
        f"testserver@{EVIL}",
        f"{EVIL}:80",
        "testserver:80:80",
        "testserver:abc",
        "testserver:80@evil.example.com",
        "testserver/evil",
        "test server",
        "testserver,evil.example.com",
        "[::ffff:1",
    ],
)
@pytest.mark.parametrize("path", ["/conditions/", SIGN_IN, "/my/", "/admin/"])
def test_a_host_that_is_not_ours_is_refused(client, host, path):
    answer = client.get(path, headers={"host": host})

    assert answer.status_code == 400
    assert EVIL not in answer.content.decode()


@pytest.mark.django_db
def test_a_forged_forwarded_host_is_ignored(client):
    forged = {"x-forwarded-host": EVIL, "x-forwarded-proto": "https", "forwarded": EVIL}

    for path in ("/conditions", "/my/", SIGN_IN, "/no/such/page/"):
        answer = client.get(path, headers=forged)

        assert answer.status_code in (200, 301, 302, 404)
        assert EVIL not in answer.headers.get("Location", "")
        assert EVIL not in answer.content.decode()


@pytest.mark.django_db
def test_mail_leads_to_the_portals_own_origin_whatever_host_asked_for_it(client):
    user = make_user(Role.STAFF)
    forged = {"host": "localhost", "x-forwarded-host": EVIL}
    client.post(RESET, {"email": user.email}, headers=forged)

    message = Message.objects.get()
    mail = kind_of(message.kind).render(message)

    for text in (mail.text, mail.html):
        origins = {
            f"{link.scheme}://{link.netloc}"
            for link in map(urlsplit, re.findall(r'https?://[^\s"<]+', text))
        }
        assert origins == {settings.PORTAL_ORIGIN}


@pytest.mark.django_db
def test_a_forged_address_does_not_reach_the_trail(client):
    client.force_login(make_user(Role.AUDITOR))

    client.get(
        "/audit/",
        headers={"x-forwarded-for": "203.0.113.9", "x-real-ip": "203.0.113.9"},
        REMOTE_ADDR="192.0.2.1",
    )

    assert AuditEvent.objects.filter(action="audit.read").get().address == "192.0.2.1"


PAYLOADS = [
    f"//{EVIL}",
    f"///{EVIL}",
    f"////{EVIL}/my/",
    f"/\\{EVIL}",
    f"\\\\{EVIL}",
    f"\\/{EVIL}",
    f"/\\/{EVIL}",
    f"https:{EVIL}",
    f"https:/{EVIL}",
    f"https://{EVIL}",
    f"https:///{EVIL}",
    f"http://{EVIL}:80/my/",
    f"HtTpS://{EVIL}",
    f"http:\\\\{EVIL}",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    f"%2f%2f{EVIL}",
    f"/%2f{EVIL}",
    f"%5c%5c{EVIL}",
    f"//testserver@{EVIL}",
    f"http://testserver@{EVIL}/",
    f"http://testserver.{EVIL}/",
    f"http://{EVIL}#@testserver/",
    f"http://{EVIL}?http://testserver",
    f"\t//{EVIL}",
    f"/\t/{EVIL}",
    f"/\n/{EVIL}",
    f"//{EVIL}\r\nSet-Cookie: a=b",
    f" //{EVIL}",
    f"\x00//{EVIL}",
    f"//{EVIL}%00.testserver",
    f"//[::1]@{EVIL}",
    f"ftp://{EVIL}",
    f"//\u3002{EVIL}",
]


def lands_at(answer, path):
    """Return where a browser goes: it takes a backslash for a slash, and no tabs."""
    location = answer.headers.get("Location", "")
    assert not re.search(r"[\r\n]", location)
    plain = re.sub(r"[\t\r\n]", "", location).strip(" \x00").replace("\\", "/")
    return urljoin(f"http://testserver/{path.lstrip('/')}", plain)


def assert_stays(answer, path):
    assert answer.status_code < 500
    goal = urlsplit(lands_at(answer, path))
    assert (goal.scheme, goal.netloc) == ("http", "testserver")
    page = answer.content.decode()
    assert not re.search(r"http-equiv\s*=\s*.?refresh", page, re.I)
    assert not re.search(rf'(?:href|action)="[^"/]*[/\\]{{2,}}[^"]*{EVIL}', page)
    assert not re.search(r'(?:href|action)="\s*(?:javascript|data):', page, re.I)


def test_there_are_more_than_thirty_ways_to_ask_for_another_site():
    assert len(set(PAYLOADS)) == len(PAYLOADS) > 30


@pytest.mark.django_db
@pytest.mark.parametrize("goal", PAYLOADS)
def test_signing_in_leads_to_no_other_site(client, goal):
    user = make_user(Role.STAFF)
    address = f"{SIGN_IN}?next={quote(goal, safe='')}"
    assert_stays(client.get(address), SIGN_IN)
    typed = {"login": user.email, "password": PASSWORD, "next": goal}

    answer = client.post(address, typed)

    assert answer.status_code == 302
    assert_stays(answer, SIGN_IN)
    assert_stays(client.get(address), SIGN_IN)  # now signed in: sent on at once


@pytest.mark.django_db
@pytest.mark.parametrize("goal", PAYLOADS)
def test_signing_out_leads_to_no_other_site(client, goal):
    address = f"{SIGN_OUT}?next={quote(goal, safe='')}"
    assert_stays(client.get(address), SIGN_OUT)  # a visitor is sent on
    client.force_login(make_user(Role.STAFF))
    assert_stays(client.get(address), SIGN_OUT)

    answer = client.post(address, {"next": goal})

    assert answer.status_code == 302
    assert_stays(answer, SIGN_OUT)


@pytest.mark.django_db
@pytest.mark.parametrize("goal", PAYLOADS)
def test_asking_for_a_new_password_leads_to_no_other_site(client, goal):
    user = make_user(Role.STAFF)
    address = f"{RESET}?next={quote(goal, safe='')}"
    assert_stays(client.get(address), RESET)

    answer = client.post(address, {"email": user.email, "next": goal})

    assert answer.status_code == 302
    assert_stays(answer, RESET)


@pytest.mark.django_db
@pytest.mark.parametrize("goal", PAYLOADS)
def test_the_other_language_leads_to_no_other_site(client, goal):
    for address in (
        f"/conditions/?next={quote(goal, safe='')}",
        f"/{quote(goal, safe='/')}/",
        f"/es/{quote(goal, safe='/')}",
    ):
        assert_stays(client.get(address), address)


@pytest.mark.django_db
def test_a_page_of_ours_is_still_a_goal():
    user = make_user(Role.STAFF)

    answer = Client().post(
        f"{SIGN_IN}?next=/patients/add/",
        {"login": user.email, "password": PASSWORD, "next": "/patients/add/"},
    )

    assert answer["Location"] == "/patients/add/"


@pytest.mark.django_db
def test_a_body_that_does_not_say_how_long_it_is_is_refused(client):
    answer = client.post(
        "/accounts/login/", {}, headers={"transfer-encoding": "chunked"}
    )

    assert answer.status_code == 400
    assert b"<h1>" in answer.content
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize(
    ("trusted", "forwarded", "address"),
    [
        pytest.param(0, "203.0.113.9", "192.0.2.1", id="no proxy is trusted"),
        pytest.param(1, "203.0.113.9", "203.0.113.9", id="one proxy tells"),
        pytest.param(1, "10.9.9.9, 203.0.113.9", "203.0.113.9", id="a forged one left"),
        pytest.param(2, "203.0.113.9, 192.0.2.7", "203.0.113.9", id="two proxies tell"),
        pytest.param(2, "203.0.113.9", "192.0.2.1", id="one of two is missing"),
        pytest.param(1, "<script>", "192.0.2.1", id="no address"),
        pytest.param(1, "", "192.0.2.1", id="nothing told"),
    ],
)
def test_the_address_that_counts_is_what_our_own_proxies_saw(
    settings, rf, trusted, forwarded, address
):
    settings.TRUSTED_PROXIES = trusted
    request = rf.get(
        "/", REMOTE_ADDR="192.0.2.1", headers={"x-forwarded-for": forwarded}
    )

    assert client_address(request) == address
