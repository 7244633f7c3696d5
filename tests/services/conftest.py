"""Who writes and who approves, and pages that are kept."""

from __future__ import annotations

import uuid

import pytest
from django.db import transaction

from massage_portal.accounts.roles import Role
from services import cache
from tests.content import open_guide
from tests.editing import signed_in
from tests.factories import NOW, make_user


@pytest.fixture(scope="module")
def guide(django_db_setup, django_db_blocker):
    """
    What a new clinic publishes, for all tests of a file: to lay it takes longer than
    most of them. What a test changes is taken back after it.
    """
    with django_db_blocker.unblock(), transaction.atomic():
        open_guide()
        yield
        transaction.set_rollback(True)


@pytest.fixture
def on_the_day(monkeypatch):
    """The views' clock stands at NOW, at which the rows are made."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def writer():
    """The editor who writes."""
    return make_user(Role.EDITOR)


@pytest.fixture
def reader():
    """The editor who reads it as the second person."""
    return make_user(Role.EDITOR)


@pytest.fixture
def editor(writer):
    """A browser in which the writer is signed in."""
    return signed_in(writer)


@pytest.fixture
def second(reader):
    """A browser in which the second person is signed in."""
    return signed_in(reader)


@pytest.fixture
def keeping(settings):
    """Pages are kept in the tests' Valkey, under names of this test's own."""
    settings.KEPT_PAGES = f"test-{uuid.uuid4().hex}"
    cache.store.away_until = 0.0
    yield
    cache.store.away_until = 0.0
