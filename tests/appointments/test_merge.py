"""Two records of one patient are made one, and parted again, with nothing lost."""

from __future__ import annotations

import uuid
from datetime import timedelta
from functools import partial

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from appointments import actions
from appointments.codes import EntryStatus, Status
from appointments.models import Appointment, WaitlistEntry
from massage_portal.accounts.actions import invite
from massage_portal.accounts.models import User
from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from massage_portal.outbox.models import Message
from referrals.actions import NotMergeable, NotPartable, Order, record_referral
from referrals.models import Patient, PatientMerge, Referral
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    TODAY,
    make_appointment,
    make_diagnosis,
    make_entry,
    make_message,
    make_patient,
    make_provider,
    make_referral,
    make_request,
    make_user,
)
from tests.threads import errors, together, won
from tests.trail import trail

KNOWN = {
    ("referrals", "referral"),
    ("appointments", "waitlistentry"),
    ("appointments", "appointment"),
    ("referrals", "patient"),  # merged_into
    ("referrals", "patientmerge"),
}


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def lead(db):
    return make_user(Role.LEAD)


def code(number):
    return make_diagnosis(f"M54.{number}", "Pain in the back")


def full_record(start, first, **fields):
    """Return a patient with a booked visit, an offer, a request and an old referral."""
    patient = make_patient(**fields)
    booked, offered, asked, old = (
        make_referral(patient=patient, diagnosis=code(first + number), sessions=6)
        for number in range(4)
    )
    Referral.objects.filter(pk=old.pk).update(status="completed")
    entry = make_entry(referral=booked, status=EntryStatus.IN_PROGRESS)
    visit = make_appointment(entry=entry, starts_at=start)
    make_appointment(
        entry=make_entry(referral=offered),
        status=Status.PROPOSED,
        starts_at=start + 2 * HOUR,
    )
    make_request(referral=asked)
    if patient.user:
        make_message(subject=visit, to=patient.user, kind="appointments.reminder")
    return patient


def two(*, second_account=True, first_account=True):
    kept = full_record(NOW + 2 * DAY, 0, account=first_account)
    return kept, full_record(NOW + 3 * DAY, 5, account=second_account)


def merge(kept, merged, *, by, now=NOW):
    return actions.merge_patients(
        kept=kept, merged=merged, reason="Same person", by=by, now=now
    )


def snapshot():
    """Return every row that a merge may touch, but for versions that count changes."""
    people = Patient.objects.order_by("pk").values_list("pk", "user", "merged_into")
    found = [list(people)]
    for model in (Referral, WaitlistEntry, Appointment, Message):
        found.append(list(model.objects.order_by("pk").values_list()))
    found.append(list(User.objects.order_by("pk").values_list("pk", "is_active")))
    return found


def whose(model):
    return set(model.objects.values_list("patient", flat=True))


def test_every_row_that_names_a_patient_is_one_that_a_merge_knows():
    relations = Patient._meta.related_objects
    models = {
        (one.related_model._meta.app_label, one.related_model._meta.model_name)
        for one in relations
    }
    assert models == KNOWN


@pytest.mark.parametrize("first_account", [True, False])
@pytest.mark.parametrize("second_account", [True, False])
def test_all_moves_and_all_moves_back(lead, first_account, second_account):
    kept, merged = two(first_account=first_account, second_account=second_account)
    before = snapshot()

    made = merge(kept, merged, by=lead)

    for model in (Referral, WaitlistEntry, Appointment):
        assert whose(model) == {kept.pk}
    merged.refresh_from_db()
    assert merged.merged_into == kept
    assert snapshot() != before
    undone = actions.unmerge(merge=made, by=lead, now=NOW + HOUR)
    assert (undone.undone_by, undone.undone_at) == (lead, NOW + HOUR)
    assert snapshot() == before


def test_messages_owed_go_to_the_account_that_stays(lead):
    kept, merged = two()
    sent = make_message(subject=merged, to=merged.user)
    Message.objects.filter(pk=sent.pk).update(sent_at=NOW)
    link = make_message(subject=invite(user=merged.user, by=None, now=NOW))
    Message.objects.filter(pk=link.pk).update(recipient=merged.user)

    merge(kept, merged, by=lead)

    unsent = set(Message.objects.unsent().values_list("recipient", flat=True))
    assert unsent == {kept.user.pk}
    sent.refresh_from_db()
    link.refresh_from_db()
    assert sent.recipient == merged.user  # what was, was
    assert link.voided_at == NOW


