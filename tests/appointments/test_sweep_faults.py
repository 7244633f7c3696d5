"""One offer at fault keeps no other from lapsing, nor its time from the next."""

from __future__ import annotations

import pytest
from django.db import OperationalError

from appointments import actions
from appointments.actions import sweep
from appointments.codes import Status
from tests.factories import DAY, NOW, make_appointment

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_offer_that_cannot_be_ended_keeps_no_other_from_lapsing(place, monkeypatch):
    offers = [make_appointment(status=Status.PROPOSED) for _ in range(3)]
    end = sweep.end_offers

    def locked(some, **what):
        if some.filter(pk=offers[place].pk).exists():
            raise OperationalError("somebody holds it")
        return end(some, **what)

    monkeypatch.setattr(sweep, "end_offers", locked)

    assert actions.lapse_offers(now=NOW + 10 * DAY) == 2

    for number, offer in enumerate(offers):
        offer.refresh_from_db()
        assert (offer.status == Status.PROPOSED) is (number == place)
