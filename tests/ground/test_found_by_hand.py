"""Who is signed in is found by hand, as Django would find them."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission
from django.contrib.sessions.backends.db import SessionStore as Djangos
from django.test import Client
from django.urls import reverse

from massage_portal.accounts.backend import Backend
from massage_portal.accounts.roles import Role
from tests.factories import make_user

pytestmark = pytest.mark.django_db

Ours = import_module(settings.SESSION_ENGINE).SessionStore


def test_a_session_is_found_with_what_it_holds():
    kept = Djangos()
    kept["seen"] = ["a", 1]
    kept.save()

    found = Ours(kept.session_key)

    assert found["seen"] == ["a", 1]
    found["seen"] = "b"
    found.save()
    assert Djangos(kept.session_key)["seen"] == "b"


@pytest.mark.parametrize("key", ["", "x" * 32, "a\0b" * 12, "'; --" * 8])
def test_a_key_that_nobody_gave_out_finds_nothing(key):
    store = Ours(key)

    assert store.get("seen") is None
    assert store.session_key is None


def test_a_session_that_is_over_is_not_found():
    kept = Djangos()
    kept["seen"] = "a"
    kept.set_expiry(-1)
    kept.save()

    assert Ours(kept.session_key).get("seen") is None


def test_a_user_is_found_with_all_fields_and_all_that_they_may_do(
    django_assert_num_queries,
):
    user = make_user(Role.SCHEDULER, Role.STAFF)
    user.user_permissions.add(Permission.objects.get(codename="view_auditevent"))
    fields = [field.attname for field in user._meta.concrete_fields]

    found = Backend().get_user(user.pk)

    with django_assert_num_queries(0):
        mine = {name: getattr(found, name) for name in fields}
        may = found.get_all_permissions()
    again = type(user).objects.get(pk=user.pk)
    assert mine == {name: getattr(again, name) for name in fields}
    assert "audit.view_auditevent" in may
    assert may == again.get_user_permissions() | again.get_group_permissions()


def test_whoever_may_not_sign_in_is_nobody():
    user = make_user()
    user.is_active = False
    user.save()

    assert Backend().get_user(user.pk) is None
    assert Backend().get_user(user.pk + 1) is None


def test_a_small_page_of_somebody_signed_in_asks_twice_who_it_is(
    django_assert_num_queries,
):
    browser = Client()
    browser.force_login(make_user(Role.SCHEDULER))

    with django_assert_num_queries(2):  # the session, and the user
        answer = browser.get(reverse("start"))

    assert answer.status_code == 302
    assert answer["Location"] == reverse("appointments:queue")
