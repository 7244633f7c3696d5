"""A certificate ends between offer and visit, while the patient answers."""

from __future__ import annotations

from functools import partial

import pytest

from appointments import actions
from appointments.actions import places
from appointments.actions.capacity import HitsNobodySaw, state_of
from appointments.codes import Ending, EntryStatus, Status
from appointments.models import Appointment
from massage_portal.accounts.roles import Role
from tests.appointments.sound import faults
from tests.appointments.test_capacity_races import NINE, making
from tests.factories import (
    NOW,
    TODAY,
    certify,
    make_clinic,
    make_entry,
    make_referral,
    make_technique,
    make_user,
    opening_at,
)
from tests.threads import errors, together, won

pytestmark = pytest.mark.usefixtures("committed")
ROUNDS = 3


@pytest.fixture
def offered():
    """Return the certificate, and an offer of a visit that needs it."""
    technique = make_technique(minutes=50)
    _, [therapist], [room] = make_clinic()
    held = certify(therapist, technique)
    entry = make_entry(referral=make_referral(technique=technique))
    opening = opening_at(therapist, room, NINE)
    by = make_user(Role.SCHEDULER)
    return held, actions.offer(entry=entry, opening=opening, by=by, now=NOW)


def ending(held, *, looked):
    said = {"certificate": held, "seen": state_of(held), "valid_until": TODAY}
    return making(places.change_certificate, held.therapist, said, looked=looked)


def accepting(offer):
    return partial(actions.accept, appointment=offer, by=offer.patient.user, now=NOW)


@pytest.mark.parametrize("_round", range(ROUNDS))
def test_it_ends_as_the_patient_accepts_and_the_visit_is_one_or_the_other(
    offered, _round
):
    held, offer = offered

    outcomes = together(accepting(offer), ending(held, looked=[f"{offer.pk}:proposed"]))

    assert len(won(outcomes)) == 1
    [error] = errors(outcomes)
    offer.refresh_from_db()
    held.refresh_from_db()
    if offer.status == Status.BOOKED:
        assert isinstance(error, HitsNobodySaw)
        assert "booked, answered or canceled meanwhile" in str(error)
        assert held.valid_until is None
    else:
        assert offer.ending == Ending.WITHDRAWN
        assert isinstance(error, actions.OfferGone)
        assert "You have kept your place" in str(error)
        assert offer.entry.status == EntryStatus.ACCEPTED
    assert faults() == {}


@pytest.mark.parametrize("_round", range(ROUNDS))
def test_who_ends_it_without_a_look_at_the_offer_is_shown_it_first(offered, _round):
    held, offer = offered

    booked, ended = together(accepting(offer), ending(held, looked=[]))

    assert booked.value.status == Status.BOOKED
    assert isinstance(ended.error, HitsNobodySaw)
    [hit] = ended.error.hits
    assert hit.appointment == offer
    assert Appointment.objects.filter(status=Status.BOOKED).count() == 1
    assert faults() == {}
