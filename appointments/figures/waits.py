"""How long people wait: by category, against its target."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Aggregate, Count, F, FloatField, Max, Q, QuerySet
from django.db.models.functions import Extract
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from appointments.figures.figure import Bar, Figure, share
from appointments.models import Policy, TriageCategory, WaitlistEntry


class Percentile(Aggregate):
    """A place in a sorted group, between its neighbors, as PostgreSQL reckons it."""

    function = "PERCENTILE_CONT"
    output_field = FloatField()

    def __init__(self, expression: str, share: float, **extra: Any) -> None:
        template = f"%(function)s({share}) WITHIN GROUP (ORDER BY %(expressions)s)"
        super().__init__(expression, template=template, **extra)


def seen(*, now: datetime) -> QuerySet[Any]:
    """
    Return the first visits made, or booked and begun, in the LOOK_BACK before `now`.

    With `wait_days`, from the receipt of the referral to the visit, and
    `target_wait_days`, by the category's target at `now` and the need score.
    """
    days = Extract(F("seen_at") - F("received_at"), "epoch") / 86400.0
    entries: QuerySet[Any] = WaitlistEntry.objects.seen_first(now=now)
    return entries.with_targets(now).annotate(  # type: ignore[attr-defined]
        wait_days=days
    )


def spread(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Annotate grouped rows with how their `wait_days` lie."""
    return rows.annotate(
        people=Count("patient", distinct=True),
        half=Percentile("wait_days", 0.5),
        most=Percentile("wait_days", 0.9),
        number=Count("pk"),
        inside=Count("pk", filter=Q(wait_days__lte=F("target_wait_days"))),
    )


def _waiting(now: datetime) -> dict[int, Any]:
    """Return who waits in each category: number, past their target, longest."""
    exponent = float(Policy.objects.in_force(now).harm_exponent)
    waiting: QuerySet[Any] = WaitlistEntry.objects.waiting().in_order_of_need(
        now=now, exponent=exponent
    )
    line = (
        waiting.order_by()
        .values("category", "category__name", "category_days")
        .annotate(
            number=Count("pk"),
            late=Count("pk", filter=Q(waited_days__gt=F("target_wait_days"))),
            longest=Max(F("waited_days") / F("target_wait_days")),
        )
    )
    return {one["category"]: one for one in line}


def _line(name: str, target: int, then: Any, here: Any) -> list[str]:
    """Return the row of a category: who was seen of it, and who waits now."""
    so_far = ["0", "-", "-", "-"]
    if then:
        inside = share(then["inside"], then["number"])
        so_far = [f"{then['number']}", f"{then['half']:.1f}", f"{then['most']:.1f}"]
        so_far.append(inside)
    waiting = ["0", "0", "-"]
    if here:
        longest = f"{here['longest'] or 0:.1f}"
        waiting = [f"{here['number']}", f"{here['late']}", longest]
    return [name, f"{target}", *so_far, *waiting]


def by_category(*, now: datetime) -> Figure:
    """Return the waits of each category against its target, and who still waits."""
    past = {one["category"]: one for one in spread(seen(now=now).values("category"))}
    now_waiting = _waiting(now)
    rows, bars = [], []
    for key, (name, target) in _categories(now=now).items():
        then = past.get(key)
        rows.append(_line(name, target, then, now_waiting.get(key)))
        if then:
            part = then["half"] / target
            bars.append(Bar(name, part, f"{part:.0%}", 1.0))
    late = sum(one["late"] for one in now_waiting.values())
    return Figure(
        key="waits",
        title=_("Waits by category"),
        about=_(
            "First visits of the last 90 days, from the receipt of the referral to the "
            "visit, against the targets of today shortened by need; and who waits now."
        ),
        heads=[
            *(_("Category"), _("Target, days"), _("Seen"), _("Half, days")),
            *(_("Nine of ten, days"), _("Within target"), _("Waiting")),
            *(_("Overdue"), _("Longest, in targets")),
        ],
        rows=rows,
        bars=bars,
        bars_title=_("Median wait as a share of the category's target; the mark is it"),
        warning=_past(late) if late else "",
        numbers=frozenset(range(1, 9)),
    )


def _past(number: int) -> str:
    """Say how many wait past their target; `number` is one or more."""
    return ngettext(
        "%(number)s person who waits is past their target.",
        "%(number)s people who wait are past their target.",
        number,
    ) % {"number": number}


def _categories(*, now: datetime) -> dict[int, tuple[str, int]]:
    """Return the categories with a target at `now`: name and days, shortest first."""
    some: Any = TriageCategory.objects.with_target(now)
    return {
        one.pk: (one.name, one.target_days)
        for one in some.exclude(target_days=None).order_by("target_days", "pk")
    }
