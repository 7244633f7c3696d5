"""Why a deed cannot be done any more, in words, before its form is filled in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from appointments.codes import ENTRY_OPEN, IN_LINE, EntryStatus, Status
from appointments.models import Appointment, WaitlistEntry

TooLate = Callable[[Any, datetime], str]  # of the subject, now; "" while it can be


def asked_nothing(entry: WaitlistEntry, _now: datetime) -> str:
    """Answering is for who was asked."""
    if entry.status == EntryStatus.ON_HOLD:
        return ""
    return _("There is no open question on this request.")


def waits_no_more(entry: WaitlistEntry, _now: datetime) -> str:
    """Saying anew how it is, or when one can come, is for who waits."""
    if entry.status in IN_LINE:
        return ""
    return _("This request does not wait any more, so there is nothing to change.")


def is_over(entry: WaitlistEntry, _now: datetime) -> str:
    """Questions are for requests that are open."""
    if entry.status in ENTRY_OPEN:
        return ""
    return _("This request is over. If you have a question, call us.")


def cannot_be_withdrawn(entry: WaitlistEntry, _now: datetime) -> str:
    """Withdrawing is for who waits; a booked visit is canceled first."""
    if entry.status in IN_LINE:
        return ""
    if entry.status == EntryStatus.CANCELLED:
        return _("Your request is withdrawn.")
    return _("This request can no longer be withdrawn.")


def is_no_offer(visit: Appointment, now: datetime) -> str:
    """Answering is for an offer that holds its time."""
    if visit.is_open_offer(now):
        return ""
    if visit.status == Status.BOOKED:
        return _("This offer was accepted: the visit is booked.")
    return _("This offer has already ended.")


def cannot_be_canceled(visit: Appointment, now: datetime) -> str:
    """Canceling is for a visit that is booked, and has not begun."""
    if visit.is_booked_ahead(now):
        return ""
    return _("This visit can no longer be canceled here. Please call the clinic.")


def cannot_be_moved(visit: Appointment, now: datetime) -> str:
    """So is asking for another time."""
    if visit.is_booked_ahead(now):
        return ""
    return _("This visit can no longer be moved here. Please call the clinic.")
