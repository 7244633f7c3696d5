"""Previews: the page itself, for editors only."""

from __future__ import annotations

import pytest
from django.test import Client

from massage_portal.accounts.roles import Role
from tests.editing import address, make_draft, page_of, signed_in
from tests.factories import (
    make_condition,
    make_location,
    make_page,
    make_technique,
    make_text,
    make_user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on_the_day")]


@pytest.mark.parametrize("make", [make_page, make_condition])
@pytest.mark.parametrize("language", ["en", "es"])
def test_a_preview_is_the_page_itself_and_nobody_keeps_it(make, language, editor):
    text = make_text(
        make().article, number=2, language=language, status="draft", title="Unseen"
    )

    answer = editor.get(address("preview", text.pk))

    page = page_of(answer)
    assert f'<html lang="{language}"' in page
    assert 'class="banner banner--warning"' in page
    assert ">Unseen</h1>" in page
    assert 'rel="canonical"' not in page
    assert answer["Cache-Control"] == "no-store"
    assert answer["X-Robots-Tag"] == "noindex"


@pytest.mark.parametrize("make", [make_technique, make_location])
def test_what_shares_a_page_is_previewed_on_it(make, editor):
    text = make_text(make(), status="draft", title="Unseen", body="Unseen words.")
    assert "Unseen" in page_of(editor.get(address("preview", text.pk)))


@pytest.mark.parametrize("role", [None, Role.PATIENT, Role.STAFF, Role.THERAPIST])
def test_a_preview_is_for_editors_and_approvers_only(role, writer):
    client = signed_in(make_user(role)) if role else Client()
    answer = client.get(address("preview", make_draft(by=writer).pk))
    assert answer.status_code == (403 if role else 302)
