"""What is too large, at the web server as the README starts it in production."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from django.conf import settings

from tests.huge import LEAST_OF_ALL, LOOPBACK, Memory, ask, cases, send
from tests.processes import background, mail_server

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("processes")]

LIMIT = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
FORMS = ["/is-massage-right-for-me/", "/accounts/login/"]
ONLY_READ = "/conditions/"
MOST_MEMORY = 50_000_000  # bytes more than before
AT_ONCE = 8


@pytest.fixture
def web(committed):
    """The process and the port of a web server that has warmed up."""
    with mail_server() as mail, background(mail) as run:
        family, port = run.web()
        for _ in range(AT_ONCE):
            assert {ask(port, address) for address in (*FORMS, ONLY_READ)} == {200}
        yield family.process.pid, port


@pytest.mark.parametrize("address", [*FORMS, ONLY_READ])
def test_what_is_too_large_is_refused_unread_while_others_are_answered(web, address):
    process, port = web
    memory, all_sent = Memory(process), Event()

    def others():
        statuses = [ask(port, ONLY_READ)]
        while not all_sent.is_set():
            statuses.append(ask(port, ONLY_READ))
        return statuses

    wanted = [
        (name, request, status)
        for name, (request, status) in cases(address, LIMIT).items()
        for _ in range(AT_ONCE)
    ]
    with ThreadPoolExecutor(AT_ONCE) as senders, ThreadPoolExecutor(1) as other:
        beside = other.submit(others)
        outcomes = list(senders.map(lambda one: send(port, one[1]()), wanted))
        all_sent.set()

    assert set(beside.result()) == {200}
    for (name, _, status), outcome in zip(wanted, outcomes, strict=True):
        assert outcome.status == status, name
        assert outcome.sent < LEAST_OF_ALL, name
    assert memory.growth() < MOST_MEMORY


def test_no_header_can_be_larger_by_way_of_http_2(web):
    _, port = web
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    settings_frame = bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])

    with socket.create_connection((LOOPBACK, port), timeout=10) as link:
        link.sendall(preface + settings_frame)

        assert link.recv(64) == b""  # it hangs up, where HTTP/2 sends a frame first
