"""The words of messages about a visit: offered, booked, moved, canceled, missed."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appointments import ical
from appointments.codes import Ending, EntryStatus, Missed, Status
from appointments.messages.ahead import Rules, of_one
from appointments.messages.words import (
    address,
    briefly,
    mail,
    moment,
    place,
    when_and_where,
)
from appointments.models import Appointment, Policy
from massage_portal.outbox.actions import about
from massage_portal.outbox.kinds import Attachment, Mail, Withheld, renders
from massage_portal.outbox.links import stop_address
from massage_portal.outbox.models import Message
from massage_portal.tokens import sign

MISSED_AFTER_ALL = Q(status=Status.NOSHOW)


def _visit(message: Message, status: Status) -> Appointment | None:
    """Return the visit if it is still in that state."""
    found = Appointment.objects.select_related(
        *("therapist__location", "room", "patient", "entry__referral")
    )
    return found.filter(pk=message.subject_key, status=status).first()


def _policy(found: Appointment, message: Message) -> Rules:
    rules = Policy.objects.agreed(found.booked_at, now=message.due_at)
    return Rules(rules.late_cancel_hours, rules.most_missed)


def _by_link(visit: int) -> dict[str, Any]:
    """Return the addresses by which the visit can be confirmed and canceled."""
    return {
        "confirm": address("confirm_by_link", sign("confirm", visit)),
        "cancel": address("cancel_by_link", sign("cancel", visit)),
    }


def _offered(message: Message, name: str, subject: str, short: str) -> Mail | None:
    """Write about an offer that is still to be answered."""
    found = _visit(message, Status.PROPOSED)
    if found is None or found.held_until is None:
        return None
    until = found.held_until.astimezone(found.zone)
    where = place(found, message)
    kept = found.keeps
    return mail(
        name,
        subject,
        to=found.patient.given_name,
        link=address("answer", sign("offer", found.pk)),
        short=short % {"when": where["when"], "until": briefly(until)},
        until=moment(until),
        until_zone=until.tzname(),
        kept=moment(kept.local_start) if kept else "",
        **where,
    )


@renders("appointments.offer", gettext_lazy("Offer of a time"))
def offer(message: Message) -> Mail | None:
    """Offer a time, and say until when it is held."""
    return _offered(
        message,
        "offer",
        _("A time is held for you"),
        _("Clinic: we hold %(when)s for you until %(until)s"),
    )


@renders(
    "appointments.lapsing",
    gettext_lazy("An offer that ends soon"),
    worth_a_call=False,
    presses=True,
)
def lapsing(message: Message) -> Mail | None:
    """Say once more that a time is held, while it can still be had."""
    return _offered(
        message,
        "lapsing",
        _("We hold your time a little longer"),
        _("Clinic: we hold %(when)s only until %(until)s"),
    )


@renders("appointments.booked", gettext_lazy("Confirmation of a visit"), at_once=True)
def booked(message: Message) -> Mail | None:
    """Confirm a booking, with the calendar file."""
    found = _visit(message, Status.BOOKED)
    if found is None:
        return None
    where = place(found, message)
    return mail(
        "booked",
        _("Your appointment is booked"),
        to=found.patient.given_name,
        link=address("offer", found.pk),
        short=_("Clinic: booked for %(when)s. See or cancel it:") % where,
        attachments=[_calendar(found, message)],
        policy=_policy(found, message),
        **_by_link(found.pk),
        **where,
    )


@renders("appointments.moved", gettext_lazy("Another time for a visit"), at_once=True)
def moved(message: Message) -> Mail | None:
    """Confirm another time; the file moves the visit in the patient's calendar."""
    found = _visit(message, Status.BOOKED)
    if found is None:
        return None
    old, where = _replaced(found), place(found, message)
    return mail(
        "moved",
        _("Your appointment is at another time"),
        to=found.patient.given_name,
        link=address("offer", found.pk),
        short=_("Clinic: your new time is %(when)s. See or cancel it:") % where,
        attachments=[_calendar(found, message)],
        before=moment(old.local_start) if old else "",
        other_place=old is not None and old.room_id != found.room_id,
        policy=_policy(found, message),
        **_by_link(found.pk),
        **where,
    )


