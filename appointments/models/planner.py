"""What a plan of offers is drawn up from: the line and its free time, read once."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cached_property
from typing import Self
from zoneinfo import ZoneInfo

from appointments.codes import Status
from appointments.matching import fits
from appointments.models.appointment import Appointment
from appointments.models.draft import Draft, DraftOffer
from appointments.models.in_line import waiting_in_line
from appointments.models.policy import Policy
from appointments.models.supply import Supply
from appointments.models.waitlist import WaitlistEntry
from appointments.models.wish import wish_of
from appointments.openings import Opening, Span, on_the_clock
from appointments.planning.drawing import draw_up
from appointments.planning.grid import Block, Rooms, cells
from appointments.planning.problem import Asking, Kind, Outcome, Problem
from appointments.planning.twice import beside, meet
from appointments.priority import DAY, harm

Key = tuple[int, datetime]  # therapist, start


@dataclass(frozen=True)
class Drawn:
    """A plan as it was drawn up, and those who are called before anything is sent."""

    outcomes: list[Outcome]
    to_call: list[Outcome]
    ends_at: datetime


class Planner(Supply):
    """
    The supply of some weeks, and who may have what of it.

    Its queries are as many for ten who wait as for ten thousand.
    """

    @classmethod
    def of_weeks(cls, weeks: int, *, now: datetime, policy: Policy) -> Self:
        """Return that of the coming weeks, today's included."""
        today = now.date()
        last = today + timedelta(days=7 * weeks - 1)
        # A day earlier, for places that lie west of Greenwich; `now` cuts off the past.
        return cls(now=now, policy=policy, first=today - timedelta(days=1), last=last)

    @classmethod
    def around(cls, draft: Draft, *, now: datetime) -> Self:
        """Return that of the days of a plan that are still ahead."""
        policy = Policy.objects.in_force(now)
        first = now.date() - timedelta(days=1)
        return cls(now=now, policy=policy, first=first, last=draft.last_day)

    @cached_property
    def ends_at(self) -> datetime:
        """When the last day is over, at the place where that is latest."""
        zones = {diary.zone for diary in self.diaries} or {ZoneInfo("UTC")}
        after = self.last + DAY
        return max(on_the_clock(after, time(0), zone, fold=0) for zone in zones)

    @cached_property
    def line(self) -> list[WaitlistEntry]:
        """The line, first come the most pressing; whose target has begun."""
        line = waiting_in_line(now=self.now, policy=self.policy)
        return [one for one in line if target_of(one) > 0]

    @cached_property
    def to_call(self) -> set[int]:
        """The keys of those whom a person must call before another offer goes out."""
        waiting = WaitlistEntry.objects.waiting()
        some = waiting.to_call(most_missed=self.policy.most_missed)
        return set(some.values_list("pk", flat=True))

    @cached_property
    def last_therapists(self) -> dict[int, int]:
        """Who gave the last visit of each referral of which somebody waits."""
        made = Appointment.objects.filter(
            status=Status.FULFILLED,
            entry__referral__in=WaitlistEntry.objects.waiting().values("referral"),
        ).order_by("starts_at", "pk")
        return dict(made.values_list("entry__referral", "therapist"))

    def draw(
        self,
        *,
        struck: Iterable[int] = (),
        moved: Iterable[DraftOffer] = (),
        step: Callable[[], object] | None = None,
    ) -> Drawn:
        """
        Draw the plan up.

        :param struck: keys of entries that get nothing.
        :param moved: rows that a scheduler fixed; their times are kept for them.
        :param step: told from time to time that the work goes on.
        """
        moved = list(moved)
        out = {*struck, *(row.entry_id for row in moved)}
        line = [one for one in self.line if one.pk not in out]
        called = [one for one in line if one.pk in self.to_call]
        outcomes = draw_up(
            self._problem([one for one in line if one.pk not in self.to_call], moved),
            step=step,
        )
        return Drawn(outcomes, [self._called(one) for one in called], self.ends_at)

    def _problem(self, line: list[WaitlistEntry], moved: list[DraftOffer]) -> Problem:
        theirs: dict[int, list[Span]] = defaultdict(list)
        for row in moved:
            theirs[row.entry.patient_id].append(self._held_by(row))
        asking = [
            beside(self._asking(one), theirs.get(one.patient_id, ())) for one in line
        ]
        kinds: dict[Kind, list[Opening]] = {}
        for entry, one in zip(line, asking, strict=True):
            if one.kind not in kinds:
                kinds[one.kind] = self.openings_for(entry)
        fixed = ((self.opening_of(one), self.kind_for(one.entry)[0]) for one in moved)
        return Problem(
            asking=asking,
            openings=kinds,
            rooms=self._rota.rooms,
            now=self.now,
            ends_at=self.ends_at,
            exponent=float(self.policy.harm_exponent),
            same_therapist=float(self.policy.same_therapist_harm),
            fixed=[
                (opening, technique)
                for opening, technique in fixed
                if opening is not None
            ],
        )

    def _asking(self, entry: WaitlistEntry) -> Asking:
        key, minutes = self.kind_for(entry)
        return Asking(
            key=entry.pk,
            received_at=entry.received_at,
            target_days=target_of(entry),
            wish=self._wish(entry),
            kind=(key, timedelta(minutes=minutes)),
            last_therapist=self.last_therapists.get(entry.referral_id),
            patient=entry.patient_id,
        )

    def _called(self, entry: WaitlistEntry) -> Outcome:
        """Return what becomes of one who is called first: nothing yet."""
        waits = self.harm_of(entry, self.ends_at)
        return Outcome(self._asking(entry), None, waits, None, waits, suits=True)

    def harm_of(self, entry: WaitlistEntry, until: datetime) -> float:
        """Return the harm of having waited until then; no unit."""
        return harm(
            waited_days=max((until - entry.received_at) / DAY, 0.0),
            target_days=target_of(entry),
            exponent=float(self.policy.harm_exponent),
        )

    def opening_of(self, row: DraftOffer) -> Opening | None:
        """Return the free time that a row names; None if it is not free any more."""
        return self.opening_for(row.entry, (row.therapist_id, row.starts_at))

    def length_of(self, row: DraftOffer) -> timedelta:
        """Return how long the visit of a row would last now, without its turnover."""
        return timedelta(minutes=self.kind_for(row.entry)[1])

    def has(self, row: DraftOffer) -> bool:
        """Say whether a row still stands: its patient waits, and can have its time."""
        entry = self.entry(row.entry_id)
        opening = self.opening_of(row)
        return bool(entry and opening and self.can_have(entry, opening))

    def entry(self, key: int) -> WaitlistEntry | None:
        """Return one of the line, which is read whole only where it is read anyway."""
        if "line" not in vars(self):
            line = waiting_in_line(now=self.now, policy=self.policy).filter(pk=key)
            return next((one for one in line if target_of(one) > 0), None)
        return next((one for one in self.line if one.pk == key), None)

    def can_have(self, entry: WaitlistEntry, opening: Opening) -> bool:
        """Say whether the patient could come then, as things stand."""
        begun = entry.received_at <= opening.starts_at
        return begun and fits(self._wish(entry), opening, now=self.now)

    def can_have_still(self, entry: WaitlistEntry, opening: Opening) -> bool:
        """Say the same of one whose patient is locked, by what is so at this moment."""
        before = Appointment.objects.filter(
            entry=entry, therapist=opening.therapist, starts_at=opening.starts_at
        )
        wish = wish_of(entry, policy=self.policy)
        begun = entry.received_at <= opening.starts_at
        suits = begun and fits(wish, opening, now=self.now)
        return suits and not before.exists()

    def must_call(self, entry: WaitlistEntry) -> bool:
        """Say whether a person must call this patient first, at this moment."""
        waiting = WaitlistEntry.objects.waiting().filter(pk=entry.pk)
        return waiting.to_call(most_missed=self.policy.most_missed).exists()

    def choices(
        self, row: DraftOffer, others: Iterable[DraftOffer]
    ) -> Iterator[Opening]:
        """
        Yield the other times that the row's patient can have, soonest first.

        They collide with none of the other rows, in therapist, room or patient.
        """
        is_free = self._free_beside(row, others)
        now_there = (row.therapist_id, row.starts_at)
        most = len(self.openings_for(row.entry))
        for opening in self.for_entry(row.entry, most=most):
            if (
                (opening.therapist, opening.starts_at) != now_there
                and opening.starts_at >= row.entry.received_at
                and is_free(opening)
            ):
                yield opening

    def stands_beside(self, row: DraftOffer, others: Iterable[DraftOffer]) -> bool:
        """Say whether the row's patient can have its time, which no other row has."""
        opening = self.opening_of(row)
        if opening is None or not self.can_have(row.entry, opening):
            return False
        return self._free_beside(row, others)(opening)

    def _free_beside(
        self, row: DraftOffer, others: Iterable[DraftOffer]
    ) -> Callable[[Opening], bool]:
        """Return what says if other rows leave therapist, room and patient free."""
        others = sorted(others, key=lambda one: one.starts_at)
        beside = Beside(self, others)
        theirs = self._rows_of(row, others)
        technique, _minutes = self.kind_for(row.entry)

        def is_free(opening: Opening) -> bool:
            span = Block.of(opening).span
            return not any(meet(span, one) for one in theirs) and beside.leaves(
                opening, span, technique
            )

        return is_free

    def is_elsewhere(
        self, row: DraftOffer, others: Iterable[DraftOffer], wanted: Key
    ) -> bool:
        """
        Say whether the row's patient is at another visit then: booked, offered or
        planned.
        """
        opening = self.opening_for(row.entry, wanted)
        if opening is None:
            return False
        held = Span(opening.starts_at, opening.blocked_until)
        visits = [*self._wish(row.entry).elsewhere, *self._rows_of(row, others)]
        return any(meet(held, one) for one in visits)

    def _rows_of(self, row: DraftOffer, others: Iterable[DraftOffer]) -> list[Span]:
        """Return when the row's patient is at a visit by another row."""
        return [
            self._held_by(other)
            for other in others
            if other.entry.patient_id == row.entry.patient_id
        ]

    def _held_by(self, row: DraftOffer) -> Span:
        return Span(
            row.starts_at, row.starts_at + self.length_of(row) + self.policy.turnover
        )