def test_the_second_account_signs_in_no_more_until_they_are_parted(lead):
    kept, merged = two()
    client = Client()
    client.force_login(merged.user)
    assert client.get("/my/").status_code == 200

    made = merge(kept, merged, by=lead)

    assert "/accounts/login/" in client.get("/my/")["Location"]
    actions.unmerge(merge=made, by=lead, now=NOW)
    client.force_login(User.objects.get(pk=merged.user.pk))
    assert client.get("/my/").status_code == 200


def test_an_account_that_was_off_before_stays_off_after(lead):
    kept, merged = two()
    User.objects.filter(pk=merged.user.pk).update(is_active=False)

    actions.unmerge(merge=merge(kept, merged, by=lead), by=lead, now=NOW)

    assert not User.objects.get(pk=merged.user.pk).is_active


def test_an_only_account_moves_and_its_owner_sees_all(lead):
    kept, merged = two(first_account=False)
    user = merged.user

    made = merge(kept, merged, by=lead)

    kept.refresh_from_db()
    merged.refresh_from_db()
    assert (kept.user, merged.user) == (user, None)
    assert Referral.objects.visible_to(user).count() == 8
    actions.unmerge(merge=made, by=lead, now=NOW)
    assert Referral.objects.visible_to(user).count() == 4


def test_what_came_since_stays_unless_it_hangs_on_what_goes_back(lead):
    kept, merged = two()
    made = merge(kept, merged, by=lead)
    kept.refresh_from_db()
    fresh = make_referral(patient=kept, diagnosis=code("99"))
    old = Referral.objects.get(pk=made.moved["referrals.referral"][-1])
    renewed = make_referral(patient=kept, diagnosis=code("88"), renews=old)
    asked = make_request(referral=old)
    about = make_message(subject=asked, to=kept.user)

    actions.unmerge(merge=made, by=lead, now=NOW + HOUR)

    for row, patient in (
        (fresh, kept),
        (renewed, merged),
        (asked, merged),
    ):
        row.refresh_from_db()
        assert row.patient == patient
    about.refresh_from_db()
    assert about.recipient == merged.user  # nobody reads of another's care


def test_who_is_parted_without_an_account_is_written_to_by_nobody(lead):
    kept, merged = two(second_account=False)
    made = merge(kept, merged, by=lead)
    entry = WaitlistEntry.objects.get(pk=made.moved["appointments.waitlistentry"][0])
    about = make_message(subject=entry, to=kept.user)

    actions.unmerge(merge=made, by=lead, now=NOW + HOUR)

    about.refresh_from_db()
    assert about.voided_at == NOW + HOUR


def test_an_account_that_goes_back_is_told_nothing_of_the_one_who_has_none(lead):
    kept, merged = two(first_account=False)
    made = merge(kept, merged, by=lead)
    about = make_message(subject=kept.referrals.first(), to=merged.user)

    actions.unmerge(merge=made, by=lead, now=NOW + HOUR)

    about.refresh_from_db()
    assert about.voided_at == NOW + HOUR


def test_both_records_have_it_on_their_trail_and_an_auditor_finds_all(lead):
    kept, merged = two()
    theirs = AuditEvent.objects.create(
        at=NOW, action="x.seen", actor="a", record_type="x", patient_id=merged.pk
    )
    made = merge(kept, merged, by=lead)

    change = f"{merged.pk}>{kept.pk}"
    for patient in (kept, merged):
        row = (lead.pk, "patient.merged", patient.pk, change)
        assert trail(patient)[-1] == row
        assert theirs in AuditEvent.objects.of_patient(patient.pk)
    auditor = Client()
    auditor.force_login(make_user(Role.AUDITOR))
    page = auditor.get("/audit/", {"patient": kept.pk}).content.decode()
    assert "x.seen" in page
    actions.unmerge(merge=made, by=lead, now=NOW)
    assert trail(merged)[-1] == (lead.pk, "patient.parted", merged.pk, change)
    assert theirs not in AuditEvent.objects.of_patient(kept.pk)
    assert theirs in AuditEvent.objects.of_patient(merged.pk)


