"""Servers that a test may break, and a mail server."""

from __future__ import annotations

import pytest

from tests.own_servers import own_servers
from tests.processes import mail_server


@pytest.fixture
def own(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), own_servers() as servers:
        yield servers


@pytest.fixture
def mail():
    with mail_server() as server:
        yield server
