"""The demo clinic can be built on any day, whatever time a script was given."""

from __future__ import annotations

from random import Random

import pytest

from appointments.codes import Status
from massage_portal.demo import today
from massage_portal.demo.stage import Clinic
from tests.factories import HOUR, NOW, PASSWORD, make_appointment

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("number", range(3))
def test_who_is_here_since_this_morning_asks_for_no_other_time(monkeypatch, number):
    """Freed time of this morning may have gone to who would rather come later."""
    visit = make_appointment(status=Status.CHECKED_IN, starts_at=NOW - HOUR / 20)
    for name, found in {
        "play_visit": iter(()),
        "waiting_of": visit.entry,
        "book": visit,
    }.items():
        monkeypatch.setattr(today, name, lambda *_, found=found, **__: found)
    clinic = Clinic(now=NOW, random=Random(1), password=PASSWORD)  # noqa: S311

    moments = list(today.moving(clinic, number))

    assert len(moments) == 2
    visit.refresh_from_db()
    assert (visit.status, visit.move_asked_at) == (Status.CHECKED_IN, None)
