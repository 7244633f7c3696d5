"""Providers: who may refer on which day, and who of them may sign in."""

from __future__ import annotations

import pytest
from django.db import IntegrityError
from django.urls import reverse

from massage_portal.accounts.models import User
from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from massage_portal.outbox.models import Message
from referrals import actions
from referrals.models import Provider, Referral
from tests.factories import (
    DAY,
    NOW,
    TODAY,
    make_provider,
    make_referral,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def lead(client):
    user = make_user(Role.LEAD)
    client.force_login(user)
    return user


def page(provider):
    return reverse("referrals:give_account", args=[provider.pk])


def give(provider, *, by, email="rowan@example.org"):
    return actions.give_account(provider=provider, email=email, by=by, now=NOW)


def test_the_last_day_is_not_before_the_first():
    with pytest.raises(IntegrityError, match="provider_time_runs_forward"):
        make_provider(may_refer_from=TODAY, may_refer_until=TODAY - DAY)


@pytest.mark.parametrize(
    ("starts", "ends", "may"),
    [
        pytest.param(TODAY, None, True, id="from today, until further notice"),
        pytest.param(TODAY, TODAY, True, id="for this one day"),
        pytest.param(TODAY - 9 * DAY, TODAY, True, id="the last day"),
        pytest.param(TODAY - 9 * DAY, TODAY - DAY, False, id="ended yesterday"),
        pytest.param(TODAY + DAY, None, False, id="from tomorrow"),
    ],
)
def test_who_may_refer_is_said_by_day(starts, ends, may):
    provider = make_provider(may_refer_from=starts, may_refer_until=ends)

    assert Provider.objects.may_refer(TODAY).exists() is may
    assert provider.could_refer_on(TODAY) is may


def test_an_account_is_of_the_providers_own_role_and_comes_with_a_link(client, lead):
    provider = make_provider(given_name="Rowan", family_name="Sampleton")

    answer = client.post(page(provider), {"email": "Rowan@Example.org"})

    assert answer.status_code == 302
    user = User.objects.get(email="rowan@example.org")
    provider.refresh_from_db()
    assert (provider.user, user.name) == (user, "Rowan Sampleton")
    assert [one.name for one in user.groups.all()] == ["provider"]
    assert not user.is_staff
    assert not user.has_usable_password()
    owed = Message.objects.get(recipient=user)
    assert owed.kind == "accounts.invitation"
    assert owed.subject_key == user.invitations.get().pk
    event = AuditEvent.objects.get(action="provider.given_account")
    assert (event.actor_id, event.record_id) == (lead.pk, str(provider.pk))


def test_an_address_that_is_taken_is_refused_kindly(client, lead):
    make_user(Role.STAFF, email="taken@example.org")
    provider = make_provider()

    answer = client.post(page(provider), {"email": "TAKEN@example.org"})

    assert answer.status_code == 409
    text = answer.content.decode()
    assert "Somebody has an account under this address." in text
    assert 'value="TAKEN@example.org"' in text
    provider.refresh_from_db()
    assert provider.user is None
    assert not Message.objects.exists()


def test_a_second_account_is_refused(client, lead):
    provider = give(make_provider(), by=lead)

    answer = client.post(page(provider), {"email": "second@example.org"})

    assert answer.status_code == 409
    assert "has an account already" in answer.content.decode()
    assert not User.objects.filter(email="second@example.org").exists()
    shown = client.get(page(provider)).content.decode()
    assert "rowan@example.org" in shown
    assert "Send the link" not in shown


@pytest.mark.parametrize("email", ["", "nobody", "a@b", "a\u202eb@example.org"])
def test_what_is_no_address_is_refused(client, lead, email):
    answer = client.post(page(make_provider()), {"email": email})

    assert answer.status_code == 422
    assert User.objects.count() == 1


def test_the_admin_shows_the_account_and_lets_nobody_choose_it(client, lead):
    provider, stranger = make_provider(), make_user()
    url = reverse("admin:referrals_provider_change", args=[provider.pk])

    text = client.get(url).content.decode()
    assert page(provider) in text
    assert 'name="user"' not in text
    said = {"npi": provider.npi, "given_name": "Rowan", "family_name": "Sampleton"}
    said |= {"department": "Oncology", "may_refer_from": "2020-01-01"}
    assert client.post(url, said | {"user": stranger.pk}).status_code == 302

    provider.refresh_from_db()
    assert (provider.department, provider.user) == ("Oncology", None)
    give(provider, by=lead)
    assert "rowan@example.org" in client.get(url).content.decode()
    assert client.get(reverse("admin:referrals_provider_add")).status_code == 200


def test_a_provider_who_may_refer_no_more_still_sees_what_they_sent():
    user = make_user(Role.PROVIDER)
    gone = make_provider(user=user, may_refer_until=TODAY - DAY)
    mine = make_referral(provider=gone)
    make_referral(provider=gone, status="entered-in-error")
    make_referral()

    assert list(Referral.objects.visible_to(user)) == [mine]


def test_the_role_alone_shows_nothing_and_a_tie_alone_neither():
    make_referral()
    untied = make_user(Role.PROVIDER)
    unroled = make_user()
    make_referral(provider=make_provider(user=unroled))

    assert not Referral.objects.visible_to(untied).exists()
    assert not Referral.objects.visible_to(unroled).exists()
