"""What machines ask: does the process live, and is it ready for work?"""

from __future__ import annotations

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.db.migrations.executor import MigrationExecutor


def away(*_args, **_kwargs):
    raise OperationalError("the server closed the connection")


def test_a_living_process_says_so_without_a_database(client):
    answer = client.get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


@pytest.mark.django_db
def test_the_portal_is_ready_when_the_database_answers_and_is_migrated(client):
    answer = client.get("/readyz")

    messages = {"late": 0, "beat": "silent"}  # nothing was ever sent here
    told = {"status": "ready", "messages": messages}
    assert (answer.status_code, answer.json()) == (200, told)


@pytest.mark.django_db
@pytest.mark.parametrize("fault", [OperationalError, InterfaceError])
def test_the_portal_is_not_ready_while_the_database_is_away(client, monkeypatch, fault):
    def gone(*_args, **_kwargs):
        raise fault("no connection")

    monkeypatch.setattr(connection, "cursor", gone)
    during = client.get("/readyz")
    monkeypatch.undo()
    after = client.get("/readyz")

    assert (during.status_code, during.json()) == (503, {"status": "no database"})
    assert after.status_code == 200


@pytest.mark.django_db
def test_the_portal_is_not_ready_before_its_tables_are_migrated(client, monkeypatch):
    monkeypatch.setattr(
        MigrationExecutor, "migration_plan", lambda *_args: [("a migration", False)]
    )

    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()) == (503, {"status": "not migrated"})


def test_a_page_without_its_database_says_when_to_come_back(client, monkeypatch):
    monkeypatch.setattr("services.views.Version.objects.of_kind", away)

    answer = client.get("/conditions/")

    assert answer.status_code == 503
    assert answer["Retry-After"] == "10"
    assert answer["Cache-Control"] == "no-store"
    assert "Content-Security-Policy" in answer.headers
    assert "<h1" in answer.content.decode()


@pytest.mark.django_db
def test_a_signed_in_page_without_its_database_says_so_too(client, monkeypatch):
    client.cookies["sessionid"] = "some-session-key-that-must-be-looked-up"
    monkeypatch.setattr(connection, "create_cursor", away)

    answer = client.get("/my/")

    assert answer.status_code == 503
    assert answer["Retry-After"] == "10"
