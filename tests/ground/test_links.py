"""Links in mail: each works once, for one purpose, and only on a button."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from massage_portal.accounts.actions import INVITATION_LASTS, invite
from massage_portal.accounts.models import Invitation, User
from massage_portal.accounts.roles import Role
from massage_portal.outbox.kinds import kind_of
from massage_portal.outbox.models import Message
from massage_portal.tokens import sign
from tests.factories import DAY, NOW, PASSWORD, make_user

NEW = "a-second-invented-passphrase"
TYPED = {"password1": NEW, "password2": NEW}
SIGN_IN, RESET = "/accounts/login/", "/accounts/password/reset/"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """The views' clock stands at NOW, at which the rows are made."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


def invited():
    return make_user(Role.PATIENT, password=None)


def link(invitation):
    return reverse("accounts:invitation", args=[sign("invitation", invitation.pk)])


def test_looking_at_an_invitation_does_not_spend_it():
    invitation = invite(user=invited(), by=None, now=NOW)

    looks = [Client().get(link(invitation)).status_code for _ in range(3)]
    looks.append(Client().head(link(invitation)).status_code)

    invitation.refresh_from_db()
    assert looks == [200] * 4
    assert invitation.used_at is None


def test_the_button_of_an_invitation_sets_the_password_and_signs_in_with_a_new_key():
    client, user = Client(), invited()
    invitation = invite(user=user, by=None, now=NOW)
    session = client.session
    session["planted"] = 1
    session.save()
    before = session.session_key
    client.cookies["sessionid"] = before

    answer = client.post(link(invitation), TYPED | {"is_staff": "1", "user": "1"})

    user = User.objects.get(pk=user.pk)
    invitation.refresh_from_db()
    assert (answer.status_code, answer["Location"]) == (302, "/start/")
    assert client.get("/start/")["Location"] == "/my/"
    assert client.session.session_key != before
    assert user.check_password(NEW)
    assert not user.is_staff
    assert invitation.used_at == NOW


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({}, "Fill this in"),
        ({"password1": NEW, "password2": "another"}, "The two passwords differ"),
        ({"password1": "short", "password2": "short"}, "at least 12 characters"),
        ({"password1": "x" * 10_000, "password2": "x" * 10_000}, "at most 200"),
    ],
)
def test_a_password_that_will_not_do_leaves_the_invitation_as_it_was(typed, says):
    invitation = invite(user=invited(), by=None, now=NOW)

    answer = Client().post(link(invitation), typed)

    invitation.refresh_from_db()
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert NEW not in answer.content.decode()
    assert invitation.used_at is None


def a_used_one():
    invitation = invite(user=invited(), by=None, now=NOW)
    assert Client().post(link(invitation), TYPED).status_code == 302
    return link(invitation)


def a_replaced_one():
    user = invited()
    first = invite(user=user, by=None, now=NOW)
    invite(user=user, by=None, now=NOW)
    return link(first)


def an_expired_one():
    return link(invite(user=invited(), by=None, now=NOW - INVITATION_LASTS))


def one_of_a_closed_account():
    user = invited()
    User.objects.filter(pk=user.pk).update(is_active=False)
    return link(invite(user=user, by=None, now=NOW))


def one_for_another_purpose():
    invitation = invite(user=invited(), by=None, now=NOW)
    return reverse("accounts:invitation", args=[sign("offer", invitation.pk)])


def one_of_no_row():
    return reverse("accounts:invitation", args=[sign("invitation", 999_999_999)])


def one_with_one_letter_changed():
    good = sign("invitation", invite(user=invited(), by=None, now=NOW).pk)
    changed = ("A" if good[-1] != "A" else "B").join([good[:-1], ""])
    return reverse("accounts:invitation", args=[changed])


def one_that_was_guessed():
    return reverse("accounts:invitation", args=["1"])


DEAD = [
    a_used_one,
    a_replaced_one,
    an_expired_one,
    one_of_a_closed_account,
    one_for_another_purpose,
    one_of_no_row,
    one_with_one_letter_changed,
    one_that_was_guessed,
]


