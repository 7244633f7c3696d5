"""
Each form of these pages, sent twice: by a double click, by Enter and a click, by
"reload", from the page before, from a second tab. It is one act.
"""

from __future__ import annotations

import re

import pytest
from django.apps import apps

from appointments.models import CalendarFeed
from massage_portal.audit.models import AuditEvent
from massage_portal.outbox.models import Message
from tests.appointments.pages import signed_in, url
from tests.appointments.sent import FORMS
from tests.factories import NOW, make_patient
from tests.roles_table import POST

NOT_ONE_ACT = {"renew_calendar"}  # the second press makes it anew
NOT_ONE_ACT |= {"call_code_again"}  # it needs a gateway: see test_preferences.py
LOOK = re.compile(r"(seen|listed|seen_by_link)$")


@pytest.fixture
def clock(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


def state():
    """Return all that a form could change, and the trail but for who looked."""
    models = [*apps.get_app_config("appointments").get_models()]
    models += [*apps.get_app_config("referrals").get_models(), Message]
    rows = {
        model._meta.label: list(model._base_manager.order_by("pk").values_list())
        for model in models
    }
    acts = AuditEvent.objects.order_by("pk").values_list("pk", "action")
    return rows | {"trail": [one for one in acts if not LOOK.search(one[1])]}


def browser(sent):
    client = signed_in(sent.by)
    for address, fields in sent.before:
        assert client.post(address, fields).status_code == 302
    return client


def told(answer):
    return answer.status_code, answer.headers.get("Location", "")


def test_each_form_of_these_pages_is_here():
    names = {name.partition(":")[2] for name in POST if name.startswith("appointments")}

    assert set(FORMS) | NOT_ONE_ACT == names


@pytest.mark.django_db
@pytest.mark.parametrize("name", FORMS)
def test_a_form_sent_again_changes_nothing_and_leads_to_the_same_page(name, clock):
    sent = FORMS[name]()
    client = browser(sent)
    before = state()

    first = client.post(sent.address, sent.fields)
    once = state()
    again = client.post(sent.address, sent.fields)
    other_tab = browser(sent._replace(before=[])).post(sent.address, sent.fields)

    assert first.status_code == (200 if name == "queue" else 302), first.content
    assert (once == before) is (name in ("queue", "ask_step"))
    assert state() == once
    assert told(again) == told(other_tab) == told(first)


@pytest.mark.django_db
def test_a_calendar_address_made_twice_is_one_address(clock):
    client = signed_in(make_patient().user)

    first, second = (client.post(url("renew_calendar")) for _ in range(2))

    assert first.context["address"] != second.context["address"]
    assert CalendarFeed.objects.count() == 1
    assert client.get(first.context["address"]).status_code == 404
    assert client.get(second.context["address"]).status_code == 200
