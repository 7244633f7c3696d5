"""No message tells what somebody is treated for, by whom, or who they are in full."""

from __future__ import annotations

import re

import pytest

from massage_portal.outbox import sending
from massage_portal.outbox.kinds import LONGEST_TEXT, kinds
from tests.factories import NOW, make_message
from tests.gateway import sms_server
from tests.letters import BORN, EXAMPLES, MARK, PLACE, ROOM, by_text
from tests.mails import body, laid_open, parsed
from tests.processes import mail_server

KINDS = sorted(kind.name for kind in kinds() if not kind.name.startswith("tests."))
TO_NO_PATIENT = {"accounts.invitation", "referrals.renewal", "accounts.password_reset"}
ONLY_MAIL = TO_NO_PATIENT | {"referrals.invitation"}  # a password goes by mail alone
ONLY_TEXT = {"outbox.mobile_code"}
OF_A_VISIT = {  # where, is part of it
    *("appointments.offer", "appointments.lapsing", "appointments.booked"),
    *("appointments.moved", "appointments.reminder", "appointments.cancelled"),
    *("appointments.missed", "appointments.not_missed"),
}


@pytest.fixture(scope="module")
def mail():
    with mail_server() as server:
        yield server


@pytest.fixture(scope="module")
def gateway():
    with sms_server() as server:
        yield server


@pytest.fixture
def caught(mail, gateway, settings, db):
    """Where messages really go: a mail server and a gateway, empty at first."""
    settings.EMAIL_BACKEND = "massage_portal.outbox.carriers.smtp.Backend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", mail.port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.SMS_GATEWAY = gateway.gateway
    mail.caught.clear()
    gateway.texts.clear()
    return mail, gateway


def test_every_kind_of_message_has_an_example():
    assert set(EXAMPLES) == set(KINDS)


def went(kind, example, **again):
    words = {"subject": example.subject, "to": example.to}
    message = make_message(kind=kind, **words, **{"key": example.key} | again)
    return sending.send(pk=message.pk, now=NOW)


def secrets_in(said):
    return [one for one in [MARK, *BORN] if one.lower() in said.lower()]


FETCHES = r"""
    \s(?:src|srcset|background|poster|data)\s*=
  | <(?:img|link|iframe|object|embed)\b
  | url\s*\( | @import\b | http-equiv="?refresh
"""


def fetched_by(page):
    """Return what makes a mail program fetch something as it shows a page."""
    return re.findall(FETCHES, page, re.IGNORECASE | re.VERBOSE)


@pytest.mark.parametrize(
    "page",
    [
        '<img src="https://example.org/a.png">',
        '<td background="a.png">',
        "<style>td { background: url( 'a.png' ) }</style>",
        '<style>@import "a.css";</style>',
        '<link rel="stylesheet" href="a.css">',
    ],
)
def test_what_would_be_fetched_by_a_mail_program_is_found(page):
    assert fetched_by(page)
    assert not fetched_by('<td class="data"><a href="https://example.org/">Go</a>')


def places_in(said):
    return [one for one in (PLACE, ROOM) if one in said]


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_leaves_the_house_holds_no_secret(kind, language, caught):
    mail, gateway = caught
    example = EXAMPLES[kind](language=language)

    assert went(kind, example)
    if kind not in ONLY_TEXT:
        (raw,) = mail.caught
        said = laid_open(raw)
        assert "911" in said  # the proof that we can read it
        assert ("Juniper" in said) == (kind not in TO_NO_PATIENT)
        assert secrets_in(said) == []
        assert places_in(said) == ([PLACE, ROOM] if kind in OF_A_VISIT else [])
        assert places_in(parsed(raw)["Subject"]) == []
        assert fetched_by(body(raw, "html")) == []
        assert parsed(raw)["To"] == example.to.email
        assert [parsed(raw)["Cc"], parsed(raw)["Bcc"]] == [None, None]
        by_text(example.to)
        assert went(kind, example, key="again")
    assert (gateway.texts == []) == (kind in ONLY_MAIL)
    for text in gateway.texts:
        assert len(text["Body"]) <= LONGEST_TEXT
        assert secrets_in("\n".join(map(str, text.values()))) == []
        assert places_in(text["Body"]) == []
        assert "Juniper" not in text["Body"]
