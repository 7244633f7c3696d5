"""How long an offer holds its time. Pure: no clock, no database.

The rule, in this order:

1. The hold is what policy says, but no more than SHARE of the time left until the visit
   (so that a third of it is left for whoever is asked next), and no longer than until
   the notice that policy asks for. It is SHORTEST at the least. An offer made at night
   is told of in the morning, and all of this counts from then.
2. It never ends at night. One that would ends as the night does, if the notice allows
   that; else as the night begins, if that leaves SHORTEST; else as the night ends after
   all, for a patient who sleeps cannot answer.
3. It never goes past the start of the visit.

The later the visit, the later the hold ends, all else being equal.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

from massage_portal.nights import Quiet, night_at

SHORTEST = timedelta(minutes=30)
HOUR = timedelta(hours=1)
SHARE = (2, 3)


def hold_until(
    *,
    now: datetime,
    starts_at: datetime,
    zone: tzinfo,
    hold: timedelta,
    notice: timedelta,
    quiet: Quiet,
) -> datetime:
    """
    Return until when an offer made at `now` holds: after `now`, in UTC.

    :param starts_at: of the visit; after `now`.
    :param zone: of the place, whose nights they are.
    :param hold: how long at the most, by policy.
    :param notice: how long before its start a time is offered to nobody any more.
    """
    told = told_at(now, zone=zone, quiet=quiet)
    if told >= starts_at:
        told = now  # the visit itself is at night
    left = starts_at - told
    most = min(hold, left * SHARE[0] / SHARE[1], left - notice)
    until = told + max(most, SHORTEST)
    night = night_at(until, zone=zone, quiet=quiet)
    if night is not None and until > night.begin:
        in_time = night.end <= starts_at - notice
        early = night.begin >= told + SHORTEST
        until = night.begin if early and not in_time else night.end
    return min(until, starts_at).astimezone(UTC)


def told_at(now: datetime, *, zone: tzinfo, quiet: Quiet) -> datetime:
    """Return when a patient hears of an offer made at `now`: at night, as it ends."""
    night = night_at(now, zone=zone, quiet=quiet)
    return now if night is None else night.end


def lapse_notice(
    *,
    now: datetime,
    held_until: datetime,
    zone: tzinfo,
    notice: timedelta,
    quiet: Quiet,
) -> datetime | None:
    """
    Return when a patient who has not answered is told that an offer made at `now` ends.

    That is `notice` before its end. At night it is an hour before the night begins, if
    they have had as long as `notice` by then; else as the night ends, if an hour is
    left then. None where no such moment is left, or where `notice` is no time at all.

    :param zone: of the place, whose nights they are.
    """
    due = held_until - notice
    told = told_at(now, zone=zone, quiet=quiet)
    if not notice or due <= told:
        return None
    night = night_at(due, zone=zone, quiet=quiet)
    if night is None:
        return due
    if told + notice <= night.begin - HOUR:
        return night.begin - HOUR
    return night.end if night.end + HOUR <= held_until else None
