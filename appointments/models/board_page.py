"""
What the board reads, in statements that are planned once.

It is the page that schedulers look at all day. Its querysets are those of `Board`; see
there for what they mean.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db.models import F, Value

from appointments.changes import FAR, Coming
from appointments.lost_wish import Lost, lost_wish
from appointments.models.policy import TargetWait, TriageCategory
from appointments.models.ranking import Epoch
from appointments.models.waitlist import WaitlistEntry
from appointments.priority import DAY
from massage_portal.built import Built, text, whole
from services.models import Location, Technique

Choice = tuple[int, str]  # key and name


class Around(NamedTuple):
    """What stands around the line: how many there are, and what may be chosen."""

    to_triage: int
    waiting: int
    told_more: int
    to_call: int
    places: list[Choice]
    techniques: list[Choice]
    categories: list[Choice]  # in use, or with somebody who waits in them
    offered: list[Choice]  # of these, into which a request may be put
    coming: Coming


class Face(NamedTuple):
    """What the board shows of a request, but for its place in the line."""

    pk: int
    version: int
    status: str
    received_at: datetime
    need_score: int
    category: str | None  # its name
    reply: str
    patient: int
    given_name: str
    family_name: str
    priority: str  # what the provider called it
    referral_status: str
    valid_until: date  # so the referral says
    has_offer: bool
    not_taken: int
    missed: int
    told_more: bool
    paid_until: date | None  # the last day that the insurer covers; None: it said none
    earliest: date | None  # the first day that suits, or that the plan has
    latest: date | None  # the last one
    therapist_active: bool | None  # the one asked for; None is any
    therapist_place: bool | None  # whether theirs gives massage
    place_gives: bool | None  # whether the one asked for does; None is any
    place: int | None  # the one asked for, by its key
    therapist_at: int | None  # where the therapist asked for works
    technique: int | None  # that they wait for; None: the therapist decides
    certified_until: date | None  # the last day on which somebody may give it

    @property
    def name(self) -> str:
        """The patient's."""
        return f"{self.given_name} {self.family_name}"

    @property
    def is_beyond_cover(self) -> bool:
        """Whether they wait for a day on which the referral covers no visit."""
        last = min(self.valid_until, self.paid_until or self.valid_until)
        return self.earliest is not None and self.earliest > last

    def nobody_gives(self, today: date) -> bool:
        """Say whether nobody may give what they wait for, today or later."""
        if self.technique is None:
            return False
        return self.certified_until is None or self.certified_until < today

    def lost(self, today: date) -> Lost | None:
        """Return what of their wish nobody can give any more."""
        both = self.place is not None and self.therapist_at is not None
        return lost_wish(
            latest=self.latest,
            therapist_gives=self.therapist_active and self.therapist_place,
            place_gives=self.place_gives,
            therapist_there=self.therapist_at == self.place if both else None,
            today=today,
        )


_LIST = "(SELECT coalesce(json_agg(json_build_array({0})), '[]') FROM ({1}) one)"


def _around(*, now: datetime, until: datetime, most_missed: int) -> tuple[str, Any]:
    coming = TargetWait.objects.filter(in_force_from__gt=now, in_force_from__lte=until)
    begins = Epoch(F("in_force_from") - Value(now)) / 86400
    categories: Any = TriageCategory.objects.offered_or_waited_in(now)
    line = WaitlistEntry.objects.in_line()
    return whole(
        f"""
        SELECT (SELECT count(*) FROM ({{asked}}) one),
               (SELECT count(*) FROM ({{waiting}}) one),
               (SELECT count(*) FROM ({{worse}}) one),
               (SELECT count(*) FROM ({{to_call}}) one),
               {_LIST.format("one.pk, name", "{places}")},
               {_LIST.format("one.pk, name", "{techniques}")},
               {_LIST.format("one.pk, name, may_be_chosen", "{categories}")},
               {_LIST.format("category, begins, target_days", "{coming}")}
        """,  # noqa: S608 - statements of our own; their values stay apart
        asked=WaitlistEntry.objects.asked().values("pk"),
        waiting=WaitlistEntry.objects.waiting().values("pk"),
        worse=line.worse().values("pk"),
        to_call=line.waiting().to_call(most_missed=most_missed).values("pk"),
        places=Location.objects.in_order().values("pk", "name"),
        techniques=Technique.objects.filter(active=True)
        .in_order()
        .values("pk", "name"),
        categories=categories.values("pk", "name", "may_be_chosen"),
        coming=coming.order_by("in_force_from")
        .annotate(begins=begins)
        .values("category", "begins", "target_days"),
    )


_AROUND = Built(
    "around_the_line", _around, now=datetime, until=datetime, most_missed=int
)


def around(*, now: datetime, most_missed: int) -> Around:
    """Return what stands around the line of all who wait."""
    (read,) = _AROUND.rows(now=now, until=now + FAR * DAY, most_missed=most_missed)
    to_triage, waiting, told_more, to_call, places, techniques, categories, begins = (
        read
    )
    coming: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for category, days, target_days in begins:
        coming[category].append((days, target_days))
    return Around(
        to_triage=to_triage,
        waiting=waiting,
        told_more=told_more,
        to_call=to_call,
        places=[(key, name) for key, name in places],
        techniques=[(key, name) for key, name in techniques],
        categories=[(key, name) for key, name, _ in categories],
        offered=[(key, name) for key, name, offered in categories if offered],
        coming=coming,
    )


def _asked(*, begin: int, most: int) -> tuple[str, Any]:
    sql, values = WaitlistEntry.objects.to_triage().values("pk").query.sql_with_params()
    # By hand: Django writes both into the statement, which would be another each time.
    return f"{sql} OFFSET %s LIMIT %s", [*values, begin, most]


_ASKED = Built("asked_for", _asked, begin=int, most=int)


def asked_for(*, begin: int, most: int) -> list[int]:
    """Return the keys of `most` of those to triage, from place `begin` (0 is first)."""
    return [key for (key,) in _ASKED.rows(begin=begin, most=most)]


def _faces(*, keys: list[int], now: datetime, most_missed: int) -> tuple[str, Any]:
    some = WaitlistEntry.objects.filter(pk__any_of=keys)
    some = some.with_open_offer(now).with_offers_not_taken().with_news()
    some = some.with_visits_missed(most_missed=most_missed).with_certificates()
    rows = some.values_list(
        *("pk", "version", text("status"), "received_at", "need_score"),
        *(text("category__name"), text("reply"), "patient"),
        *(text("patient__given_name"), text("patient__family_name")),
        *(text("referral__priority"), text("referral__status")),
        *("referral__valid_until", "has_offer", "not_taken", "missed", "told_more"),
        *("referral__authorization__valid_until", "earliest"),
        *("latest", "therapist__active", "therapist__location__gives_massage"),
        *("location__gives_massage", "location", "therapist__location"),
        *("sought", "certified_until"),
    )
    return rows.query.sql_with_params()


_FACES = Built("faces_of_the_line", _faces, keys=list, now=datetime, most_missed=int)


def faces(keys: Collection[int], *, now: datetime, most_missed: int) -> dict[int, Face]:
    """Return what the board shows of some requests, by key."""
    if not keys:
        return {}
    rows = _FACES.rows(keys=list(keys), now=now, most_missed=most_missed)
    return {face.pk: face for face in map(Face._make, rows)}
