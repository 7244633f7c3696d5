"""
What staff see of messages: to whom, about what, and how each one fared.

Never the words of one, nor a link in it: they are not kept. Each list asks the database
a number of times that does not grow with its length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from django.db.models import Q
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from massage_portal.outbox.codes import Channel, State
from massage_portal.outbox.kinds import Person, kind_of, people
from massage_portal.outbox.models import Message, Stop
from massage_portal.outbox.models.message import MessageQuerySet
from massage_portal.outbox.patients import patients

LOOK_BACK = timedelta(days=30)  # of a list that names neither day nor patient
MOST_CALLS = 200  # messages that are read for the list of calls
TAGS = {
    State.OWED: "waiting",
    State.SENDING: "waiting",
    State.SENT: "good",
    State.RETURNED: "bad",
    State.FAILED: "bad",
    State.VOIDED: "",
}


class Narrowing(NamedTuple):
    """What to narrow the list by; all of it may be left empty."""

    state: State | None = None
    kind: str = ""
    channel: str = ""
    day: date | None = None
    patient: int | None = None


class Row(NamedTuple):
    """One message, as a list says it."""

    message: Message
    title: str
    name: str  # to whom; "" if it is not known
    person: Person | None  # whom it is about
    state: str
    tag: str
    channel: str


def rows(messages: Sequence[Message]) -> list[Row]:
    """Return the messages in words; each is told whose it is, for the trail."""
    about = people(messages)
    found = []
    for message in messages:
        person = about.get(message.pk)
        message.patient_id = person.patient if person else None
        name = message.recipient.name if message.recipient else ""
        found.append(
            Row(
                message,
                title_of(message),
                name or (person.name if person else ""),
                person,
                str(message.state.label),
                TAGS[message.state],
                message.get_channel_display(),
            )
        )
    return found


def title_of(message: Message) -> str:
    """Return what a message is, as staff read it; its code if nobody writes it now."""
    try:
        return str(kind_of(message.kind).title)
    except LookupError:
        return message.kind


def listed(narrowing: Narrowing, *, now: datetime) -> MessageQuerySet:
    """
    Return the messages asked for, the newest first.

    Where nothing says otherwise, what came due in the last LOOK_BACK: among millions
    of rows, each filter alone would have to read them all.
    """
    some = Message.objects.select_related("recipient").order_by("-due_at", "-pk")
    if narrowing.state:
        some = some.in_state(narrowing.state)
    if narrowing.kind:
        some = some.filter(kind=narrowing.kind)
    if narrowing.channel:
        some = some.filter(channel=narrowing.channel)
    if narrowing.day:
        return some.filter(_on(narrowing.day))
    if narrowing.patient:
        return some.filter(patients().messages([narrowing.patient]))
    some = some.filter(due_at__gt=now - LOOK_BACK)
    if narrowing.state == State.OWED:
        return some
    return some.filter(due_at__lte=now)


def _on(day: date) -> Q:
    """Return what picks those that came due on a day of the clinic."""
    zone = timezone.get_current_timezone()
    start = datetime.combine(day, time(0), tzinfo=zone)
    end = datetime.combine(day + timedelta(days=1), time(0), tzinfo=zone)
    return Q(due_at__gte=start, due_at__lt=end)


class Step(NamedTuple):
    """One thing that happened to a message, or will."""

    at: datetime
    what: str


def history(message: Message) -> list[Step]:
    """Return what happened to a message, in order."""
    channel = message.get_channel_display()
    steps = [
        (message.created_at, _("Owed")),
        (message.due_at, _("Due to go")),
        (message.quiet_until, _("Put off until then")),
        (message.began_at, _("Last handed over, by %(way)s") % {"way": channel}),
        (message.sent_at, _("Sent by %(way)s") % {"way": channel}),
        (message.delivered_at, _("Delivered, says the provider")),
        (message.returned_at, _("Came back")),
        (
            message.failed_at,
            _("Given up: %(why)s") % {"why": message.get_failed_because_display()},
        ),
        (message.voided_at, _("Withdrawn: there was no reason for it any more")),
        (_next_try(message), _("To be tried next")),
        (message.handled_at, _("%(name)s called") % {"name": message.handled_by}),
        (message.expires_at, _("Of no use after that")),
    ]
    return sorted(
        (Step(at, what) for at, what in steps if at is not None),
        key=lambda step: step.at,
    )


def _next_try(message: Message) -> datetime | None:
    """Return when it may be tried again; None once it has ended, or before its day."""
    ahead = message.state == State.OWED and message.try_at != message.due_at
    return message.try_at if ahead else None


# --- Calls to make --------------------------------------------------------------------


class Reason(NamedTuple):
    """One thing to tell somebody, and until when it is of use."""

    what: str
    until: datetime | None = None
    why: str = ""  # no message told it


@dataclass
class Call:
    """One person to call: about all that did not reach them."""

    person: Person
    reasons: list[Reason] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    stops: list[Stop] = field(default_factory=list)


class Calls(NamedTuple):
    """The calls to make, what must be told first on top, and what they are about."""

    calls: list[Call]
    messages: list[Message]
    stops: list[Stop]
    more: int  # messages that are not read


def calls(*, now: datetime) -> Calls:
    """Return whom to call at `now`: a person once, whatever there is to tell."""
    waiting = Message.objects.to_call(now)
    messages = list(
        waiting.select_related("recipient").order_by("expires_at", "pk")[:MOST_CALLS]
    )
    stops = _stops(now=now)
    found: dict[Any, Call] = {}
    for row in rows(messages):
        one = row.message
        person = row.person or Person(row.name)
        whom = person.patient or f"user {one.recipient_id or one.about}"
        call = found.setdefault(whom, Call(person))
        why = one.get_failed_because_display()
        call.reasons.append(Reason(row.title, one.expires_at, why))
        call.messages.append(one)
    for stop, person in stops:
        call = found.setdefault(person.patient, Call(person))
        call.reasons.append(Reason(words_of(stop)))
        call.stops.append(stop)
    more = waiting.count() - len(messages) if len(messages) == MOST_CALLS else 0
    return Calls([*found.values()], messages, [stop for stop, _person in stops], more)


def _stops(*, now: datetime) -> list[tuple[Stop, Person]]:
    """
    Return the stopped addresses of whoever has a visit ahead or waits, newest first.

    Who waits counts too: their next offer would find no way, while its hold runs.
    """
    standing = Stop.objects.to_call().filter(patients().expecting(now=now))
    newest = standing.order_by("-stopped_at", "-pk")[:MOST_CALLS]
    of_account = patients().with_account([stop.user_id for stop in newest])
    found = []
    for stop in newest:
        person = of_account[stop.user_id]
        stop.patient_id = person.patient
        found.append((stop, person))
    return found


def words_of(stop: Stop) -> str:
    """Say which address is stopped, and why."""
    words = _("%(channel)s to %(address)s is stopped: %(why)s")
    said = words % {
        "channel": Channel(stop.channel).label,
        "address": stop.address,
        "why": stop.get_because_display(),
    }
    return capfirst(said)
