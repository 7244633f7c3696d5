"""The first lock of everything that is done about a patient."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from referrals.models import Patient


def lock_patient_of(rows: QuerySet[Any], *, pk: int) -> None:
    """
    Lock the patient of one row, before the row itself: everywhere in this order.

    A merge may give the row another patient while we wait: then that one is locked too.
    """
    patients = Patient.objects.select_for_update(no_key=True)
    whose = rows.values_list("patient", flat=True)
    before = None
    while (patient := whose.get(pk=pk)) != before:
        before = patients.get(pk=patient).pk
