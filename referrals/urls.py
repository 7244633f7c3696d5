"""Addresses of referrals."""

from __future__ import annotations

from django.urls import path

from referrals.views import (
    authorization,
    correct,
    edit_patient,
    import_referrals,
    letters,
    own,
    patients,
    plan,
    provider,
    record,
    referral,
    renewal,
    screen,
    worklist,
)

app_name = "referrals"

urlpatterns = [
    path("referrals/", worklist.worklist, name="worklist"),
    path("referrals/<int:pk>/", referral.referral, name="referral"),
    path("referrals/<int:pk>/correct/", correct.correct, name="correct"),
    path(
        "referrals/<int:pk>/authorization/", authorization.authorize, name="authorize"
    ),
    path("referrals/<int:pk>/move/", correct.move, name="move"),
    path("referrals/<int:pk>/renew/", renewal.renew, name="renew"),
    path("renewal/<str:token>/", renewal.answer_renewal, name="answer_renewal"),
    path("referrals/<int:pk>/plan/", plan.plan, name="plan"),
    path("referrals/<int:pk>/complete/", screen.complete, name="complete"),
    path("referrals/<int:pk>/screen/", screen.screen, name="screen"),
    path("referrals/<int:pk>/letters/", letters.letters, name="letters"),
    path("referrals/<int:pk>/letters/<uuid:key>/", letters.letter, name="letter"),
    path(
        "referrals/import/", import_referrals.import_referrals, name="import_referrals"
    ),
    path("referrals/diagnoses/", record.diagnoses, name="diagnoses"),
    path("referrals/insurers/", record.insurers, name="insurers"),
    path("patients/", patients.patients, name="patients"),
    path("patients/add/", patients.add_patient, name="add_patient"),
    path("patients/<int:pk>/", patients.patient, name="patient"),
    path("patients/<int:pk>/edit/", edit_patient.edit_patient, name="edit_patient"),
    path("patients/<int:pk>/link/", edit_patient.send_link, name="send_link"),
    path("patients/<int:pk>/refer/", record.record_referral, name="record"),
    path("providers/<int:pk>/account/", provider.give_account, name="give_account"),
    path("my/referrals/<int:pk>/", own.own, name="own"),
]