def answer_to(path, method):
    answer = getattr(Client(), method)(path, TYPED if method == "post" else None)
    body = answer.content.decode().replace(path, "HERE")
    return answer.status_code, answer["Cache-Control"], body


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("dead", DEAD)
def test_every_link_that_does_not_work_gets_one_and_the_same_answer(dead, method):
    plain = answer_to(one_that_was_guessed(), method)
    path = dead()
    passwords = list(User.objects.order_by("pk").values_list("pk", "password"))

    assert answer_to(path, method) == plain
    assert plain[:2] == (404, "no-store")
    assert "This link does not work" in plain[2]
    assert list(User.objects.order_by("pk").values_list("pk", "password")) == passwords


def test_every_letter_of_a_link_counts():
    good = sign("invitation", invite(user=invited(), by=None, now=NOW).pk)
    for place in range(len(good)):
        other = "a" if good[place] != "a" else "b"
        bad = good[:place] + other + good[place + 1 :]
        if bad.rstrip("=") != good:
            path = reverse("accounts:invitation", args=[bad])
            assert Client().get(path).status_code == 404, place


def test_a_link_that_ends_at_this_moment_has_ended():
    almost = NOW - INVITATION_LASTS
    last = invite(user=invited(), by=None, now=almost + DAY / 86_400)
    over = invite(user=invited(), by=None, now=almost)

    assert Client().get(link(last)).status_code == 200
    assert Client().get(link(over)).status_code == 404


def reset_link(user):
    """Return the path in the mail that is owed to `user`."""
    Client().post(RESET, {"email": user.email})
    message = Message.objects.get(recipient=user)
    text = kind_of(message.kind).render(message).text
    return re.search(r"http://testserver(/\S+)", text)[1]


def choose(client, path, **typed):
    """Follow the link of a mail to its form, and send that."""
    answer = client.get(path)
    return client.post(answer.headers.get("Location", path), TYPED | typed)


def test_a_reset_link_is_spent_by_its_form_and_by_no_look():
    user = make_user(Role.STAFF)
    elsewhere = Client()
    elsewhere.force_login(user)
    path = reset_link(user)
    for _ in range(3):
        assert Client().get(path).status_code == 302

    answer = choose(Client(), path, is_staff="1", is_superuser="1")

    user = User.objects.get(pk=user.pk)
    assert answer.status_code == 302
    assert user.check_password(NEW)
    assert not user.is_staff
    assert elsewhere.get("/start/")["Location"].startswith(SIGN_IN)


def used(user):
    path = reset_link(user)
    assert choose(Client(), path).status_code == 302
    return path


def after_another_change(user):
    path = reset_link(user)
    user.set_password("changed-by-another-way")
    user.save()
    return path


def of_another_user(user):
    theirs, mine = reset_link(make_user(Role.STAFF)), reset_link(user)
    return f"{mine.rpartition('/key/')[0]}/key/{_uid(mine)}-{theirs.partition('-')[2]}"


def _uid(path):
    return path.rpartition("/key/")[2].partition("-")[0]


def tampered(user):
    path = reset_link(user)
    return path[:-2] + ("a" if path[-2] != "a" else "b") + "/"


def an_invitations(user):
    invitation = Invitation.objects.create(
        user=user, created_at=NOW, expires_at=NOW + DAY
    )
    return f"{RESET}key/{_uid(reset_link(user))}-{sign('invitation', invitation.pk)}/"


@pytest.mark.parametrize(
    "bad", [used, after_another_change, of_another_user, tampered, an_invitations]
)
def test_a_reset_link_that_does_not_work_changes_nothing_and_says_so_alike(bad):
    user = make_user(Role.STAFF)
    path = bad(user)
    before = User.objects.get(pk=user.pk).password
    plain = Client().get(f"{RESET}key/zz-no-key/")

    client = Client()
    answer = client.get(path)
    tried = client.post(path, TYPED)

    assert answer.status_code == tried.status_code == plain.status_code
    shown = answer.content.decode().replace(path, "HERE")
    assert shown == plain.content.decode().replace(f"{RESET}key/zz-no-key/", "HERE")
    assert "This link no longer works" in shown
    assert User.objects.get(pk=user.pk).password == before


def test_a_reset_does_not_open_a_closed_account():
    user = make_user(Role.STAFF)
    path = reset_link(user)
    User.objects.filter(pk=user.pk).update(is_active=False)
    client = Client()

    choose(client, path)

    client.post(SIGN_IN, {"login": user.email, "password": PASSWORD})
    client.post(SIGN_IN, {"login": user.email, "password": NEW})
    assert client.get("/start/")["Location"].startswith(SIGN_IN)
