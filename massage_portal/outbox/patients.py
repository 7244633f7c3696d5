"""
What staff ask about patients, whom the outbox, which stands below them, does not know.

One app above answers: it registers itself when Django starts (in its AppConfig.ready).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Protocol

from django.db.models import Q

from massage_portal.outbox.kinds import Person, people
from massage_portal.outbox.models import Message, Stop


class Patients(Protocol):
    """Who knows the patients."""

    def find(self, typed: str, *, by: Any) -> list[int]:
        """Return the keys of those whom the words typed may mean, and `by` may see."""

    def name_of(self, key: int, *, by: Any, now: datetime) -> str:
        """
        Return one's name; "" if there is none of that key whom `by` may see.

        It leaves a trail, as any sight of a patient does.
        """

    def messages(self, keys: Collection[int]) -> Q:
        """Return what picks the messages to them, and those about their records."""

    def with_account(self, users: Collection[int]) -> dict[int, Person]:
        """Return the patients to whom these accounts belong, by the account's key."""

    def expecting(self, *, now: datetime) -> Q:
        """Return what picks the stops of patients who have a visit ahead, or wait."""


_known: list[Patients] = []


def knows_patients(those: Patients) -> None:
    """Register who answers."""
    _known[:] = [those]


def patients() -> Patients:
    """Return who answers."""
    return _known[0]


def tell_whose(messages: Sequence[Message], stops: Sequence[Stop] = ()) -> None:
    """Write on each whose it is, for the trail."""
    about = people(messages)
    for message in messages:
        person = about.get(message.pk)
        message.patient_id = person.patient if person else None
    if stops:
        owners = patients().with_account([stop.user_id for stop in stops])
        for stop in stops:
            owner = owners.get(stop.user_id)
            stop.patient_id = owner.patient if owner else None
