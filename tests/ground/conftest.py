"""A mail server and words, for tests of sending."""

from __future__ import annotations

import pytest

from massage_portal.outbox import kinds
from tests.processes import mail_server
from tests.sending import KIND, reach, words


@pytest.fixture
def render(monkeypatch):
    """Set what renders the messages of these tests."""
    monkeypatch.setattr(kinds, "_kinds", dict(kinds._kinds))

    def use(renderer, kind=KIND, **how):
        kinds._kinds.pop(kind, None)
        kinds.renders(kind, "Words", **{"at_once": True} | how)(renderer)

    use(words)
    return use


@pytest.fixture
def server(settings, render):
    """A real mail server, to which Django sends."""
    with mail_server() as running:
        reach(settings, running.port)
        yield running
