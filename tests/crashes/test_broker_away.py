"""The broker is gone, silent or emptied while people use the pages and mails go."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from appointments.actions import book, offer
from appointments.models import Draft
from massage_portal.accounts.roles import Role
from massage_portal.outbox.models import Message
from services.actions import load_content
from tests.appointments.sound import faults
from tests.benchmarks import filling
from tests.benchmarks.bookings import _apart
from tests.benchmarks.contested import signed_in
from tests.benchmarks.free_time import openings
from tests.crashing import (
    lost,
    owe,
    owed_reminder,
    some_come,
    times_caught,
    told,
    twice,
    unsent,
)
from tests.crowd import Ask, in_turn, p95, sessions
from tests.factories import make_appointment, make_diagnosis, make_user
from tests.processes import background, until
from tests.turns import AGREED

pytestmark = [pytest.mark.crashes, pytest.mark.processes]

BOOKINGS, CANCELS, PLANS, LOOKS = 8, 6, 3, 12  # of each of two crowds, in each phase
SECONDS = 20.0  # that a phase takes
DUE_MEANWHILE = 20  # reminders in each outage
GOAL = 120  # seconds from the broker's return until they are sent
NOBODY_WAITS_LONGER = 2_000  # milliseconds, for the broker
NOISE = 250  # milliseconds
TIMES, EACH = 4, 60  # it is emptied, and as many messages are owed each time
CROWDS = 4  # two in each of two phases


class Clinic:
    """Patients and a scheduler at the pages of a web server."""

    def __init__(self) -> None:
        now = datetime.now(UTC)
        make_diagnosis()
        load_content(by=None, now=now)
        self.of = filling.clinic(therapists=3, now=now)
        self.waiting = filling.entries(CROWDS * (BOOKINGS + CANCELS), self.of)
        free = openings(self.of)
        self.free = _apart(free[len(free) // 3 :])  # soon enough to be offered
        assert len(self.free) >= len(self.waiting)
        # All have a time before the first cancels, or they would be offered that one.
        self.offers = [self._give(offer) for _ in range(CROWDS * BOOKINGS)]
        self.visits = [self._give(book) for _ in range(CROWDS * CANCELS)]
        self.scheduler = signed_in(self.of.scheduler)

    def _give(self, act):
        """Give the next who waits the next free time, by an offer or a booking."""
        how = {"by": self.of.scheduler, "now": self.of.now, "terms": AGREED}
        return act(entry=self.waiting.pop(), opening=self.free.pop(0), **how)

    def asks(self):
        """Return what one crowd asks in one phase."""
        (staff,) = sessions(self.scheduler, 1)
        asks = [self._booking() for _ in range(BOOKINGS)]
        for _ in range(CANCELS):
            asks += self._cancel()
        plan = reverse("appointments:drafts")
        asks += [Ask(plan, staff, {"weeks": str(1 + n)}) for n in range(PLANS)]
        for address in ("/", "/conditions/", "/accounts/login/"):
            asks += [Ask(address, "")] * LOOKS
        asks += [Ask(reverse("appointments:queue"), staff)] * LOOKS
        wrong = {"login": "nobody@example.org", "password": "wrong"}
        asks += [Ask("/accounts/login/", "", wrong)] * 3
        return asks[::2] + asks[1::2]

    def _booking(self):
        """Return a patient's accepting an offer."""
        made = self.offers.pop()
        accept = reverse("appointments:accept", args=[made.pk])
        return Ask(accept, self._session_of(made), {})

    def _cancel(self):
        """Return a patient's look at their visit, and their cancelling it."""
        visit = self.visits.pop()
        cancel = reverse("appointments:cancel", args=[visit.pk])
        key = self._session_of(visit)
        return [Ask(reverse("appointments:mine"), key), Ask(cancel, key, {})]

    def _session_of(self, visit):
        """Return a session of the patient whose visit it is."""
        user = visit.patient.user
        user.groups.add(Group.objects.get(name=Role.PATIENT))
        (key,) = sessions(signed_in(user), 1)
        return key


