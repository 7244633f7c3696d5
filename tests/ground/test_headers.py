"""The headers of every kind of answer, and that no cache keeps what is private."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client, override_settings
from django.urls import reverse

from massage_portal.accounts.roles import Role
from tests.factories import NOW, PASSWORD, make_user
from tests.roles_table import GET
from tests.roles_world import arguments, make_world

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; object-src 'none'"
)
WANTED = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), camera=(), microphone=()",
}
HSTS = "max-age=63072000; includeSubDomains; preload"
SECURE = {
    "HTTPS": True,
    "PORTAL_ORIGIN": "https://testserver",
    "CSRF_TRUSTED_ORIGINS": ["https://testserver"],
    "SECURE_SSL_REDIRECT": True,
    "SECURE_HSTS_SECONDS": 63072000,
    "SESSION_COOKIE_NAME": "__Host-sessionid",
    "CSRF_COOKIE_NAME": "__Host-csrftoken",
    "SESSION_COOKIE_SECURE": True,
    "CSRF_COOKIE_SECURE": True,
    "LANGUAGE_COOKIE_SECURE": True,
}


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """The views' clock stands at NOW, at which the rows are made."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


def broken(*_args, **_kwargs):
    raise RuntimeError("a fault of ours")


def page(client):
    return client.get("/conditions/"), 200


def redirect(client):
    return client.get("/about/safety/"), 301


def missing_slash(client):
    return client.get("/conditions"), 301


def to_sign_in(client):
    return client.get("/my/"), 302


def not_found(client):
    return client.get("/no/such/page/"), 404


def not_open(client):
    client.force_login(make_user(Role.STAFF))
    return client.get("/queue/"), 403


def wrong_method(client):
    return client.post("/conditions/"), 405


def no_token(client):
    return Client(enforce_csrf_checks=True).post("/accounts/login/"), 403


def bad_host(client):
    return client.get("/", headers={"host": "evil.example.com"}), 400


def healthy(client):
    return client.get("/healthz"), 200


def server_fault(client):
    patch = pytest.MonkeyPatch()
    patch.setattr("services.views.Version.objects.of_kind", broken)
    client.raise_request_exception = False
    try:
        return client.get("/conditions/"), 500
    finally:
        patch.undo()


def static(client):
    with override_settings(WHITENOISE_USE_FINDERS=True, WHITENOISE_AUTOREFRESH=True):
        answer = Client().get("/static/css/portal.css")
        answer.close()
        return answer, 200


def no_static(client):
    return client.get("/static/css/absent.css"), 404


KINDS = [
    page,
    redirect,
    missing_slash,
    to_sign_in,
    not_found,
    not_open,
    wrong_method,
    no_token,
    bad_host,
    healthy,
    server_fault,
    static,
    no_static,
]


@pytest.mark.django_db
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_answer_carries_the_whole_list(client, kind):
    answer, status = kind(client)

    assert answer.status_code == status
    assert {name: answer.headers.get(name) for name in WANTED} == WANTED
    assert "Strict-Transport-Security" not in answer.headers  # plain HTTP


@pytest.mark.django_db
@pytest.mark.parametrize("kind", [page, to_sign_in, not_found, static, bad_host])
def test_over_https_every_answer_asks_for_https_from_now_on(kind):
    with override_settings(**SECURE):
        client = Client(headers={"x-forwarded-proto": "https"})
        client.defaults["wsgi.url_scheme"] = "https"
        answer, _status = kind(client)
        if kind is static:  # it makes a client of its own, and is sent to https
            assert answer["Location"] == "https://testserver/static/css/portal.css"

    assert answer.headers["Strict-Transport-Security"] == HSTS


@override_settings(**SECURE)
def test_plain_http_is_sent_to_https_with_all_headers():
    answer = Client().get("/conditions/")

    assert answer.status_code == 301
    assert answer["Location"] == "https://testserver/conditions/"
    assert {name: answer.headers.get(name) for name in WANTED} == WANTED
    assert answer["Strict-Transport-Security"] == HSTS


