"""What the tests of merging share: two records of one patient, and a merge."""

from __future__ import annotations

from appointments import actions
from appointments.codes import EntryStatus, Status
from appointments.models import Appointment, WaitlistEntry
from massage_portal.accounts.models import User
from massage_portal.outbox.models import Message
from referrals.models import Patient, Referral
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    make_appointment,
    make_diagnosis,
    make_entry,
    make_message,
    make_patient,
    make_referral,
    make_request,
)


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
