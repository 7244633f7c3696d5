"""
What is written of a therapist's hours, extra hours and time off.

Each of these is the `write` of a `Change`: it runs in the transaction of
`change_capacity`, when the therapist is locked. Done twice, it counts once.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from appointments.actions.capacity import (
    NotInThePast,
    Overlaps,
    again,
    refuse_past,
    refuse_stale,
    today_at,
)
from appointments.models import ExtraHours, Therapist, TimeOff, WorkingHours
from appointments.openings import Span, Taken, free_spans
from massage_portal.accounts.models import User
from massage_portal.audit.record import record

ONE_DAY = timedelta(days=1)


def add_hours(
    *,
    therapist: Therapist,
    weekday: int,
    starts: time,
    ends: time,
    first_day: date,
    last_day: date | None,
    by: User,
    now: datetime,
) -> WorkingHours:
    """
    Add a weekly stretch of work, from today on at the earliest.

    :raises NotInThePast: if it were to begin before today.
    :raises Overlaps: if some of it is worked already.
    """
    wanted = {"weekday": weekday, "starts": starts, "ends": ends}
    wanted |= {"valid_from": first_day, "valid_until": last_day}
    mine = therapist.working_hours.all()
    if (same := mine.filter(**wanted).first()) is not None:
        return same
    refuse_past(first_day, earliest=today_at(therapist.location, now))
    others = mine.between(first_day, last_day or date.max)
    other = others.filter(weekday=weekday, starts__lt=ends, ends__gt=starts).first()
    if other is not None:
        raise Overlaps(
            _("These hours overlap others: %(hours)s.") % {"hours": str(other)}
        )
    added = WorkingHours.objects.create(therapist=therapist, **wanted)
    record("hours.added", added, by=by, at=now)
    return added


def end_hours(
    *, hours: WorkingHours, seen: str, last_day: date, by: User, now: datetime
) -> WorkingHours | None:
    """
    End a weekly stretch of work; None if it never began, and so is taken away.

    :param last_day: on which it is worked still; yesterday at the earliest.
    :raises NotInThePast, ChangedMeanwhile: see there.
    """
    hours = again(hours)
    if hours.valid_until == last_day:
        return hours
    refuse_stale(hours, seen)
    today = today_at(hours.therapist.location, now)
    if hours.valid_until is not None and hours.valid_until < today:
        raise NotInThePast(_("These hours have ended already."))
    if last_day < hours.valid_from >= today:
        record("hours.taken_back", hours, by=by, at=now)
        hours.delete()
        return None
    refuse_past(last_day, earliest=max(today - ONE_DAY, hours.valid_from))
    hours.valid_until = last_day
    hours.save(update_fields=["valid_until"])
    record("hours.ended", hours, by=by, at=now)
    return hours


def change_hours(
    *,
    hours: WorkingHours,
    seen: str,
    first_day: date,
    starts: time,
    ends: time,
    by: User,
    now: datetime,
) -> WorkingHours:
    """
    Work other times from `first_day` on: the row ends, and a new one follows it.

    :raises NotInThePast, Overlaps, ChangedMeanwhile: see there.
    """
    hours = again(hours)
    therapist, weekday, until = hours.therapist, hours.weekday, hours.valid_until
    same = therapist.working_hours.filter(
        weekday=weekday, starts=starts, ends=ends, valid_from=first_day
    ).first()
    if until == first_day - ONE_DAY and same is not None:
        return same
    refuse_stale(hours, seen)
    refuse_past(first_day, earliest=today_at(therapist.location, now))
    if until is not None and until < first_day:
        raise NotInThePast(
            _("These hours end before that, on %(day)s.") % {"day": date_format(until)}
        )
    first_day = max(first_day, hours.valid_from)
    end_hours(hours=hours, seen=seen, last_day=first_day - ONE_DAY, by=by, now=now)
    return add_hours(
        therapist=therapist,
        weekday=weekday,
        starts=starts,
        ends=ends,
        first_day=first_day,
        last_day=until,
        by=by,
        now=now,
    )


def add_extra(
    *,
    therapist: Therapist,
    day: date,
    starts: time,
    ends: time,
    by: User,
    now: datetime,
) -> ExtraHours:
    """
    Add work on one day, beyond the weekly pattern.

    :raises NotInThePast: if the day is over.
    :raises Overlaps: if other extra hours touch it.
    """
    mine = therapist.extra_hours.filter(day=day)
    if (same := mine.filter(starts=starts, ends=ends).first()) is not None:
        return same
    refuse_past(day, earliest=today_at(therapist.location, now))
    other = mine.filter(starts__lt=ends, ends__gt=starts).first()
    if other is not None:
        raise Overlaps(
            _("These hours overlap others: %(hours)s.") % {"hours": str(other)}
        )
    added = ExtraHours.objects.create(
        therapist=therapist, day=day, starts=starts, ends=ends
    )
    record("extra_hours.added", added, by=by, at=now)
    return added


def take_extra_back(*, extra: ExtraHours, seen: str, by: User, now: datetime) -> None:
    """
    Take extra hours away.

    :raises NotInThePast, ChangedMeanwhile: see there.
    """
    extra = again(extra)
    refuse_stale(extra, seen)
    refuse_past(extra.day, earliest=today_at(extra.therapist.location, now))
    record("extra_hours.taken_back", extra, by=by, at=now)
    extra.delete()


def change_extra(
    *,
    extra: ExtraHours,
    seen: str,
    day: date,
    starts: time,
    ends: time,
    by: User,
    now: datetime,
) -> ExtraHours:
    """
    Work the extra hours at another time: the row goes, and a new one takes its place.

    :raises NotInThePast, Overlaps, ChangedMeanwhile: see there.
    """
    therapist = extra.therapist
    take_extra_back(extra=extra, seen=seen, by=by, now=now)
    return add_extra(
        therapist=therapist, day=day, starts=starts, ends=ends, by=by, now=now
    )


def add_time_off(
    *,
    therapist: Therapist,
    starts_at: datetime | None,
    ends_at: datetime,
    reason: str,
    by: User,
    now: datetime,
) -> list[TimeOff]:
    """
    Enter time off, which hits the visits in it; return the rows that are new.

    Whoever falls ill may be off for some of the time already: then what is between is
    entered, and nothing if they are off all the time.

    :param starts_at: None is now.
    :raises NotInThePast: if it is over, or begins before today.
    """
    starts_at = starts_at or now.replace(second=0, microsecond=0)
    _refuse_over(starts_at, ends_at, therapist=therapist, now=now)
    off = therapist.time_off.between(starts_at, ends_at)
    entered = Taken(Span(*one) for one in off.values_list("starts_at", "ends_at"))
    added = [
        TimeOff.objects.create(
            therapist=therapist, starts_at=gap.start, ends_at=gap.end, reason=reason
        )
        for gap in free_spans(Span(starts_at, ends_at), entered)
    ]
    for one in added:
        record("time_off.added", one, by=by, at=now)
    return added


def change_time_off(
    *,
    off: TimeOff,
    seen: str,
    starts_at: datetime | None,
    ends_at: datetime,
    reason: str,
    by: User,
    now: datetime,
) -> TimeOff:
    """
    Change time off that is not over. What has begun keeps its beginning.

    :raises NotInThePast, Overlaps, ChangedMeanwhile: see there.
    """
    off = again(off)
    if off.starts_at <= now or starts_at is None:
        starts_at = min(off.starts_at, now.replace(second=0, microsecond=0))
    wanted = (starts_at, ends_at, reason)
    if (off.starts_at, off.ends_at, off.reason) == wanted:
        return off
    refuse_stale(off, seen)
    if off.ends_at <= now:
        raise NotInThePast(_("This time off is over."))
    if starts_at != off.starts_at:
        _refuse_over(starts_at, ends_at, therapist=off.therapist, now=now)
    elif ends_at <= now:
        raise NotInThePast(
            _("Time off ends later than now. To end it now, take it back.")
        )
    _refuse_off_already(off, starts_at, ends_at)
    off.starts_at, off.ends_at, off.reason = wanted
    off.save(update_fields=["starts_at", "ends_at", "reason"])
    record("time_off.changed", off, by=by, at=now)
    return off


def end_time_off(*, off: TimeOff, seen: str, by: User, now: datetime) -> TimeOff | None:
    """
    End time off now; None if it had not begun, and so is taken away.

    :raises NotInThePast, ChangedMeanwhile: see there.
    """
    off = again(off)
    refuse_stale(off, seen)
    if off.ends_at <= now:
        raise NotInThePast(_("This time off is over."))
    if off.starts_at >= now:
        record("time_off.taken_back", off, by=by, at=now)
        off.delete()
        return None
    off.ends_at = now
    off.save(update_fields=["ends_at"])
    record("time_off.ended", off, by=by, at=now)
    return off


def _refuse_over(
    starts_at: datetime, ends_at: datetime, *, therapist: Therapist, now: datetime
) -> None:
    if ends_at <= now or ends_at <= starts_at:
        raise NotInThePast(_("Time off ends later than now, and after it begins."))
    place = therapist.location
    refuse_past(today_at(place, starts_at), earliest=today_at(place, now))


def _refuse_off_already(off: TimeOff, starts_at: datetime, ends_at: datetime) -> None:
    others = off.therapist.time_off.between(starts_at, ends_at).exclude(pk=off.pk)
    if others.exists():
        raise Overlaps(
            _("They are off for some of that time already. Change that entry instead.")
        )
