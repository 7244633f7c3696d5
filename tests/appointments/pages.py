"""What the tests of pages share: answers to fill in, and a browser signed in."""

from __future__ import annotations

from django.test import Client
from django.urls import reverse

from tests.factories import make_category

TAKING = ["when", "preferences", "pain", "daily-life"]
ANSWERS = {
    "when": {"weekdays": ["M", "W"], "times": "any"},
    "preferences": {"therapist": "", "notice_hours": "24"},
    "pain": {"pain": "6", "enjoyment": "4", "activity": "5"},
    "daily-life": {"role_threat": "7", "sleep": "3"},
}


def signed_in(user):
    client = Client()
    client.user = user
    client.force_login(user)
    return client


def url(name, *args):
    return reverse(f"appointments:{name}", args=args)


def decision(entry, **changes):
    filled = {"version": str(entry.version), "decision": "accept", "words": ""}
    return filled | {"category": str(make_category().pk)} | changes