@renders("appointments.reminder", gettext_lazy("Reminder of a visit"), optional=True)
def reminder(message: Message) -> Mail | None:
    """
    Remind of a booking that still stands, and to which the patient may come.

    Of one that the clinic cannot give as it is booked somebody calls instead, once.

    :raises Withheld: until somebody did.
    """
    found = of_one(message)
    if found is None or not found.stands:
        return None
    if found.cannot_be:
        if Message.objects.called_about(message):
            return None
        raise Withheld
    where = when_and_where(found.where, message) | _by_link(found.pk)
    see = address("offer", found.pk)
    short = _("Clinic: your appointment is %(when)s. Confirm:")
    if found.confirmed:
        short = _("Clinic: your appointment is %(when)s. See or cancel it:")
    return mail(
        "reminder",
        _("Your appointment on %(date)s") % where,
        to=found.given_name,
        link=see if found.confirmed else where["confirm"],
        short=short % where,
        see=see,
        confirmed=found.confirmed,
        policy=found.rules,
        stop=stop_address(message.recipient) if message.recipient else "",
        many=True,
        **where,
    )


@renders(
    "appointments.cancelled", gettext_lazy("Cancellation of a visit"), at_once=True
)
def cancelled(message: Message) -> Mail | None:
    """Say that a visit is canceled, by whom, and that the place is kept."""
    found = _visit(message, Status.CANCELLED)
    if found is None:
        return None
    where = place(found, message)
    return mail(
        "cancelled",
        _("Your appointment is canceled"),
        to=found.patient.given_name,
        link=address("standing", found.entry_id),
        short=_("Clinic: %(when)s is canceled. You keep your place:") % where,
        attachments=[_calendar(found, message)],
        by_clinic=found.ending == Ending.BY_CLINIC,
        late=found.late,
        policy=_policy(found, message),
        **where,
    )


@renders("appointments.missed", gettext_lazy("A visit that was missed"))
def missed(message: Message) -> Mail | None:
    """Say kindly that a visit was missed, what that means, and how to go on."""
    found = _visit(message, Status.NOSHOW)
    if found is None:
        return None
    where = place(found, message)
    ours = found.missed_because == Missed.CLINIC
    short = _("Clinic: your visit of %(when)s was missed. What comes next:")
    if ours:
        short = _(
            "Clinic: your visit of %(when)s failed, by our mistake. We are sorry:"
        )
    return mail(
        "missed",
        _("About your appointment on %(date)s") % where,
        to=found.patient.given_name,
        link=address("mine"),
        short=short % where,
        ours=ours,
        waits_again=found.entry.status == EntryStatus.ACCEPTED,
        policy=_policy(found, message),
        **where,
    )


@renders("appointments.not_missed", gettext_lazy("A visit that was not missed"))
def not_missed(message: Message) -> Mail | None:
    """Put right what was told by mistake: if it was, and the visit stands as made."""
    found = _visit(message, Status.ENTERED_IN_ERROR)
    told = Message.objects.told("appointments.missed", about=message.about)
    if found is None or not told or found.replaced_by.filter(MISSED_AFTER_ALL).exists():
        return None
    where = place(found, message)
    return mail(
        "not_missed",
        _("A correction: your appointment on %(date)s") % where,
        to=found.patient.given_name,
        link=address("mine"),
        short=_("Clinic: your visit of %(when)s was not missed. Our mistake:") % where,
        **where,
    )


def _replaced(appointment: Appointment) -> Appointment | None:
    """
    Return the visit as its patient knows it: at the last time that a message told.

    Where it was moved twice before any mail went, that is not the time in between.
    """
    rows = Appointment.objects.with_place()
    old = rows.filter(pk=appointment.replaces_id or 0).first()
    while old is not None and old.replaces_id and not _was_told(old):
        old = rows.filter(pk=old.replaces_id).first()
    return old if old is not None and old.ending == Ending.MOVED else None


def _was_told(old: Appointment) -> bool:
    """Say whether its patient was written of this time, as offered or as booked."""
    return Message.objects.filter(about=about(old), sent_at__isnull=False).exists()


def _calendar(appointment: Appointment, message: Message) -> Attachment:
    now = timezone.now()  # noqa: TID251 - DTSTAMP is when the file is made
    to = message.recipient.email if message.recipient else ""
    content = ical.calendar(appointment, now=now, to=to)
    method = ical.method_of(appointment, sent=bool(to))
    return Attachment("appointment.ics", content, f"text/calendar; method={method}")
