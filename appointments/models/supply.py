"""Free time and who can use it: reads that join capacity with the waiting list."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from copy import copy
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Self

from appointments.ahead import Week, weeks
from appointments.codes import EntryStatus, Status
from appointments.matching import Habits, Wish, fits, suits, usable
from appointments.models.appointment import Appointment
from appointments.models.in_line import Proposal as Proposal
from appointments.models.in_line import waiting_in_line
from appointments.models.own import Own, own_times
from appointments.models.policy import Policy
from appointments.models.rota import ONE_DAY, TURNOVER, Rota, reach, rota, zone_of
from appointments.models.treatment import Treatment, kept_for, usual_minutes
from appointments.models.waitlist import WaitlistEntry
from appointments.models.wish import wish_of
from appointments.openings import (
    Diary,
    Opening,
    Slot,
    on_the_clock,
    one_by_one,
    slots,
)
from appointments.spans import Span
from services.models import Technique

BATCH = 50
MOST_ASKED = 500  # in line, about the next offer
HAD = (Status.BOOKED, Status.PROPOSED)
Place = tuple[int, datetime]  # therapist, start


class Supply:
    """
    The clinic's openings from `first` to `last`, read once and computed as asked for.

    The days are local to each place. One query, whatever the size of the clinic, and
    one more where patients are asked about.

    :param policy: by which all is judged; None reads what is in force, with the rest.
    :param therapist: only this one's; None is all.
    :param therapists: only those of these; None is all.
    :param location: only those at this place; None is all.
    :param within: only openings that lie whole in it, with their turnover, and far less
        is read; None is everything.
    :param whose: the only request about which it is asked; None is all that wait.
    :param locked: whether the therapists asked for are locked before all is read.
    :param line_of: if locked, before whom it is read who stands; None is nobody.
    :param known: all of it, if it was read already.
    """

    def __init__(
        self,
        *,
        now: datetime,
        policy: Policy | None = None,
        first: date,
        last: date,
        therapist: int | None = None,
        therapists: Collection[int] | None = None,
        location: int | None = None,
        within: Span | None = None,
        whose: WaitlistEntry | None = None,
        locked: bool = False,
        line_of: WaitlistEntry | None = None,
        known: Rota | None = None,
    ) -> None:
        self.now = now
        self._policy = policy
        self.first = first
        self.last = last
        self.therapists = therapists if therapist is None else [therapist]
        self.location = location
        self.within = within
        self.whose = whose
        self.treatment: Treatment | None = None
        self._reader: Supply | None = None  # that reads for this one
        self.locked, self.line_of = locked, line_of
        if known is not None:
            self._rota = known
        self._slots: dict[tuple[int | None, int], list[Slot]] = {}
        self._openings: dict[tuple[int | None, int], list[Opening]] = {}
        self._suiting: dict[tuple[int | None, int, Habits], list[Opening]] = {}
        self._places: dict[tuple[int | None, int], dict[Place, Opening]] = {}

    @classmethod
    def ahead(
        cls, *, now: datetime, policy: Policy, whose: WaitlistEntry | None = None
    ) -> Supply:
        """Return what policy lets the clinic offer: from today, so many days ahead."""
        today = now.date()
        last = today + timedelta(days=policy.ahead_days)
        # A day earlier, for places that lie west of Greenwich; `now` cuts off the past.
        first = today - timedelta(days=1)
        return cls(now=now, policy=policy, first=first, last=last, whose=whose)

    def for_treatment(self, treatment: Treatment | None) -> Self:
        """
        Return the same, of such visits; None is what each patient waits for.

        What is read for one of them is read for all.
        """
        if treatment == self.treatment:
            return self
        same = copy(self)
        same.treatment, same._reader = treatment, self._reader or self
        return same

    def on_day_of(
        self, entry: WaitlistEntry, therapist: int, starts_at: datetime
    ) -> Supply | None:
        """
        Return the part of it that lies on the day of a time, for `entry` alone.

        It reads little. The day is that of the therapist's place; of places in other
        zones, what reaches into the next day is left out. None if the therapist is not
        known, or if it is none of these days.
        """
        latest = timedelta(days=self.policy.ahead_days + 2)
        if not self.now <= starts_at <= self.now + latest:
            return None
        zone = zone_of(therapist)
        if zone is None:
            return None
        day = starts_at.astimezone(zone).date()
        if not self.first <= day <= self.last:
            return None
        begin = on_the_clock(day, time(0), zone, fold=0)
        minutes = self.kind_for(entry)[1]
        over = starts_at + timedelta(minutes=minutes) + self.policy.turnover
        part = Supply(
            now=self.now,
            policy=self.policy,
            first=day,
            last=day,
            within=Span(begin, max(begin + ONE_DAY + TURNOVER, over)),
            whose=entry,
        )
        return part.for_treatment(self.treatment)

    def technique_for(self, entry: WaitlistEntry) -> Technique | None:
        """Return by which technique the patient would be treated."""
        chosen = self.treatment or kept_for(entry)
        return chosen.technique if chosen else entry.referral.technique

    def of(self, entry: WaitlistEntry) -> Self:
        """
        Return the same, of such visits as `entry` waits for.

        As was chosen here; else for the visit that it had; else as the referral says.
        """
        return self.for_treatment(self.treatment or kept_for(entry))

    def kind_for(self, entry: WaitlistEntry) -> tuple[int | None, int]:
        """Return technique, by its key, and minutes of the visit `entry` waits for."""
        return self.of(entry)._key(self.technique_for(entry))

    def openings_for(self, entry: WaitlistEntry) -> list[Opening]:
        """Return those of its kind, soonest first, whether it can use them or not."""
        return self.of(entry).openings(self.technique_for(entry))

    def opening_for(self, entry: WaitlistEntry, place: Place) -> Opening | None:
        """Return the opening of its kind that begins at `place`, if there is one."""
        therapist, starts_at = place
        technique = self.technique_for(entry)
        return self.of(entry).at(technique, therapist=therapist, starts_at=starts_at)

    def minutes(self, technique: Technique | None) -> int:
        """Return how long a visit lasts, in minutes."""
        chosen = self.treatment.minutes if self.treatment else None
        return chosen or usual_minutes(technique, self.policy)

    def slots(self, technique: Technique | None) -> list[Slot]:
        """Return the openings for visits by `technique` (None: any), by their start."""
        key = self._key(technique)
        if key not in self._slots:
            begin, end = self.within or (self.now, None)
            found = slots(
                diaries=self._rota.diaries,
                rooms=self._rota.rooms,
                first=self.first,
                last=self.last,
                length=timedelta(minutes=key[1]),
                turnover=self.policy.turnover,
                technique=key[0],
                not_before=max(self.now, begin),
            )
            if end is not None:  # of later times it is not known who is there
                found = [one for one in found if one.blocked_until <= end]
            self._slots[key] = found
        return self._slots[key]

    def openings(self, technique: Technique | None) -> list[Opening]:
        """Return them one by one, soonest first."""
        key = self._key(technique)
        if key not in self._openings:
            self._openings[key] = one_by_one(self.slots(technique))
        return self._openings[key]

    def _key(self, technique: Technique | None) -> tuple[int | None, int]:
        return (technique.pk if technique else None, self.minutes(technique))

    def at(
        self, technique: Technique | None, *, therapist: int, starts_at: datetime
    ) -> Opening | None:
        """Return the opening that begins then with this therapist, if there is one."""
        key = self._key(technique)
        if key not in self._places:
            self._places[key] = {
                (one.therapist, one.starts_at): one for one in self.openings(technique)
            }
        return self._places[key].get((therapist, starts_at))

    def only_at(
        self, technique: Technique | None, *, therapist: int, starts_at: datetime
    ) -> Opening | None:
        """Return the same as `at`, without computing any other time."""
        key, minutes = self._key(technique)
        begin, end = self.within or (self.now, None)
        visit = Span(starts_at, starts_at + timedelta(minutes=minutes))
        until = visit.end + self.policy.turnover
        if starts_at < max(self.now, begin) or (end is not None and until > end):
            return None
        return self._rota.opening(therapist, visit, until=until, technique=key)

    def _that_suit(self, technique: Technique | None, habits: Habits) -> list[Opening]:
        """Return those within a patient's week; many patients share the answer."""
        key = (*self._key(technique), habits)
        if key not in self._suiting:
            some = self.openings(technique)
            self._suiting[key] = [one for one in some if suits(habits, one)]
        return self._suiting[key]

    def for_entry(self, entry: WaitlistEntry, *, most: int = 1) -> list[Opening]:
        """Return the first `most` openings that the patient can use, soonest first."""
        wish = self._wish(entry)
        some = self.of(entry)._that_suit(self.technique_for(entry), wish.habits)
        return usable(wish, some, now=self.now, most=most)

    def next_proposal(self) -> Proposal | None:
        """Return the best opening for the first of MOST_ASKED who can use one."""
        for entry in self._line(most=MOST_ASKED):
            for opening in self.for_entry(entry):
                return Proposal(entry, opening)
        return None

    @cached_property
    def _front(self) -> list[WaitlistEntry]:
        """The front of the line, read once."""
        line = waiting_in_line(now=self.now, policy=self.policy)
        # Keys are ranked first: only the front is joined with what it is asked about.
        return list(line.filter(pk__in=line.values("pk")[:BATCH]))

    def _line(self, *, most: int | None = None) -> Iterator[WaitlistEntry]:
        """Yield those in line: the front, and, if it is not enough, the others."""
        yield from self._front
        line = waiting_in_line(now=self.now, policy=self.policy)
        if most is None:
            rest = line.exclude(pk__in=[entry.pk for entry in self._front])
        else:  # as the front is read
            rest = line.filter(pk__in=line.values("pk")[BATCH:most])
        yield from rest.iterator(chunk_size=BATCH)

    def first_in_line_for(
        self, *, therapist: int, starts_at: datetime
    ) -> Iterator[Proposal]:
        """Yield who can use one therapist's free time, most harmed by waiting first."""
        for entry in self._line():
            opening = self.opening_for(entry, (therapist, starts_at))
            if opening and fits(self._wish(entry), opening, now=self.now):
                yield Proposal(entry, opening)

    def _wish(self, entry: WaitlistEntry) -> Wish:
        """Return what the entry, its referral and its patient ask of an opening."""
        return replace(
            wish_of(entry, policy=self.policy),
            refused=frozenset(self._refused.get(entry.pk, ())),
            elsewhere=tuple(self._elsewhere.get(entry.patient_id, ())),
        )

    @cached_property
    def _refused(self) -> dict[int, set[tuple[int, datetime]]]:
        """The times still ahead (therapist, start) that each entry had before."""
        if self._reader is not None:
            return self._reader._refused
        if self.whose is not None:
            return {self.whose.pk: self.had}
        refused: dict[int, set[tuple[int, datetime]]] = defaultdict(set)
        rows = Appointment.objects.filter(
            starts_at__gte=self.now, entry__status=EntryStatus.ACCEPTED
        )
        for entry, therapist, starts_at in rows.values_list(
            "entry_id", "therapist_id", "starts_at"
        ):
            refused[entry].add((therapist, starts_at))
        return refused

    @cached_property
    def _elsewhere(self) -> dict[int, list[Span]]:
        """When patients are at a visit, or are offered one that still holds."""
        if self._reader is not None:
            return self._reader._elsewhere
        if self.whose is not None:
            return {self.whose.patient_id: self._own.elsewhere}
        begin, end = reach(self.first, self.last)
        rows = Appointment.objects.filling_time(self.now).filter(
            starts_at__gte=begin, starts_at__lt=end
        )
        times: dict[int, list[Span]] = defaultdict(list)
        for patient, starts_at, blocked_until in rows.values_list(
            "patient_id", "starts_at", "blocked_until"
        ):
            times[patient].append(Span(starts_at, blocked_until))
        return times

    @property
    def had(self) -> set[Place]:
        """The times ahead that `whose` request has, or had before."""
        return {(one.therapist_id, one.starts_at) for one in self._own.ahead}

    @property
    def has_time(self) -> bool:
        """Whether `whose` request has a time ahead, booked or offered."""
        return any(one.status in HAD for one in self._own.ahead)

    @cached_property
    def _own(self) -> Own:
        """What it had before, and when its patient is at a visit, in one read."""
        if self._reader is not None:
            return self._reader._own
        entry, found = self.whose, Own([], [])
        if entry is None:
            return found
        begin, end = reach(self.first, self.last)
        for one in own_times(entry.patient_id, since=min(begin, self.now)):
            if one.entry_id == entry.pk and one.starts_at >= self.now:
                found.ahead.append(one)
            if begin <= one.starts_at < end and one.fills_time(self.now):
                found.elsewhere.append(Span(one.starts_at, one.blocked_until))
        return found

    @cached_property
    def _rota(self) -> Rota:
        if self._reader is not None:
            return self._reader._rota
        return rota(
            now=self.now,
            first=self.first,
            last=self.last,
            therapists=self.therapists,
            location=self.location,
            within=self.within,
            locked=self.locked,
            line_of=self.line_of.pk if self.line_of else None,
            with_policy=self._policy is None,
        )

    @property
    def policy(self) -> Policy:
        """The policy by which all is judged."""
        found = self._policy or self._rota.policy
        assert found is not None  # noqa: S101 - it is read where it was not given
        return found

    @property
    def diaries(self) -> Sequence[Diary]:
        """Each therapist's days: what the openings are computed from."""
        return self._rota.diaries

    def rooms_for(self, opening: Opening, technique: Technique | None) -> list[int]:
        """Return the rooms, in order of their keys, in which the visit could be."""
        held = Span(opening.starts_at, opening.blocked_until)
        key = technique.pk if technique else None
        return self._rota.rooms_at(opening.location, held, key)

    def before(self, *, usual: bool) -> int | None:
        """Return how many before the patient could use the time; see `Rota.counted`."""
        return self._rota.counted(usual=usual)

    def capacity(self) -> list[Week]:
        """Return what can still be given in each week, as `weeks` counts it."""
        return weeks(
            diaries=self.diaries,
            rooms=self._rota.rooms,
            openings=self.openings(None),
            first=self.first,
            last=self.last,
            not_before=self.now,
        )
