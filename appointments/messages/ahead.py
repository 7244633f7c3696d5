"""What the reminders of many visits say, read in two statements for all of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from appointments.codes import Status
from appointments.messages.words import Where
from appointments.models import Appointment, Policy
from appointments.models.hours import holidays_between
from appointments.models.outside import DOUBTFUL, outside_of_hours
from appointments.outside import IMPOSSIBLE
from massage_portal.outbox.kinds import reads_ahead
from massage_portal.outbox.models import Message
from massage_portal.prepared import Prepared
from referrals.codes import Status as ReferralStatus

VISITS = Prepared(
    "visits_to_remind_of",
    f"""
    SELECT visit.id, visit.status::varchar, referral.status::varchar,
           patient.given_name::varchar, visit.confirmed_at IS NOT NULL,
           visit.booked_at, visit.starts_at, visit.ends_at,
           place.time_zone::varchar, place.name::varchar, room.name::varchar,
           {DOUBTFUL},
           calendar.country::varchar, calendar.subdivision::varchar
      FROM appointments_appointment visit
      JOIN appointments_therapist therapist ON therapist.id = visit.therapist_id
      JOIN services_location place ON place.article_ptr_id = therapist.location_id
      JOIN appointments_room room ON room.id = visit.room_id
      JOIN referrals_patient patient ON patient.id = visit.patient_id
      JOIN appointments_waitlistentry entry ON entry.id = visit.entry_id
      JOIN referrals_referral referral ON referral.id = entry.referral_id
      LEFT JOIN appointments_holidaycalendar calendar
             ON calendar.location_id = therapist.location_id
     WHERE visit.id = ANY(%(visits)s::bigint[])
    """,  # noqa: S608 - no value is written into it
)
POLICIES = Prepared(
    "policies_newest_first",
    """
    SELECT in_force_from, late_cancel_hours, most_missed FROM appointments_policy
     ORDER BY in_force_from DESC
    """,
)


class Rules(NamedTuple):
    """What a mail says of the clinic's policy."""

    late_cancel_hours: int
    most_missed: int


class Visit(NamedTuple):
    """What a reminder is written from: a row of columns, for each costs ten models."""

    pk: int
    stands: bool  # it is booked, and its referral in force
    given_name: str
    confirmed: bool
    where: Where
    rules: Rules
    cannot_be: bool


@reads_ahead("appointments.reminder")
def of_visits(messages: list[Message]) -> dict[int, Visit]:
    """Return it for each message whose visit there is, by the message's key."""
    keys = {message.subject_key for message in messages}
    rows = {row[0]: row[1:] for row in VISITS.rows(visits=list(keys))}
    impossible = _impossible([key for key, row in rows.items() if _in_doubt(row)])
    policies = POLICIES.rows()
    found = {}
    for message in messages:
        if (key := message.subject_key) not in rows:
            continue
        status, referral, name, confirmed, booked_at, starts, ends, *told = rows[key]
        zone = ZoneInfo(told[0])
        found[message.pk] = Visit(
            key,
            status == Status.BOOKED and referral == ReferralStatus.ACTIVE,
            name,
            confirmed,
            Where(starts.astimezone(zone), ends.astimezone(zone), *told[:3]),
            _agreed(policies, booked_at, now=message.due_at),
            key in impossible,
        )
    return found


def of_one(message: Message) -> Visit | None:
    """Return it for one message: as it was read ahead, or else from now."""
    if message.ahead is not None:
        read: Visit = message.ahead
        return read
    return of_visits([message]).get(message.pk)


def _in_doubt(row: tuple[Any, ...]) -> bool:
    """Say whether a visit may be one that cannot be: on a public holiday, it may."""
    starts, zone, (doubtful, country, subdivision) = row[5], row[7], row[-3:]
    if doubtful or country is None:  # a place without a calendar has no holidays
        return bool(doubtful)
    day = starts.astimezone(ZoneInfo(zone)).date()
    return day in holidays_between(country, subdivision, day, day)


def _impossible(doubtful: list[int]) -> set[int]:
    """Return the keys of those that cannot be: the rule itself is asked."""
    if not doubtful:
        return set()
    why = outside_of_hours(Appointment.objects.with_place().filter(pk__in=doubtful))
    return {key for key, outside in why.items() if outside in IMPOSSIBLE}


def _agreed(
    newest_first: list[tuple[datetime, int, int]],
    booked_at: datetime | None,
    *,
    now: datetime,
) -> Rules:
    """Return what `Policy.objects.agreed` would, from all rows of it."""
    hours = _in_force(newest_first, booked_at or now).late_cancel_hours
    return Rules(hours, _in_force(newest_first, now).most_missed)


def _in_force(newest_first: list[tuple[datetime, int, int]], moment: datetime) -> Rules:
    """Return the newest that has begun, or the defaults; see `Policy.objects`."""
    for begins, late_cancel_hours, most_missed in newest_first:
        if begins <= moment:
            return Rules(late_cancel_hours, most_missed)
    return DEFAULTS


_defaults = Policy()
DEFAULTS = Rules(_defaults.late_cancel_hours, _defaults.most_missed)
