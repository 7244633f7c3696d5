"""
Where a person may go: the entries of the menu, by permission, and the other language.

The template context gets `navigation`, `languages` and `product`. All are lazy: a
page that draws no menu asks nothing of the session or the database.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse, translate_url
from django.utils.functional import Promise, SimpleLazyObject
from django.utils.translation import get_language, get_language_info
from django.utils.translation import gettext_lazy as _


class Entry(NamedTuple):
    """A line of the menu; `permission` is "" for what visitors and patients read."""

    label: Promise
    view: str
    permission: str


PATIENT = "referrals.view_own_referral"
ENTRIES = [
    Entry(_("Conditions"), "services:conditions", ""),
    Entry(_("Techniques"), "services:techniques", ""),
    Entry(_("How to get an appointment"), "services:referral", ""),
    Entry(_("Locations"), "services:locations", ""),
    Entry(_("My care"), "start", PATIENT),
    Entry(_("Patients"), "referrals:patients", "referrals.view_patient"),
    Entry(_("Referrals"), "referrals:referrals", "referrals.view_referral"),
    Entry(_("Queue"), "appointments:queue", "appointments.view_waitlistentry"),
    Entry(_("Day"), "appointments:day", "appointments.view_appointment"),
    Entry(_("My day"), "appointments:my_day", "appointments.view_own_day"),
    Entry(_("Audit"), "audit:events", "audit.view_auditevent"),
    Entry(_("Manage"), "admin:index", "admin.open"),
]


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Return the context that base.html draws its head and foot from."""
    return {
        "navigation": SimpleLazyObject(lambda: entries(request)),
        "languages": SimpleLazyObject(lambda: languages(request)),
    }


def entries(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the menu of this user: label, address, and whether we are there."""
    found = []
    for entry in _open_to(getattr(request, "user", None)):
        try:
            address = reverse(entry.view)
        except NoReverseMatch:
            continue
        here = request.path == address or (
            address.count("/") > 2 and request.path.startswith(address)
        )
        found.append({"label": entry.label, "url": address, "here": here})
    return found


def _open_to(user: Any) -> list[Entry]:
    """Return a patient's own entries and the public ones; of staff, only their own."""
    own = [e for e in ENTRIES if e.permission and user and user.has_perm(e.permission)]
    public = [e for e in ENTRIES if not e.permission]
    works_here = any(entry.permission != PATIENT for entry in own)
    return own if works_here else own + public


def languages(request: HttpRequest) -> list[dict[str, str]]:
    """Return the other languages of this page: code, own name, address."""
    here = request.get_full_path()
    found = []
    for code, _name in settings.LANGUAGES:
        if code != get_language():
            name = get_language_info(code)["name_local"]
            address = translate_url(here, code)
            found.append({"code": code, "name": name.capitalize(), "url": address})
    return found