class Beside:
    """
    The other rows of a plan, in rooms and therapists' time.

    Whoever asks for the first times of thousands is told without placing the rows that
    begin later: of two rows the later one never has a room before the other.

    :param others: by their start.
    """

    def __init__(self, planner: Planner, others: Iterable[DraftOffer]) -> None:
        self._planner = planner
        self._left = deque(others)
        self._rooms = Rooms(planner._rota.rooms)
        self._taken: dict[int, set[int]] = defaultdict(set)  # cells of each therapist

    def leaves(self, opening: Opening, span: Span, technique: int | None) -> bool:
        """Say whether they leave the therapist and a room free for `span`."""
        while self._left and self._left[0].starts_at < span.end:
            self._place(self._left.popleft())
        return self._taken[opening.therapist].isdisjoint(
            cells(span)
        ) and self._rooms.could_give(opening.location, span, technique)

    def _place(self, row: DraftOffer) -> None:
        opening = self._planner.opening_of(row)
        if opening is None:  # it can be had no more, but stands in the plan till struck
            visit = Span(row.starts_at, row.starts_at + self._planner.length_of(row))
            self._taken[row.therapist_id].update(cells(visit))
            return
        span = Block.of(opening).span
        kind, _minutes = self._planner.kind_for(row.entry)
        self._rooms.give(opening.location, span, techniques=[kind])
        self._taken[opening.therapist].update(cells(span))


def target_of(entry: WaitlistEntry) -> float:
    """Return the target that counts, in days, of one read in the order of need."""
    days: float | None = vars(entry)["target_wait_days"]
    return days or 0.0  # 0: it has not begun
