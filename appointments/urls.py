"""Addresses of the waiting list, offers and visits."""

from __future__ import annotations

from django.urls import path

from appointments.views import (
    ask,
    day,
    mail_links,
    merge,
    offers,
    patient,
    plan,
    provider,
    queue,
    triage,
)

app_name = "appointments"

# What patients use.
for_patients = [
    path("my/", patient.mine, name="mine"),
    path("my/referrals/<int:pk>/ask/", ask.ask, name="ask"),
    path("my/referrals/<int:pk>/ask/check/", ask.ask_check, name="ask_check"),
    path("my/referrals/<int:pk>/ask/<slug:step>/", ask.ask_step, name="ask_step"),
    path("my/requests/<int:pk>/", patient.standing, name="standing"),
    path("my/requests/<int:pk>/withdraw/", patient.withdraw, name="withdraw"),
    path("my/offers/<int:pk>/", patient.offer, name="offer"),
    path(
        "my/offers/<int:pk>/accept/",
        patient.answer_offer,
        {"answer": "accept"},
        name="accept",
    ),
    path(
        "my/offers/<int:pk>/decline/",
        patient.answer_offer,
        {"answer": "decline"},
        name="decline",
    ),
    path("my/visits/<int:pk>/cancel/", patient.cancel, name="cancel"),
    path("my/visits/<int:pk>.ics", patient.calendar, name="calendar"),
    path("offer/<str:token>/", mail_links.answer, name="answer"),
]

# What schedulers and therapists use.
for_staff = [
    path("queue/", queue.queue, name="queue"),
    path("queue/<int:pk>/triage/", triage.triage, name="triage"),
    path("queue/<int:pk>/offer/", offers.propose, name="propose"),
    path("offers/", offers.offers, name="offers"),
    path("offers/<int:pk>/withdraw/", offers.withdraw_offer, name="withdraw_offer"),
    path("day/", day.day, name="day"),
    path("visits/<int:pk>/", day.visit, name="visit"),
    path("visits/<int:pk>/plan/", plan.plan, name="plan"),
    path("patients/<int:pk>/merge/", merge.merge, name="merge"),
    path("merges/<int:pk>/part/", merge.part, name="part"),
]

# What those who refer use.
for_providers = [
    path("sent/", provider.sent, name="sent"),
    path("sent/<int:pk>/", provider.sent_referral, name="sent_referral"),
]

urlpatterns = for_patients + for_staff + for_providers
