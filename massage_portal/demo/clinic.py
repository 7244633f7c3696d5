"""
The demo clinic: made by calling the actions, the same for the same seed and day.

Each patient is a script (season.py, desk.py); `build` runs the scripts in the order of
time, as a season would have.
"""

from __future__ import annotations

import heapq
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from django.db.models import F

from appointments.actions import (
    lapse_offers,
    offer_freed_times,
    reckon_waits,
    set_target,
)
from appointments.actions.draw_up import ask_for_draft, draw_up
from appointments.models import Policy, TriageCategory
from massage_portal.accounts.actions import add_user
from massage_portal.accounts.models import User
from massage_portal.accounts.roles import Role
from massage_portal.demo import desk, people, today
from massage_portal.demo.capacity import open_clinic
from massage_portal.demo.deeds import Script
from massage_portal.demo.insurers import spreadsheet
from massage_portal.demo.season import script_of
from massage_portal.demo.stage import PATIENTS, SEASON, Clinic
from massage_portal.outbox import actions as outbox
from massage_portal.outbox.codes import Channel, Failure
from massage_portal.outbox.models import Message, Preference
from referrals.actions import give_account
from referrals.models import Patient, Provider
from referrals.npi import check_digit
from services.actions import import_insurers, load_content
from services.models import Insurer, Precaution

HOUR = timedelta(hours=1)
TEXTED = 9  # patients, or one more, who chose text messages
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
    open_clinic(clinic)
    _policy(clinic)
    _providers(clinic)
    _insurers(clinic)
    scripts = [script_of(clinic, number) for number in range(PATIENTS)]
    scripts += desk.scripts(clinic)
    scripts += [_changes(clinic), today.comings(clinic), _portal(clinic)]
    waiting: list[tuple[datetime, int, Script]] = []
    for number, script in enumerate(scripts):
        waiting.append((next(script), number, script))
    heapq.heapify(waiting)
    while waiting:
        moment, number, script = heapq.heappop(waiting)
        if moment > now:
            break  # nothing has happened yet that is to come
        following = next(script, None)
        if following is not None:
            heapq.heappush(waiting, (following, number, script))
    _channels(now)
    _settle(now - HOUR, now=now)


def _settle(moment: datetime, *, now: datetime) -> None:
    """Have the season's mail be long read, and what nobody could be written be told."""
    due = Message.objects.unsent().filter(due_at__lt=moment)
    went = {"sent_at": F("due_at"), "began_at": F("due_at"), "attempts": 1}
    due.exclude(recipient=None).update(channel=Channel.EMAIL, **went)
    lost = {"failed_at": now, "failed_because": Failure.UNREACHABLE}
    due.update(worth_a_call=False, **lost)


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


def _policy(clinic: Clinic) -> None:
    """Add the example policy, the targets from their dates, and the questions."""
    opened, lead = clinic.at(SEASON + 20, 7), clinic.users["lead"]
    Policy.objects.create(in_force_from=opened)
    for (name, priority, days, meaning), spanish in zip(
        people.CATEGORIES, people.IN_SPANISH, strict=True
    ):
        category = TriageCategory.objects.create(
            name=name, priority=priority, meaning=meaning
        )
        category.wordings.create(language="es", name=spanish[0], meaning=spanish[1])
        clinic.categories.append(category)
        set_target(
            category=category,
            target_days=people.FIRST_TARGETS.get(name, days),
            in_force_from=opened,
            by=lead,
            now=opened,
        )
    clinic.precautions = list(Precaution.objects.asked().with_limits())


def _channels(now: datetime) -> None:
    """Some patients chose text messages, and one of them asked for no more."""
    patients = Patient.objects.exclude(user=None).exclude(phone="").order_by("pk")
    reachable = patients.exclude(user__email="patient@example.org")
    chosen = list(reachable.select_related("user")[:: len(reachable) // TEXTED])
    for patient in chosen:
        user: Any = patient.user
        Preference.objects.create(
            user=user,
            channel=Channel.SMS,
            mobile=patient.phone,
            mobile_confirmed_at=now,
        )
    outbox.opt_out(number=chosen[0].phone.as_e164, now=now)


def _changes(clinic: Clinic) -> Script:
    """The lead shortens two targets: one has done so already, one will."""
    for name, ago, ahead, days in people.CHANGED_TARGETS:
        moment = clinic.at(ago, 17)
        yield moment
        set_target(
            category=next(one for one in clinic.categories if one.name == name),
            target_days=days,
            in_force_from=moment + timedelta(days=ahead),
            by=clinic.users["lead"],
            now=moment,
        )


def _portal(clinic: Clinic) -> Script:
    """What the portal and a scheduler do last: sweep, reckon, and plan."""
    yield clinic.now
    lapse_offers(now=clinic.now)
    offer_freed_times(now=clinic.now)
    reckon_waits(now=clinic.now)
    plan = ask_for_draft(weeks=1, by=clinic.users["scheduler"], now=clinic.now)
    draw_up(pk=plan.pk, now=clinic.now)


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
