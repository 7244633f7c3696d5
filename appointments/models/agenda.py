"""What the clinic's calendar shows: visits, offers, free time, time off, closures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from appointments.agenda import Item, Kind, day_span
from appointments.codes import HOLDING_TIME, Status
from appointments.models.appointment import Appointment
from appointments.models.capacity import Room, Therapist
from appointments.models.hours import TimeOff
from appointments.models.outside import closed_days
from appointments.models.policy import Policy
from appointments.models.supply import Supply
from appointments.openings import Span, Taken
from services.models import Location

if TYPE_CHECKING:
    from massage_portal.accounts.models import User

SEEN = [*HOLDING_TIME, Status.NOSHOW]


@dataclass
class Agenda:
    """One place, from `first` to `last`: its columns, and what fills them."""

    place: Location
    first: date
    last: date
    by_room: bool
    columns: list[Therapist] | list[Room] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    visits: list[Appointment] = field(default_factory=list)  # that the reader sees

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the place."""
        return ZoneInfo(self.place.time_zone)

    @property
    def span(self) -> Span:
        """All of its days, in real time."""
        start = day_span(self.first, self.zone).start
        return Span(start, day_span(self.last, self.zone).end)

    @property
    def days(self) -> list[date]:
        """Its days, in order."""
        number = (self.last - self.first).days + 1
        return [self.first + timedelta(days=n) for n in range(number)]


def busy(first: date, last: date) -> QuerySet[Any, int]:
    """Return who has visits from `first` to `last`, or about it: the places' days."""
    begin = datetime.combine(first - timedelta(days=1), time.min, tzinfo=UTC)
    end = datetime.combine(last + timedelta(days=2), time.min, tzinfo=UTC)
    some = Appointment.objects.filter(status__in=SEEN)
    some = some.filter(starts_at__gte=begin, starts_at__lt=end)
    return some.values_list("therapist", flat=True)


def agendas(
    *,
    user: User,
    therapists: Sequence[Therapist],
    first: date,
    last: date,
    by_room: bool,
    now: datetime,
) -> list[Agenda]:
    """
    Return the calendar of each place of `therapists`, as `user` may see it.

    An offer is shown to those who see offers; to others it is a time that is held, and
    names nobody. The number of queries does not depend on the days.
    """
    places: dict[int, list[Therapist]] = defaultdict(list)
    for one in therapists:
        places[one.location_id].append(one)
    supply = _supply(therapists, first, last, now)
    found = []
    for mine in places.values():
        agenda = Agenda(mine[0].location, first, last, by_room)
        rooms = Room.objects.filter(location=agenda.place, active=True).order_by("name")
        agenda.columns = list(rooms) if by_room else list(mine)
        _add_visits(agenda, mine, user=user, now=now)
        agenda.items += _free(agenda, mine, supply)
        agenda.items += _closed(agenda)
        if not by_room:
            agenda.items += _off(agenda, mine)
        found.append(agenda)
    return found


def _supply(
    therapists: Sequence[Therapist], first: date, last: date, now: datetime
) -> Supply:
    """Return the free times; for one therapist alone, only theirs are computed."""
    only = therapists[0].pk if len(therapists) == 1 else None
    policy = Policy.objects.in_force(now)
    return Supply(now=now, policy=policy, first=first, last=last, therapist=only)


def _add_visits(
    agenda: Agenda, therapists: Sequence[Therapist], *, user: User, now: datetime
) -> None:
    """Add visits and offers; a room that is out of use is shown while it is booked."""
    span = agenda.span
    some = Appointment.objects.filter(
        status__in=SEEN, starts_at__lt=span.end, ends_at__gt=span.start
    ).filter(therapist__in=therapists)
    some = some.exclude(status=Status.PROPOSED, held_until__lte=now).with_place()
    seen = set(some.visible_to(user).values_list("pk", flat=True))
    for one in some.order_by("starts_at", "pk"):
        kind = Kind.OFFER if one.status == Status.PROPOSED else Kind.VISIT
        column = one.room_id if agenda.by_room else one.therapist_id
        if agenda.by_room and one.room not in agenda.columns:
            agenda.columns.append(one.room)  # type: ignore[arg-type]
        visit = one if one.pk in seen else None
        held = Span(one.starts_at, one.ends_at)
        agenda.items.append(Item(kind, held, column, visit=visit))
        if visit is not None:
            agenda.visits.append(visit)


def _free(
    agenda: Agenda, therapists: Sequence[Therapist], supply: Supply
) -> Iterator[Item]:
    """Yield the stretches in which a visit of the usual length can still be had."""
    mine = {one.pk for one in therapists}
    spans: dict[int, list[Span]] = defaultdict(list)
    for one in supply.openings(None):
        if one.therapist in mine:
            column = one.room if agenda.by_room else one.therapist
            spans[column].append(Span(one.starts_at, one.ends_at))
    for column, some in spans.items():
        for span in Taken(some).spans:
            yield Item(Kind.FREE, span, column)


def _closed(agenda: Agenda) -> Iterator[Item]:
    place = agenda.place.pk
    days = closed_days([place], first=agenda.first, last=agenda.last)
    for day, reason in sorted(days.get(place, {}).items()):
        for column in agenda.columns:
            span = day_span(day, agenda.zone)
            yield Item(Kind.CLOSED, span, column.pk, note=reason)


def _off(agenda: Agenda, therapists: Sequence[Therapist]) -> Iterator[Item]:
    span = agenda.span
    rows = TimeOff.objects.between(span.start, span.end)
    for one in rows.filter(therapist__in=therapists).order_by("starts_at"):
        off = Span(one.starts_at, one.ends_at)
        yield Item(Kind.OFF, off, one.therapist_id, note=one.reason)
