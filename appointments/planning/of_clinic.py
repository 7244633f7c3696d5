"""The plan of the clinic's own line and free time, in words for a terminal."""

from __future__ import annotations

import math
from datetime import datetime

from appointments.models import Policy, Therapist
from appointments.models.planner import Drawn, Planner
from appointments.openings import Opening
from appointments.planning.problem import Outcome


def clinic_plan(*, weeks: int, now: datetime) -> str:
    """
    Return what a plan of the coming weeks would give, without sending or keeping it.

    Requests stand by their keys: no name goes to a terminal or a log.

    :param weeks: 1 or more, today's included.
    """
    planner = Planner.of_weeks(weeks, now=now, policy=Policy.objects.in_force(now))
    drawn = planner.draw()
    names = {one.pk: str(one) for one in Therapist.objects.select_related("user")}
    given = sorted(
        (one.opening.starts_at, one.asking.key, _row(one, one.opening, names))
        for one in drawn.outcomes
        if one.opening
    )
    lines = [row for _start, _key, row in given]
    lines += [_without(one) for one in drawn.outcomes if not one.opening]
    lines += [f"request {one.asking.key}: call first" for one in drawn.to_call]
    return "\n".join([*lines, *_sums(drawn)]) + "\n"


def _row(one: Outcome, opening: Opening, names: dict[int, str]) -> str:
    return (
        f"request {one.asking.key}: {opening.local_start:%Y-%m-%d %H:%M %Z}, "
        f"{names[opening.therapist]}, waited {one.waited_days:.1f} of "
        f"{one.asking.target_days:.1f} days, harm {one.harm:.4f}"
    )


def _without(one: Outcome) -> str:
    why = "others are harmed more" if one.suits else "no opening suits"
    return f"request {one.asking.key}: none, {why}, harm {one.harm:.4f}"


def _sums(drawn: Drawn) -> list[str]:
    some = drawn.outcomes
    harm = math.fsum(one.harm for one in some)
    alone = math.fsum(one.line_harm for one in some)
    placed = sum(one.opening is not None for one in some)
    in_time = sum(
        one.opening is not None and one.waited_days <= one.asking.target_days
        for one in some
    )
    share = f"{in_time / len(some):.1%}" if some else "nobody waits"
    return [
        f"requests with an opening: {placed:,} of {len(some):,}",
        f"total harm: {harm:.6f} (by the line alone: {alone:.6f})",
        f"within target: {share}",
        "nothing was sent, held or kept",
    ]
