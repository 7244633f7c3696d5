"""What every test may lean on."""

from __future__ import annotations

import gc
from datetime import UTC, datetime

import pytest
from django.core.cache import caches
from django.db import connection, transaction
from django.test.utils import setup_databases, teardown_databases
from django.utils import translation

from massage_portal import stencils
from massage_portal.accounts.actions import sync_roles
from massage_portal.templatetags import once, words

OURS = {"accounts", "audit", "outbox", "services", "referrals", "appointments"}


def pytest_collection():
    """Look for no garbage while nine thousand tests are found: there is none yet."""
    gc.disable()


def pytest_collection_finish():
    """Never look at the found tests again: they live as long as the process."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    gc.enable()


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment, django_db_modify_db_settings, django_db_blocker
):
    """
    The test database, with the roles written: they are data that never changes.

    pytest-django's own makes no database if no chosen test wears its marker, and tests
    of `committed` run alone would then write to the database that the settings name.
    """
    with django_db_blocker.unblock():
        before = setup_databases(verbosity=0, interactive=False)
        sync_roles()
    yield
    with django_db_blocker.unblock():
        teardown_databases(before, verbosity=0)


@pytest.fixture(autouse=True)
def english():
    """Begin in English: a page opened in Spanish would leave its language behind."""
    stencils.forget()  # a test may have a Spanish of its own
    words.forget()
    once.forget()
    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def nothing_remembered():
    """Begin with an empty memory: another test's figures are not this one's."""
    caches["memory"].clear()


@pytest.fixture
def now():
    """A Wednesday morning in the clinic: 2026-10-14 10:00 in Rochester."""
    return datetime(2026, 10, 14, 15, 0, tzinfo=UTC)


KEPT = {"django_migrations", "django_content_type", "django_site"}
KEPT |= {"auth_permission", "auth_group", "auth_group_permissions"}  # the roles
ANY_ROW = "SELECT {name} AS name WHERE EXISTS (SELECT FROM {table})"


def empty_tables():
    """
    Empty all tables but the roles', past the triggers that forbid it.

    Most have no row: to truncate them all the same took most of a test's time.
    """
    names = sorted(set(connection.introspection.table_names()) - KEPT)
    literal, quoted = "'{}'".format, connection.ops.quote_name
    asked = [ANY_ROW.format(name=literal(one), table=quoted(one)) for one in names]
    every = ", ".join(quoted(one) for one in names)
    with transaction.atomic(), connection.cursor() as cursor:
        # A statement of a process that was just killed may still be at work: wait.
        cursor.execute(f"LOCK TABLE {every} IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute(" UNION ALL ".join(asked))
        filled = [name for (name,) in cursor.fetchall()]
        cursor.execute("SET LOCAL session_replication_role = replica")
        for name in filled:
            cursor.execute(f"DELETE FROM {quoted(name)}")  # noqa: S608


@pytest.fixture
def committed(django_db_setup, django_db_blocker):
    """
    A database whose rows are committed, for threads and processes; emptied after.

    pytest-django's own would TRUNCATE the audit trail, which a trigger refuses, and
    would take the roles with it.
    """
    with django_db_blocker.unblock():
        try:
            yield
        finally:
            connection.close()
            empty_tables()
            connection.close()