def test_merging_twice_is_one_merge_and_parting_twice_one_parting(lead):
    kept, merged = two()

    first, again = merge(kept, merged, by=lead), merge(kept, merged, by=lead)

    assert first == again
    actions.unmerge(merge=first, by=lead, now=NOW)
    later = actions.unmerge(merge=first, by=lead, now=NOW + HOUR)
    assert later.undone_at == NOW
    assert AuditEvent.objects.filter(action="patient.parted").count() == 2


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

    refused(kept, merged, by=lead, words="same time")


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


@pytest.mark.usefixtures("committed")
def test_one_who_asks_while_the_records_are_merged_asks_all_the_same():
    lead, kept, merged = make_user(Role.LEAD), make_patient(), make_patient()
    referrals = [
        make_referral(patient=merged, diagnosis=code(number)) for number in range(4)
    ]
    ask = {
        "availability": actions.Availability(),
        "need": actions.NeedAnswers(3, 3, 3, 0, 3),
        "by": merged.user,
        "now": NOW,
        "today": TODAY,
    }
    asks = [partial(actions.ask, referral=one, **ask) for one in referrals]

    outcomes = together(partial(merge, kept, merged, by=lead), *asks)

    assert errors(outcomes) == []
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


@pytest.fixture
def staff(db):
    client = Client()
    client.user = make_user(Role.STAFF)
    client.force_login(client.user)
    return client


def test_the_pages_lead_from_the_search_to_one_record_and_back(staff):
    kept = make_patient(given_name="Juniper", record_number="R-1")
    other = make_patient(given_name="June", record_number="R-2")
    make_referral(patient=other)
    path = f"/patients/{kept.pk}/merge/"
    assert path in staff.get(f"/patients/{kept.pk}/").content.decode()

    found = staff.post(path, {"q": "r-2"}).content.decode()
    assert f'name="other" value="{other.pk}"' in found
    beside = staff.post(path, {"other": other.pk}).content.decode()
    for text in ("R-1", "R-2", "Both have an account", 'name="reason"'):
        assert text in beside
    assert staff.post(path, {"other": other.pk, "reason": ""}).status_code == 422
    assert not PatientMerge.objects.exists()

    done = staff.post(path, {"other": other.pk, "reason": "She says so"}, follow=True)
    page = done.content.decode()
    assert "The two records are one now." in page
    assert "She says so" in page
    assert done.redirect_chain[-1][0] == f"/patients/{kept.pk}/"
    led_on = staff.get(f"/patients/{other.pk}/")
    assert led_on["Location"] == f"/patients/{kept.pk}/"
    [made] = PatientMerge.objects.all()
    assert f"/merges/{made.pk}/part/" in page
    staff.post(f"/merges/{made.pk}/part/")
    assert staff.get(f"/patients/{other.pk}/").status_code == 200
    assert "Records merged" not in staff.get(f"/patients/{kept.pk}/").content.decode()


def test_a_refusal_is_said_on_the_page_and_keeps_the_reason(staff):
    kept, other = make_patient(), make_patient()
    for patient in (kept, other):
        make_referral(patient=patient, diagnosis=code(1))

    answer = staff.post(
        f"/patients/{kept.pk}/merge/", {"other": other.pk, "reason": "She says so"}
    )

    assert answer.status_code == 409
    assert "Withdraw one of the two referrals first." in answer.content.decode()
    assert "She says so" in answer.content.decode()


@pytest.mark.parametrize("other", ["x", "-1", "0", "9" * 30, ""])
def test_an_odd_key_of_the_other_record_is_not_found(staff, other):
    path = f"/patients/{make_patient().pk}/merge/"
    assert staff.post(path, {"other": other}).status_code == 404


@pytest.mark.django_db
def test_who_may_not_merge_sees_no_button_and_a_patient_no_page():
    scheduler, patient = Client(), Client()
    record = make_patient()
    scheduler.force_login(make_user(Role.SCHEDULER))
    patient.force_login(record.user)
    page = scheduler.get(f"/patients/{record.pk}/").content.decode()

    assert "/merge/" not in page
    for client in (scheduler, patient):
        answer = client.post(f"/patients/{record.pk}/merge/", {"q": "x"})
        assert answer.status_code == 403


def test_a_reminder_after_the_merge_speaks_of_the_same_visit(lead):
    kept, merged = two()
    visit = merged.appointments.get(status=Status.BOOKED)
    moved = Message.objects.unsent().get(about=f"appointments.appointment:{visit.pk}")

    merge(kept, merged, by=lead, now=NOW + timedelta(minutes=1))

    moved.refresh_from_db()
    assert (moved.recipient, moved.due_at) == (kept.user, NOW)
