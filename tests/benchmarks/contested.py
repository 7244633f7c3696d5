"""One time that hundreds want at the same moment, at the web server itself."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from appointments import actions
from appointments.models import Appointment, WaitlistEntry
from appointments.openings import Opening
from massage_portal.accounts.models import User
from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from tests.benchmarks.browsing import served
from tests.benchmarks.figures import Figure, Limit
from tests.benchmarks.filling import Clinic
from tests.benchmarks.free_time import openings
from tests.benchmarks.plain_views import TERMS
from tests.crowd import Answer, Ask, p95, sessions, together

RIVALS = 500
LIMIT = Limit(5_000)
TICKED = {"agreed": "on", "reason": "plan"}  # as `TERMS`, by a form
GIVES = ('name="opening"', "opening=")  # by a button, or once a reason was said
TAKEN = ("That time has just been taken.", "That time is not free any more.")


@dataclass(frozen=True)
class Contest:
    """What came of it: who won, and all answers."""

    answers: list[Answer]
    rows: int

    def statuses(self) -> dict[int, int]:
        """Return how often each status came."""
        told = [one.status for one in self.answers]
        return {status: told.count(status) for status in sorted(set(told))}

    def unkind(self) -> int:
        """Return how many were refused without the reason or without another time."""
        refused = [one.body for one in self.answers if one.status == 409]
        return sum(
            not any(words in body for words in TAKEN)
            or not any(other in body for other in GIVES)
            for body in refused
        )


def signed_in(user: User) -> Client:
    """Return a browser in which the user is signed in."""
    client = Client()
    client.force_login(user, settings.AUTHENTICATION_BACKENDS[-1])
    return client


def for_one_time(
    port: int, of: Clinic, entries: list[WaitlistEntry], opening: Opening
) -> Contest:
    """
    Give one time to each of `entries` at once, each from a session of its own.

    Every other one is an offer, and every other one a booking by telephone.
    """
    keys = sessions(signed_in(of.scheduler), len(entries))
    time = f"{opening.therapist},{opening.starts_at.isoformat()}"
    asks = [
        Ask(
            reverse("appointments:propose", args=[entry.pk]),
            key,
            {"opening": time, "how": ("offer", "book")[number % 2], **TICKED},
        )
        for number, (entry, key) in enumerate(zip(entries, keys, strict=True))
    ]
    answers = together(port, asks)
    there = Appointment.objects.filter(
        therapist=opening.therapist, starts_at=opening.starts_at
    )
    return Contest(answers, there.count())


def for_one_answer(
    port: int, of: Clinic, entry: WaitlistEntry, opening: Opening, *, number: int
) -> Contest:
    """Accept one patient's offer from so many sessions at once; rows are bookings."""
    user = entry.patient.user
    assert user is not None
    user.groups.add(Group.objects.get(name=Role.PATIENT))
    what = {"entry": entry, "opening": opening, "by": of.scheduler, "terms": TERMS}
    offer = actions.offer(now=of.now, **what)
    address = reverse("appointments:accept", args=[offer.pk])
    keys = sessions(signed_in(user), number)
    answers = together(port, [Ask(address, key, {}) for key in keys])
    told = AuditEvent.objects.filter(action="appointment.booked", record_id=offer.pk)
    return Contest(answers, told.count())


def measure(of: Clinic) -> list[Figure]:
    """
    Return how long 95 of 100 rivals waited for their answer.

    :raises RuntimeError: if the time was given twice, or anybody met an error.
    """
    free = openings(of)
    free = free[len(free) // 3 :]  # soon enough to be offered, and others are left
    line = list(WaitlistEntry.objects.waiting().order_by("pk")[: RIVALS + 1])
    with served() as port:
        warm = [Ask("/accounts/login/", "") for _ in range(16)]
        floors = together(port, warm * (RIVALS // 16))
        if {one.status for one in floors} != {200}:
            raise RuntimeError("somebody saw no sign-in page")
        floor = p95(floors)
        page = reverse("appointments:propose", args=[line[0].pk])
        together(
            port, [Ask(page, key) for key in sessions(signed_in(of.scheduler), 16)]
        )
        given = for_one_time(port, of, line[:-1], free[0])
        # Before the next crowd: it would wait behind what this one gave up on.
        if given.statuses() != {302: 1, 409: RIVALS - 1} or given.rows != 1:
            raise RuntimeError(f"one time: {given.statuses()}, {given.rows} rows")
        if given.unkind():
            raise RuntimeError(f"refused without another time: {given.unkind()}")
        taken = for_one_answer(port, of, line[-1], free[1], number=RIVALS)
    if taken.statuses() != {302: RIVALS} or taken.rows != 1:
        raise RuntimeError(f"one answer: {taken.statuses()}, {taken.rows} bookings")
    beside = f"sign-in page for {RIVALS // 16 * 16} at once, p95"
    return [
        Figure(f"{RIVALS} {what}, p95", p95(came), beside, floor, limits=(LIMIT,))
        for what, came in [
            ("rivals for one time", given.answers),
            ("accept one offer", taken.answers),
        ]
    ]
