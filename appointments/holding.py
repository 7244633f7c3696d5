"""How long an offer holds its time, and when it is night. Pure: no clock, no database.

The rule, in this order:

1. The hold is what policy says, but no more than SHARE of the time left until the visit
   (so that a third of it is left for whoever is asked next), and no longer than until
   the notice that policy asks for. It is SHORTEST at the least.
2. It never ends at night. One that would ends as the night does, if the notice allows
   that; else as the night begins, if that leaves SHORTEST; else as the night ends after
   all, for a patient who sleeps cannot answer.
3. It never goes past the start of the visit.

The later the visit, the later the hold ends, all else being equal.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import NamedTuple

SHORTEST = timedelta(minutes=30)
SHARE = (2, 3)
DAY = timedelta(days=1)


class Quiet(NamedTuple):
    """The hours of the night, by the clock on the wall; two alike are no night."""

    begin: time
    end: time


class Night(NamedTuple):
    """One night, from one moment in UTC to another."""

    begin: datetime
    end: datetime


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
    left = starts_at - now
    most = min(hold, left * SHARE[0] / SHARE[1], left - notice)
    until = now + max(most, SHORTEST)
    night = night_at(until, zone=zone, quiet=quiet)
    if night is not None and until > night.begin:
        in_time = night.end <= starts_at - notice
        early = night.begin >= now + SHORTEST
        until = night.begin if early and not in_time else night.end
    return min(until, starts_at).astimezone(UTC)


def night_at(moment: datetime, *, zone: tzinfo, quiet: Quiet) -> Night | None:
    """Return the night in which `moment` lies: its begin belongs to it, not its end."""
    day = moment.astimezone(zone).date()
    for evening in (day - DAY, day):
        night = _night(evening, zone=zone, quiet=quiet)
        if night.begin <= moment < night.end:
            return night
    return None


def awake_since(
    since: datetime, now: datetime, *, zone: tzinfo, quiet: Quiet
) -> datetime:
    """
    Return since when on this day somebody could have been told of `since`.

    That is `since`, or the end of the last night if that came later; `now` while it is
    night.
    """
    if night_at(now, zone=zone, quiet=quiet) is not None:
        return now
    day = now.astimezone(zone).date()
    nights = (_night(day - number * DAY, zone=zone, quiet=quiet) for number in range(3))
    return max(since, next(one.end for one in nights if one.end <= now))


def _night(evening: date, *, zone: tzinfo, quiet: Quiet) -> Night:
    """
    Return the night that begins on a local day.

    Where the clocks go back, an hour comes twice: a night begins with its first coming
    and ends with its second, so that no clock on the wall shows a time of the night.
    """
    over = DAY if quiet.end < quiet.begin else timedelta(0)
    begin = datetime.combine(evening, quiet.begin, tzinfo=zone)
    end = datetime.combine(evening + over, quiet.end, tzinfo=zone).replace(fold=1)
    if quiet.begin == quiet.end:
        end = begin
    return Night(begin.astimezone(UTC), end.astimezone(UTC))
