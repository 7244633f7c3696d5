"""What a booking reads and writes by hand is what Django would read and write."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import connection, connections, transaction
from django.db.transaction import TransactionManagementError

from appointments.codes import Status
from appointments.models import Appointment, WaitlistEntry
from appointments.models.booking import lock_entry, lock_therapist
from massage_portal.inserting import insert, insert_new
from massage_portal.outbox.models import Message
from referrals.models import Authorization
from tests.factories import (
    NOW,
    make_appointment,
    make_entry,
    make_insurer,
    make_message,
    make_patient,
    make_referral,
    make_technique,
)

pytestmark = pytest.mark.django_db

OF_REFERRAL = ("technique", "insurer", "authorization")


def fields_of(row):
    """Return what a row holds of its own table; None where there is no row."""
    if row is None:
        return None
    names = [field.attname for field in row._meta.local_concrete_fields]
    return type(row), {name: getattr(row, name) for name in names}


def parts(entry):
    """Return the rows of an entry that is read with all it is judged by."""
    referral, patient = entry.referral, entry.patient
    others = [getattr(referral, name, None) for name in OF_REFERRAL]
    return [fields_of(row) for row in (entry, referral, patient, patient.user, *others)]


def insured():
    """Return an entry of a referral with all that a referral may have."""
    referral = make_referral(technique=make_technique(), insurer=make_insurer())
    by = referral.recorded_by
    Authorization.objects.create(
        referral=referral, number="A-77", visits=4, changed_at=NOW, changed_by=by
    )
    return make_entry(referral=referral)


def bare():
    """Return an entry of a patient without account, whose referral says little."""
    return make_entry(referral=make_referral(patient=make_patient(account=False)))


@pytest.mark.parametrize("make", [insured, bare])
def test_an_entry_is_locked_with_all_that_it_is_judged_by(
    make, django_assert_num_queries
):
    entry = make()

    with transaction.atomic():
        locked = lock_entry(entry.pk, patient=entry.patient_id)

    with django_assert_num_queries(0):
        found = parts(locked)
    assert found == parts(WaitlistEntry.objects.get(pk=entry.pk))
    assert not locked.offer_out


def test_an_entry_with_an_offer_says_so_when_it_is_locked():
    entry = make_appointment(status=Status.PROPOSED).entry

    with transaction.atomic():
        assert lock_entry(entry.pk, patient=entry.patient_id).offer_out


def test_an_entry_that_is_not_there_cannot_be_locked():
    entry = make_entry()

    with transaction.atomic(), pytest.raises(WaitlistEntry.DoesNotExist):
        lock_entry(entry.pk + 1, patient=entry.patient_id)


def test_nothing_is_locked_outside_of_a_transaction(monkeypatch):
    entry = make_entry()
    monkeypatch.setattr(connections["default"], "in_atomic_block", False)

    with pytest.raises(TransactionManagementError):
        lock_entry(entry.pk, patient=entry.patient_id)
    with pytest.raises(TransactionManagementError):
        lock_therapist(1)


def test_bookings_go_on_while_a_release_allows_longer_texts():
    entry = insured()
    lock_entry(entry.pk, patient=entry.patient_id)  # it is prepared from here on

    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE accounts_user ALTER name TYPE varchar(4000)")
        cursor.execute("ALTER TABLE services_insurer ALTER name TYPE varchar(4000)")

    assert lock_entry(entry.pk, patient=entry.patient_id) == entry


def test_what_is_prepared_is_never_planned_for_one_call():
    entry = insured()

    for _ in range(7):  # PostgreSQL decides after five
        lock_entry(entry.pk, patient=entry.patient_id)

    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(custom_plans) FROM pg_prepared_statements")
        assert cursor.fetchone() == (0,)


def test_a_visit_inserted_by_hand_is_the_row_that_django_would_save():
    saved = make_appointment()
    made = Appointment(**fields_of(saved)[1] | {"id": None})
    saved.delete()

    insert(made)

    again = Appointment.objects.get(pk=made.pk)
    assert made.pk != saved.pk
    assert fields_of(again) == fields_of(made)
    made.save()  # it knows that it has been saved
    assert Appointment.objects.count() == 1


def test_of_rows_inserted_at_once_only_those_that_are_new_are():
    kept = make_message(kind="appointments.accepted")
    values = fields_of(kept)[1] | {"id": None, "key": "new"}
    new = Message(**values | {"message_id": uuid4()})
    same = Message(**values | {"message_id": uuid4(), "kind": "tests.other"})

    insert_new([new, same])
    insert_new([])

    assert Message.objects.count() == 2
    [added] = Message.objects.exclude(pk=kept.pk)
    assert fields_of(added)[1] == fields_of(new)[1] | {"id": added.pk}
