"""Fifty want one time at one moment, at the web server as the README starts it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from appointments.models import Appointment
from tests.appointments.sound import faults
from tests.benchmarks import contested, filling
from tests.benchmarks.free_time import openings
from tests.factories import make_diagnosis
from tests.processes import background, mail_server

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("processes")]
RIVALS = 50


def test_one_of_fifty_gets_the_time_and_the_others_are_shown_other_times(committed):
    now = datetime.now(UTC)
    make_diagnosis()
    clinic = filling.clinic(therapists=2, now=now)
    *line, patient = filling.entries(RIVALS + 1, clinic)
    free = openings(clinic)
    free = free[len(free) // 3 :]  # soon enough to be offered
    before = Appointment.objects.count()

    with mail_server() as mail, background(mail) as run:
        _, port = run.web()
        given = contested.for_one_time(port, clinic, line, free[0])
        taken = contested.for_one_answer(port, clinic, patient, free[-1], number=RIVALS)

    assert given.statuses() == {302: 1, 409: RIVALS - 1}
    assert (given.rows, given.unkind()) == (1, 0)
    assert taken.statuses() == {302: RIVALS}
    assert len({one.location for one in taken.answers}) == taken.rows == 1
    assert Appointment.objects.count() == before + 2
    assert faults(datetime.now(UTC)) == {}
