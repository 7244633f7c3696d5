"""Two records of one patient are made one, and parted again, with nothing lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from appointments import actions
from appointments.codes import Status
from appointments.models import Appointment, WaitlistEntry
from massage_portal.accounts.actions import invite
from massage_portal.accounts.models import User
from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from massage_portal.outbox.models import Message
from referrals import actions as referrals
from referrals.models import Patient, Referral
from tests.appointments.merging import code, merge, snapshot, two, whose
from tests.factories import (
    HOUR,
    NOW,
    make_message,
    make_referral,
    make_request,
    make_user,
)
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
    sent = make_message(kind="referrals.recorded", subject=merged, to=merged.user)
    Message.objects.filter(pk=sent.pk).update(sent_at=NOW)
    link = make_message(
        kind="referrals.recorded", subject=invite(user=merged.user, by=None, now=NOW)
    )
    Message.objects.filter(pk=link.pk).update(recipient=merged.user)

    made = merge(kept, merged, by=lead)

    unsent = set(Message.objects.unsent().values_list("recipient", flat=True))
    assert unsent == {kept.user.pk}
    sent.refresh_from_db()
    link.refresh_from_db()
    assert sent.recipient == merged.user  # what was, was
    assert link.voided_at == NOW
    actions.unmerge(merge=made, by=lead, now=NOW + HOUR)
    link.refresh_from_db()
    assert link.voided_at is None


def test_what_a_sender_has_claimed_goes_to_no_account_that_was_switched_off(lead):
    kept, merged = two()
    news = "referrals.recorded"
    claimed = make_message(kind=news, subject=merged, to=merged.user)
    Message.objects.filter(pk=claimed.pk).update(claim=7)

    made = merge(kept, merged, by=lead)

    claimed.refresh_from_db()
    assert (claimed.recipient, claimed.claim) == (kept.user, None)
    Message.objects.filter(pk=claimed.pk).update(claim=7)
    actions.unmerge(merge=made, by=lead, now=NOW + HOUR)
    claimed.refresh_from_db()
    assert (claimed.recipient, claimed.claim) == (merged.user, None)


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
    about = make_message(kind="referrals.recorded", subject=asked, to=kept.user)

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
    about = make_message(kind="referrals.recorded", subject=entry, to=kept.user)

    actions.unmerge(merge=made, by=lead, now=NOW + HOUR)

    about.refresh_from_db()
    assert about.voided_at == NOW + HOUR


def test_an_account_with_another_address_since_stays_with_whose_address_it_is(lead):
    """Whoever reads mail there must not read of the other person."""
    kept, merged = two(first_account=False)
    made = merge(kept, merged, by=lead)
    kept.refresh_from_db()
    details = vars(referrals.details_of(kept)) | {"email": "kepts.own@example.org"}
    referrals.correct_patient(
        patient=kept,
        details=referrals.Details(**details),
        seen=kept.version,
        by=lead,
        now=NOW + HOUR,
    )

    actions.unmerge(merge=made, by=lead, now=NOW + 2 * HOUR)

    kept.refresh_from_db()
    merged.refresh_from_db()
    assert merged.user is None
    assert kept.user.email == "kepts.own@example.org"
    assert set(Referral.objects.visible_to(kept.user)) == set(kept.referrals.all())


def test_an_account_that_goes_back_is_told_nothing_of_the_one_who_has_none(lead):
    kept, merged = two(first_account=False)
    made = merge(kept, merged, by=lead)
    about = make_message(
        kind="referrals.recorded", subject=kept.referrals.first(), to=merged.user
    )

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


def test_a_reminder_after_the_merge_speaks_of_the_same_visit(lead):
    kept, merged = two()
    visit = merged.appointments.get(status=Status.BOOKED)
    moved = Message.objects.unsent().get(about=f"appointments.appointment:{visit.pk}")

    merge(kept, merged, by=lead, now=NOW + timedelta(minutes=1))

    moved.refresh_from_db()
    assert (moved.recipient, moved.due_at) == (kept.user, NOW)
