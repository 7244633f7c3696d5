"""
Where a person may go: the entries of the menu, by permission, and the other language.

The template context gets `menu`, `languages` and `listed`. All are lazy: a page
that draws no menu asks nothing of the session or the database.
"""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse, translate_url
from django.utils.functional import Promise, SimpleLazyObject
from django.utils.http import escape_leading_slashes
from django.utils.safestring import SafeString
from django.utils.translation import get_language, get_language_info, override
from django.utils.translation import gettext_lazy as _


class Entry(NamedTuple):
    """
    A line of the menu; `permission` is "" for what visitors and patients read.

    `holds` names pages that belong under it though their addresses do not.
    """

    label: Promise
    view: str
    permission: str
    holds: frozenset[str] = frozenset()


ITEMS = "components/menu_items.html"
OWN_CARE = "appointments.ask_for_own_appointment"
OPENS_ADMIN = "(opens the admin pages)"  # no permission of Django's: see User.is_staff
VISIT = frozenset({"appointments:visit", "appointments:plan", "appointments:note"})
ONE_DAY = frozenset({"appointments:clinic_day"})
CANCELED = frozenset({"appointments:canceled"})
QUESTIONS = frozenset({"appointments:questions", "appointments:question"})
ENTRIES = [
    Entry(_("My care"), "appointments:mine", OWN_CARE),
    Entry(
        _("Queue"), "appointments:queue", "appointments.view_waitlistentry", QUESTIONS
    ),
    Entry(
        _("Offers"), "appointments:offers", "appointments.view_appointment", CANCELED
    ),
    Entry(_("Telephone"), "appointments:telephone", "appointments.offer_appointment"),
    Entry(_("Visits"), "appointments:day", "appointments.view_appointment", VISIT),
    Entry(_("Figures"), "appointments:figures", "appointments.view_figures"),
    Entry(_("My day"), "appointments:day", "appointments.view_own_day", VISIT),
    Entry(
        _("Calendar"),
        "appointments:clinic_week",
        "appointments.view_appointment",
        ONE_DAY,
    ),
    Entry(
        _("My calendar"),
        "appointments:clinic_week",
        "appointments.view_own_day",
        ONE_DAY,
    ),
    Entry(_("Capacity"), "appointments:capacity", "appointments.change_capacity"),
    Entry(_("Referrals"), "referrals:worklist", "referrals.view_referral"),
    Entry(_("Patients"), "referrals:patients", "referrals.view_patient"),
    Entry(_("Messages"), "outbox:messages", "outbox.view_message"),
    Entry(_("Sent referrals"), "appointments:sent", "referrals.view_sent_referral"),
    Entry(_("Audit trail"), "audit:trail", "audit.view_auditevent"),
    Entry(_("Editing"), "services:editing", "services.approve_version"),
    Entry(_("Content and settings"), "admin:index", OPENS_ADMIN),
    Entry(_("Conditions"), "services:conditions", ""),
    Entry(_("Techniques"), "services:techniques", ""),
    Entry(_("How to be referred"), "services:referral", ""),
    Entry(_("Locations"), "services:locations", ""),
]


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Return the context that base.html draws its head and foot from."""
    return {
        "menu": SimpleLazyObject(lambda: _menu(request)),
        "languages": SimpleLazyObject(lambda: languages(request)),
        "listed": SimpleLazyObject(lambda: listed(request)),
    }


def entries(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the menu of this user: label, address, aria-current if we are there."""
    found = []
    shown = getattr(request.resolver_match, "view_name", "")
    for entry in _open_to(getattr(request, "user", None)):
        address = _address(entry.view, get_language(), settings.ROOT_URLCONF)
        if address is None:
            continue
        within = request.path.startswith(address) or shown in entry.holds
        here = "page" if request.path == address else "true" if within else ""
        found.append({"label": entry.label, "url": address, "here": here})
    return found


@lru_cache(maxsize=256)  # every page asks for all of them
def _address(view: str, _language: str | None, _urls: str) -> str | None:
    with suppress(NoReverseMatch):
        return reverse(view)
    return None


def _menu(request: HttpRequest) -> SafeString:
    """Return the lines of the menu, which base.html draws twice; empty if none."""
    lines = entries(request)
    return _lines(tuple((str(one["label"]), one["url"], one["here"]) for one in lines))


@lru_cache(maxsize=512)  # people with the same role see the same on the same pages
def _lines(entries: tuple[tuple[str, str, str], ...]) -> SafeString:
    menu = [{"label": label, "url": url, "here": here} for label, url, here in entries]
    return SafeString(render_to_string(ITEMS, {"entries": menu}).strip())


def _open_to(user: Any) -> list[Entry]:
    """Return a patient's own entries and the public ones; of staff, only their own."""
    may = _allowed(user)
    own = [entry for entry in ENTRIES if entry.permission in may]
    if any(entry.permission != OWN_CARE for entry in own):
        return own
    return own + [entry for entry in ENTRIES if not entry.permission]


def _allowed(user: Any) -> set[str]:
    """Return which permissions of ENTRIES the user has."""
    if user is None or not user.is_authenticated:
        return set()
    all_of = {entry.permission for entry in ENTRIES} - {"", OPENS_ADMIN}
    superuser = user.is_active and user.is_superuser
    found = all_of if superuser else all_of & user.get_all_permissions()
    return found | ({OPENS_ADMIN} if user.is_staff else set())


def languages(request: HttpRequest) -> list[dict[str, str]]:
    """Return the other languages of this page: code, own name, address."""
    here = escape_leading_slashes(request.get_full_path())  # //else.where/ is a site
    found = []
    for code, _name in settings.LANGUAGES:
        if code != get_language():
            name = get_language_info(code)["name_local"]
            known = (get_language(), settings.ROOT_URLCONF)
            address = _translated(here, code, *known)
            found.append({"code": code, "name": name.capitalize(), "url": address})
    return found


@lru_cache(maxsize=1024)  # to resolve an address, and make it again, takes long
def _translated(here: str, code: str, _from: str | None, _urls: str) -> str:
    address = translate_url(here, code)
    if address == here:  # no page of ours: the other language begins at home
        with override(code):
            address = reverse("services:home")
    return address


def listed(request: HttpRequest) -> dict[str, str]:
    """
    Return the full address of this page in each language, if machines may list it.

    It begins with PORTAL_ORIGIN, whatever host was asked, and has no query. Empty for
    what is behind sign-in, opened by a link, or unlisted.
    """
    match = request.resolver_match
    view = getattr(match, "func", None)
    if match is None or getattr(view, "access", "") != "public":
        return {}
    if getattr(view, "token", False) or getattr(view, "unlisted", False):
        return {}
    return everywhere(match.view_name, *match.args, **match.kwargs)


def everywhere(view: str, *args: Any, **kwargs: Any) -> dict[str, str]:
    """Return the full address of a view in each language, by code."""
    found = {}
    for code, _name in settings.LANGUAGES:
        with override(code):
            found[code] = whole(reverse(view, args=args, kwargs=kwargs))
    return found


def whole(path: str) -> str:
    """Return the full address of a path: it begins with PORTAL_ORIGIN."""
    return settings.PORTAL_ORIGIN + path
