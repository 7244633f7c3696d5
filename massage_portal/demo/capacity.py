"""
When the demo clinic's therapists work, where, and what for.

All was entered when the clinic opened, before anything was booked: so it hits nobody.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from itertools import count

from appointments.actions import hours, places
from appointments.models import HolidayCalendar, Therapist
from massage_portal.accounts.actions import add_user
from massage_portal.accounts.roles import Role
from massage_portal.demo import people
from massage_portal.demo.stage import SEASON, ZONE, Clinic
from services.models import Location, Technique

DAY = timedelta(days=1)
FEWER = 14  # days ago, most therapists went over to fewer hours
ENDS_SOON, ENDED = 3, 4  # the therapists of whom a certificate ends
ROOMS = [  # the name, and the techniques that it is fit for, by place; none: all
    ("Room 1", []),
    ("Room 2", []),
    ("Room 3", [0, 1]),
    ("Room 4", [3, 7]),
]
OFF = [  # the therapist, from which day on and for how many, and why
    (1, -30, 6, "Vacation"),
    (2, -9, 1, "Moving house"),
    (1, 9, 5, "Vacation"),
    (4, 6, 1, "A course"),
    (0, 24, 2, "A conference"),
]
CLOSED = [  # from which day on and for how many, and why
    (-58, 2, "New floors"),
    (16, 1, "Training of the whole team"),
]


def open_clinic(clinic: Clinic) -> None:
    """Add rooms, therapists, their hours and certificates, and the days off."""
    opened = clinic.at(SEASON + 20, 8)
    lead = clinic.users["lead"]
    clinic.techniques = list(Technique.objects.in_order())
    for place in Location.objects.filter(gives_massage=True):
        for name, fit in ROOMS:
            places.add_room(
                place=place,
                name=name,
                active=True,
                techniques=[clinic.techniques[one] for one in fit],
                by=lead,
                now=opened,
            )
        _days_off(clinic, place, opened)
    for number, name in enumerate(people.THERAPISTS):
        therapist = _therapist(clinic, number, name, opened)
        _certify(clinic, therapist, number, opened)
        _work(clinic, therapist, number, opened)
    _exceptions(clinic, opened)


def _days_off(clinic: Clinic, place: Location, opened: datetime) -> None:
    """Keep the state's public holidays, but not about today: a demo's day has work."""
    lead = clinic.users["lead"]
    calendar = places.set_calendar(
        place=place, country="US", subdivision="MN", by=lead, now=opened
    )
    _work_about_today(clinic, calendar, opened)
    for first, days, reason in CLOSED:
        first_day = clinic.today + first * DAY
        places.add_closure(
            place=place,
            first_day=first_day,
            last_day=first_day + (days - 1) * DAY,
            reason=reason,
            by=lead,
            now=opened,
        )


def _work_about_today(
    clinic: Clinic, calendar: HolidayCalendar, opened: datetime
) -> None:
    """Work on the holidays of today and tomorrow."""
    today = clinic.today
    for day in calendar.of_the_country(today, today + DAY):
        places.work_holiday(
            calendar=calendar, day=day, worked=True, by=clinic.users["lead"], now=opened
        )


def _therapist(clinic: Clinic, number: int, name: str, opened: datetime) -> Therapist:
    user = clinic.users["therapist"]
    if number:
        email = f"therapist{number + 1}@example.org"
        user = add_user(
            email=email, name=name, roles=[Role.THERAPIST], by=None, now=opened
        )
    place = Location.objects.filter(gives_massage=True).earliest("pk")
    return Therapist.objects.create(user=user, location=place)


def _certify(
    clinic: Clinic, therapist: Therapist, number: int, opened: datetime
) -> None:
    """Certify for most techniques; one certificate ends soon, and one has ended."""
    ends = {ENDS_SOON: clinic.today + 18 * DAY, ENDED: clinic.today - 12 * DAY}
    for technique, which in zip(clinic.techniques[: 8 - number], count(), strict=False):
        until: date | None = None
        if which == 2:
            until = ends.get(number, clinic.today + (150 + 40 * number) * DAY)
        places.add_certificate(
            therapist=therapist,
            technique=technique,
            valid_until=until,
            by=clinic.users["lead"],
            now=opened,
        )


def _work(clinic: Clinic, therapist: Therapist, number: int, opened: datetime) -> None:
    """
    Give a week of work: the first is here every day, so that no day is empty.

    The others had a second half day until lately; so more wait now than did.
    """
    early = number % 2 == 0
    week: list[tuple[int, date | None]] = [(day, None) for day in range(7)]
    if number:
        fewer = clinic.today - FEWER * DAY
        week = [(number % 5, None), ((number + 2) % 5, fewer)]
    for weekday, last_day in week:
        hours.add_hours(
            therapist=therapist,
            weekday=weekday,
            starts=time(8) if early else time(12, 30),
            ends=time(12) if early else time(16),
            first_day=opened.astimezone(ZONE).date(),
            last_day=last_day,
            by=clinic.users["lead"],
            now=opened,
        )


def _exceptions(clinic: Clinic, opened: datetime) -> None:
    """Add time off, and work beyond the week's pattern."""
    therapists = list(Therapist.objects.order_by("pk"))
    lead = clinic.users["lead"]
    for number, first, days, reason in OFF:
        start = datetime.combine(clinic.today + first * DAY, time(0), tzinfo=ZONE)
        hours.add_time_off(
            therapist=therapists[number],
            starts_at=start,
            ends_at=start + days * DAY,
            reason=reason,
            by=lead,
            now=opened,
        )
    for number, ahead in [(2, -16), (3, 3), (5, 11)]:
        hours.add_extra(
            therapist=therapists[number],
            day=clinic.today + ahead * DAY,
            starts=time(16),
            ends=time(18),
            by=lead,
            now=opened,
        )
