"""`manage.py verify`: all time worked adds up, whatever the openings make of it."""

from __future__ import annotations

from datetime import time

import pytest

from appointments.keys import BLOCK
from appointments.models import HolidayCalendar, rota
from tests.appointments.sound import MORNING, a_life, faults, the_fault
from tests.factories import DAY, HOUR, make_clinic, make_closure, make_policy

pytestmark = pytest.mark.django_db


def read_otherwise(monkeypatch, change):
    """Let the read of free time see other rows than there are."""
    rows = rota._rows
    monkeypatch.setattr(rota, "_rows", lambda *asked: change(list(rows(*asked))))


def test_a_booking_that_the_openings_do_not_see_breaks_the_sum(monkeypatch):
    visit = a_life()
    read_otherwise(
        monkeypatch, lambda rows: [row for row in rows if row.kind != "visit"]
    )

    _, said = the_fault()
    assert said.startswith(f"therapist {visit.therapist_id} on {MORNING.date()}: ")
    assert "240 free + 0 held + 60 booked + 0 blocked" in said
    assert said.endswith("minutes are not 240 worked: 60 are counted twice")


@pytest.mark.parametrize("kind", ["off", "closure", "holidays", "extra", "therapist"])
def test_capacity_that_the_openings_do_not_see_breaks_the_sum(monkeypatch, kind):
    place, [therapist], _ = make_clinic()
    day = MORNING.date()
    make_policy(ahead_days=60)  # a public holiday is among them
    therapist.time_off.create(starts_at=MORNING, ends_at=MORNING + HOUR)
    make_closure(place, day + DAY)
    therapist.extra_hours.create(day=day, starts=time(18), ends=time(19))
    HolidayCalendar.objects.create(location=place, country="US")
    assert faults() == {}

    read_otherwise(monkeypatch, lambda rows: [row for row in rows if row.kind != kind])

    ((says, said),) = faults().items()
    assert says.startswith("free + held")
    for one in said:
        lost = kind in ("extra", "therapist")
        why = "are filled by nothing that is written" if lost else "are counted twice"
        assert one.endswith(why)


@pytest.mark.parametrize("kind", ["off", "visit"])
def test_time_that_is_filled_though_no_row_says_why_breaks_the_sum(monkeypatch, kind):
    visit = a_life()
    there = (MORNING + 2 * HOUR, MORNING + 3 * HOUR)
    key, room = visit.therapist_id, visit.room_id
    whose = {  # told by itself, or in its block
        "off": (key, None, None, None),
        "visit": (key // BLOCK, 1 << key % BLOCK, room // BLOCK, 1 << room % BLOCK),
    }
    row = rota.Row(kind, *whose[kind], *[None] * 4, *there, "")
    read_otherwise(monkeypatch, lambda rows: [*rows, row])

    _, said = the_fault()
    assert said == (
        f"therapist {visit.therapist_id} on {MORNING.date()}: 120 free + 0 held + "
        "60 booked + 0 blocked minutes are not 240 worked: "
        "60 are filled by nothing that is written"
    )
