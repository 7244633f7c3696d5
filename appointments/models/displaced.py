"""Visits that must be arranged anew, and what there is to offer in their place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from appointments.codes import Ending, EntryStatus, Status
from appointments.models.appointment import Appointment, AppointmentQuerySet
from appointments.models.outside import outside_of_hours
from appointments.models.policy import Policy
from appointments.models.supply import Supply
from appointments.models.treatment import Treatment, chosen_for, kept_for
from appointments.openings import Opening
from appointments.outside import WORDS

LOOK_BACK = timedelta(days=30)  # of cancellations by the clinic
MOST_READ = 5000  # booked visits, the soonest first
ALL = 100_000  # openings of one patient


@dataclass(frozen=True)
class Displaced:
    """A visit that cannot be as it was agreed, and why, in words."""

    visit: Appointment
    why: Any

    @property
    def is_booked(self) -> bool:
        """Say whether it stands; otherwise the clinic has canceled it."""
        return self.visit.status == Status.BOOKED


@dataclass(frozen=True)
class Instead:
    """What free time the patient could use; nothing is offered yet."""

    same_time: Sequence[Opening]  # with other therapists
    soonest: Opening | None
    another: Opening | None  # the soonest with another therapist, if that is later


def displaced(visits: AppointmentQuerySet, *, now: datetime) -> list[Displaced]:
    """
    Return those of `visits` that must be arranged anew, by their time.

    They are those booked that lie outside of the working time, and those that the
    clinic canceled within LOOK_BACK whose patient waits again and has no offer.
    """
    visits = visits.with_place().select_related(
        *("entry__referral__technique", "entry__referral__insurer"),
        *("entry__referral__authorization", "technique"),
    )
    visits = visits.prefetch_related("entry__kept_technique")
    booked = list(visits.booked_now(now).order_by("starts_at", "pk")[:MOST_READ])
    why = outside_of_hours(booked)
    found = [Displaced(one, WORDS[why[one.pk]]) for one in booked if one.pk in why]
    found += [Displaced(one, Ending.BY_CLINIC.label) for one in _canceled(visits, now)]
    return sorted(found, key=lambda one: (one.visit.starts_at, one.visit.pk))


def _canceled(visits: AppointmentQuerySet, now: datetime) -> Iterable[Appointment]:
    """Return the last visit of each request that waits for another one."""
    offered = Appointment.objects.offers_open(now).values("entry_id")
    some = visits.filter(
        status=Status.CANCELLED,
        ending=Ending.BY_CLINIC,
        booked_at__isnull=False,
        ended_at__gt=now - LOOK_BACK,
        entry__status=EntryStatus.ACCEPTED,
    ).exclude(entry__in=offered)
    return {one.entry_id: one for one in some.order_by("ended_at", "pk")}.values()


def kind_of(one: Displaced, policy: Policy) -> Treatment | None:
    """Return what was chosen for it, as another time is to be; None if nothing was."""
    if one.is_booked:
        return chosen_for(one.visit, one.visit.entry, policy)
    return kept_for(one.visit.entry)


def instead(one: Displaced, supply: Supply) -> Instead:
    """Return what the patient could have instead, out of `supply`."""
    visit = one.visit
    kind = kind_of(one, supply.policy)
    found = supply.for_treatment(kind).for_entry(visit.entry, most=ALL)
    had = (visit.therapist_id, visit.starts_at)
    found = [each for each in found if (each.therapist, each.starts_at) != had]
    soonest = found[0] if found else None
    others = [each for each in found if each.therapist != visit.therapist_id]
    another = others[0] if others else None
    return Instead(
        same_time=[each for each in others if each.starts_at == visit.starts_at],
        soonest=soonest,
        another=None if another == soonest else another,
    )
