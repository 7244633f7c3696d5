"""`manage.py verify`: who was passed over, and histories that cannot be."""

from __future__ import annotations

import pgtrigger
import pytest

from appointments import actions
from appointments.codes import Ending, EntryStatus, Status
from appointments.models import (
    Appointment,
    GivenOutOfTurn,
    NeedReport,
    WaitlistEntry,
)
from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from massage_portal.audit.record import record
from services.models import Technique
from tests.appointments.sound import LATER, MORNING, a_life, faults, the_fault
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    make_appointment,
    make_clinic,
    make_entry,
    make_referral,
    make_technique,
    make_user,
    opening_at,
)
from tests.turns import ANY_TURN

pytestmark = pytest.mark.django_db


# --- I6 -------------------------------------------------------------------------------


def freed_for(waiting, *, technique=None):
    """Return the offer that the portal made by itself of a time that came free."""
    _, [therapist], [room] = make_clinic()
    if technique:
        therapist.certifications.create(technique=technique)
    entries = [
        make_entry(waited_days=days, referral=make_referral(technique=technique))
        for days in waiting
    ]
    opening = opening_at(therapist, room, MORNING)
    scheduler = make_user(Role.SCHEDULER)
    gone = actions.book(
        entry=make_entry(),
        opening=opening,
        by=scheduler,
        now=NOW - HOUR,
        terms=ANY_TURN,
    )
    ending = Ending.BY_CLINIC
    actions.cancel(appointment=gone, ending=ending, by=scheduler, now=NOW - HOUR)
    (offer,) = actions.offer_freed_times(now=NOW)
    return offer, entries


def give_to(offer, entry):
    """Hand the offer to another request, as if it had been made so."""
    own = "appointments.Appointment:appointment_patient_is_its_entrys"
    with pgtrigger.ignore(own):
        Appointment.objects.filter(pk=offer.pk).update(
            entry=entry, patient_id=entry.patient_id
        )


def test_who_was_passed_over_is_named():
    offer, [less, more] = freed_for([11, 30])
    assert offer.entry_id == more.pk
    assert faults() == {}

    give_to(offer, less)

    says, said = the_fault(NOW)
    assert says == "nobody in greater need was passed over"
    assert said == (
        f"appointment {offer.pk} was given to request {less.pk} while "
        f"request {more.pk} stood before it and could have come"
    )


def given_by_a_person(*, waited_days, before):
    """Return the visit of one who waited so long, and another who could have come."""
    _, [therapist], [room] = make_clinic()
    opening = opening_at(therapist, room, MORNING)
    mine = make_entry(waited_days=waited_days)
    made = actions.book(
        entry=mine, opening=opening, by=make_user(Role.SCHEDULER), now=NOW
    )
    other = make_entry(waited_days=before, asked_at=NOW - DAY, triaged_at=NOW - DAY)
    return made, other


def test_a_person_who_passes_somebody_over_without_a_word_is_named():
    made, other = given_by_a_person(waited_days=5, before=30)

    says, said = the_fault(NOW)

    assert says == "nobody in greater need was passed over"
    assert f"appointment {made.pk} was given to request {made.entry_id}" in said
    assert f"request {other.pk} stood before it" in said


def test_a_reason_that_was_said_explains_it():
    made, _other = given_by_a_person(waited_days=5, before=30)
    GivenOutOfTurn.objects.create(
        appointment=made,
        reason="plan",
        passed_over=1,
        by=make_user(Role.SCHEDULER),
        at=NOW,
    )

    assert faults() == {}


@pytest.mark.parametrize(
    "why",
    [
        {"weekdays": "MTWRSU"},  # the time lies on a Friday
        {"notice_hours": 200},
        {"latest": NOW.date()},
        {"asked_at": NOW},
        {"kept_minutes": 90},  # as a visit that was canceled; the time is shorter
    ],
)
def test_who_could_not_have_come_was_not_passed_over(why):
    offer, [less, more] = freed_for([11, 30])
    WaitlistEntry.objects.filter(pk=more.pk).update(**why)

    give_to(offer, less)

    assert "nobody in greater need was passed over" not in faults()


