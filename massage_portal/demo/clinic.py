"""
The demo clinic: made by calling the actions, the same for the same seed and day.

Each patient is a script (season.py, desk.py); `build` runs the scripts in the order of
time, as a season would have.
"""

from __future__ import annotations

import heapq
from datetime import date, datetime, time, timedelta
from random import Random

from appointments.models import Policy, Room, Therapist, TriageCategory, WorkingHours
from massage_portal.accounts.actions import add_user
from massage_portal.accounts.models import User
from massage_portal.accounts.roles import Role
from massage_portal.demo import desk, people
from massage_portal.demo.insurers import spreadsheet
from massage_portal.demo.season import Script, script_of
from massage_portal.demo.stage import PATIENTS, SEASON, Clinic
from massage_portal.outbox import actions as outbox
from referrals.actions import give_account
from referrals.models import Provider
from referrals.npi import check_digit
from services.actions import import_insurers, load_content
from services.models import Insurer, Location, Precaution, Technique

HOUR = timedelta(hours=1)
SIGN_INS = [(role, email) for role, email, _name in people.STAFF]


def is_built() -> bool:
    """Say whether the clinic has people in it already."""
    return User.objects.exists()


def build(*, now: datetime, password: str, seed: int = 2026) -> None:
    """
    Fill an empty database with the demo clinic, as it would stand at `now`.

    :param password: of every account that can sign in.
    """
    clinic = Clinic(now=now, random=Random(seed), password=password)  # noqa: S311
    load_content(by=None, now=clinic.at(SEASON + 20, 7))
    _staff(clinic)
    _capacity(clinic)
    _policy(clinic)
    _providers(clinic)
    _insurers(clinic)
    scripts = [script_of(clinic, number) for number in range(PATIENTS)]
    scripts += desk.scripts(clinic)
    waiting: list[tuple[datetime, int, Script]] = []
    for number, script in enumerate(scripts):
        waiting.append((next(script), number, script))
    heapq.heapify(waiting)
    while waiting:
        _moment, number, script = heapq.heappop(waiting)
        following = next(script, None)
        if following is not None:
            heapq.heappush(waiting, (following, number, script))
    outbox.void_due_before(now - HOUR, now=now)  # the season's mail is long read


def _staff(clinic: Clinic) -> None:
    """Add those who work here; patients come with their scripts."""
    opened = clinic.at(SEASON + 20, 8)
    for role, email, name in people.STAFF:
        if role != "patient":
            clinic.users[role] = add_user(
                email=email,
                name=name,
                roles=[Role(role)],
                password=clinic.password,
                by=None,
                now=opened,
            )


def _capacity(clinic: Clinic) -> None:
    """Add rooms, therapists and their hours."""
    place = Location.objects.get(slug="rochester")
    for number in range(1, 5):
        Room.objects.create(location=place, name=f"Room {number}")
    clinic.techniques = list(Technique.objects.in_order())
    start = clinic.today - timedelta(days=SEASON + 20)
    opened = clinic.at(SEASON + 20, 8)
    for number, name in enumerate(people.THERAPISTS):
        user = clinic.users["therapist"]
        if number:
            email = f"therapist{number + 1}@example.org"
            user = add_user(
                email=email, name=name, roles=[Role.THERAPIST], by=None, now=opened
            )
        therapist = Therapist.objects.create(user=user, location=place)
        therapist.techniques.set(clinic.techniques[: 8 - number])
        # The first therapist is here every day, so that a demo's day is never empty.
        days = range(7) if number == 0 else [number % 5, (number + 2) % 5]
        for weekday in days:
            early = number % 2 == 0
            WorkingHours.objects.create(
                therapist=therapist,
                weekday=weekday,
                starts=time(8) if early else time(12, 30),
                ends=time(12) if early else time(17),
                valid_from=start,
            )


def _policy(clinic: Clinic) -> None:
    """Add the example policy, and the safety questions."""
    Policy.objects.create(in_force_from=clinic.at(SEASON + 20, 7))
    clinic.categories = [
        TriageCategory.objects.create(
            name=name, priority=priority, target_days=days, meaning=meaning
        )
        for name, priority, days, meaning in people.CATEGORIES
    ]
    clinic.precautions = list(Precaution.objects.asked().with_limits())


def _providers(clinic: Clinic) -> None:
    """Add those who refer. The lead gives all but one of them an account."""
    for number in range(12):
        nine = f"1000000{number:02d}"
        provider = Provider.objects.create(
            npi=f"{nine}{check_digit(nine)}",
            given_name=people.GIVEN[8 + number],
            family_name=f"{people.FAMILY[number]}-Provider",
            department=people.DEPARTMENTS[number % len(people.DEPARTMENTS)],
            may_refer_from=date(2020, 1, 1),
            user=None if number else clinic.users["provider"],
        )
        if number not in (0, desk.NO_ACCOUNT):
            provider = give_account(
                provider=provider,
                email=f"provider{number + 1}@example.org",
                by=clinic.users["lead"],
                now=clinic.at(SEASON + 20, 9),
            )
        clinic.providers.append(provider)


def _insurers(clinic: Clinic) -> None:
    """Have the editor import the insurers, as a spreadsheet."""
    imported = clinic.at(SEASON + 20, 9)
    import_insurers(
        data=spreadsheet(imported.date()), by=clinic.users["editor"], now=imported
    )
    clinic.insurers = list(Insurer.objects.order_by("pk"))
