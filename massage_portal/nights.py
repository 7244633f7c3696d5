"""When it is night somewhere. Pure: no clock, no database."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import NamedTuple

DAY = timedelta(days=1)


class Quiet(NamedTuple):
    """The hours of the night, by the clock on the wall; two alike are no night."""

    begin: time
    end: time


class Night(NamedTuple):
    """One night, from one moment in UTC to another."""

    begin: datetime
    end: datetime


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
    Where they go forward over its end, it ends as they do: the other reading of a time
    that does not come is an hour sooner.
    """
    over = DAY if quiet.end < quiet.begin else timedelta(0)
    begin = datetime.combine(evening, quiet.begin, tzinfo=zone)
    end = datetime.combine(evening + over, quiet.end, tzinfo=zone)
    if quiet.begin == quiet.end:
        return Night(begin.astimezone(UTC), begin.astimezone(UTC))
    last = max(end.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    return Night(begin.astimezone(UTC), last)
