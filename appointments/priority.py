"""Rank waiting patients by medical need. Pure: no database, no clock, no settings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

DAY = timedelta(days=1)
DEFAULT_EXPONENT = 3.0


def target_wait(*, target_days: float, need_score: int) -> float:
    """
    Return the target in days after the need score has shortened it.

    T * (1 - n / 200): the highest score halves the target; need never lengthens a wait.

    :param target_days: the triage category's target in days; more than zero.
    :param need_score: 0 to 100.
    :raises ValueError: if either is out of range.

    Source: the need-adjusted waiting days of Testi et al. 2008 (PubMed 18211645).
    """
    if target_days <= 0:
        raise ValueError(f"target must be positive: {target_days}")
    if not 0 <= need_score <= 100:
        raise ValueError(f"need score must be 0 to 100: {need_score}")
    return target_days * (1 - need_score / 200)


def harm(*, waited_days: float, target_days: float, exponent: float) -> float:
    """
    Return the harm of having waited: 0 at the start, 1 at the target, steep beyond it.

    (w / T) ** p. It has no unit: patients with different targets compare directly.

    :param waited_days: w, in days; zero or more.
    :param target_days: T, in days, already shortened by need; more than zero.
    :param exponent: p, the clinic's policy; 1 or more.
    :raises ValueError: if one is out of range, for then no order can be trusted.

    Source: Van Mieghem 1995, "Dynamic scheduling with convex delay costs: the
    generalized c-mu rule", Annals of Applied Probability 5(3):809-833.
    """
    _refuse_odd(waited_days, target_days, exponent)
    return (waited_days / target_days) ** exponent


def _refuse_odd(waited_days: float, target_days: float, exponent: float) -> None:
    if waited_days < 0:
        raise ValueError(f"waited must not be negative: {waited_days}")
    if target_days <= 0:
        raise ValueError(f"target must be positive: {target_days}")
    if exponent < 1:
        raise ValueError(f"exponent must be at least 1: {exponent}")


def day_adds(*, waited_days: float, target_days: float, exponent: float) -> float:
    """
    Return the harm that one more day of waiting adds: the rank, highest first.

    :param waited_days: w, in days; zero or more.
    :param target_days: T, in days, already shortened by need; more than zero.
    :param exponent: p, the clinic's policy; 1 or more.
    :raises ValueError: as `harm`.
    """
    _refuse_odd(waited_days, target_days, exponent)
    if exponent == 1:  # then all days add alike: rounding must not tell them apart
        return 1 / target_days
    after = ((waited_days + 1) / target_days) ** exponent
    return after - (waited_days / target_days) ** exponent


@dataclass(frozen=True)
class Explanation:
    """Why an entry stands where it stands. Days are days of 24 hours."""

    waited_days: float
    category_days: int  # before need
    target_days: float  # after need, or what a person set: the one that counts
    need_score: int
    share: float  # of the target used: 1.0 is due
    due_at: datetime
    harm: float
    day_adds: float
    overruled_days: float | None = None  # a person's target, in place of the computed

    @property
    def computed_days(self) -> float:
        """The target in days that the formula says, whatever a person set."""
        return target_wait(target_days=self.category_days, need_score=self.need_score)

    @property
    def overdue(self) -> bool:
        """Whether the target has passed."""
        return self.share >= 1

    @property
    def per_cent(self) -> int:
        """The share of the target used, in whole per cent, rounded down."""
        return int(self.waited_days * 100 / self.target_days)  # 29 of 100 is 29


def explain(
    *,
    received_at: datetime,
    category_days: int,
    need_score: int,
    now: datetime,
    exponent: float,
    overruled_days: float | None = None,
) -> Explanation:
    """
    Return the numbers behind a rank at `now`.

    A clock that lies ahead (the next visit of a plan) counts as no wait yet.

    :param received_at: when the clinic received the referral; the clock's start.
    :param category_days: the triage category's target in days; more than zero.
    :param need_score: 0 to 100.
    :param exponent: p, the clinic's policy; 1 or more.
    :param overruled_days: what a person set in place of the computed target, in days;
        more than zero; None if nobody did.
    :raises ValueError: as `target_wait` and `harm`.
    """
    waited = max((now - received_at) / DAY, 0.0)
    target = target_wait(target_days=category_days, need_score=need_score)
    if overruled_days is not None:
        target = overruled_days
    return Explanation(
        waited_days=waited,
        category_days=category_days,
        target_days=target,
        need_score=need_score,
        share=waited / target,
        due_at=received_at + target * DAY,
        harm=harm(waited_days=waited, target_days=target, exponent=exponent),
        day_adds=day_adds(waited_days=waited, target_days=target, exponent=exponent),
        overruled_days=overruled_days,
    )
