"""
The words of appointments' mail: a time, a place, a link.

Never a diagnosis, a therapy, a department or a full name: mail is read by others.
A renderer returns None when what it would say is not true any more.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appointments import ical
from appointments.codes import EntryStatus, Status
from appointments.models import Appointment, Question, WaitlistEntry
from massage_portal.accounts.tokens import sign
from massage_portal.outbox.kinds import Attachment, Mail, renders
from massage_portal.outbox.models import Message
from referrals.codes import Status as ReferralStatus


def _mail(
    name: str,
    subject: str,
    message: Message,
    *,
    attachments: list[Attachment] | None = None,
    **context: Any,
) -> Mail:
    patient = getattr(message.recipient, "patient", None)
    context |= {
        "name": patient.given_name if patient else "",
        "phone": settings.CLINIC_PHONE,
    }
    return Mail(
        subject=subject,
        text=render_to_string(f"appointments/mail/{name}.txt", context),
        html=render_to_string(f"appointments/mail/{name}.html", context),
        attachments=attachments or [],
    )


def _link(view: str, *args: Any) -> str:
    return settings.PORTAL_ORIGIN + reverse(f"appointments:{view}", args=args)


def _appointment(message: Message, *states: Status) -> Appointment | None:
    """Return the appointment if it is still in one of `states`."""
    found = Appointment.objects.with_place().filter(pk=message.subject_key)
    return found.filter(status__in=states).first()


def _place(appointment: Appointment) -> dict[str, Any]:
    """Return when and where, as every mail about a visit says it."""
    start = appointment.local_start
    return {
        "day": date_format(start, _("l, F j, Y")),
        "time": date_format(start, "P"),
        "zone": start.tzname(),
        "place": appointment.therapist.location.name,
        "room": appointment.room.name,
        "visit": _link("offer", appointment.pk),
    }


@renders("appointments.offer", gettext_lazy("Offer of a time"))
def offer(message: Message) -> Mail | None:
    """Offer a time, and say until when it is held."""
    found = _appointment(message, Status.PROPOSED)
    if found is None or found.held_until is None:
        return None
    until = found.held_until.astimezone(found.zone)
    kept = found.keeps
    return _mail(
        "offer",
        _("A time is held for you"),
        message,
        until=date_format(until, _("l, F j, P")),
        link=_link("answer", sign("offer", found.pk)),
        kept=_moment(kept) if kept else "",
        **_place(found),
    )


@renders("appointments.booked", gettext_lazy("Confirmation of a visit"), at_once=True)
def booked(message: Message) -> Mail | None:
    """Confirm a booking, with the calendar file."""
    found = _appointment(message, Status.BOOKED)
    if found is None:
        return None
    return _mail(
        "booked",
        _("Your appointment is booked"),
        message,
        attachments=[_calendar(found)],
        link=_link("offer", found.pk),
        cancel=_link("cancel", found.pk),
        **_place(found),
    )


@renders("appointments.moved", gettext_lazy("Another time for a visit"), at_once=True)
def moved(message: Message) -> Mail | None:
    """Confirm another time, and end the old one in the patient's calendar."""
    found = _appointment(message, Status.BOOKED)
    if found is None:
        return None
    old = _replaced(found)
    return _mail(
        "moved",
        _("Your appointment is at another time"),
        message,
        attachments=_calendars(found),
        before=_moment(old) if old else "",
        link=_link("offer", found.pk),
        cancel=_link("cancel", found.pk),
        **_place(found),
    )


@renders("appointments.reminder", gettext_lazy("Reminder of a visit"), optional=True)
def reminder(message: Message) -> Mail | None:
    """Remind of a booking that still stands, and to which the patient may come."""
    found = _appointment(message, Status.BOOKED)
    if found is None or found.entry.referral.status != ReferralStatus.ACTIVE:
        return None
    place = _place(found)
    return _mail(
        "reminder",
        _("Your appointment on %(day)s") % place,
        message,
        link=_link("offer", found.pk),
        cancel=_link("cancel", found.pk),
        **place,
    )


@renders(
    "appointments.cancelled", gettext_lazy("Cancellation of a visit"), at_once=True
)
def cancelled(message: Message) -> Mail | None:
    """Say that a visit is canceled, and that the place is kept."""
    found = _appointment(message, Status.CANCELLED)
    if found is None:
        return None
    return _mail(
        "cancelled",
        _("Your appointment is canceled"),
        message,
        attachments=_calendars(found),
        link=_link("standing", found.entry_id),
        **_place(found),
    )


def _moment(appointment: Appointment) -> str:
    return date_format(appointment.local_start, _("l, F j, P"))


def _replaced(appointment: Appointment) -> Appointment | None:
    """Return the visit whose place this one took, if it gave it up for it."""
    old = Appointment.objects.with_place().filter(pk=appointment.replaces_id or 0)
    return old.filter(status=Status.CANCELLED).first()


def _calendar(appointment: Appointment, name: str = "appointment.ics") -> Attachment:
    now = timezone.now()  # noqa: TID251 - DTSTAMP is when the file is made
    content = ical.calendar(appointment, now=now)
    return Attachment(name, content, "text/calendar")


def _calendars(appointment: Appointment) -> list[Attachment]:
    """Return the visit as a file, and the one it replaced, which is canceled."""
    old = _replaced(appointment)
    more = [_calendar(old, "canceled.ics")] if old else []
    return [_calendar(appointment), *more]


def _news(message: Message, state: EntryStatus, subject: str) -> Mail | None:
    """Tell that a request has moved; what moved is read after signing in."""
    if not WaitlistEntry.objects.filter(pk=message.subject_key, status=state).exists():
        return None
    link = _link("standing", message.subject_key)
    return _mail(state.name.lower(), subject, message, link=link)


@renders(
    "appointments.accepted", gettext_lazy("On the waiting list"), worth_a_call=False
)
def accepted(message: Message) -> Mail | None:
    """Tell that a request is on the waiting list."""
    return _news(message, EntryStatus.ACCEPTED, _("You are on our waiting list"))


@renders("appointments.on-hold", gettext_lazy("A question about a request"))
def on_hold(message: Message) -> Mail | None:
    """Tell that the clinic has a question."""
    return _news(message, EntryStatus.ON_HOLD, _("We have a question for you"))


@renders("appointments.rejected", gettext_lazy("A request declined"))
def rejected(message: Message) -> Mail | None:
    """Tell that a request was declined; why is read after signing in."""
    return _news(message, EntryStatus.REJECTED, _("News about your request"))


@renders("appointments.question_answered", gettext_lazy("Answer to a question"))
def question_answered(message: Message) -> Mail | None:
    """Tell that a question was answered; question and answer are read signed in."""
    answered = Question.objects.filter(answered_at__isnull=False)
    found = answered.filter(pk=message.subject_key).first()
    if found is None:
        return None
    link = _link("standing", found.entry_id)
    return _mail("question", _("There is an answer for you"), message, link=link)
