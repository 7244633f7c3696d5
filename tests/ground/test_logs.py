"""What a log line may say: no link that opens an account, no value of a row."""

from __future__ import annotations

import io
import json
import logging.config

import pytest
from django.test import Client
from django.urls import NoReverseMatch, get_resolver, reverse

from massage_portal.accounts.actions import invite
from massage_portal.accounts.roles import Role
from massage_portal.logs import LOGGING, mask
from massage_portal.tokens import sign
from tests.factories import NOW, make_user
from tests.services.test_machines import views


@pytest.fixture
def lines():
    """What the portal's own logging writes while the test runs, as parsed lines."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    formatter = logging.config.DictConfigurator(LOGGING).configure_formatter(
        dict(LOGGING["formatters"]["json"])
    )
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.addHandler(handler)
    yield lambda: [json.loads(line) for line in out.getvalue().splitlines()]
    root.removeHandler(handler)


@pytest.mark.django_db
def test_a_link_that_is_not_spent_yet_is_not_in_the_log(lines, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    user = make_user(Role.PATIENT, password=None)
    link = invite(user=user, by=None, now=NOW)
    token = sign("invitation", link.pk)

    answer = Client().post(
        f"/accounts/invitation/{token}/", {"password1": "short", "password2": "short"}
    )
    Client().post(f"/offer/{sign('offer', 999)}/")

    assert answer.status_code == 422
    said = json.dumps(lines())
    assert "/accounts/invitation/.../" in said
    assert "/offer/.../" in said
    assert token not in said
    assert sign("offer", 999) not in said


def test_every_address_that_a_link_leads_to_is_masked():
    """Whoever adds a link in a mail adds it to the pattern too."""
    linked = 0
    for name, view in views(get_resolver()):
        if not getattr(view, "token", False):
            continue
        try:
            path = reverse(name, kwargs={"token": "Mw:secret"})
        except NoReverseMatch:  # a form for passwords, no link
            continue
        linked += 1
        assert "secret" not in mask(None, "", {"event": path})["event"], name
    assert linked >= 3


def test_the_values_of_a_row_that_was_refused_are_not_in_the_log(lines):
    said = "refused\nDETAIL:  Failing row contains (7, Canaryname).\nend"
    try:
        raise ValueError(said)
    except ValueError:
        logging.getLogger("portal").exception("it broke")

    [line] = lines()
    assert "Canaryname" not in json.dumps(line)
    assert "refused" in line["exception"]
    assert line["exception"].endswith("end")
