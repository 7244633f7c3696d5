"""The editors' pages, as tests open and answer them."""

from __future__ import annotations

import re

from django.test import Client
from django.urls import reverse

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
