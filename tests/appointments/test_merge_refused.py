"""What keeps two records from being made one, whoever comes between."""

from __future__ import annotations

import uuid
from functools import partial
from threading import Event
from time import monotonic

import pytest
from django.db import IntegrityError, connection, transaction

from appointments import actions
from appointments.codes import Status
from appointments.models import Appointment, WaitlistEntry
from massage_portal.accounts.roles import Role
from referrals.actions import NotMergeable, NotPartable, Order, record_referral
from referrals.models import Patient, PatientMerge, Referral
from tests.appointments.merging import code, full_record, merge, snapshot, whose
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    TODAY,
    make_appointment,
    make_entry,
    make_patient,
    make_provider,
    make_referral,
    make_user,
)
from tests.threads import PATIENCE, errors, together, won


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def lead(db):
    return make_user(Role.LEAD)


def refused(kept, merged, *, by, words):
    before = snapshot()
    with pytest.raises(NotMergeable, match=words):
        merge(kept, merged, by=by)
    assert snapshot() == before
    assert not PatientMerge.objects.filter(kept=kept).exists()


def test_a_record_is_not_merged_into_itself(lead):
    patient = make_patient()
    refused(patient, patient, by=lead, words="same record")


def test_a_record_that_was_merged_is_not_merged_elsewhere(lead):
    kept, merged, third = make_patient(), make_patient(), make_patient()
    merge(kept, merged, by=lead)

    refused(third, merged, by=lead, words="already")
    refused(merged, third, by=lead, words="already")


def test_a_kept_record_may_be_merged_on_and_is_parted_in_turn(lead):
    kept, merged, third = make_patient(), make_patient(), make_patient()
    referral = make_referral(patient=merged)
    first = merge(kept, merged, by=lead)
    second = merge(third, kept, by=lead)
    merged.refresh_from_db()
    assert merged.kept == third

    with pytest.raises(NotPartable, match="Part those first"):
        actions.unmerge(merge=first, by=lead, now=NOW)

    actions.unmerge(merge=second, by=lead, now=NOW)
    actions.unmerge(merge=first, by=lead, now=NOW)
    referral.refresh_from_db()
    assert referral.patient == merged


def test_two_open_referrals_for_one_diagnosis_are_refused_by_name(lead):
    kept, merged = make_patient(), make_patient()
    for patient in (kept, merged):
        make_referral(patient=patient, diagnosis=code(1))

    refused(kept, merged, by=lead, words=r"M54\.1")


def test_visits_at_one_time_are_refused(lead):
    kept, merged = (full_record(NOW + 2 * DAY, first) for first in (0, 5))

    refused(kept, merged, by=lead, words=r"same time \(Oct")


def test_an_offer_that_lapsed_is_in_nobodys_way(lead):
    kept, merged = make_patient(), make_patient()
    for number, patient in enumerate((kept, merged)):
        entry = make_entry(
            referral=make_referral(patient=patient, diagnosis=code(number))
        )
        make_appointment(entry=entry, status=Status.PROPOSED, held_until=NOW - HOUR)

    merge(kept, merged, by=lead)

    assert {one.status for one in Appointment.objects.all()} == {Status.CANCELLED}


def test_the_account_of_somebody_who_works_here_is_not_switched_off(lead):
    kept, merged = make_patient(), make_patient(user=make_user(Role.STAFF))

    refused(kept, merged, by=lead, words="works here")


@pytest.mark.parametrize("rule", ["diagnosis", "place"])
def test_what_comes_between_is_refused_by_the_constraints_as_kindly(
    lead, rule, monkeypatch
):
    """referral_one_open_per_diagnosis, and appointment_patient_is_in_one_place."""
    kept, merged = (full_record(NOW + 2 * DAY, first) for first in (0, 5))
    monkeypatch.setattr("appointments.actions.merge._refuse_two_places", lambda *_: 0)
    monkeypatch.setattr("referrals.actions.merge._open", lambda _patient: set())
    if rule == "diagnosis":
        make_referral(patient=kept, diagnosis=code("77"))
        make_referral(patient=merged, diagnosis=code("77"))

    words = {"diagnosis": "recorded just now", "place": "booked just now"}
    refused(kept, merged, by=lead, words=words[rule])


@pytest.mark.usefixtures("committed")
def test_two_who_merge_at_once_either_way_make_one_merge():
    lead, one, other = make_user(Role.LEAD), make_patient(), make_patient()
    for number, patient in enumerate((one, other)):
        make_referral(patient=patient, diagnosis=code(number))

    ways = [(one, other), (other, one)] * 4
    outcomes = together(*[partial(merge, *way, by=lead) for way in ways])

    assert len({done.pk for done in won(outcomes)}) == 1
    assert {type(error) for error in errors(outcomes)} == {NotMergeable}
    assert PatientMerge.objects.count() == 1
    assert len(whose(Referral)) == 1


def somebody_waits_for_a_lock():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks "
            "WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
        )
        return cursor.fetchone()[0] > 0


@pytest.mark.usefixtures("committed")
def test_one_who_asks_while_the_records_are_merged_asks_all_the_same():
    lead, kept, merged = make_user(Role.LEAD), make_patient(), make_patient()
    referral = make_referral(patient=merged)
    begun = Event()

    def merge_slowly():
        with transaction.atomic():
            merge(kept, merged, by=lead)
            begun.set()
            until = monotonic() + PATIENCE
            while not somebody_waits_for_a_lock():
                assert monotonic() < until

    def ask():
        assert begun.wait(PATIENCE)
        return actions.ask(
            referral=referral,
            availability=actions.Availability(),
            need=actions.NeedAnswers(3, 3, 3, 0, 3),
            by=merged.user,
            now=NOW,
            today=TODAY,
        )

    assert errors(together(merge_slowly, ask)) == []
    assert whose(Referral) == whose(WaitlistEntry) == {kept.pk}


def an_order():
    return Order(
        provider=make_provider(),
        diagnosis=code(1),
        priority="routine",
        received_at=NOW,
        valid_from=TODAY,
        valid_until=TODAY + 30 * DAY,
        sessions=1,
        interval_days=7,
    )


def test_a_referral_for_a_merged_record_is_recorded_for_the_kept_one(lead):
    kept, merged = make_patient(), make_patient()
    merge(kept, merged, by=lead)

    made = record_referral(
        patient=merged,
        order=an_order(),
        answers={},
        submission=uuid.uuid4(),
        by=lead,
        now=NOW,
    )

    assert made.patient == kept


@pytest.mark.django_db
def test_the_database_keeps_a_record_from_standing_for_itself():
    patient = make_patient()
    with (
        pytest.raises(IntegrityError, match="patient_is_not_merged_into_itself"),
        transaction.atomic(),
    ):
        Patient.objects.filter(pk=patient.pk).update(merged_into=patient)


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("merge_is_of_two", {"merged": "kept"}),
        ("merge_is_open_once", {}),
        ("merge_is_undone_by_somebody", {"undone_at": NOW}),
    ],
)
def test_the_database_keeps_merges_whole(lead, rule, changes):
    kept, merged = make_patient(), make_patient()
    merge(kept, merged, by=lead)
    values = {"kept": make_patient(), "merged": merged, "reason": "x", "at": NOW}
    if changes.get("merged"):
        changes = {"merged": values["kept"]}

    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        PatientMerge.objects.create(**values | {"by": lead} | changes)