@pytest.mark.django_db
@override_settings(**SECURE)
def test_cookies_are_bound_to_this_host_and_hidden_from_scripts():
    user = make_user(Role.PATIENT)
    client = Client()
    client.get("/accounts/login/", secure=True)
    client.post(
        "/accounts/login/", {"login": user.email, "password": PASSWORD}, secure=True
    )

    found = {cookie.key: cookie for cookie in client.cookies.values()}
    assert {"__Host-sessionid", "__Host-csrftoken"} <= set(found)
    for cookie in found.values():
        assert cookie.key.startswith("__Host-")
        assert cookie["secure"]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
        assert cookie["path"] == "/"
        assert not cookie["domain"]


@pytest.mark.django_db
def test_no_cache_keeps_what_a_signed_in_person_failed_to_open(client):
    client.force_login(make_user(Role.PATIENT))

    answers = {
        404: client.get("/my/requests/999999999/"),
        403: client.get("/queue/"),
        405: client.post("/my/"),
        400: client.get("/my/", headers={"host": "evil.example.com"}),
    }

    for status, answer in answers.items():
        assert answer.status_code == status
        assert answer["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_no_cache_keeps_what_a_link_shows_or_a_password_is_typed_on(client):
    world = make_world()
    names = ["appointments:answer", "accounts:invitation", "appointments:calendar"]
    names += ["referrals:answer_renewal", "calendar_feed"]
    names += [name for name in GET if name.startswith("account_")]

    for name in names:
        answer = client.get(reverse(name, kwargs=arguments(world).get(name, {})))
        assert answer["Cache-Control"] == "no-store", name
    lost = ["/calendar/x.ics", "/offer/x/", "/renewal/x/", "/accounts/invitation/x/"]
    for path in lost:
        spent = client.get(path)
        assert (spent.status_code, spent["Cache-Control"]) == (404, "no-store")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/admin/", "/admin/services/technique/", "/admin/absent/"]
)
def test_no_cache_keeps_a_page_of_the_admin(client, path):
    stranger = client.get(path)
    client.force_login(make_user(Role.EDITOR))
    editor = client.get(path)

    assert stranger["Cache-Control"] == editor["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_the_calendar_file_is_not_kept_either(client):
    world = make_world()
    client.force_login(world.patient.user)

    answer = client.get(reverse("appointments:calendar", args=[world.booked.pk]))

    assert answer["Content-Type"].startswith("text/calendar")
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_no_answer_that_sets_a_cookie_may_be_shared(client):
    world = make_world()
    for name in GET:
        fresh = Client()
        answer = fresh.get(reverse(name, kwargs=arguments(world).get(name, {})))
        kept = answer.headers.get("Cache-Control", "")
        assert not {"public", "s-maxage"} & {
            part.strip().partition("=")[0] for part in kept.split(",")
        }, name
        if answer.cookies:
            varies = answer.headers.get("Vary", "")
            assert kept == "no-store" or "Cookie" in varies, name
        if answer.streaming:
            answer.getvalue()


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/accounts/logout/", "/admin/logout/"])
def test_signing_out_has_the_browser_forget_what_it_kept(client, path):
    client.force_login(make_user(Role.EDITOR))
    key = client.session.session_key

    answer = client.post(path)

    assert answer["Clear-Site-Data"] == '"cache", "storage"'
    assert client.cookies[settings.SESSION_COOKIE_NAME].value == ""
    again = Client()
    again.cookies[settings.SESSION_COOKIE_NAME] = key
    assert "/accounts/login/" in again.get("/my/")["Location"]


@pytest.mark.django_db
def test_asking_whether_to_sign_out_signs_nobody_out(client):
    client.force_login(make_user(Role.EDITOR))

    answer = client.get("/accounts/logout/")

    assert answer.status_code == 200
    assert "Clear-Site-Data" not in answer.headers
    assert client.get("/start/")["Location"] == "/editing/"
