"""How long people wait, by what must not matter: their language and their insurer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Case, CharField, F, QuerySet, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from appointments.figures.figure import Bar, Figure, share
from appointments.figures.waits import seen, spread
from appointments.models import Policy, WaitlistEntry
from appointments.models.waitlist import FEWEST_SHOWN

NONE = ""  # nothing on record
UNKNOWN = "-"
Groups = Mapping[str, Any]  # what is known of each, by its code


def by_language(*, now: datetime) -> Figure:
    """Return the waits by the language of messages, which no order knows."""
    names = {code: _(str(name)) for code, name in settings.LANGUAGES}
    return _figure(
        Coalesce("patient__user__language", Value(NONE)),
        now=now,
        key="language",
        title=_("Waits by language"),
        head=_("Language"),
        names={**names, NONE: _("No account")},
    )


def by_insurer(*, now: datetime) -> Figure:
    """Return the waits by kind of insurer, which no order knows."""
    kind = Case(
        When(referral__insurer=None, then=Value(NONE)),
        When(referral__insurer__in_network=True, then=Value("in")),
        default=Value("out"),
        output_field=CharField(),
    )
    return _figure(
        kind,
        now=now,
        key="insurer",
        title=_("Waits by kind of insurer"),
        head=_("Insurer"),
        names={
            "in": _("In our network"),
            "out": _("Not in our network"),
            NONE: _("None on record"),
        },
    )


def _waiting(now: datetime) -> QuerySet[Any]:
    """Return who waits for a first visit now; `wait_days` is their wait so far."""
    exponent = float(Policy.objects.in_force(now).harm_exponent)
    line: QuerySet[Any] = WaitlistEntry.objects.waiting().in_order_of_need(
        now=now, exponent=exponent
    )
    first = line.filter(session=1, received_at__lte=now).order_by()
    return first.annotate(wait_days=F("waited_days"))


def _figure(
    group: Any,
    *,
    now: datetime,
    key: str,
    title: str,
    head: str,
    names: Mapping[str, str],
) -> Figure:
    """Return one such figure; a group of few people is counted and not shown."""
    then, then_hidden = _shown(seen(now=now), group)
    here, here_hidden = _shown(_waiting(now), group)
    rows, bars = _lines(then, here, names)
    about = [
        _("First visits of the last 90 days, and who waits for one now."),
        _("The order knows nothing of this."),
        _("If waits differ all the same, look for the reason."),
    ]
    if then_hidden or here_hidden:
        left_out = _("Groups of fewer than %(number)s people are left out.")
        about.append(left_out % {"number": FEWEST_SHOWN})
    return Figure(
        key=key,
        title=title,
        about=" ".join(about),
        heads=[
            *(head, _("Seen"), _("Half, days"), _("Nine of ten, days")),
            *(_("Within target"), _("Waiting"), _("Half so far, days")),
            *(_("Nine of ten so far, days"), _("Still within target")),
        ],
        rows=rows,
        bars=bars,
        bars_title=_("Median wait in days; the mark is that of those who wait now"),
        numbers=frozenset(range(1, 9)),
    )


def _shown(rows: QuerySet[Any], group: Any) -> tuple[Groups, bool]:
    """Return the groups that are large enough, and whether one was not."""
    found: Iterable[Any] = spread(rows.annotate(group=group).values("group"))
    groups = {one["group"]: one for one in found}
    large = {code: one for code, one in groups.items() if one["people"] >= FEWEST_SHOWN}
    return large, len(large) < len(groups)


def _lines(
    then: Groups, here: Groups, names: Mapping[str, str]
) -> tuple[list[Sequence[str]], list[Bar]]:
    """Return a row and a bar of each group, the largest first."""
    rows: list[Sequence[str]] = []
    bars = []

    def size(code: str) -> tuple[int, str]:
        both = [of[code]["number"] for of in (then, here) if code in of]
        return -sum(both), code

    for code in sorted({*then, *here}, key=size):
        name, seen_of, waiting = names.get(code, code), then.get(code), here.get(code)
        rows.append([name, *_cells(seen_of), *_cells(waiting)])
        mark = waiting["half"] if waiting else None
        half = seen_of["half"] if seen_of else 0.0
        bars.append(Bar(name, half, f"{half:.1f}" if seen_of else UNKNOWN, mark))
    return rows, bars


def _cells(of: Any) -> list[str]:
    """Return the cells of one group; of one that is not shown, dashes."""
    if of is None:
        return [UNKNOWN] * 4
    times = [f"{of['half']:.1f}", f"{of['most']:.1f}"]
    return [f"{of['number']}", *times, share(of["inside"], of["number"])]