@pytest.mark.parametrize(("until", "told"), [("09:45", False), ("12:00", True)])
def test_a_technique_that_takes_less_time_since_proves_nothing(until, told):
    """As the time was given, who goes home at a quarter to ten could not have come."""
    technique = make_technique(minutes=60)
    offer, [less, more] = freed_for([11, 30], technique=technique)
    WaitlistEntry.objects.filter(pk=more.pk).update(to_time=until)
    give_to(offer, less)

    Technique.objects.filter(pk=technique.pk).update(minutes=30)

    assert ("nobody in greater need was passed over" in faults()) == told


def test_nothing_is_said_of_those_who_have_changed_since():
    offer, [less, more] = freed_for([11, 30])
    give_to(offer, less)
    NeedReport.objects.create(
        entry=more,
        reported_at=LATER,
        reported_by=more.patient.user,
        **{"pain": 9, "enjoyment": 9, "activity": 9, "role_threat": 20, "sleep": 9},
    )

    assert faults() == {}


# --- I8 -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "change"),
    [
        (make_appointment, "noshow>booked"),
        (make_appointment, "booked>nonsense"),
        (make_entry, "completed>accepted"),
        (make_referral, "revoked>active"),
    ],
)
def test_a_step_that_is_not_legal_is_named(make, change):
    row = make()
    record("it.moved", row, by=None, at=NOW, change=change)
    event = AuditEvent.objects.latest("pk")

    said = [one for some in faults().values() for one in some]
    assert any(
        f" {row.pk}: its trail says nothing, then {change} (audit event {event.pk})"
        in one
        for one in said
    )


def test_a_step_from_a_state_that_it_was_not_in_is_named():
    visit = make_appointment(status=Status.FULFILLED)
    record("it.moved", visit, by=None, at=NOW, change="booked>arrived")
    record("it.moved", visit, by=None, at=NOW, change="booked>fulfilled")

    _, said = the_fault()
    assert said.startswith(
        f"appointment {visit.pk}: its trail says arrived, then booked>fulfilled"
    )


@pytest.mark.parametrize(
    ("make", "made_at"),
    [
        (make_appointment, "offered_at"),
        (make_entry, "asked_at"),
        (make_referral, "recorded_at"),
    ],
)
def test_a_record_made_past_the_trail_is_named_unless_it_is_older(make, made_at):
    old = make_user(Role.STAFF)
    record("user.added", old, by=None, at=NOW - HOUR)
    make(**{made_at: NOW - 2 * HOUR})
    row = make(**{made_at: NOW - 2 * HOUR})
    assert faults() == {}

    type(row).objects.filter(pk=row.pk).update(**{made_at: NOW})

    _, said = the_fault()
    noun = row._meta.verbose_name
    assert said == f"{noun} {row.pk}: its trail does not tell that it was made"


def test_a_record_whose_trail_begins_in_the_middle_is_named():
    visit = make_appointment(offered_at=NOW)
    record("user.added", visit.patient.user, by=None, at=NOW - HOUR)
    record("appointment.booked", visit, by=None, at=NOW, change="proposed>booked")

    _, said = the_fault()
    assert said == f"appointment {visit.pk}: its trail does not tell that it was made"


def test_a_state_written_past_the_trail_is_named():
    visit = a_life()
    legal = "appointments.Appointment:legal_appointment_changes"
    with pgtrigger.ignore(legal):
        Appointment.objects.filter(pk=visit.pk).update(status="noshow")

    found = faults()
    assert found["offers and visits went through legal states only"] == [
        f"appointment {visit.pk}: its trail ends in booked, and it is noshow"
    ]
    assert found["a request is booked where its visit is"] == [
        f"request {visit.entry_id}: it is in-progress, and has 0 visits agreed"
    ]


def test_a_visit_that_the_trail_knows_and_the_table_does_not_is_named():
    visit = a_life()
    entry = WaitlistEntry.objects.filter(pk=visit.entry_id)
    entry.update(status=EntryStatus.ACCEPTED)
    visit.delete()

    found = faults()["offers and visits went through legal states only"]
    assert len(found) == 1
    assert found[0].endswith("its trail ends in booked, and it is not there")
