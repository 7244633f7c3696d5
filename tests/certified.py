"""A clinic in which one therapist alone may give a technique."""

from __future__ import annotations

from appointments.models import Room, Therapist
from services.models import Technique
from tests.factories import certify, make_clinic, make_technique


def make_one_certified() -> tuple[Therapist, Therapist, Room, Technique]:
    """Return two therapists, their room, and what the first alone is certified for."""
    _, [one, other], [room] = make_clinic(therapists=2, hours=("08:00", "12:00"))
    technique = make_technique(name="Lymph drainage", minutes=80)
    certify(one, technique)
    return one, other, room, technique
