"""What the clinic's calendar shows: visits, offers, free time, time off, closures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
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
from appointments.models.supply import Supply
from appointments.models.treatment import Treatment
from appointments.openings import Span, Taken
from services.models import Location

if TYPE_CHECKING:
    from massage_portal.accounts.models import User


ANY = Treatment()  # of the usual length
SEEN = [*HOLDING_TIME, Status.NOSHOW]


@dataclass
class Agenda:
    """One place, from `first` to `last`: its columns, and what fills them."""

    place: Location
    first: date
    last: date
    by_room: bool
    columns: list[Therapist | Room] = field(default_factory=list)
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


def busy(first: date, last: date, *, who: str) -> QuerySet[Any, int]:
    """
    Return who has visits from `first` to `last`, or about it: the places' days.

    :param who: "therapist" or "room".
    """
    begin = datetime.combine(first - timedelta(days=1), time.min, tzinfo=UTC)
    end = datetime.combine(last + timedelta(days=2), time.min, tzinfo=UTC)
    some = Appointment.objects.filter(status__in=SEEN)
    some = some.filter(starts_at__gte=begin, starts_at__lt=end)
    return some.values_list(who, flat=True)


def agendas(
    *,
    user: User,
    columns: Sequence[Therapist] | Sequence[Room],
    only: int | None,
    first: date,
    last: date,
    now: datetime,
    kind: Treatment = ANY,
) -> list[Agenda]:
    """
    Return the calendar of each place of `columns`, as `user` may see it.

    An offer is shown to those who see offers; to others it is a time that is held, and
    names nobody. The number of queries depends neither on the days nor on the places.

    :param columns: therapists, or rooms, each with their place; nobody else is read.
    :param only: the key of the one therapist of whom anything is shown; None is all.
    :param kind: for what kind of visit free time is shown.
    """
    by_room = any(isinstance(one, Room) for one in columns)
    places: dict[int, Agenda] = {}
    for one in columns:
        if one.location_id not in places:
            places[one.location_id] = Agenda(one.location, first, last, by_room)
        places[one.location_id].columns.append(one)
    if not places:
        return []
    found = list(places.values())
    of = {column.pk: agenda for agenda in found for column in agenda.columns}
    _add_visits(of, only, user=user, now=now)
    for opening in _free(of, only, kind, now=now):
        of[opening.column].items.append(opening)
    _add_closed(found)
    if not by_room:
        _add_off(of)
    return found


def _reach(found: Iterable[Agenda]) -> Span:
    """Return all days of all places, in real time."""
    spans = [one.span for one in found]
    return Span(min(one.start for one in spans), max(one.end for one in spans))


def _add_visits(
    of: Mapping[int, Agenda], only: int | None, *, user: User, now: datetime
) -> None:
    """Add the visits and offers of the columns `of`, each to its place."""
    span = _reach(of.values())
    by_room = _by_room(of)
    some = Appointment.objects.filter(
        status__in=SEEN, starts_at__lt=span.end, ends_at__gt=span.start
    ).exclude(status=Status.PROPOSED, held_until__lte=now)
    some = some.filter(**{"room__in" if by_room else "therapist__in": list(of)})
    if only is not None:
        some = some.filter(therapist=only)
    seen = set(some.visible_to(user).values_list("pk", flat=True))
    for one in some.with_place().order_by("starts_at", "pk"):
        column = one.room_id if by_room else one.therapist_id
        agenda, held = of[column], Span(one.starts_at, one.ends_at)
        if held.start >= agenda.span.end or held.end <= agenda.span.start:
            continue  # on another day, as this place counts them
        kind = Kind.OFFER if one.status == Status.PROPOSED else Kind.VISIT
        visit = one if one.pk in seen else None
        agenda.items.append(Item(kind, held, column, visit=visit))
        if visit is not None:
            agenda.visits.append(visit)


def _by_room(of: Mapping[int, Agenda]) -> bool:
    return any(agenda.by_room for agenda in of.values())


def _free(
    of: Mapping[int, Agenda], only: int | None, kind: Treatment, *, now: datetime
) -> list[Item]:
    """Return the stretches in which a visit of that kind can still be had."""
    by_room = _by_room(of)
    places = {agenda.place.pk: agenda for agenda in of.values()}
    whose = None if only is None else [only]
    any_of_it = next(iter(places.values()))
    supply = Supply(
        now=now,
        first=any_of_it.first,
        last=any_of_it.last,
        therapists=whose if by_room else list(of),
        location=any_of_it.place.pk if len(places) == 1 else None,
    ).for_treatment(kind)
    spans: dict[int, list[Span]] = defaultdict(list)
    for one in supply.slots(kind.technique):
        for key in [one.room] if by_room else one.therapists:
            spans[key].append(Span(one.starts_at, one.ends_at))
    return [
        Item(Kind.FREE, span, column)
        for column, some in spans.items()
        if column in of
        for span in Taken(some).spans
    ]


def _add_closed(found: Sequence[Agenda]) -> None:
    places = [one.place.pk for one in found]
    closed = closed_days(places, first=found[0].first, last=found[0].last)
    for agenda in found:
        for day, reason in sorted(closed.get(agenda.place.pk, {}).items()):
            span = day_span(day, agenda.zone)
            agenda.items += [
                Item(Kind.CLOSED, span, column.pk, note=reason)
                for column in agenda.columns
            ]


def _add_off(of: Mapping[int, Agenda]) -> None:
    span = _reach(of.values())
    rows = TimeOff.objects.between(span.start, span.end).filter(therapist__in=list(of))
    for one in rows.order_by("starts_at"):
        off = Span(one.starts_at, one.ends_at)
        item = Item(Kind.OFF, off, one.therapist_id, note=one.reason)
        of[one.therapist_id].items.append(item)
