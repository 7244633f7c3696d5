"""One page of the line, as the board shows it: read in a few queries, however long."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2s
from typing import NamedTuple

from django.core.paginator import Page, Paginator

from appointments.changes import FAR, Change, Coming, Stand, change
from appointments.models import Overrule, Policy, TargetWait, WaitlistEntry
from appointments.models.board import Narrowing
from appointments.models.need_order import front
from appointments.models.waitlist import WaitlistEntryQuerySet
from appointments.priority import DAY, Explanation

PAGE = 50


class Row(NamedTuple):
    """One who waits: their place, why, and what would change it."""

    entry: WaitlistEntry
    rank: int
    why: Explanation | None
    would: Change
    overrule: Overrule | None


@dataclass(frozen=True)
class Asked:
    """One page of the requests to triage, and a short word for all that it says."""

    page: Page[int]
    entries: list[WaitlistEntry]
    digest: str


@dataclass(frozen=True)
class Line:
    """The rows of one page, and a short word for their order and all that they say."""

    page: Page[int]
    rows: list[Row]
    digest: str


def read_asked(
    visible: WaitlistEntryQuerySet,
    *,
    narrowing: Narrowing,
    patients: Collection[int] | None,
    number: str,
) -> Asked:
    """Return one page of those to triage, by the filters that hold before it."""
    found = visible.to_triage().suited(narrowing)
    if patients is not None:
        found = found.filter(patient__in=patients)
    page = Paginator(range(found.count()), PAGE).get_page(number)
    begin = max(page.start_index() - 1, 0)
    rows = found.select_related("patient", "referral").with_news()
    entries = list(rows[begin : begin + PAGE])
    said = [
        (one.pk, one.version, one.status, one.told_more, one.referral.priority)
        for one in entries
    ]
    return Asked(page, entries, short((page.paginator.count, said)))


def read_line(
    visible: WaitlistEntryQuerySet,
    *,
    narrowing: Narrowing,
    patients: Collection[int] | None,
    number: str,
    waiting: int,
    policy: Policy,
    now: datetime,
) -> Line:
    """
    Return one page of those who wait, in the order of need.

    A filter or a search hides rows; the others keep their rank in the whole line.

    :param patients: show only theirs, by keys; None shows all.
    :param number: of the page, as the address carries it; nonsense is the first.
    :param waiting: how many wait.
    """
    exponent = float(policy.harm_exponent)
    if not narrowing and patients is None:
        page = Paginator(range(waiting), PAGE).get_page(number)
        begin = max(page.start_index() - 1, 0)
        # The one before the page is read too: the first row may pass them.
        early = max(begin - 1, 0)
        line = front(begin=early, until=begin + PAGE, now=now, exponent=exponent)
        first = early + 1
        places: Sequence[int] = range(begin - early, len(line))
    else:
        ranked = visible.waiting().in_order_of_need(now=now, exponent=exponent)
        line = [Stand._make(one) for one in ranked.stands()]
        found = ranked.narrowed(narrowing, most_missed=policy.most_missed)
        if patients is not None:
            found = found.filter(patient__in=patients)
        keys = set(found.values_list("pk", flat=True))
        fits = [place for place, one in enumerate(line) if one.pk in keys]
        page = Paginator(fits, PAGE).get_page(number)
        places, first = list(page.object_list), 1
    rows = _rows(line, places, first=first, now=now, policy=policy)
    return Line(page, rows, _digest(rows))


def _rows(
    line: list[Stand],
    places: Collection[int],
    *,
    first: int,
    now: datetime,
    policy: Policy,
) -> list[Row]:
    """Return the rows at `places` of `line`, whose first has the rank `first`."""
    exponent = float(policy.harm_exponent)
    shown = {line[place].pk: place for place in places}
    # By their keys alone: they were ranked once, and need not be again.
    # Their technique and diagnosis are not drawn: fifty of each would be read in vain.
    entries = WaitlistEntry.objects.filter(pk__in=list(shown)).select_related(
        "patient", "category", "referral"
    )
    entries = entries.with_open_offer(now).with_offers_not_taken().with_news()
    entries = entries.with_visits_missed(most_missed=policy.most_missed)
    by_key = {entry.pk: entry for entry in entries}
    overruled = [key for key, at in shown.items() if line[at].overruled_days]
    overrules = Overrule.objects.of_entries(overruled, now=now) if overruled else {}
    coming = _coming(now)
    rows = []
    for key, place in shown.items():
        entry = by_key.get(key)
        if entry is None:
            continue  # it left between the queries
        stand = line[place]
        entry.category_days = stand.category_days
        entry.overruled_days = stand.overruled_days
        why = entry.explain(now=now, exponent=exponent)
        would = change(
            *(place, line), first=first, coming=coming, now=now, exponent=exponent
        )
        rows.append(Row(entry, first + place, why, would, overrules.get(key)))
    return rows


def _coming(now: datetime) -> Coming:
    """Return the targets that will be in force while anything is told about."""
    rows = TargetWait.objects.filter(
        in_force_from__gt=now, in_force_from__lte=now + FAR * DAY
    ).order_by("in_force_from")
    found: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for category, begins, days in rows.values_list(
        "category", "in_force_from", "target_days"
    ):
        found[category].append(((begins - now) / DAY, days))
    return found


def _digest(rows: list[Row]) -> str:
    """Return what differs when the order does, or what a row says but for its clock."""
    said = [
        (
            *(row.entry.pk, row.rank, row.entry.version, row.entry.category_id),
            *(row.entry.has_offer, row.entry.told_more, row.entry.not_taken),
            row.entry.missed,
            *(row.entry.referral.status, row.entry.referral.valid_until),
            *((row.why.target_days, row.why.overdue) if row.why else ()),
        )
        for row in rows
    ]
    return short(said)


def short(said: object) -> str:
    """Return a short word that differs when `said` does."""
    return blake2s(repr(said).encode(), digest_size=8).hexdigest()
