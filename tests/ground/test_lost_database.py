"""What a request meets when the database goes away in it, or chooses another."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import psycopg2
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, OperationalError, connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import path
from psycopg2.errors import DeadlockDetected, SerializationFailure

from massage_portal.access import public
from massage_portal.outbox.models import Pulse
from tests.factories import NOW
from tests.threads import PATIENCE

calls = []
faults = []
holds_the_first, holds_the_second = Event(), Event()


@public
def circle(request):
    """Write a row, then wait for what the outsider holds, who waits for this one."""
    calls.append(request.method)
    with transaction.atomic():
        Pulse.objects.create(task="circle", at=NOW)
        _lock(1)
        holds_the_first.set()
        _lock(2)
    return HttpResponse("done")


@public
def upload(request):
    """Tell what was sent, unless a fault comes first."""
    read = request.FILES["file"].read().decode()
    calls.append(read)
    if faults:
        raise faults.pop()
    return HttpResponse(f"{request.POST['name']} {read}")


urlpatterns = [path("circle", circle), path("upload", upload)]


@pytest.fixture(autouse=True)
def these_views(settings):
    settings.ROOT_URLCONF = __name__
    calls.clear()
    faults.clear()
    holds_the_first.clear()
    holds_the_second.clear()


def _lock(key):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])


def outsider():
    """Hold the second lock, then ask for the first; never be the one that is ended."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL deadlock_timeout = '1min'")
            _lock(2)
            holds_the_second.set()
            assert holds_the_first.wait(PATIENCE)
            _lock(1)
    finally:
        connection.close()


def caused(error, cause):
    """Return the error as Django raises it for what the driver met."""
    error.__cause__ = cause
    return error


def send(client):
    sent = {"name": "letter", "file": SimpleUploadedFile("letter.txt", b"words")}
    return client.post("/upload", sent)


@pytest.mark.usefixtures("committed")
def test_whoever_a_deadlock_ends_is_served_all_the_same_and_writes_once():
    with ThreadPoolExecutor(max_workers=1) as pool:
        other = pool.submit(outsider)
        assert holds_the_second.wait(PATIENCE)
        answer = Client().post("/circle")
        other.result(PATIENCE)

    assert (answer.status_code, answer.content) == (200, b"done")
    assert calls == ["POST", "POST"]
    assert Pulse.objects.filter(task="circle").count() == 1


@pytest.mark.parametrize("cause", [DeadlockDetected, SerializationFailure])
@pytest.mark.usefixtures("committed")
def test_a_view_that_is_called_again_reads_its_file_from_the_start(client, cause):
    faults.append(caused(OperationalError("ended"), cause()))

    answer = send(client)

    assert (answer.status_code, answer.content) == (200, b"letter words")
    assert calls == ["words", "words"]


@pytest.mark.usefixtures("committed")
def test_a_view_is_called_again_once_and_then_says_when_to_come_back(client):
    faults.extend(caused(OperationalError("ended"), DeadlockDetected()) for _ in "123")

    answer = send(client)

    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    assert len(calls) == 2


@pytest.mark.django_db
def test_no_view_is_called_again_inside_a_transaction_that_goes_on(client):
    faults.append(caused(OperationalError("ended"), DeadlockDetected()))

    assert send(client).status_code == 503
    assert len(calls) == 1


@pytest.mark.django_db
def test_a_lost_connection_that_the_driver_gives_no_name_is_a_503_too(client):
    lost = psycopg2.DatabaseError("server closed the connection unexpectedly")
    faults.append(caused(DatabaseError(str(lost)), lost))

    answer = send(client)

    assert (answer.status_code, answer["Retry-After"]) == (503, "10")


@pytest.mark.django_db
def test_a_fault_of_the_program_is_not_blamed_on_the_database(client):
    client.raise_request_exception = False
    faults.append(DatabaseError("Save with update_fields did not affect any rows."))

    assert send(client).status_code == 500
