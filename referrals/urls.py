"""Addresses of referrals."""

from __future__ import annotations

from django.urls import path

from referrals import views

app_name = "referrals"

urlpatterns = [
    path("referrals/", views.worklist, name="worklist"),
    path("referrals/<int:pk>/", views.referral, name="referral"),
    path("referrals/diagnoses/", views.diagnoses, name="diagnoses"),
    path("referrals/insurers/", views.insurers, name="insurers"),
    path("patients/", views.patients, name="patients"),
    path("patients/add/", views.add_patient, name="add_patient"),
    path("patients/<int:pk>/", views.patient, name="patient"),
    path("patients/<int:pk>/refer/", views.record_referral, name="record"),
    path("my/referrals/<int:pk>/", views.own, name="own"),
]
