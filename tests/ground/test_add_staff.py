"""Those who work at the clinic come in by a command, and a mailed link."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client

from massage_portal.accounts.models import User
from massage_portal.audit.models import AuditEvent
from massage_portal.outbox.kinds import kind_of
from massage_portal.outbox.models import Message

pytestmark = pytest.mark.django_db


def add(*words):
    call_command("add_staff", *words)
    return User.objects.get(email=words[0].lower())


def test_someone_added_can_choose_a_password_by_the_mailed_link_and_has_their_role():
    user = add("New.Scheduler@example.org", "Teasel Timewell", "scheduler")

    mail = kind_of("accounts.invitation").render(Message.objects.get(recipient=user))
    link = re.search(r"https?://\S+", mail.text).group()
    assert link in mail.html
    client = Client()
    words = {"password1": "seven plain words", "password2": "seven plain words"}
    answer = client.post(link.removeprefix(settings.PORTAL_ORIGIN), words)

    assert answer.status_code == 302
    assert client.get("/queue/").status_code == 200
    assert list(user.groups.values_list("name", flat=True)) == ["scheduler"]


def test_several_roles_may_be_given_and_each_step_leaves_a_trail():
    user = add("two@example.org", "Two Hats", "lead", "auditor")

    assert user.has_perms(["appointments.change_policy", "audit.view_auditevent"])
    assert user.is_staff
    done = AuditEvent.objects.filter(record_id=str(user.pk)).values_list("action")
    assert sorted(done) == [("user.added",), ("user.invited",)]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["no address", "Name", "staff"], "not an email", id="address"),
        pytest.param(["TAKEN@example.org", "Name", "staff"], "already", id="taken"),
        pytest.param(["a@example.org", "Name", "king"], "invalid choice", id="role"),
        pytest.param(
            ["a@example.org", "Name", "patient"], "invalid choice", id="patient"
        ),
        pytest.param(["a@example.org", "Name"], "required", id="no role"),
    ],
)
def test_what_cannot_be_added_is_refused_and_nothing_is_kept(words, said):
    add("taken@example.org", "First", "staff")

    with pytest.raises(CommandError, match=said):
        call_command("add_staff", *words)

    assert User.objects.count() == 1


def test_the_first_administrator_can_be_made_from_the_command_line(monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "seven plain words")
    options = {"email": "first@example.org", "name": "First", "interactive": False}

    call_command("createsuperuser", verbosity=0, **options)

    user = User.objects.get(email="first@example.org")
    assert user.is_superuser
    assert user.date_joined is not None
