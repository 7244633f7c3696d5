"""
Who follows when a referral stops, resumes, is carried on, or has its clock put right.

An app registers its followers when Django starts (in its AppConfig.ready), so that
referrals, which stand below visits, need not know them. They are called inside the
transaction, with the patient's row locked: what they do commits with it, or not at all.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from massage_portal.accounts.models import User
    from referrals.models import Referral


class OfStop(Protocol):
    """Called when nothing can be booked by `referral` from now on."""

    def __call__(self, referral: Referral, /, *, by: User, now: datetime) -> None: ...


class OfResumption(Protocol):
    """Called when `referral`, which was on hold, is in force again."""

    def __call__(self, referral: Referral, /, *, by: User, now: datetime) -> None: ...


class OfRenewal(Protocol):
    """Called when `new` takes the place of `old`."""

    def __call__(
        self, old: Referral, new: Referral, /, *, by: User, now: datetime
    ) -> None: ...


class OfClock(Protocol):
    """Called when the day that `referral` came in is put right; it was `before`."""

    def __call__(
        self, referral: Referral, before: datetime, /, *, by: User, now: datetime
    ) -> None: ...


_of_stops: list[OfStop] = []
_of_resumptions: list[OfResumption] = []
_of_clocks: list[OfClock] = []
_of_renewals: list[OfRenewal] = []
Stop = TypeVar("Stop", bound=OfStop)
Resumption = TypeVar("Resumption", bound=OfResumption)
Renewal = TypeVar("Renewal", bound=OfRenewal)
Clock = TypeVar("Clock", bound=OfClock)


def follows_stops(follower: Stop) -> Stop:
    """Register a follower of referrals that stop."""
    _of_stops.append(follower)
    return follower


def follows_resumptions(follower: Resumption) -> Resumption:
    """Register a follower of referrals that are in force again."""
    _of_resumptions.append(follower)
    return follower


def follows_renewals(follower: Renewal) -> Renewal:
    """Register a follower of referrals that are carried on."""
    _of_renewals.append(follower)
    return follower


def follows_clocks(follower: Clock) -> Clock:
    """Register a follower of referrals whose clock is put right."""
    _of_clocks.append(follower)
    return follower


def tell_of_stop(referral: Referral, *, by: User, now: datetime) -> None:
    """Call those who follow stops, in the order in which they registered."""
    for follower in _of_stops:
        follower(referral, by=by, now=now)


def tell_of_resumption(referral: Referral, *, by: User, now: datetime) -> None:
    """Call those who follow resumptions, in the order in which they registered."""
    for follower in _of_resumptions:
        follower(referral, by=by, now=now)


def tell_of_renewal(old: Referral, new: Referral, *, by: User, now: datetime) -> None:
    """Call those who follow renewals, in the order in which they registered."""
    for follower in _of_renewals:
        follower(old, new, by=by, now=now)


def tell_of_clock(
    referral: Referral, before: datetime, *, by: User, now: datetime
) -> None:
    """Call those who follow clocks, in the order in which they registered."""
    for follower in _of_clocks:
        follower(referral, before, by=by, now=now)
