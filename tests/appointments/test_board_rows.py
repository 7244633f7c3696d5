"""The rows of the board say in few steps what the long way says."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.models.sql.compiler import SQLCompiler
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import override

from appointments.board_rows import Words
from appointments.codes import Ending, Status
from massage_portal import stencils
from massage_portal.accounts.roles import Role
from massage_portal.templatetags.portal import stenciled
from tests.factories import (
    NOW,
    TODAY,
    make_appointment,
    make_entry,
    make_overrule,
    make_patient,
    make_referral,
    make_request,
    make_user,
)

pytestmark = pytest.mark.django_db
ADDRESS = reverse("appointments:queue")
ODD = "<b>&{{ x }}\"'"
SEAM = f"{stencils.SEAM}{ODD}%s{stencils.SEAM}"


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_row_says_the_same_target_as_the_sentence_beside_it(client, language):
    client.force_login(make_user(Role.SCHEDULER))
    make_entry(waited_days=1.2, target_days=3, need_score=41)  # 2.385 days
    with override(language):
        address = reverse("appointments:queue")
    page = client.get(address)
    assert page.headers["content-language"] == language
    (row,) = page.context["rows"]
    with override(language):
        assert number_format("2.4") in row.waited
        assert number_format("2.4") in row.said


def some_line():
    """Return nothing: rows and requests of every look there is."""
    offered = make_entry(waited_days=1)
    make_appointment(entry=offered, status=Status.PROPOSED)
    called = make_entry(waited_days=400)
    for _ in range(2):
        make_appointment(
            entry=called, status=Status.CANCELLED, ending=Ending.LAPSED, ended_at=NOW
        )
    make_overrule(make_entry(), 2, reason=ODD)
    make_entry(
        referral=make_referral(
            patient=make_patient(given_name=ODD, family_name="lower"),
            status="on-hold",
        )
    )
    make_request(reply="Yes.")
    for name in (ODD, SEAM):
        make_request(referral=make_referral(patient=make_patient(family_name=name)))


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("role", [Role.SCHEDULER, Role.LEAD])
def test_a_stencil_of_rows_is_the_template_drawn_for_each(
    client, monkeypatch, language, role
):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    client.force_login(make_user(role))
    some_line()
    with override(language):
        address = reverse("appointments:queue")
    page = client.get(address)
    assert page.headers["content-language"] == language
    assert page.status_code == 200
    for name, template in (("rows", "_waits.html"), ("to_triage", "_asks.html")):
        rows, path = page.context[name], f"appointments/staff/{template}"
        assert len(rows) > 1
        for may in (True, False):
            flags = {"may_triage": may, "may_offer": not may}
            with override(language):
                anew = [render_to_string(path, {**vars(row), **flags}) for row in rows]
                assert stenciled(rows, path, **flags) == "".join(anew)
    assert "&lt;b&gt;&amp;{{ x }}" in page.content.decode()
    assert "<b>" not in page.content.decode()


def test_words_are_kept_in_the_language_of_their_page():
    with override("es"):
        spanish = Words(today=TODAY)
    assert spanish.say("referral ended") != "referral ended"  # also after its page
    assert Words(today=TODAY).say("referral ended") == "referral ended"


def test_the_board_is_read_on_while_a_release_allows_longer_texts(client):
    """What a session has prepared outlasts the change; PostgreSQL would refuse it."""
    client.force_login(make_user(Role.SCHEDULER))
    make_entry()
    make_request()
    assert client.get(ADDRESS).status_code == 200
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for column in (
            "appointments_waitlistentry ALTER reply",
            "appointments_triagecategory ALTER name",
            "referrals_referral ALTER priority",
            "outbox_channelhealth ALTER channel",
        ):
            cursor.execute(f"ALTER TABLE {column} TYPE varchar(999)")
    page = client.get(ADDRESS)
    assert page.status_code == 200
    assert len(page.context["rows"]) == len(page.context["to_triage"]) == 1


def test_the_board_that_everybody_looks_at_makes_no_statement_anew(client, monkeypatch):
    client.force_login(make_user(Role.SCHEDULER))
    make_entry()
    make_request()
    before = client.get(ADDRESS)

    def compiles(*_args, **_kwargs):
        raise AssertionError("to compile it takes longer than to run it")

    monkeypatch.setattr(SQLCompiler, "as_sql", compiles)
    page = client.get(ADDRESS)

    assert page.status_code == before.status_code == 200
    assert len(page.context["rows"]) == len(page.context["to_triage"]) == 1


def test_the_filters_show_what_is_chosen_and_forget_it_again(client):
    client.force_login(make_user(Role.SCHEDULER))
    category = make_entry().category
    chosen = f'<option value="{category.pk}" selected>'

    page = client.get(ADDRESS, {"category": category.pk, "overdue": "on"}).text
    assert page.count(chosen) == page.count(" selected>") == 1
    assert page.count('id="overdue" checked') == page.count(" checked>") == 1

    for odd in ({}, {"category": ODD, "place": "x" * 999}):
        page = client.get(ADDRESS, odd).text
        assert page.count('<option value="') > 3
        assert " selected>" not in page
        assert " checked>" not in page
