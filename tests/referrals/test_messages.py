"""The mails about a patient's account and referral: true, private, translatable."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.urls import resolve
from django.utils.translation import trans_real

from massage_portal.accounts.actions import INVITATION_LASTS, invite
from massage_portal.accounts.roles import Role
from massage_portal.outbox import sending
from massage_portal.tokens import unsign
from referrals.codes import Status
from tests.factories import (
    DAY,
    NOW,
    TODAY,
    make_message,
    make_user,
)
from tests.letters import marked_referral
from tests.mails import (
    MarkedSpanish,
    body,
    contents,
    links,
    parsed,
    seen,
    untranslated,
    write,
)

ORIGIN = "https://portal.example.org"
KINDS = [
    "referrals.invitation",
    "referrals.recorded",
    "referrals.expiring",
    "accounts.invitation",
    "accounts.password_reset",
]
INVITATIONS = ["referrals.invitation", "accounts.invitation"]
SECOND = timedelta(seconds=1)
ENDS = TODAY + 20 * DAY


@pytest.fixture
def post(db, settings, mailoutbox):
    """The portal has an address of its own, and Django's test mailbox catches mail."""
    settings.PORTAL_ORIGIN = ORIGIN
    return mailoutbox


def write_about(kind, referral):
    """Write the mail of `kind` to the patient of `referral`."""
    user = referral.patient.user
    subject = {
        "referrals.recorded": lambda: referral,
        "referrals.expiring": lambda: referral,
        "referrals.invitation": lambda: invite(user=user, by=None, now=NOW),
        "accounts.invitation": lambda: invite(user=user, by=None, now=NOW),
        "accounts.password_reset": lambda: user,
    }[kind]()
    return write(kind, subject, user)


# --- True -----------------------------------------------------------------------------


@pytest.mark.parametrize("status", Status)
def test_news_of_a_referral_goes_only_while_it_is_in_force(status, post):
    went = write_about("referrals.recorded", marked_referral(status=status))
    assert (went is not None) == (status == Status.ACTIVE)


def test_nothing_is_written_about_what_is_no_longer_on_record(post):
    user = make_user(Role.PATIENT)
    for kind in ["referrals.recorded", *INVITATIONS]:
        assert write(kind, user, user) is None
    assert post == []


@pytest.mark.parametrize(
    ("fields", "goes"),
    [
        pytest.param({}, True, id="fresh"),
        pytest.param({"used_at": NOW}, False, id="used"),
        pytest.param({"withdrawn_at": NOW}, False, id="withdrawn"),
    ],
)
@pytest.mark.parametrize("kind", INVITATIONS)
def test_an_invitation_goes_only_while_its_link_works(kind, fields, goes, post):
    user = make_user(Role.PATIENT)
    invitation = invite(user=user, by=None, now=NOW)
    for name, value in fields.items():
        setattr(invitation, name, value)
    invitation.save()
    assert (write(kind, invitation, user) is not None) == goes


@pytest.mark.parametrize("kind", INVITATIONS)
def test_an_invitation_that_a_newer_one_replaced_is_not_sent(kind, post):
    user = make_user(Role.PATIENT)
    old = invite(user=user, by=None, now=NOW)
    new = invite(user=user, by=None, now=NOW)
    assert write(kind, old, user) is None
    raw = write(kind, new, user)
    token = resolve(urlsplit(links(body(raw, "plain"))[0]).path).kwargs["token"]
    assert unsign("invitation", token) == new.pk


def test_an_invitation_is_not_sent_when_its_link_has_expired(post):
    user = make_user(Role.PATIENT)
    invitation = invite(user=user, by=None, now=NOW)
    message = make_message(
        kind="referrals.invitation",
        subject=invitation,
        to=user,
        expires_at=invitation.expires_at,
    )
    end = NOW + INVITATION_LASTS
    assert not sending.send(pk=message.pk, now=end)
    assert sending.send(pk=message.pk, now=end - SECOND)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda user: setattr(user, "is_active", False), id="closed"),
        pytest.param(lambda user: user.set_unusable_password(), id="never opened"),
    ],
)
def test_nobody_is_offered_a_new_password_for_an_account_not_in_use(change, post):
    user = make_user(Role.PATIENT)
    change(user)
    user.save()
    assert write("accounts.password_reset", user, user) is None


# --- Its link ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "view"),
    [
        ("referrals.invitation", "accounts:invitation"),
        ("accounts.invitation", "accounts:invitation"),
        ("referrals.recorded", "start"),
        ("referrals.expiring", "start"),
        ("accounts.password_reset", "account_reset_password_from_key"),
    ],
)
def test_its_link_leads_to_a_page_of_this_portal_and_nowhere_else(kind, view, post):
    raw = write_about(kind, marked_referral(valid_until=ENDS))
    link, *others = links(body(raw, "plain"))
    assert set(links("\n".join(contents(raw)))) == {link, *others}
    stops = [resolve(urlsplit(one).path).view_name for one in others]
    assert stops == ["outbox:stop"] * (kind == "referrals.expiring")
    assert link.startswith(f"{ORIGIN}/")
    assert resolve(urlsplit(link).path).view_name == view
    assert re.findall(r"\b(src|background|action)=", body(raw, "html")) == []


def test_the_link_to_a_new_password_opens_the_form_for_it(post, client):
    raw = write_about("accounts.password_reset", marked_referral(valid_until=ENDS))
    (link,) = links(body(raw, "plain"))
    path = urlsplit(link).path
    page = client.get(path, follow=True)
    assert "token_fail" not in page.context
    assert list(page.context["form"].fields) == ["password1", "password2"]
    assert client.get(f"{path.rstrip('/')}0/").context["token_fail"]


# --- In the reader's language ---------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_every_word_of_a_mail_can_be_translated(kind, post, monkeypatch):
    monkeypatch.setitem(trans_real._translations, "es", MarkedSpanish())
    raw = write_about(kind, marked_referral(valid_until=ENDS, language="es"))
    assert '<html lang="es" dir="ltr">' in body(raw, "html")
    for text in [parsed(raw)["Subject"], body(raw, "plain"), seen(body(raw, "html"))]:
        assert "«" in text
        assert re.findall(r"[^\W\d]+", untranslated(text)) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_mail_is_written_in_english_to_those_who_read_english(kind, post):
    raw = write_about(kind, marked_referral(valid_until=ENDS, language="en"))
    assert '<html lang="en" dir="ltr">' in body(raw, "html")
    assert "Questions? Call" in body(raw, "plain")
