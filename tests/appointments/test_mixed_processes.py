"""
Sixteen people at once book, offer, answer, cancel and move, at the web server itself.

The times overlap: those of one therapist begin half an hour apart and last an hour;
rooms and patients are shared with a second one. The long form, of a minute and of 500
requests at least, is among the crashes.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Lock

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.urls import reverse

from appointments import actions
from appointments.codes import OutOfTurn, Status
from appointments.models import Appointment
from massage_portal.accounts.roles import Role
from tests import threads
from tests.appointments.sound import faults
from tests.benchmarks import filling
from tests.benchmarks.contested import signed_in
from tests.benchmarks.free_time import openings
from tests.crowd import Ask, sessions, together
from tests.factories import make_diagnosis
from tests.processes import background, mail_server

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("processes")]

PEOPLE, PATIENTS, TIMES = 16, 12, 20
FINE = {302, 404, 409}  # done; not there (any more); refused in words
INTERNAL = ("deadlock", "Traceback", "could not serialize")
DONE = [("book", 302), ("offer", 302), ("cancel", 302)]  # each was done at least once
PASSING = {"reason": OutOfTurn.NOT_REACHED}
TRIES = 10  # times as many requests as asked for, until chance has let all be done


@dataclass
class World:
    """What all hands share."""

    port: int
    openings: list
    entries: list
    scheduler: str
    patients: dict[int, str]  # session by patient
    until: datetime
    least: int  # requests, whatever the time
    sent: Counter = field(default_factory=Counter)
    lock: Lock = field(default_factory=Lock)
    confirmed: list = field(default_factory=list)

    def goes_on(self):
        with self.lock:
            total, done = self.sent.total(), self.has_done_all()
        if datetime.now(UTC) < self.until or total < self.least:
            return True
        return not done and total < TRIES * self.least

    def has_done_all(self):
        return all(self.sent[one] for one in DONE)

    def some(self, status, draw):
        rows = Appointment.objects.filter(entry__in=self.entries, status=status)
        rows = list(rows.values_list("pk", "patient_id"))
        return draw.choice(rows) if rows else None


def propose(world, draw, how):
    """
    Book or offer a time; for who is booked, it is another time.

    Half of them give a reason for passing others: without, most would be refused.
    """
    entry, opening = draw.choice(world.entries), draw.choice(world.openings)
    sent = {"opening": f"{opening.therapist},{opening.starts_at.isoformat()}"}
    sent |= {"how": how} | draw.choice([{}, PASSING])
    page = reverse("appointments:propose", args=[entry.pk])
    answer = ask(world, page, world.scheduler, sent)
    if answer.status == 302 and how == "book":
        world.confirmed.append((entry.pk, opening.therapist, opening.starts_at))
    return answer


def of_patient(world, draw, name, status):
    """Do as a patient what this page does with an offer or visit of theirs."""
    found = world.some(status, draw)
    if found is None:
        return propose(world, draw, "book")
    key, patient = found
    return ask(world, reverse(f"appointments:{name}", args=[key]), patient, {})


def take_back(world, draw):
    found = world.some(Status.PROPOSED, draw)
    if found is None:
        return propose(world, draw, "offer")
    page = reverse("appointments:withdraw_offer", args=[found[0]])
    return ask(world, page, world.scheduler, {})


def ask(world, page, who, sent):
    """Send one form; `who` is a session, or a patient who has one."""
    [answer] = together(world.port, [Ask(page, world.patients.get(who, who), sent)])
    return answer


ACTS = {
    "book": partial(propose, how="book"),
    "offer": partial(propose, how="offer"),
    "accept": partial(of_patient, name="accept", status=Status.PROPOSED),
    "decline": partial(of_patient, name="decline", status=Status.PROPOSED),
    "cancel": partial(of_patient, name="cancel", status=Status.BOOKED),
    "take back": take_back,
}


def live(seed, world):
    """Act until the time is over; return what went wrong."""
    draw, wrong = random.Random(seed), []  # noqa: S311 - chance, no secret
    while world.goes_on():
        if draw.random() < 0.1:
            actions.offer_freed_times(now=datetime.now(UTC))
        name = draw.choice(sorted(ACTS))
        answer = ACTS[name](world, draw)
        with world.lock:
            world.sent[name, answer.status] += 1
        if answer.status not in FINE or any(one in answer.body for one in INTERNAL):
            wrong.append((name, answer.status, answer.body[:200]))
    return wrong


def a_world(now):
    """Return a clinic of two, twelve who wait, and twenty times in each other's way."""
    make_diagnosis()
    clinic = filling.clinic(therapists=2, now=now)
    entries = filling.entries(PATIENTS, clinic)
    group = Group.objects.get(name=Role.PATIENT)
    users = {one.patient_id: one.patient.user for one in entries}
    for user in users.values():
        user.groups.add(group)
    free = openings(clinic)
    [scheduler] = sessions(signed_in(clinic.scheduler), 1)
    return World(
        port=0,
        openings=free[len(free) // 3 :][:TIMES],  # soon enough to be offered
        entries=entries,
        scheduler=scheduler,
        patients={pk: sessions(signed_in(one), 1)[0] for pk, one in users.items()},
        until=now,
        least=0,
    )


def deadlocks():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        )
        return cursor.fetchone()[0]


@pytest.mark.parametrize(
    ("seconds", "least"),
    [
        pytest.param(0, 100, id="a hundred requests"),
        pytest.param(60, 500, id="a minute", marks=pytest.mark.crashes),
    ],
)
def test_whatever_sixteen_send_at_once_nobody_sees_an_error_and_all_holds(
    committed, monkeypatch, seconds, least
):
    monkeypatch.setattr(threads, "PATIENCE", 300)
    world = a_world(datetime.now(UTC))

    with mail_server() as mail, background(mail) as run:
        _, world.port = run.web()
        world.until = datetime.now(UTC) + timedelta(seconds=seconds)
        world.least = least
        outcomes = threads.together(
            *(partial(live, seed, world) for seed in range(PEOPLE))
        )

    print(dict(world.sent), "deadlocks:", deadlocks())  # noqa: T201 - with -s
    assert threads.errors(outcomes) == []
    assert [one for wrong in threads.won(outcomes) for one in wrong] == []
    assert world.sent.total() >= least
    assert world.has_done_all(), world.sent
    assert sum(number for (_, status), number in world.sent.items() if status == 409)
    for entry, therapist, starts_at in world.confirmed:
        told = {"entry": entry, "therapist": therapist, "starts_at": starts_at}
        assert Appointment.objects.ever_booked().filter(**told).exists(), told
    now = datetime.now(UTC)
    while actions.offer_freed_times(now=now):
        pass
    assert faults(now) == {}
