"""The link by which a provider answers, and the button by which staff send it."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from massage_portal.outbox import sending
from massage_portal.outbox.models import Message
from massage_portal.tokens import sign
from referrals import actions
from referrals.models import Referral, Renewal
from tests.factories import (
    DAY,
    NOW,
    TODAY,
    make_diagnosis,
    make_patient,
    make_provider,
    make_referral,
    make_renewal,
    make_technique,
    make_user,
)
from tests.mails import (
    MarkedSpanish,
    body,
    laid_open,
    links,
    parsed,
    seen,
    untranslated,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """The views' clock stands at NOW, at which the rows are made."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


def marked(**fields):
    """Return a question whose referral has a mark in all that nobody must read."""
    provider = make_provider(
        user=make_user(Role.PROVIDER, language=fields.pop("language", "en")),
        given_name="Zqmarkia",
        family_name="Zqmarkov",
        department="Zqmarkology",
    )
    patient = make_patient(
        given_name="Ana", family_name="Qzmarkson", record_number="ZQMARK-1"
    )
    referral = make_referral(
        provider=provider,
        patient=patient,
        diagnosis=make_diagnosis("ZQMARK", "Zqmarkitis"),
        technique=make_technique(name="Zqmark strokes"),
        reason="Zqmark reason",
        goals="Zqmark goals",
        sessions=4,
        valid_until=TODAY + 20 * DAY,
    )
    return make_renewal(referral=referral, **fields)


def link(question):
    return f"/renewal/{sign('renewal', question.pk)}/"


def state():
    rows = [Referral.objects.order_by("pk"), Renewal.objects.order_by("pk")]
    return [list(one.values_list()) for one in rows]


def as_shown(page):
    """Return what the form would send as it stands, with an answer chosen."""
    found = re.findall(r'<input type="text" name="(.*?)" value="(.*?)"', page)
    return dict(found)


def test_looking_at_the_link_changes_nothing():
    question, before = marked(), None
    before = state()
    looks = [getattr(Client(), how)(link(question)) for how in ("get", "head", "get")]
    assert [one.status_code for one in looks] == [200] * 3
    assert state() == before


def test_the_page_shows_initials_and_year_and_nothing_of_the_illness():
    page = Client().get(link(marked())).content.decode()
    words = seen(page)
    assert "A. Q." in words
    assert "1980" in words
    assert "zqmark" not in page.lower()
    assert "Qzmarkson" not in page
    assert "Ana" not in words


def test_no_cache_keeps_the_page_and_no_machine_lists_it():
    page = Client().get(link(marked()))
    assert "no-store" in page["Cache-Control"]
    assert 'rel="canonical"' not in page.content.decode()


def test_three_clicks_renew_it():
    """The link in the mail, the answer, the button: all else is filled in."""
    question = marked()
    client = Client(enforce_csrf_checks=True)
    page = client.get(link(question)).content.decode()
    token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', page)[1]
    sent = as_shown(page) | {"answer": "renew", "csrfmiddlewaretoken": token}
    done = client.post(link(question), sent, follow=True)
    assert "The referral is renewed" in done.content.decode()
    new = Referral.objects.get(renews=question.referral)
    assert (new.valid_until, new.sessions) == (TODAY + 111 * DAY, 4)


def test_the_provider_may_change_the_end_and_the_visits():
    question = marked()
    day = TODAY + 60 * DAY
    sent = {"valid_until_month": day.month, "valid_until_day": day.day}
    sent |= {"valid_until_year": day.year, "sessions": 9, "answer": "renew"}
    assert Client().post(link(question), sent).status_code == 302
    new = Referral.objects.get(renews=question.referral)
    assert (new.valid_until, new.sessions) == (day, 9)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"answer": "maybe"},
        {"answer": "renew"},
        {"answer": "renew", "sessions": "61"},
        {"answer": "renew", "sessions": "3", "valid_until_month": "x" * 10_000},
        {
            "answer": "renew",
            "sessions": "3",
            "valid_until_month": "2",
            "valid_until_day": "30",
            "valid_until_year": "2027",
        },
        {
            "answer": "renew",
            "sessions": "3",
            "valid_until_month": "1",
            "valid_until_day": "1",
            "valid_until_year": "2031",
        },
    ],
)
def test_an_answer_that_cannot_be_is_told_and_nothing_is_kept(fields):
    question = marked()
    before = state()
    page = Client().post(link(question), fields)
    assert page.status_code == 422
    assert "error" in page.content.decode()
    assert state() == before


@pytest.mark.parametrize(("word", "says"), [("end", "will end"), ("call", "call you")])
def test_the_other_answers_ask_for_nothing_more(word, says):
    question = marked()
    sent = {"answer": word, "sessions": "nonsense", "valid_until_month": "?"}
    done = Client().post(link(question), sent, follow=True)
    assert says in seen(done.content.decode())
    question.refresh_from_db()
    assert question.answer == word


def test_an_answer_leaves_a_trail_of_the_provider_and_a_look_of_nobody():
    question = marked()
    Client().get(link(question))
    Client().post(link(question), {"answer": "end"})
    rows = AuditEvent.objects.filter(patient_id=question.referral.patient_id)
    by = question.referral.provider.user.email
    found = list(rows.order_by("pk").values_list("action", "actor"))
    assert found == [
        ("referral.seen_by_link", "system"),
        ("referral.renewal_answered", by),
    ]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"answer": "renew", "answered_at": NOW}, "The referral is renewed"),
        ({"withdrawn_at": NOW}, "This link has ended"),
        ({"asked_at": NOW - 30 * DAY, "expires_at": NOW}, "This link has ended"),
    ],
)
def test_a_link_that_is_used_or_over_explains_itself(fields, says):
    question = marked(**fields)
    looked = Client().get(link(question))
    assert (looked.status_code, says in looked.content.decode()) == (200, True)
    assert "A. Q." not in looked.content.decode()
    before = state()
    pressed = Client().post(link(question), {"answer": "end"})
    assert pressed.status_code == 409
    assert state() == before


