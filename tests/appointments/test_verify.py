"""`manage.py verify`: a sound clinic is found sound, and each broken rule is named."""

from __future__ import annotations

import io
from datetime import timedelta

import pgtrigger
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from appointments import actions
from appointments.actions.visit import record_visit
from appointments.codes import Ending, Status
from appointments.models import Appointment
from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from massage_portal.audit.record import record
from massage_portal.outbox.models import Message
from referrals.codes import RenewalAnswer
from referrals.models import Patient, Referral
from tests.appointments.merging import merge, two
from tests.appointments.sound import (
    ALL,
    LATER,
    MORNING,
    a_life,
    faults,
    the_fault,
    without_constraint,
)
from tests.factories import (
    HOUR,
    NOW,
    make_appointment,
    make_diagnosis,
    make_entry,
    make_letter,
    make_message,
    make_patient,
    make_referral,
    make_user,
)
from tests.referrals.test_actions import refer

IN_ONE_PLACE = ["therapist", "room", "patient"]


# --- a sound clinic -------------------------------------------------------------------


@pytest.mark.django_db
def test_an_empty_clinic_is_sound():
    assert faults() == {}


@pytest.mark.django_db
def test_visits_made_missed_and_canceled_leave_a_sound_clinic():
    visit = a_life()
    therapist = visit.therapist.user
    record_visit(
        appointment=visit, outcome=Status.NOSHOW, by=therapist, now=MORNING + HOUR
    )
    make_letter()

    assert faults(MORNING + HOUR) == {}


@pytest.mark.django_db
def test_a_merged_patient_and_the_same_parted_again_are_sound():
    kept, merged = two()
    staff = make_user(Role.STAFF)
    made = merge(kept, merged, by=staff)
    assert faults() == {}

    actions.unmerge(merge=made, by=staff, now=NOW)

    assert faults() == {}


@pytest.mark.django_db
def test_a_referral_arrived_and_answered_by_its_provider_is_sound():
    referral = refer(make_patient(), by=make_user(Role.STAFF))
    event = AuditEvent.objects.filter(record_type="referrals.referral")
    assert event.filter(change__startswith=">").exists()
    record(
        "referral.renewal_answered",
        referral,
        by=None,
        at=NOW,
        change=f">{RenewalAnswer.END}",
    )

    assert faults() == {}


# --- I1 -------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("who", IN_ONE_PLACE)
def test_two_appointments_at_once_are_named(who):
    first = make_appointment(status=Status.PROPOSED)
    without_constraint(f"appointment_{who}_is_in_one_place")
    same = {who: getattr(first, who)}
    if who == "patient":
        referral = make_referral(
            patient=first.patient, diagnosis=make_diagnosis("M54.50", "Pain")
        )
        same = {"entry": make_entry(referral=referral)}
    second = make_appointment(
        status=Status.PROPOSED, starts_at=first.starts_at + HOUR / 2, **same
    )

    key = getattr(first, f"{who}_id")
    (said,) = faults()["nobody and no room is in two places at once"]
    assert said == (
        f"appointments {first.pk} and {second.pk} keep {who} {key} in two places "
        "at once"
    )


@pytest.mark.django_db
def test_a_visit_of_another_patient_than_its_request_is_named():
    visit = make_appointment()
    with pgtrigger.ignore("appointments.Appointment:appointment_patient_is_its_entrys"):
        Appointment.objects.filter(pk=visit.pk).update(patient=make_patient())

    _, said = the_fault()
    assert f"request {visit.entry_id}" in said
    assert f"appointment {visit.pk}" in said


@pytest.mark.django_db
def test_what_is_left_with_a_record_that_was_merged_away_is_named():
    referral = make_entry().referral
    Patient.objects.filter(pk=referral.patient_id).update(merged_into=make_patient())

    found = faults()
    said = [one for some in found.values() for one in some]
    assert len(said) == 2
    assert any(f"referral {referral.pk}: " in one for one in said)


