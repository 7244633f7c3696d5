"""Signing in, staying in, and choosing a new password."""

from __future__ import annotations

import re

import pytest
from allauth.core.internal import ratelimit
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import cache
from django.test import Client

from massage_portal.accounts.models import User
from massage_portal.accounts.roles import Role
from massage_portal.outbox.models import Message
from tests.factories import NOW, PASSWORD, make_user

SIGN_IN, RESET = "/accounts/login/", "/accounts/password/reset/"
CHANGE = "/accounts/password/change/"
NEW = "a-second-invented-passphrase"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """The views' clock stands at NOW, at which the rows are made."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


def sign_in(client, user, password=PASSWORD, **how):
    return client.post(SIGN_IN, {"login": user.email, "password": password}, **how)


def make_closed_user():
    user = make_user(Role.STAFF)
    user.is_active = False
    user.save(update_fields=["is_active"])
    return user


def is_in(client):
    return client.get("/start/")["Location"] != f"{SIGN_IN}?next=/start/"


def bare(answer, *typed):
    """Return status, headers and body, without tokens and what was typed."""
    body = answer.content.decode()
    for text in typed:
        body = body.replace(text, "TYPED")
    body = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", body)
    varying = {"Content-Length", "Expires"}  # the second may have passed
    headers = {k: v for k, v in answer.headers.items() if k not in varying}
    return answer.status_code, headers, body


def test_signing_in_leads_each_role_to_where_its_work_begins():
    pages = {
        Role.STAFF: "/referrals/",
        Role.SCHEDULER: "/queue/",
        Role.THERAPIST: "/day/",
        Role.LEAD: "/queue/",
        Role.EDITOR: "/editing/",
        Role.AUDITOR: "/audit/",
        Role.PATIENT: "/my/",
        Role.PROVIDER: "/sent/",
    }
    for role, page in pages.items():
        client = Client()
        assert sign_in(client, make_user(role))["Location"] == "/start/"
        assert client.get("/start/")["Location"] == page
    assert set(pages) == set(Role)


def test_the_session_gets_a_new_key_at_sign_in_and_the_old_one_is_worth_nothing():
    victim, attacker = Client(), Client()
    session = victim.session
    session["planted"] = "by somebody else"
    session.save()
    planted = session.session_key
    victim.cookies[settings.SESSION_COOKIE_NAME] = planted

    sign_in(victim, make_user(Role.STAFF))

    attacker.cookies[settings.SESSION_COOKIE_NAME] = planted
    assert is_in(victim)
    assert victim.session.session_key != planted
    assert not Session.objects.filter(session_key=planted).exists()
    assert not is_in(attacker)


def test_a_key_that_nobody_gave_out_is_not_taken_over():
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = "a" * 32

    sign_in(client, make_user(Role.STAFF))

    assert client.cookies[settings.SESSION_COOKIE_NAME].value != "a" * 32


def test_an_unknown_address_a_wrong_password_and_a_closed_account_answer_alike():
    known = make_user(Role.STAFF)
    closed = make_closed_user()
    invited = make_user(Role.PATIENT, password=None)
    emails = [known.email, closed.email, invited.email, "nobody@example.org"]

    answers = [
        bare(
            Client().post(SIGN_IN, {"login": email, "password": "not-the-right-one"}),
            email,
        )
        for email in emails
    ]

    assert answers[0][0] == 422
    assert "is not right" in answers[0][2]
    assert answers == [answers[0]] * len(emails)


def test_nobody_signs_in_to_a_closed_account():
    client, user = Client(), make_closed_user()

    sign_in(client, user)

    assert not is_in(client)


def test_the_address_may_be_typed_in_any_case():
    client, user = Client(), make_user(Role.STAFF, email="Ana.Case@example.org")

    answer = client.post(
        SIGN_IN, {"login": "ANA.case@Example.ORG", "password": PASSWORD}
    )

    assert answer.status_code == 302
    assert client.session["_auth_user_id"] == str(user.pk)


def test_an_empty_sign_in_says_what_is_missing_and_keeps_the_address():
    answer = Client().post(SIGN_IN, {"login": "ana@example.org", "password": ""})

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Fill this in" in page
    assert 'value="ana@example.org"' in page


@pytest.mark.parametrize(
    "typed", ["x" * 10_000, "a\0b@example.org", "\u202e@example.org", "<script>", "🎈"]
)
def test_no_text_breaks_the_sign_in(typed):
    for path, names in ((SIGN_IN, ("login", "password")), (RESET, ("email",))):
        answer = Client().post(path, dict.fromkeys(names, typed))

        assert answer.status_code == 422
        assert "<script>" not in answer.content.decode()


@pytest.fixture
def limits(settings):
    """A cache of this process, which the limits count in, empty before and after."""
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    }
    cache.clear()
    yield
    cache.clear()


def test_after_five_wrong_passwords_even_the_right_one_must_wait(limits):
    user = make_user(Role.STAFF)
    wrong = [sign_in(Client(), user, "wrong").status_code for _ in range(5)]
    stopped = sign_in(Client(), user)
    forged = sign_in(Client(), user, headers={"x-forwarded-for": "203.0.113.5"})

    assert wrong == [422] * 5
    assert (stopped.status_code, forged.status_code) == (429, 429)
    page = stopped.content.decode()
    assert "There were too many tries" in page
    assert "Wait five minutes" in page
    assert RESET in page


def test_the_limit_of_one_account_does_not_hold_up_another(limits):
    user, other = make_user(Role.STAFF), make_user(Role.STAFF)
    for _ in range(6):
        sign_in(Client(), user, "wrong", REMOTE_ADDR="192.0.2.1")

    assert sign_in(Client(), other, REMOTE_ADDR="192.0.2.9").status_code == 302


def test_an_account_is_not_closed_for_ever(limits, monkeypatch):
    user = make_user(Role.STAFF)
    for _ in range(6):
        sign_in(Client(), user, "wrong")
    later = ratelimit.time.time() + 301
    monkeypatch.setattr(ratelimit.time, "time", lambda: later)

    assert sign_in(Client(), user).status_code == 302


def test_a_flood_from_one_address_is_told_to_wait_on_a_page_of_ours(limits):
    answers = [
        Client().post(SIGN_IN, {"login": f"p{n}@example.org", "password": "wrong"})
        for n in range(31)
    ]

    page = answers[-1].content.decode()
    assert answers[-1].status_code == 429
    assert "too many tries" in page
    assert "Wait five minutes" in page
    assert answers[-1]["Cache-Control"] == "no-store"


def test_asking_for_many_links_is_limited_too(limits):
    user = make_user(Role.STAFF)
    codes = [Client().post(RESET, {"email": user.email}).status_code for _ in range(6)]

    assert codes == [302] * 5 + [429]
    assert Message.objects.count() == 1  # pressed in one minute: one mail


def test_the_limits_count_where_they_hold_when_the_broker_is_away():
    backend = settings.CACHES["default"]["BACKEND"]

    assert backend == "django.core.cache.backends.db.DatabaseCache"


def test_asking_for_a_link_answers_alike_whoever_asks_and_sends_nothing_itself():
    known = make_user(Role.STAFF)
    closed = make_closed_user()
    invited = make_user(Role.PATIENT, password=None)
    emails = [known.email, closed.email, invited.email, "nobody@example.org"]
    answers, pages = [], []
    for email in emails:
        client = Client()
        answers.append(bare(client.post(RESET, {"email": email}), email))
        pages.append(bare(client.get(f"{RESET}done/"), email))

    assert answers[0][0] == 302
    assert answers == [answers[0]] * len(emails)
    assert pages == [pages[0]] * len(emails)
    assert mail.outbox == []
    owed = Message.objects.filter(kind="accounts.password_reset")
    assert known.pk in owed.values_list("recipient", flat=True)
    assert not owed.exclude(recipient__in=[known, closed, invited]).exists()


def test_a_new_password_ends_every_other_session():
    user = make_user(Role.STAFF)
    here, there = Client(), Client()
    sign_in(here, user)
    sign_in(there, user)
    typed = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}

    answer = here.post(CHANGE, typed)

    assert answer.status_code == 302
    assert not is_in(there)
    assert sign_in(Client(), user).status_code == 422
    assert sign_in(Client(), user, NEW).status_code == 302


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"oldpassword": "wrong"}, "This is not your password"),
        ({"password2": "another-thing-altogether"}, "password"),
        ({"password1": "short", "password2": "short"}, "12"),
        ({"password1": "1234567890123", "password2": "1234567890123"}, "numeric"),
    ],
)
def test_a_new_password_must_be_good_and_the_old_one_right(typed, says):
    client, user = Client(), make_user(Role.STAFF)
    sign_in(client, user)
    good = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}

    answer = client.post(CHANGE, good | typed)

    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert sign_in(Client(), user).status_code == 302


def test_who_has_no_password_is_told_how_they_get_their_first(client):
    user = make_user(Role.PATIENT, password=None)
    client.force_login(user)
    typed = {"oldpassword": "", "password1": NEW, "password2": NEW}

    for answer in (client.get(CHANGE), client.post(CHANGE, typed)):
        page = answer.content.decode()
        assert answer.status_code == 200
        assert "Your account has no password yet" in page
        assert 'href="tel:' in page
        assert "oldpassword" not in page
    user.refresh_from_db()
    assert not user.has_usable_password()


def test_more_fields_than_asked_make_nobody_more_than_they_are():
    client, user = Client(), make_user(Role.PATIENT)
    more = {"is_staff": "1", "is_superuser": "1", "groups": "1", "user": "1"}
    client.post(SIGN_IN, {"login": user.email, "password": PASSWORD} | more)
    typed = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    client.post(CHANGE, typed | more)

    user = User.objects.get(pk=user.pk)
    assert user.check_password(NEW)
    assert (user.is_staff, user.is_superuser) == (False, False)
    assert [group.name for group in user.groups.all()] == ["patient"]


@pytest.mark.parametrize("path", ["/queue/", "/patients/", "/referrals/diagnoses/"])
def test_a_fragment_asked_for_after_the_session_ended_loads_the_whole_page(path):
    client = Client()
    client.force_login(make_user(Role.SCHEDULER))
    client.session.flush()

    answer = client.get(path, headers={"hx-request": "true"})

    assert answer.status_code == 204
    assert answer.content == b""
    assert answer["HX-Redirect"] == SIGN_IN
    assert "Location" not in answer.headers


@pytest.mark.parametrize(
    ("page", "then"),
    [
        ("http://testserver/queue/?overdue=on", "?next=/queue/%3Foverdue%3Don"),
        ("https://elsewhere.example/queue/", ""),
        ("http://elsewhere.example/queue/", ""),
        ("javascript:alert(1)", ""),
    ],
)
def test_who_signs_in_from_a_fragment_comes_back_to_its_page(page, then):
    headers = {"hx-request": "true", "hx-current-url": page}

    answer = Client().get("/queue/next/", headers=headers)

    assert answer["HX-Redirect"] == SIGN_IN + then


def test_a_role_taken_away_is_gone_at_the_next_request():
    client, user = Client(), make_user(Role.SCHEDULER)
    client.force_login(user)
    assert client.get("/offers/").status_code == 200

    user.groups.clear()

    assert client.get("/offers/").status_code == 403


def test_a_session_ends_after_twelve_hours_on_the_server_too():
    client, user = Client(), make_user(Role.SCHEDULER)
    sign_in(client, user)
    session = Session.objects.get(session_key=client.session.session_key)

    assert (session.expire_date - NOW).total_seconds() == 12 * 60 * 60
    assert not client.cookies[settings.SESSION_COOKIE_NAME]["max-age"]