def phase(clinic, ports, counts, name):
    """
    Let two crowds ask at once: at a server whose broker is away, and at one as usual.

    So whatever else keeps the machine busy keeps both busy.
    """
    with ThreadPoolExecutor(len(ports)) as pool:
        crowds = [(port, clinic.asks()) for port in ports.values()]
        at_work = [pool.submit(in_turn, *one, seconds=SECONDS) for one in crowds]
        came = dict(zip(ports, (one.result() for one in at_work), strict=True))
    for which, answers in came.items():
        statuses = [one.status for one in answers]
        counts[f"{name}, {which}"] = {
            "answers": {one: statuses.count(one) for one in sorted(set(statuses))},
            "p95 ms": round(p95(answers)),
            "slowest ms": round(max(one.milliseconds for one in answers)),
        }
    return counts[f"{name}, away"], counts[f"{name}, as usual"]


def assert_nobody_noticed(away, usual):
    # 422 and 429: a wrong password, and too many of them.
    assert away["answers"].keys() <= {200, 302, 422, 429}
    assert away["answers"][302] == BOOKINGS + CANCELS + PLANS
    assert away["p95 ms"] <= 2 * usual["p95 ms"] + NOISE
    assert away["slowest ms"] <= usual["slowest ms"] + NOBODY_WAITS_LONGER


def due_meanwhile(key, visits):
    for number in range(DUE_MEANWHILE):
        owed_reminder(f"{key}:{number}", visits.pop())


def assert_all_go(key):
    """See what came due meanwhile go out, and the plans that were asked for drawn."""
    until(lambda: not unsent(key=key), "all reminders sent", within=GOAL)
    now = datetime.now(UTC)
    until(lambda: not Draft.objects.to_draw_up(now).exists(), "all plans", within=GOAL)


def test_pages_work_on_and_reminders_go_later_while_the_broker_is_away(
    own, mail, capsys
):
    clinic = Clinic()
    far_off = datetime(2190, 6, 1, 15, tzinfo=UTC)
    visits = [make_appointment(starts_at=far_off) for _ in range(2 * DUE_MEANWHILE)]
    before = faults(datetime.now(UTC))  # of rows that no action made
    with told(capsys) as counts, background(mail) as run:
        run.environment |= {"SWEEP_SECONDS": "2", "KEPT_PAGES": "pages"}
        ports = {"away": run.web()[1]}
        run.worker("prefork")
        run.beat()
        run.environment["REDIS_URL"] = own.others_broker
        ports["as usual"] = run.web()[1]
        for port in ports.values():  # every process is warm
            in_turn(port, [Ask("/accounts/login/", "")] * 40, seconds=5)

        own.stop_valkey()
        due_meanwhile("gone", visits)
        gone = phase(clinic, ports, counts, "gone")
        own.start_valkey()
        assert_all_go("gone")

        with own.silent_valkey():
            due_meanwhile("silent", visits)
            silent = phase(clinic, ports, counts, "silent")
        assert_all_go("silent")

        counts |= {"lost": len(lost(mail)), "sent twice": len(twice(mail))}
    assert (counts["lost"], counts["sent twice"]) == (0, 0)
    assert faults(datetime.now(UTC)) == before
    assert_nobody_noticed(*gone)
    assert_nobody_noticed(*silent)


def test_a_broker_that_is_emptied_costs_no_message_and_signs_nobody_out(
    own, mail, capsys
):
    mail.each_step = 0.05
    (key,) = sessions(signed_in(make_user(Role.SCHEDULER)), 1)
    with told(capsys) as counts, background(mail) as run:
        run.environment |= {"SWEEP_SECONDS": "2", "KEPT_PAGES": "pages"}
        _, port = run.web()
        run.worker("prefork")
        run.beat()
        for number in range(TIMES):
            owe(EACH, first=number * EACH)
            some_come(mail, EACH // 3)
            own.empty_valkey()
            page = Ask(reverse("appointments:queue"), key)
            statuses = {one.status for one in in_turn(port, [page] * 4, seconds=1)}
            assert statuses == {200}
        until(lambda: not unsent(), "all messages sent", within=GOAL)
        counts |= {
            "sent": Message.objects.exclude(sent_at=None).count(),
            "lost": len(lost(mail)),
            "sent twice": len(twice(mail)),
        }
    assert list(counts.values()) == [TIMES * EACH, 0, 0]
    assert set(times_caught(mail).values()) == {1}
