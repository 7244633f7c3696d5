"""The editors' pages, as tests open and answer them."""

from __future__ import annotations

import re
import uuid

from django.test import Client
from django.urls import reverse

from massage_portal.accounts.models import User
from services.actions import begin_draft, save_draft, submit
from services.models import TEXTS, Version
from tests.factories import NOW, make_page

LATER = {
    **{"when": "later", "day_month": "10", "day_day": "20", "day_year": "2026"},
    **{"clock": "08:30", "medical": "new", "reviewed_by": "Dr. Testwell"},
    **{"reviewed_on_month": "10", "reviewed_on_day": "1", "reviewed_on_year": "2026"},
    **{"next_review_month": "10", "next_review_day": "1", "next_review_year": "2027"},
}


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def address(name, *args):
    return reverse(f"services:{name}", args=args)


def seen_in(answer):
    """Return what the page carries of when its text was changed."""
    page = answer.content.decode()
    return re.search(r'name="seen" value="([^"]*)"', page)[1].replace("&#x2B;", "+")


def page_of(answer):
    assert answer.status_code == 200
    return answer.content.decode()


def make_draft(*, by: User, **fields) -> Version:
    """A draft of the next version of a new published page."""
    article = make_page(**{"slug": f"draft-{uuid.uuid4().hex}"} | fields).article
    return begin_draft(article=article, language="en", by=by, now=NOW)


def make_submitted(*, by: User, words: str = "Newer words.", **fields) -> Version:
    """The next version of a new published page, handed to a second person."""
    draft = make_draft(by=by, **fields)
    save_draft(
        version=draft,
        texts={name: getattr(draft, name) for name in TEXTS} | {"body": words},
        note="",
        seen=draft.changed_at,
        by=by,
        now=NOW,
    )
    return submit(version=draft, by=by, now=NOW)
