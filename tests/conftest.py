"""What every test may lean on."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.apps import apps
from django.core.cache import caches
from django.db import connection
from django.test.utils import setup_databases, teardown_databases
from django.utils import translation

from massage_portal.accounts.actions import sync_roles
from massage_portal.outbox import stencils

OURS = {"accounts", "audit", "outbox", "services", "referrals", "appointments"}


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


def empty_tables():
    """Empty our tables, roles excepted, past the triggers that forbid it."""
    tables = [
        model._meta.db_table
        for label in OURS
        for model in apps.get_app_config(label).get_models(include_auto_created=True)
    ]
    tables += ["django_session", "django_admin_log", "cache"]
    names = ", ".join(connection.ops.quote_name(table) for table in tables)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(f"TRUNCATE {names} RESTART IDENTITY CASCADE")
        cursor.execute("SET session_replication_role = DEFAULT")


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