# --- I5 -------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_hold_a_minute_past_its_end_is_named_and_not_a_moment_before():
    offer = make_appointment(status=Status.PROPOSED)
    end = offer.held_until
    assert faults(end + timedelta(seconds=60)) == {}

    _, said = the_fault(end + timedelta(seconds=61))
    assert said.startswith(f"appointment {offer.pk}: its hold ended 61 s ago")


@pytest.mark.django_db
def test_freed_time_that_nobody_was_offered_within_a_minute_is_named():
    visit = make_appointment()
    user = visit.patient.user
    actions.cancel(appointment=visit, ending=Ending.BY_PATIENT, by=user, now=NOW)
    assert faults(NOW + timedelta(seconds=60)) == {}

    _, said = the_fault(LATER)
    assert said.startswith(f"appointment {visit.pk}: its time was freed")
    assert "300 s ago" in said
    assert faults(visit.starts_at) == {}  # nobody can use it any more


# --- what is owed, and the letters ----------------------------------------------------


@pytest.mark.django_db
def test_a_reminder_of_what_is_canceled_is_named():
    visit = make_appointment(status=Status.CANCELLED)
    user = visit.patient.user
    make_message(subject=visit, to=user, kind="appointments.cancelled")
    assert faults() == {}
    owed = make_message(subject=visit, to=user, kind="appointments.reminder")

    _, said = the_fault()
    assert said.startswith(f"message {owed.pk} (appointments.reminder): ")
    assert said.endswith(f"appointment {visit.pk} is cancelled")
    Message.objects.filter(pk=owed.pk).update(voided_at=NOW)
    assert faults() == {}


@pytest.mark.django_db
def test_a_letter_without_its_file_is_named():
    letter = make_letter()
    letter.file.storage.delete(letter.file.name)

    assert the_fault()[1] == f"letter {letter.pk}: its file is missing"


# --- the command ----------------------------------------------------------------------


def verify():
    out = io.StringIO()
    try:
        call_command("verify", stdout=out)
    except CommandError as error:
        return error.returncode, out.getvalue()
    return 0, out.getvalue()


@pytest.fixture
def at_now(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.mark.usefixtures("committed", "at_now")
def test_the_command_tells_of_each_rule_and_fails_when_one_is_broken():
    visit = a_life()

    code, said = verify()

    assert code == 0
    lines = said.splitlines()
    empty = [line for line in lines if line.endswith(": nothing to look at")]
    assert "each letter's file is there and as it came: nothing to look at" in empty
    assert lines[-1] == (
        f"all of it holds; of {len(empty)} there was nothing to look at"
    )
    assert len(lines) == len(ALL) + 1
    assert "offers and visits went through legal states only: yes, 2 looked at" in lines

    with pgtrigger.ignore("appointments.Appointment:legal_appointment_changes"):
        Appointment.objects.filter(pk=visit.pk).update(status="noshow")
    code, said = verify()

    assert code == 1
    assert f"  appointment {visit.pk}: its trail ends in booked, and it is noshow" in (
        said.splitlines()
    )
    for secret in (visit.patient.family_name, visit.patient.user.email):
        assert secret not in said


@pytest.mark.usefixtures("committed", "at_now")
def test_the_command_reads_one_moment_and_can_write_nothing(monkeypatch):
    kept = {}

    def look(now):
        kept["level"] = asked("SHOW transaction_isolation")
        kept["read only"] = asked("SHOW transaction_read_only")
        raise LookupError

    def asked(statement):
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone()[0]

    first = ALL[0]._replace(look=look)
    monkeypatch.setattr("massage_portal.management.commands.verify.MESSAGES", [first])
    with pytest.raises(LookupError):
        verify()

    assert kept == {"level": "repeatable read", "read only": "on"}
    with transaction.atomic():  # and what comes after can write again
        Referral.objects.filter(pk=0).update(version=2)
