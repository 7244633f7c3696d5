"""What signs people in, where a clock is set back."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from allauth.account.app_settings import PASSWORD_RESET_TOKEN_GENERATOR
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.contrib.sessions.models import Session
from django.test import Client

from massage_portal.accounts.actions import (
    InvitationSpent,
    accept_invitation,
    invite,
)
from massage_portal.accounts.roles import Role
from tests.factories import DAY, HOUR, NOW, PASSWORD, make_user

SIGN_IN = "/accounts/login/"
MINUTE = timedelta(minutes=1)

pytestmark = pytest.mark.django_db


def sign_in(client, user):
    return client.post(SIGN_IN, {"login": user.email, "password": PASSWORD})


def is_in(client):
    return client.get("/start/")["Location"] != f"{SIGN_IN}?next=/start/"


@pytest.fixture
def set_clock(monkeypatch):
    """Set the clock of everything that signs people in so far from NOW."""

    def ahead(by):
        monkeypatch.setattr("django.utils.timezone.now", lambda: NOW + by)
        wall = lambda _self: datetime(2026, 10, 14, 10) + by  # noqa: E731, DTZ001
        monkeypatch.setattr(PasswordResetTokenGenerator, "_now", wall)

    ahead(0 * HOUR)
    return ahead


def test_a_session_of_a_time_that_is_yet_to_come_is_over(set_clock):
    client, user = Client(), make_user(Role.SCHEDULER)
    set_clock(90 * MINUTE)
    sign_in(client, user)
    assert is_in(client)

    set_clock(0 * MINUTE)

    assert not is_in(client)
    set_clock(90 * MINUTE)
    assert not is_in(client)


def test_a_session_that_was_seen_to_be_over_stays_over(set_clock):
    client, user = Client(), make_user(Role.SCHEDULER)
    sign_in(client, user)
    set_clock(12 * HOUR)
    assert not is_in(client)

    set_clock(11 * HOUR)

    assert not is_in(client)
    assert not Session.objects.exists()


def test_two_machines_whose_clocks_differ_by_seconds_share_a_session(set_clock):
    client, user = Client(), make_user(Role.SCHEDULER)
    set_clock(MINUTE / 2)
    sign_in(client, user)

    set_clock(0 * MINUTE)

    assert is_in(client)


def test_a_link_to_a_new_password_opens_nothing_before_it_was_made(set_clock):
    user, keys = make_user(Role.SCHEDULER), PASSWORD_RESET_TOKEN_GENERATOR()
    set_clock(90 * MINUTE)
    key = keys.make_token(user)
    assert keys.check_token(user, key)

    set_clock(0 * MINUTE)
    assert not keys.check_token(user, key)

    set_clock(4 * DAY)
    assert not keys.check_token(user, key)


def test_an_invitation_opens_nothing_before_it_was_made():
    user = make_user(Role.PATIENT)
    invitation = invite(user=user, by=None, now=NOW + 90 * MINUTE)

    with pytest.raises(InvitationSpent):
        accept_invitation(invitation=invitation, password=PASSWORD, now=NOW)

    accept_invitation(invitation=invitation, password=PASSWORD, now=NOW + 90 * MINUTE)
