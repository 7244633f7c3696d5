"""What a request, its referral and its patient ask of a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from appointments.lost_wish import Lost, lost_wish
from appointments.matching import Wish
from appointments.models.policy import Policy
from appointments.models.waitlist import WaitlistEntry
from appointments.openings import Opening
from appointments.wishes import Misfit, misfits


def wish_of(entry: WaitlistEntry, *, policy: Policy) -> Wish:
    """Return what the entry and its referral ask of an opening, whatever came since."""
    return Wish(
        valid_from=entry.referral.valid_from,
        valid_until=entry.referral.coverage.until,
        earliest=entry.earliest,
        latest=entry.latest,
        weekdays=entry.weekdays,
        from_time=entry.from_time,
        to_time=entry.to_time,
        therapist=entry.therapist_id,
        location=entry.location_id,
        notice=max(timedelta(hours=entry.notice_hours), policy.notice),
    )


def not_wished(
    entry: WaitlistEntry, opening: Opening, *, policy: Policy, now: datetime | None
) -> list[Misfit]:
    """
    Return what of the opening is not what the patient asked for.

    :param now: None leaves their notice out.
    """
    notice = timedelta(hours=entry.notice_hours)  # theirs: the clinic may go below its
    wish = replace(wish_of(entry, policy=policy), notice=notice)
    return misfits(wish, opening, now=now)


def lost_wish_of(entry: WaitlistEntry, *, today: date) -> Lost | None:
    """Return what of the patient's wish nobody can give any more, as `wishes_lost`."""
    therapist, place = entry.therapist, entry.location
    gives, there = None, None
    if therapist is not None:
        gives = therapist.active and therapist.location.gives_massage
        there = None if place is None else therapist.location_id == place.pk
    return lost_wish(
        latest=entry.latest,
        therapist_gives=gives,
        place_gives=None if place is None else place.gives_massage,
        therapist_there=there,
        today=today,
    )
