"""Whom visits, requests and questions are about, for staff who call them."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse

from appointments.models import Appointment, Question, WaitlistEntry
from massage_portal.outbox.kinds import Person, knows
from referrals.models import Patient


def person(patient: Patient, page: str) -> Person:
    """Return the patient as staff call them; `page` is about the record."""
    return Person(str(patient), str(patient.phone), page, patient.pk)


@knows("appointments.appointment")
def of_visits(keys: Iterable[int]) -> dict[int, Person]:
    """Return the patients of visits and offers."""
    rows = Appointment.objects.filter(pk__in=keys).select_related("patient")
    return {
        one.pk: person(one.patient, reverse("appointments:visit", args=[one.pk]))
        for one in rows
    }


@knows("appointments.waitlistentry")
def of_requests(keys: Iterable[int]) -> dict[int, Person]:
    """Return the patients of requests."""
    rows = WaitlistEntry.objects.filter(pk__in=keys).select_related("patient")
    return {
        one.pk: person(one.patient, reverse("appointments:triage", args=[one.pk]))
        for one in rows
    }


@knows("appointments.question")
def of_questions(keys: Iterable[int]) -> dict[int, Person]:
    """Return the patients who asked."""
    rows = Question.objects.filter(pk__in=keys).select_related("entry__patient")
    return {
        one.pk: person(
            one.entry.patient, reverse("appointments:question", args=[one.pk])
        )
        for one in rows
    }
