"""Free time and who can use it: reads that join capacity with the waiting list."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from django.db.models import Q

from appointments.codes import HOLDING_TIME, EntryStatus, Status
from appointments.matching import Wish, fits, usable
from appointments.models.appointment import Appointment
from appointments.models.capacity import Room, Therapist, TimeOff, WorkingHours
from appointments.models.policy import Policy
from appointments.models.waitlist import WaitlistEntry, WaitlistEntryQuerySet
from appointments.openings import (
    Diary,
    Opening,
    RoomDiary,
    Shift,
    Span,
    Taken,
    openings,
)
from referrals.codes import Status as ReferralStatus
from services.models import Technique

BATCH = 50


@dataclass(frozen=True)
class Proposal:
    """The best opening for one patient; nothing is sent or held yet."""

    entry: WaitlistEntry
    opening: Opening


@dataclass(frozen=True)
class Times:
    """The stretches already taken, by the keys of those whom they fill."""

    therapists: dict[int, list[Span]]
    rooms: dict[int, list[Span]]
    patients: dict[int, list[Span]]


class Supply:
    """
    The clinic's openings from `first` to `last`, read once and computed as asked for.

    The days are local to each place. Six queries, whatever the size of the clinic.
    """

    def __init__(
        self,
        *,
        now: datetime,
        policy: Policy,
        first: date,
        last: date,
        therapist: int | None = None,
    ) -> None:
        self.now = now
        self.policy = policy
        self.first = first
        self.last = last
        self.therapist = therapist
        self._openings: dict[tuple[int | None, int], list[Opening]] = {}

    @classmethod
    def ahead(cls, *, now: datetime, policy: Policy) -> Supply:
        """Return what policy lets the clinic offer: from today, so many days ahead."""
        today = now.date()
        last = today + timedelta(days=policy.ahead_days)
        # A day earlier, for places that lie west of Greenwich; `now` cuts off the past.
        return cls(now=now, policy=policy, first=today - timedelta(days=1), last=last)

    def minutes(self, technique: Technique | None) -> int:
        """Return how long a visit lasts, in minutes."""
        return technique.minutes if technique else self.policy.visit_minutes

    def openings(self, technique: Technique | None) -> list[Opening]:
        """Return the openings for visits by `technique` (None: any), soonest first."""
        minutes = self.minutes(technique)
        key = (technique.pk if technique else None, minutes)
        if key not in self._openings:
            self._openings[key] = openings(
                diaries=self._diaries,
                rooms=self._rooms,
                first=self.first,
                last=self.last,
                length=timedelta(minutes=minutes),
                turnover=self.policy.turnover,
                technique=key[0],
                not_before=self.now,
            )
        return self._openings[key]

    def for_entry(self, entry: WaitlistEntry, *, most: int = 1) -> list[Opening]:
        """Return the first `most` openings that the patient can use, soonest first."""
        some = self.openings(entry.referral.technique)
        return usable(self._wish(entry), some, now=self.now, most=most)

    def next_proposal(self) -> Proposal | None:
        """Return the best opening for the patient first in line who can use one."""
        for entry in self._line():
            for opening in self.for_entry(entry):
                return Proposal(entry, opening)
        return None

    def rank_before(self, entry: WaitlistEntry, opening: Opening) -> int:
        """Return how many in greater need could use `opening`, of the first BATCH."""
        number = 0
        for other in self._front:
            if other.pk == entry.pk:
                break
            if fits(self._wish(other), opening, now=self.now) and any(
                same.starts_at == opening.starts_at
                and same.therapist == opening.therapist
                for same in self.openings(other.referral.technique)
            ):
                number += 1
        return number

    @cached_property
    def _front(self) -> list[WaitlistEntry]:
        """The front of the line, read once."""
        return list(waiting_in_line(now=self.now, policy=self.policy)[:BATCH])

    def _line(self) -> Iterator[WaitlistEntry]:
        """Yield those in line: the front, and, if it is not enough, all the others."""
        yield from self._front
        line = waiting_in_line(now=self.now, policy=self.policy)
        seen = [entry.pk for entry in self._front]
        yield from line.exclude(pk__in=seen).iterator(chunk_size=BATCH)

    def first_in_line_for(
        self, *, therapist: int, starts_at: datetime
    ) -> Iterator[Proposal]:
        """Yield who can use one therapist's free time, most harmed by waiting first."""
        for entry in self._line():
            wish = self._wish(entry)
            for opening in self.openings(entry.referral.technique):
                if (
                    opening.therapist == therapist
                    and opening.starts_at == starts_at
                    and fits(wish, opening, now=self.now)
                ):
                    yield Proposal(entry, opening)

    def _wish(self, entry: WaitlistEntry) -> Wish:
        """Return what the entry, its referral and its patient ask of an opening."""
        return Wish(
            valid_from=entry.referral.valid_from,
            valid_until=entry.referral.valid_until,
            earliest=entry.earliest,
            latest=entry.latest,
            weekdays=entry.weekdays,
            from_time=entry.from_time,
            to_time=entry.to_time,
            therapist=entry.therapist_id,
            notice=max(timedelta(hours=entry.notice_hours), self.policy.notice),
            refused=frozenset(self._refused.get(entry.pk, ())),
            elsewhere=tuple(self._taken.patients.get(entry.patient_id, ())),
        )

    @cached_property
    def _refused(self) -> dict[int, set[tuple[int, datetime]]]:
        """The times still ahead (therapist, start) that each entry had before."""
        refused: dict[int, set[tuple[int, datetime]]] = defaultdict(set)
        for entry, therapist, starts_at in Appointment.objects.filter(
            entry__status=EntryStatus.ACCEPTED, starts_at__gte=self.now
        ).values_list("entry_id", "therapist_id", "starts_at"):
            refused[entry].add((therapist, starts_at))
        return refused

    @cached_property
    def _taken(self) -> Times:
        """What fills therapists, rooms and patients; a lapsed offer fills nothing."""
        lapsed = Q(status=Status.PROPOSED, held_until__lte=self.now)
        rows = (
            Appointment.objects.filter(
                status__in=HOLDING_TIME,
                starts_at__date__gte=self.first - timedelta(days=1),
                starts_at__date__lte=self.last + timedelta(days=1),
            )
            .exclude(lapsed)
            .values_list(
                "therapist_id", "room_id", "patient_id", "starts_at", "blocked_until"
            )
        )
        times = Times(defaultdict(list), defaultdict(list), defaultdict(list))
        for therapist, room, patient, starts_at, blocked_until in rows:
            span = Span(starts_at, blocked_until)
            times.therapists[therapist].append(span)
            times.rooms[room].append(span)
            times.patients[patient].append(span)
        off = TimeOff.objects.filter(
            starts_at__date__lte=self.last + timedelta(days=1),
            ends_at__date__gte=self.first - timedelta(days=1),
        )
        for therapist, starts_at, ends_at in off.values_list(
            "therapist_id", "starts_at", "ends_at"
        ):
            times.therapists[therapist].append(Span(starts_at, ends_at))
        return times

    @cached_property
    def _rooms(self) -> list[RoomDiary]:
        taken = self._taken.rooms
        rooms = Room.objects.filter(active=True).order_by("pk")
        return [
            RoomDiary(room=pk, location=location, busy=Taken(taken.get(pk, ())))
            for pk, location in rooms.values_list("pk", "location_id")
        ]

    @cached_property
    def _diaries(self) -> list[Diary]:
        taken = self._taken.therapists
        shifts: dict[int, list[Shift]] = defaultdict(list)
        for hours in WorkingHours.objects.between(self.first, self.last):
            shifts[hours.therapist_id].append(
                Shift(
                    weekday=hours.weekday,
                    starts=hours.starts,
                    ends=hours.ends,
                    valid_from=hours.valid_from,
                    valid_until=hours.valid_until,
                )
            )
        therapists = Therapist.objects.filter(active=True, location__gives_massage=True)
        if self.therapist is not None:
            therapists = therapists.filter(pk=self.therapist)
        return [
            Diary(
                therapist=therapist.pk,
                location=therapist.location_id,
                zone=ZoneInfo(therapist.location.time_zone),
                techniques=frozenset(t.pk for t in therapist.techniques.all()),
                shifts=shifts.get(therapist.pk, []),
                busy=Taken(taken.get(therapist.pk, ())),
            )
            for therapist in therapists.select_related("location")
            .prefetch_related("techniques")
            .order_by("pk")
        ]


def waiting_in_line(*, now: datetime, policy: Policy) -> WaitlistEntryQuerySet:
    """
    Return those who wait without an open offer, whom waiting harms most first.

    Who waits with a referral that is not in force keeps their place, but nothing can be
    offered to them.
    """
    offered = Appointment.objects.offers_open(now).values("entry_id")
    return (
        WaitlistEntry.objects.waiting()
        .filter(referral__status=ReferralStatus.ACTIVE)
        .exclude(pk__in=offered)
        .in_order_of_need(now=now, exponent=float(policy.harm_exponent))
        .select_related("referral__technique", "patient", "category")
    )
