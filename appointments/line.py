"""One page of the line, as the board shows it: read in a few queries, however long."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2s
from typing import NamedTuple

from django.core.paginator import Page, Paginator

from appointments.changes import Change, Coming, Stand, change
from appointments.models import Overrule, Policy
from appointments.models.board import Narrowing
from appointments.models.board_page import Around, Face, asked_for, faces
from appointments.models.need_order import front
from appointments.models.waitlist import WaitlistEntryQuerySet
from appointments.priority import Explanation, explain

PAGE = 50


class Row(NamedTuple):
    """One who waits: their place, why, and what would change it."""

    face: Face
    rank: int
    why: Explanation | None
    would: Change
    overrule: Overrule | None


@dataclass(frozen=True)
class Asked:
    """One page of the requests to triage, and a short word for all that it says."""

    page: Page[int]
    faces: list[Face]
    digest: str


@dataclass(frozen=True)
class Line:
    """The rows of one page, and a short word for their order and all that they say."""

    page: Page[int]
    rows: list[Row]
    digest: str


class Stretch(NamedTuple):
    """Those places of the line that one page shows."""

    page: Page[int]
    line: list[Stand]  # or a part of it, with what the page shows
    places: Sequence[int]  # in that part
    first: int  # the rank of its first


class Sought(NamedTuple):
    """
    Whom a page of the board is to show.

    A filter or a search hides rows; the others keep their rank in the whole line. Of
    the filters, those to triage know only what holds before it.
    """

    visible: WaitlistEntryQuerySet
    narrowing: Narrowing
    patients: Collection[int] | None  # only theirs, by keys; None: all

    @property
    def everybody(self) -> bool:
        """Whether nobody is hidden."""
        return not self.narrowing and self.patients is None

    def among(self, some: WaitlistEntryQuerySet) -> WaitlistEntryQuerySet:
        """Return those of whom a search found."""
        if self.patients is None:
            return some
        return some.filter(patient__in=self.patients)


def read_board(
    sought: Sought,
    *,
    around: Around,
    asked: str,
    number: str,
    policy: Policy,
    now: datetime,
) -> tuple[Asked, Line]:
    """
    Return one page of those to triage, and one of those who wait, in the order of need.

    :param asked: of the page of those to triage, as the address carries it; nonsense
        is the first.
    :param number: of the page of the line, likewise.
    """
    page, keys = _asked(sought, number=asked, around=around)
    stretch = _stretch(
        sought, number=number, waiting=around.waiting, policy=policy, now=now
    )
    shown = [stretch.line[place].pk for place in stretch.places]
    found = faces([*keys, *shown], now=now, most_missed=policy.most_missed)
    some = [found[key] for key in keys if key in found]  # else it was deleted since
    said = [
        (one.pk, one.version, one.status, one.told_more, one.priority) for one in some
    ]
    rows = _rows(stretch, found, coming=around.coming, now=now, policy=policy)
    return (
        Asked(page, some, short((page.paginator.count, said))),
        Line(stretch.page, rows, _digest(rows)),
    )


def _asked(
    sought: Sought, *, number: str, around: Around
) -> tuple[Page[int], list[int]]:
    """Return one page of those to triage, and their keys in its order."""
    if not around.to_triage:
        return Paginator(range(0), PAGE).get_page(number), []
    if sought.everybody:
        page = Paginator(range(around.to_triage), PAGE).get_page(number)
        return page, asked_for(begin=_begin(page), most=PAGE)
    found = sought.among(sought.visible.to_triage().suited(sought.narrowing))
    page = Paginator(range(found.count()), PAGE).get_page(number)
    begin = _begin(page)
    return page, list(found.values_list("pk", flat=True)[begin : begin + PAGE])


def _begin(page: Page[int]) -> int:
    """Return the place of its first, of which 0 is the first of all."""
    return max(page.start_index() - 1, 0)


def _stretch(
    sought: Sought, *, number: str, waiting: int, policy: Policy, now: datetime
) -> Stretch:
    exponent = float(policy.harm_exponent)
    if sought.everybody:
        page = Paginator(range(waiting), PAGE).get_page(number)
        begin = _begin(page)
        # The one before the page is read too: the first row may pass them.
        early = max(begin - 1, 0)
        line = front(begin=early, until=begin + PAGE, now=now, exponent=exponent)
        return Stretch(page, line, range(begin - early, len(line)), early + 1)
    ranked = sought.visible.waiting().in_order_of_need(now=now, exponent=exponent)
    line = [Stand._make(one) for one in ranked.stands()]
    found = ranked.narrowed(sought.narrowing, most_missed=policy.most_missed)
    keys = set(sought.among(found).values_list("pk", flat=True))
    fits = [place for place, one in enumerate(line) if one.pk in keys]
    page = Paginator(fits, PAGE).get_page(number)
    return Stretch(page, line, list(page.object_list), 1)


def _rows(
    stretch: Stretch,
    found: Mapping[int, Face],
    *,
    coming: Coming,
    now: datetime,
    policy: Policy,
) -> list[Row]:
    exponent, line = float(policy.harm_exponent), stretch.line
    shown = [place for place in stretch.places if line[place].pk in found]
    overruled = [line[place].pk for place in shown if line[place].overruled_days]
    overrules = Overrule.objects.of_entries(overruled, now=now) if overruled else {}
    return [
        Row(
            found[line[place].pk],
            stretch.first + place,
            _why(line[place], now=now, exponent=exponent),
            change(
                *(place, line),
                first=stretch.first,
                coming=coming,
                now=now,
                exponent=exponent,
            ),
            overrules.get(line[place].pk),
        )
        for place in shown
    ]


def _why(one: Stand, *, now: datetime, exponent: float) -> Explanation | None:
    """Return the numbers behind a place; None if no target has begun."""
    if one.category_days is None:
        return None
    return explain(
        received_at=one.received_at,
        category_days=one.category_days,
        need_score=one.need_score,
        now=now,
        exponent=exponent,
        overruled_days=one.overruled_days,
    )


def _digest(rows: list[Row]) -> str:
    """Return what differs when the order does, or what a row says but for its clock."""
    said = [
        (
            *(row.face.pk, row.rank, row.face.version, row.face.category),
            *(row.face.has_offer, row.face.told_more, row.face.not_taken),
            *(row.face.missed, row.face.referral_status, row.face.valid_until),
            *((row.why.target_days, row.why.overdue) if row.why else ()),
        )
        for row in rows
    ]
    return short(said)


def short(said: object) -> str:
    """Return a short word that differs when `said` does."""
    return blake2s(repr(said).encode(), digest_size=8).hexdigest()
