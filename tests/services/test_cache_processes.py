"""Kept pages with many processes and threads, and while Redis does not answer."""

from __future__ import annotations

import socket
import time
import urllib.request
import uuid
from contextlib import suppress

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from massage_portal.accounts.roles import Role
from services import cache
from services.actions import load_content
from services.cache import drop_pages
from tests.factories import NOW, make_category, make_user
from tests.processes import LOOPBACK, background, mail_server
from tests.texts import reword
from tests.threads import together, won

pytestmark = pytest.mark.usefixtures("keeping")
THREADS, TIMES = 8, 40


@pytest.fixture
def deaf():
    """A server that lets everyone connect, and never says a word."""
    with socket.socket() as listening:
        listening.bind((LOOPBACK, 0))
        listening.listen(TIMES)
        listening.setblocking(False)
        yield listening


def callers(listening):
    """Return how many have connected since this was asked last."""
    came = 0
    with suppress(BlockingIOError):
        while True:
            listening.accept()[0].close()
            came += 1
    return came


def title(port):
    with urllib.request.urlopen(f"http://{LOOPBACK}:{port}/conditions/cancer/") as page:
        text = page.read().decode()
    return text.partition("<h1>")[2].partition("</h1>")[0]


@pytest.mark.processes
def test_what_one_process_drew_all_of_them_give_until_another_drops_it(
    committed, settings
):
    load_content(by=None, now=NOW)
    reword("cancer", title="Old")
    with mail_server() as mail, background(mail) as run:
        settings.REDIS_URL = run.environment["REDIS_URL"]
        run.environment["KEPT_PAGES"] = settings.KEPT_PAGES
        _, port = run.web()  # two processes of eight threads each
        # The first of these lets every process open its connections.
        assert {title(port) for _ in range(TIMES)} == {"Old"}

        reword("cancer", title="New")
        assert {title(port) for _ in range(TIMES)} == {"Old"}  # so it is kept, for all

        drop_pages()  # here, in a third process
        assert {title(port) for _ in range(TIMES)} == {"New"}


@pytest.mark.django_db
def test_a_redis_that_does_not_answer_is_asked_once_for_many_pages(
    client, settings, deaf
):
    load_content(by=None, now=NOW)
    settings.REDIS_URL = f"redis://{LOOPBACK}:{deaf.getsockname()[1]}/0"

    answers = [client.get("/conditions/cancer/") for _ in range(TIMES)]

    assert {answer.status_code for answer in answers} == {200}
    assert callers(deaf) == 1


def test_after_the_pause_one_thread_tries_and_the_others_draw_their_pages(
    committed, settings, deaf, rf
):
    settings.REDIS_URL = f"redis://{LOOPBACK}:{deaf.getsockname()[1]}/0"
    page = cache.kept(lambda request: HttpResponse("drawn"))
    for _ in range(2):
        cache.store.away_until = time.monotonic() - 1  # the pause is over

        outcomes = together(*[lambda: page(rf.get("/")).content] * THREADS)

        assert won(outcomes) == [b"drawn"] * THREADS
        assert callers(deaf) == 1


def test_a_redis_that_comes_back_is_used_again(rf, settings):
    page = cache.kept(lambda request: HttpResponse(uuid.uuid4().hex))
    here, settings.REDIS_URL = settings.REDIS_URL, "unix:///nowhere/at/all.sock"
    assert page(rf.get("/")).content != page(rf.get("/")).content

    settings.REDIS_URL = here
    cache.store.away_until = time.monotonic() - 1  # the pause is over

    assert page(rf.get("/")).content == page(rf.get("/")).content


@pytest.mark.parametrize("address", ["memory://", "sentinel://127.0.0.1:1", ""])
def test_an_address_that_is_none_of_redis_costs_no_page(rf, settings, address):
    settings.REDIS_URL = address
    page = cache.kept(lambda request: HttpResponse("drawn"))

    assert page(rf.get("/")).content == b"drawn"
    cache._drop()


def test_what_others_wrote_under_a_page_s_name_is_passed_over(rf, settings):
    page = cache.kept(lambda request: HttpResponse("drawn"))
    page(rf.get("/"))
    name = cache._name_of(rf.get("/"))
    for odd in (b"", b"\n", b"{}", b"[]\n", b'"two"\nx', b"\xff\nx"):
        cache._client(settings.REDIS_URL).set(name, odd)

        assert page(rf.get("/")).content == b"drawn", odd


@pytest.mark.django_db
def test_a_target_that_the_lead_changes_shows_at_once(
    client, django_capture_on_commit_callbacks
):
    load_content(by=None, now=NOW)
    category, visitor = make_category(target_days=28), Client()
    address = reverse("services:page", args=["who-comes-first"])
    assert "28 days" in visitor.get(address).content.decode()
    client.force_login(make_user(Role.LEAD))
    form = {"category": category.pk, "target_days": 21}  # from now on

    with django_capture_on_commit_callbacks(execute=True):
        page = reverse("admin:appointments_targetwait_add")
        assert client.post(page, form).status_code == 302

    assert "21 days" in visitor.get(address).content.decode()
