"""A change of capacity, together with what becomes of the visits that it hits."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from django.db import models, transaction
from django.utils.translation import gettext as _

from appointments.actions.cancel import cancel_for_clinic
from appointments.actions.refusal import Refusal
from appointments.actions.triage import ChangedMeanwhile
from appointments.codes import Status
from appointments.models import Appointment, Therapist, WaitlistEntry
from appointments.models.outside import could_be_hit, outside_of_hours
from appointments.outside import Outside
from massage_portal.accounts.models import User
from massage_portal.audit.record import record
from referrals.models import Patient
from services.models import Location

Row = TypeVar("Row", bound=models.Model)


class NotInThePast(Refusal):
    """What was worked, was worked: only days to come can be changed."""


class Overlaps(Refusal):
    """The same time is entered already."""


class HitsNobodySaw(Refusal):
    """The change hits visits other than those that were looked at before."""

    def __init__(self, words: object, hits: Sequence[Hit]) -> None:
        super().__init__(words)
        self.hits = hits


@dataclass(frozen=True)
class Hit:
    """A booked visit or an open offer that lies outside of hours by a change."""

    appointment: Appointment
    why: Outside

    @property
    def is_offer(self) -> bool:
        """Say whether the patient has not accepted it yet."""
        return self.appointment.status == Status.PROPOSED

    @property
    def is_here(self) -> bool:
        """Say whether the patient has come already: then somebody speaks with them."""
        return self.appointment.status in (Status.ARRIVED, Status.CHECKED_IN)

    @property
    def key(self) -> str:
        """Return what must be the same when the change is made as when it was seen."""
        return f"{self.appointment.pk}:{self.appointment.status}"


@dataclass(frozen=True)
class Change:
    """
    What is to be written, and whose visits it may hit.

    :param write: called with `by` and `now` in the transaction of `change_capacity`,
        when the therapists are locked; it may refuse.
    :param therapist: None if all therapists of `place` are concerned.
    """

    write: Callable[..., object]
    place: Location
    therapist: Therapist | None = None


@dataclass(frozen=True)
class Settled:
    """How many offers and visits a change ended, and how many it left as they were."""

    withdrawn: int = 0
    canceled: int = 0
    kept: int = 0


@transaction.atomic
def change_capacity(
    *,
    change: Change,
    seen: Sequence[str],
    keep: Collection[int],
    by: User,
    now: datetime,
) -> Settled:
    """
    Make a change, withdraw the offers it hits, and cancel the visits it hits.

    A visit canceled gives its patient the place in line back, and owes them the mail.

    All of it or nothing. The patients of the visits are locked first, as everywhere;
    then the place, so that of two people who change it one follows the other, and the
    therapists, so that nobody books while the hours change.

    :param seen: the `Hit.key` of each visit that was shown before; empty at first.
    :param keep: the keys of the booked visits that stay as they are, outside of hours.
    :raises HitsNobodySaw: with all whom the change hits, if one of them was not seen.
    :raises Refusal: what `change.write` refuses with.
    """
    locked = _lock_patients(seen)
    place = Location.objects.filter(pk=change.place.pk)
    place.select_for_update(of=("self",), no_key=True).get()
    therapists = Therapist.objects.filter(location=change.place)
    if change.therapist is not None:
        therapists = therapists.filter(pk=change.therapist.pk)
    held = list(therapists.select_for_update(of=("self",), no_key=True).order_by("pk"))
    before = outside_of_hours(_ahead(held, now))
    change.write(by=by, now=now)
    hits = _hits(held, before, now)
    if not {hit.key for hit in hits} <= set(seen):
        raise HitsNobodySaw(_words(seen), hits)
    if any(hit.appointment.patient_id not in locked for hit in hits):
        raise HitsNobodySaw(_words(seen), hits)  # two records were merged meanwhile
    return _settle(hits, keep, by=by, now=now)


def _lock_patients(seen: Sequence[str]) -> set[int]:
    """Lock the patients and the entries of the visits that were seen, in order."""
    keys = [int(one.partition(":")[0]) for one in seen]
    if not keys:
        return set()
    some = Appointment.objects.filter(pk__in=keys)
    patients = Patient.objects.filter(pk__in=some.values("patient"))
    mine = patients.select_for_update(no_key=True).order_by("pk")
    locked = set(mine.values_list("pk", flat=True))
    entries = WaitlistEntry.objects.filter(pk__in=some.values("entry"))
    list(entries.select_for_update(of=("self",), no_key=True).order_by("pk"))
    return locked


def _ahead(therapists: Sequence[Therapist], now: datetime) -> list[Appointment]:
    some = could_be_hit(now).filter(therapist__in=therapists)
    return list(
        some.with_place()
        .select_related("entry__category", "entry__referral")
        .order_by("starts_at", "pk")
    )


def _hits(
    therapists: Sequence[Therapist], before: Mapping[int, Outside], now: datetime
) -> list[Hit]:
    """Return those with which something is now that was not, by time."""
    ahead = _ahead(therapists, now)
    after = outside_of_hours(ahead)
    return [
        Hit(one, after[one.pk])
        for one in ahead
        if one.pk in after and after[one.pk] != before.get(one.pk)
    ]


def _words(seen: Sequence[str]) -> str:
    if not seen:
        return _("This change hits visits that are booked or offered.")
    return _(
        "Something was booked, answered or canceled meanwhile. Nothing is saved yet: "
        "look at the list again."
    )


def _settle(
    hits: Sequence[Hit], keep: Collection[int], *, by: User, now: datetime
) -> Settled:
    stay = [hit for hit in hits if hit.is_here or hit.appointment.pk in keep]
    stay = [hit for hit in stay if not hit.is_offer]
    for hit in stay:
        record("appointment.kept", hit.appointment, by=by, at=now)
    end = [hit.appointment for hit in hits if hit not in stay]
    ended = cancel_for_clinic(appointments=end, by=by, now=now)
    withdrawn = sum(hit.is_offer for hit in hits)
    return Settled(withdrawn, len(ended) - withdrawn, len(stay))


def today_at(place: Location, now: datetime) -> date:
    """Return which day it is at the place."""
    return now.astimezone(ZoneInfo(place.time_zone)).date()


def refuse_past(day: date, *, earliest: date) -> None:
    """Refuse a day before `earliest`."""
    if day < earliest:
        raise NotInThePast(
            _("Days that are over stay as they were worked. Choose a later day.")
        )


def state_of(row: models.Model) -> str:
    """Return a short text that differs once a field of `row` has another value."""
    values = [str(getattr(row, one.attname)) for one in row._meta.concrete_fields]
    for many in row._meta.many_to_many:
        keys = getattr(row, many.name).values_list("pk", flat=True)
        values.append(str(sorted(keys)))
    return hashlib.sha256("\x1f".join(values).encode()).hexdigest()[:16]


def again(row: Row) -> Row:
    """
    Return the row as it stands now that its therapist is locked.

    :raises ChangedMeanwhile: if somebody has taken it back.
    """
    found = type(row)._default_manager.filter(pk=row.pk).first()
    if found is None:
        raise ChangedMeanwhile(_("That is not there any more: it was taken back."))
    return found


def refuse_stale(row: models.Model, seen: str) -> None:
    """Refuse to write over what somebody else has changed since it was read."""
    if state_of(row) != seen:
        raise ChangedMeanwhile(
            _("Somebody changed this a moment ago. Look at it again before you go on.")
        )
