"""
An example of what each kind of message is about, marked in all that none may tell.

The mark is `zqmark`; whoever reads it in a message has found a secret.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, NamedTuple

from appointments.codes import Ending, EntryStatus, Status
from appointments.models import ExpectedWait
from appointments.standing import SHARES
from massage_portal.accounts.actions import invite
from massage_portal.accounts.models import User
from massage_portal.accounts.roles import Role
from massage_portal.outbox.models import Message, Preference
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    TODAY,
    at,
    certify,
    make_appointment,
    make_category,
    make_diagnosis,
    make_entry,
    make_location,
    make_message,
    make_patient,
    make_provider,
    make_question,
    make_referral,
    make_renewal,
    make_room,
    make_technique,
    make_therapist,
    make_user,
)

MARK = "zqmark"
BORN = ["1931-03-17", "17/1931", "March 17", "17 de marzo", "19310317"]
PLACE, ROOM = "Rochester", "Room 4"  # only what is about a visit tells where it is
FRIDAY = date(2026, 10, 16)


class Example(NamedTuple):
    """What a message is about, and whom it is for."""

    subject: Any
    to: User
    key: str = "once"


EXAMPLES: dict[str, Callable[..., Example]] = {}


def marked_referral(*, language="en", given_name="Juniper", **fields):
    """Return a referral with the mark in all that no message may tell."""
    user = make_user(Role.PATIENT, name=f"{given_name} Zqmarkson", language=language)
    patient = make_patient(
        user=user,
        given_name=given_name,
        family_name="Zqmarkson",
        record_number=f"ZQMARK-{user.pk}",
        birth_date=date(1931, 3, 17),
    )
    provider = fields.pop("provider", None) or make_provider(
        given_name="Zqmarkia", family_name="Zqmarkov", department="Zqmarkology"
    )
    values = {
        "patient": patient,
        "provider": provider,
        "diagnosis": make_diagnosis("ZQMARK", "Zqmarkitis"),
        "technique": make_technique(name="Zqmark strokes"),
        "reason": "Zqmark reason",
        "goals": "Zqmark goals",
        "clearance_by": "Zqmark clearer",
        "clearance_on": TODAY,
    }
    return make_referral(**values | fields)


def marked_entry(status, *, waited_days=10, **person):
    """Return a request of such a referral, with what was asked and answered."""
    referral = marked_referral(**person)
    category = make_category(name="Zqmark category", meaning="Zqmark meaning")
    said = {"note": "Zqmark question", "reply": "Zqmark answer"}
    waiting = {"waited_days": waited_days, "category": category, "status": status}
    return make_entry(referral=referral, **waiting, **said)


def marked_visit(status, *, day=FRIDAY, clock="10:00", ended=None, **person):
    """Return a visit of such an entry, to a therapist who is marked too."""
    place = make_location(name=PLACE)
    done = status in (Status.PROPOSED, Status.CANCELLED)
    entry = marked_entry(
        EntryStatus.ACCEPTED if done else EntryStatus.IN_PROGRESS, **person
    )
    therapist = make_therapist(
        location=place,
        user=make_user(Role.THERAPIST, name="Zqmark Therapist"),
    )
    certify(therapist, entry.referral.technique)
    return make_appointment(
        status=status,
        entry=entry,
        therapist=therapist,
        room=make_room(location=place, name=ROOM),
        technique=entry.referral.technique,
        starts_at=at(day, clock),
        move_words="Zqmark wish",
        **ended or {},
    )


def _to_patient(row) -> Example:
    return Example(row, row.patient.user)


def _of_visit(kind: str, status: Status) -> None:
    EXAMPLES[kind] = lambda **person: _to_patient(marked_visit(status, **person))


def _of_request(kind: str, status: EntryStatus) -> None:
    def make(**person) -> Example:
        entry = marked_entry(status, **person)
        entry.location = make_location(name=PLACE)  # which they asked for
        entry.save(update_fields=["location"])
        return _to_patient(entry)

    EXAMPLES[kind] = make


_of_visit("appointments.offer", Status.PROPOSED)
_of_visit("appointments.lapsing", Status.PROPOSED)
_of_visit("appointments.booked", Status.BOOKED)
_of_visit("appointments.reminder", Status.BOOKED)
_of_visit("appointments.cancelled", Status.CANCELLED)
_of_visit("appointments.missed", Status.NOSHOW)
_of_request("appointments.requested", EntryStatus.REQUESTED)
_of_request("appointments.accepted", EntryStatus.ACCEPTED)
_of_request("appointments.on-hold", EntryStatus.ON_HOLD)
_of_request("appointments.rejected", EntryStatus.REJECTED)


def example(kind: str) -> Callable[..., Callable[..., Example]]:
    def enter(make: Callable[..., Example]) -> Callable[..., Example]:
        EXAMPLES[kind] = make
        return make

    return enter


@example("appointments.moved")
def moved(**person) -> Example:
    visit = marked_visit(Status.BOOKED, **person)
    visit.replaces = make_appointment(
        status=Status.CANCELLED,
        ending=Ending.MOVED,
        ended_at=NOW,
        entry=visit.entry,
        therapist=visit.therapist,
        room=visit.room,
        technique=visit.technique,
        starts_at=visit.starts_at + 3 * HOUR,
    )
    visit.save()
    return _to_patient(visit)


@example("appointments.not_missed")
def not_missed(**person) -> Example:
    visit = marked_visit(Status.ENTERED_IN_ERROR, **person)
    user = visit.patient.user
    told = make_message(kind="appointments.missed", subject=visit, to=user)
    Message.objects.filter(pk=told.pk).update(sent_at=NOW - HOUR)
    return _to_patient(visit)


@example("appointments.waiting")
def waiting(**person) -> Example:
    entry = marked_entry(EntryStatus.ACCEPTED, waited_days=40, **person)
    days = [7.0 * number for number in range(len(SHARES))]
    told = {"people": 40, "days": days, "reckoned_at": NOW, "source": "past"}
    ExpectedWait.objects.create(category=entry.category, **told)
    return _to_patient(entry)


@example("appointments.wish_lost")
def wish_lost(**person) -> Example:
    entry = marked_entry(EntryStatus.ACCEPTED, **person)
    entry.latest = TODAY - DAY
    entry.save()
    return _to_patient(entry)


@example("appointments.question_answered")
def question_answered(**person) -> Example:
    entry = marked_entry(EntryStatus.ACCEPTED, **person)
    answered = {"answer": "Zqmark word", "answered_at": NOW, "answered_by": make_user()}
    asked = make_question(entry, words="Zqmark oil?", **answered)
    return Example(asked, entry.patient.user)


@example("referrals.recorded")
def recorded(**person) -> Example:
    return _to_patient(marked_referral(**person))


@example("referrals.expiring")
def expiring(**person) -> Example:
    return _to_patient(marked_referral(valid_until=TODAY + 20 * DAY, **person))


@example("referrals.renewal")
def renewal(*, language="en", **person) -> Example:
    user = make_user(Role.PROVIDER, name="Zqmarkia Zqmarkov", language=language)
    provider = make_provider(
        user=user,
        given_name="Zqmarkia",
        family_name="Zqmarkov",
        department="Zqmarkology",
    )
    ending = {"provider": provider, "valid_until": TODAY + 20 * DAY}
    return Example(make_renewal(referral=marked_referral(**ending, **person)), user)


@example("referrals.invitation")
def invitation(**person) -> Example:
    user = marked_referral(**person).patient.user
    return Example(invite(user=user, by=None, now=NOW), user)


@example("accounts.invitation")
def staff_invitation(*, language="en", **_person) -> Example:
    user = make_user(Role.STAFF, name="Zqmark Person", language=language)
    return Example(invite(user=user, by=None, now=NOW), user)


@example("accounts.password_reset")
def password_reset(**person) -> Example:
    user = marked_referral(**person).patient.user
    return Example(user, user)


@example("outbox.mobile_code")
def mobile_code(**person) -> Example:
    user = marked_referral(**person).patient.user
    asked = {"asked_mobile": "+15075550188", "code_seed": "seed"}
    asked |= {"code_expires_at": NOW + HOUR}
    return Example(Preference.objects.create(user=user, **asked), user, "seed")


def by_text(user: User) -> None:
    """Have the user reached by text messages."""
    number = {"mobile": "+15075550123", "mobile_confirmed_at": NOW}
    Preference.objects.update_or_create(
        user=user, defaults={"channel": "sms", **number}
    )
