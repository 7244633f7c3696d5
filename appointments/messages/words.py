"""How a message of this app is put together: mail, text message, links, moments."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from appointments.models import Appointment
from massage_portal import stencils
from massage_portal.outbox.kinds import LONGEST_TEXT, Attachment, Mail
from massage_portal.outbox.models import Message, Preference

KEY = re.compile(r"[\w:-]+", re.ASCII)  # in a path it stands as it is


def mail(
    name: str,
    subject: str,
    *,
    to: str,
    link: str,
    short: str = "",
    short_link: str = "",
    attachments: list[Attachment] | None = None,
    many: bool = False,
    **context: Any,
) -> Mail:
    """
    Return the mail of a name, with what its templates say.

    :param to: the given name of its reader.
    :param link: where its button leads.
    :param short: the same as a text message, to which a link is added.
    :param short_link: that link, if it is not the button's.
    :param many: whether many alike go at once.
    """
    render = stencils.render if many else render_to_string
    context |= {
        "name": to,
        "phone": settings.CLINIC_PHONE,
        "subject": subject,
        "link": link,
    }
    return Mail(
        subject=subject,
        text=render(f"appointments/mail/{name}.txt", context),
        html=render(f"appointments/mail/{name}.html", context),
        attachments=attachments or [],
        zone=context.get("place_zone", ""),
        short=text_message(short, short_link or link) if short else "",
    )


def text_message(words: str, link: str) -> str:
    """Return the words with the link; with the telephone where there is no room."""
    told = f"{words} {link}"
    if len(told) <= LONGEST_TEXT:
        return told
    call = _("Call %(phone)s.") % {"phone": settings.CLINIC_PHONE}
    return f"{words} {call}"


def address(view: str, *args: Any) -> str:
    """Return the whole address of a page of this app, in the reader's language."""
    if len(args) == 1 and type(args[0]) in (int, str) and KEY.fullmatch(str(args[0])):
        before, after = _around(view, type(args[0]), get_language())
        return f"{settings.PORTAL_ORIGIN}{before}{args[0]}{after}"
    return settings.PORTAL_ORIGIN + reverse(f"appointments:{view}", args=args)


@stencils.kept
def _around(view: str, kind: type, _language: str | None) -> tuple[str, str]:
    """Return what stands before and after the one key in the path of a page."""
    path = reverse(f"appointments:{view}", args=[kind("70707070")])
    before, _key, after = path.rpartition("70707070")
    return before, after


def moment(at: datetime) -> str:
    """Return a local moment as a sentence says it."""
    return date_format(at, _("l, F j, P"))


def briefly(at: datetime) -> str:
    """Return a local moment as a text message says it."""
    return date_format(at, _("M j, g:i A"))


class Where(NamedTuple):
    """When and where a visit is, in the local time of its place."""

    start: datetime
    end: datetime
    time_zone: str
    place: str
    room: str


def place(appointment: Appointment, message: Message) -> dict[str, Any]:
    """Return when and where, as every mail about a visit says it."""
    there = appointment.therapist.location
    start, end = appointment.local_start, appointment.local_end
    where = Where(start, end, there.time_zone, there.name, appointment.room.name)
    return when_and_where(where, message)


def when_and_where(where: Where, message: Message) -> dict[str, Any]:
    """Return the same of what was read of it."""
    start, end = where.start, where.end
    wall, until = start.replace(tzinfo=None), end.replace(tzinfo=None)
    return {
        **_when(wall, until, start.tzname() or "", get_language()),
        "place_zone": where.time_zone,
        "place": where.place,
        "room": where.room,
        "elsewhere": _where_they_are(start, message),
    }


@stencils.kept
def _when(
    start: datetime, end: datetime, zone: str, _language: str | None
) -> dict[str, str]:
    """Return what the clock on the wall shows: for many visits it is the same."""
    return {
        "date": date_format(start, _("l, F j")),
        "day": date_format(start, _("l, F j, Y")),
        "time": date_format(start, "P"),
        "end": date_format(end, "P"),
        "zone": zone,
        "when": f"{briefly(start)} {zone}",
    }


def _where_they_are(start: datetime, message: Message) -> dict[str, str] | None:
    """Return the same moment where the reader says they are, if clocks differ there."""
    try:
        chosen = message.recipient.preference if message.recipient else None
    except Preference.DoesNotExist:
        return None
    if chosen is None or not chosen.time_zone:
        return None
    there = start.astimezone(chosen.zone)
    if there.utcoffset() == start.utcoffset():
        return None
    return {"moment": moment(there), "zone": there.tzname() or ""}
