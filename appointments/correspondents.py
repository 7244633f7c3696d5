"""Whom messages are to and about, as the staff's pages about messages ask it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import Q
from django.urls import reverse

from appointments.codes import IN_LINE
from appointments.messages.people import person
from appointments.models import Appointment, Question, WaitlistEntry
from massage_portal.accounts.models import User
from massage_portal.audit.record import record
from massage_portal.outbox.kinds import Person
from massage_portal.outbox.patients import knows_patients
from referrals.models import Patient, Referral

MOST_FOUND = 50  # patients by one search
OF_PATIENTS = [  # what messages are about, and how it tells whose it is
    (Appointment, "patient"),
    (WaitlistEntry, "patient"),
    (Question, "entry__patient"),
    (Referral, "patient"),
]


class Correspondents:
    """See `massage_portal.outbox.patients.Patients`."""

    def find(self, typed: str, *, by: User) -> list[int]:
        found = Patient.objects.visible_to(by).find(typed, most=MOST_FOUND)
        return [one.pk for one in found]

    def name_of(self, key: int, *, by: User, now: datetime) -> str:
        found = Patient.objects.visible_to(by).filter(pk=key).first()
        if found is None:
            return ""
        record("patient.seen", found, by=by, at=now)
        return str(found)

    def messages(self, keys: Collection[int]) -> Q:
        """Records that were merged into theirs count: what was sent stays with them."""
        theirs = Patient.objects.filter(Q(pk__in=keys) | Q(merged_into__in=keys))
        rows = dict(theirs.values_list("pk", "user"))
        about = [
            f"{model._meta.label_lower}:{key}"
            for model, patient in OF_PATIENTS
            for key in model._default_manager.filter(
                **{f"{patient}__in": [*rows]}
            ).values_list("pk", flat=True)
        ]
        users = [user for user in rows.values() if user is not None]
        return Q(recipient__in=users) | Q(about__in=about)

    def with_account(self, users: Collection[int]) -> dict[int, Person]:
        return {
            patient.user_id: person(
                patient, reverse("referrals:patient", args=[patient.pk])
            )
            for patient in Patient.objects.filter(user__in=users)
            if patient.user_id
        }

    def expecting(self, *, now: datetime) -> Q:
        ahead = Appointment.objects.booked_now(now).values("patient")
        asking = WaitlistEntry.objects.filter(status__in=IN_LINE).values("patient")
        some = Patient.objects.filter(Q(pk__in=ahead) | Q(pk__in=asking))
        return Q(user__in=some.exclude(user=None).values("user"))


knows_patients(Correspondents())