def _closed(question):
    user = question.referral.provider.user
    user.is_active = False
    user.save()
    return sign("renewal", question.pk)


@pytest.mark.parametrize(
    "token",
    [
        lambda _one: "forged",
        lambda one: sign("renewal", one.pk)[:-1],
        lambda one: sign("offer", one.pk),
        lambda one: sign("renewal", one.pk + 1000),
        _closed,
    ],
    ids=["forged", "cut", "of another purpose", "of no row", "account closed"],
)
def test_links_that_are_not_ours_get_one_answer(token):
    question = marked()
    path = f"/renewal/{token(question)}/"
    for page in (Client().get(path), Client().post(path, {"answer": "renew"})):
        assert page.status_code == 404
        assert "This link does not work" in page.content.decode()
    assert Referral.objects.count() == 1


def test_a_refusal_meanwhile_is_said():
    question = marked()
    Referral.objects.update(status="revoked")
    page = Client().post(link(question), {"answer": "end"})
    assert page.status_code == 409
    assert "has been withdrawn" in page.content.decode()


# --- Staff's button -------------------------------------------------------------------


def test_staff_ask_the_provider_from_the_list():
    client = Client()
    client.force_login(make_user(Role.STAFF))
    provider = make_provider(user=make_user(Role.PROVIDER))
    referral = make_referral(provider=provider, valid_until=TODAY + 9 * DAY)
    button = f'action="/referrals/{referral.pk}/renew/"'
    assert button in client.get("/referrals/").content.decode()
    page = client.post(f"/referrals/{referral.pk}/renew/", follow=True)
    assert "The provider is asked by email." in page.content.decode()
    assert Message.objects.get().kind == "referrals.renewal"
    assert button not in client.get("/referrals/").content.decode()


def test_staff_read_why_a_provider_cannot_be_asked():
    client = Client()
    client.force_login(make_user(Role.STAFF))
    referral = make_referral(valid_until=TODAY + 9 * DAY)
    page = client.post(f"/referrals/{referral.pk}/renew/", follow=True)
    assert "has no account" in page.content.decode()
    assert client.post("/referrals/999999/renew/").status_code == 404


# --- The mail -------------------------------------------------------------------------


@pytest.fixture
def post(settings, mailoutbox):
    """The portal has an address of its own, and Django's test mailbox catches mail."""
    settings.PORTAL_ORIGIN = "https://portal.example.org"
    return mailoutbox


def mailed(post, **fields):
    question = marked(**fields)
    question.delete()
    asked = actions.ask_renewal(referral=question.referral, by=None, now=NOW)
    message = Message.objects.get(kind="referrals.renewal")
    assert sending.send(pk=message.pk, now=NOW)
    return asked, post[-1].message().as_bytes()


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_mail_tells_nobody_of_whom_and_of_what(post, language):
    asked, raw = mailed(post, language=language)
    said = laid_open(raw)
    assert "zqmark" not in said.lower()
    assert "Qzmarkson" not in said
    assert "1980" not in said.replace(asked.referral.provider.user.email, "")
    assert re.search(r"\bAna\b", said) is None
    assert parsed(raw)["To"] == asked.referral.provider.user.email


def test_its_one_link_opens_the_question(post):
    asked, raw = mailed(post)
    (address,) = set(links(body(raw, "plain")))
    assert address == f"https://portal.example.org{link(asked)}"
    assert set(links(body(raw, "html"))) == {address}


def test_every_word_of_it_can_be_translated(post, monkeypatch):
    from django.utils.translation import trans_real

    monkeypatch.setitem(trans_real._translations, "es", MarkedSpanish())
    _, raw = mailed(post, language="es")
    for text in [parsed(raw)["Subject"], body(raw, "plain"), seen(body(raw, "html"))]:
        assert re.findall(r"[^\W\d]+", untranslated(text)) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda one: Renewal.objects.update(answer="end", answered_at=NOW),
        lambda one: Renewal.objects.update(withdrawn_at=NOW),
        lambda one: Referral.objects.update(status="revoked"),
    ],
    ids=["answered", "withdrawn", "referral withdrawn"],
)
def test_no_mail_goes_about_a_question_that_is_no_more(post, change):
    question = marked()
    question.delete()
    actions.ask_renewal(referral=question.referral, by=None, now=NOW)
    change(question)
    assert not sending.send(pk=Message.objects.get().pk, now=NOW)
    assert post == []


@pytest.mark.parametrize(
    "change",
    [
        {"status": "completed"},
        {"valid_until": TODAY + 200 * DAY},
    ],
)
def test_no_warning_goes_to_the_patient_once_it_is_not_true(post, change):
    referral = make_referral(valid_until=TODAY + 9 * DAY)
    actions.warn_of_expiry(now=NOW)
    Referral.objects.filter(pk=referral.pk).update(**change)
    message = Message.objects.get(kind="referrals.expiring")
    assert not sending.send(pk=message.pk, now=NOW)
    assert post == []


def test_a_renewed_referral_is_not_warned_of(post):
    question = marked()
    actions.answer_renewal(
        renewal=question,
        answer="renew",
        terms=actions.Terms(TODAY + 90 * DAY, 3),
        by=question.referral.provider.user,
        now=NOW,
    )
    assert actions.warn_of_expiry(now=NOW) == 0
