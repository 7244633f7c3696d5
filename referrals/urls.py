"""Addresses of referrals."""

from __future__ import annotations

from django.urls import path

from referrals.views import correct, own, patients, record, referral, worklist

app_name = "referrals"

urlpatterns = [
    path("referrals/", worklist.worklist, name="worklist"),
    path("referrals/<int:pk>/", referral.referral, name="referral"),
    path("referrals/<int:pk>/correct/", correct.correct, name="correct"),
    path("referrals/<int:pk>/move/", correct.move, name="move"),
    path("referrals/diagnoses/", record.diagnoses, name="diagnoses"),
    path("referrals/insurers/", record.insurers, name="insurers"),
    path("patients/", patients.patients, name="patients"),
    path("patients/add/", patients.add_patient, name="add_patient"),
    path("patients/<int:pk>/", patients.patient, name="patient"),
    path("patients/<int:pk>/refer/", record.record_referral, name="record"),
    path("my/referrals/<int:pk>/", own.own, name="own"),
]
