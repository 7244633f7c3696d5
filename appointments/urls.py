"""Addresses of the waiting list, offers and visits."""

from __future__ import annotations

from django.urls import path

from appointments.views import (
    agenda,
    ask,
    bulk,
    calendar,
    canceled,
    day,
    draft,
    figures,
    mail_links,
    merge,
    moves,
    note,
    offers,
    overrule,
    patient,
    plan,
    propose,
    provider,
    questions,
    queue,
    reach,
    standing,
    telephone,
    triage,
)
from appointments.views.capacity import change, displaced, pages

app_name = "appointments"

# What patients use.
for_patients = [
    path("my/", patient.mine, name="mine"),
    path("my/referrals/<int:pk>/ask/", ask.ask, name="ask"),
    path("my/referrals/<int:pk>/ask/check/", ask.ask_check, name="ask_check"),
    path("my/referrals/<int:pk>/ask/<slug:step>/", ask.ask_step, name="ask_step"),
    path("my/requests/<int:pk>/", standing.standing, name="standing"),
    path("my/requests/<int:pk>/worse/", standing.worse, name="worse"),
    path("my/requests/<int:pk>/when/", standing.change_when, name="change_when"),
    path("my/requests/<int:pk>/question/", standing.ask_question, name="ask_question"),
    path("my/requests/<int:pk>/withdraw/", standing.withdraw, name="withdraw"),
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
    path("my/visits/<int:pk>/move/", moves.ask_to_move, name="ask_to_move"),
    path("my/visits/<int:pk>/keep/", moves.keep_time, name="keep_time"),
    path("my/visits/<int:pk>.ics", patient.calendar, name="calendar"),
    path("my/calendar/", calendar.renew, name="renew_calendar"),
    path("my/calendar/off/", calendar.end, name="end_calendar"),
    path("offer/<str:token>/", mail_links.answer, name="answer"),
    path("confirm/<str:token>/", mail_links.confirm_by_link, name="confirm_by_link"),
    path("cancel/<str:token>/", mail_links.cancel_by_link, name="cancel_by_link"),
]

# What schedulers and therapists use.
for_staff = [
    path("queue/", queue.queue, name="queue"),
    path("queue/changed/", queue.line_changed, name="line_changed"),
    path("queue/next/", queue.next_offer, name="next_offer"),
    path("queue/triage/", bulk.triage_chosen, name="triage_chosen"),
    path("queue/<int:pk>/overrule/", overrule.overrule, name="overrule"),
    path("queue/<int:pk>/overrule/end/", overrule.end_overrule, name="end_overrule"),
    path("queue/plan/", draft.drafts, name="drafts"),
    path("queue/plan/<int:pk>/", draft.draft, name="draft"),
    path("queue/plan/<int:pk>/ready/", draft.draft_ready, name="draft_ready"),
    path("queue/plan/<int:pk>/<int:row>/", draft.draft_move, name="draft_move"),
    path("queue/<int:pk>/triage/", triage.triage, name="triage"),
    path("queue/<int:pk>/offer/", propose.propose, name="propose"),
    path("queue/<int:pk>/called/", offers.called, name="called"),
    path("figures/", figures.figures, name="figures"),
    path("figures/<slug:key>.csv", figures.figure_file, name="figure_file"),
    path("offers/", offers.offers, name="offers"),
    path("offers/<int:pk>/withdraw/", offers.withdraw_offer, name="withdraw_offer"),
    path("canceled/", canceled.canceled, name="canceled"),
    path("canceled.csv", canceled.canceled_file, name="canceled_file"),
    path("day/", day.day, name="day"),
    path("visits/<int:pk>/", day.visit, name="visit"),
    path("visits/<int:pk>/plan/", plan.plan, name="plan"),
    path("visits/<int:pk>/note/", note.note, name="note"),
    path("patients/<int:pk>/merge/", merge.merge, name="merge"),
    path("merges/<int:pk>/part/", merge.part, name="part"),
]

# When therapists work and places are open, and what comes of it.
for_capacity = [
    path("calendar/week/", agenda.clinic_week, name="clinic_week"),
    path("calendar/day/", agenda.clinic_day, name="clinic_day"),
    path("capacity/", pages.capacity, name="capacity"),
    path("capacity/to-rearrange/", displaced.to_rearrange, name="to_rearrange"),
    path(
        "capacity/therapists/<int:pk>/", pages.therapist_hours, name="therapist_hours"
    ),
    path(
        "capacity/therapists/<int:pk>/<slug:kind>/",
        change.add_to_therapist,
        name="add_to_therapist",
    ),
    path("capacity/places/<int:pk>/", pages.place_hours, name="place_hours"),
    path(
        "capacity/places/<int:pk>/<slug:kind>/",
        change.add_to_place,
        name="add_to_place",
    ),
    path(
        "capacity/<slug:kind>/<int:pk>/<slug:act>/",
        change.change_row,
        name="change_capacity",
    ),
]

# What staff use to answer patients, and do for those who call.
for_callers = [
    path("questions/", questions.questions, name="questions"),
    path("questions/<int:pk>/", questions.question, name="question"),
    path("telephone/", telephone.telephone, name="telephone"),
    path("telephone/<int:pk>/", telephone.caller, name="caller"),
    path("telephone/referrals/<int:pk>/ask/", telephone.call_ask, name="call_ask"),
    path(
        "telephone/requests/<int:pk>/<slug:deed>/",
        telephone.call_request,
        name="call_request",
    ),
    path(
        "telephone/visits/<int:pk>/<slug:deed>/",
        telephone.call_visit,
        name="call_visit",
    ),
    path("telephone/<int:pk>/reach/", reach.call_reach, name="call_reach"),
    path("telephone/<int:pk>/reach/code/", reach.call_code, name="call_code"),
    path(
        "telephone/<int:pk>/reach/code/again/",
        reach.call_code_again,
        name="call_code_again",
    ),
    path(
        "telephone/<int:pk>/reach/mail-came-back/",
        reach.mail_came_back,
        name="mail_came_back",
    ),
]

# What those who refer use.
for_providers = [
    path("sent/", provider.sent, name="sent"),
    path("sent/<int:pk>/", provider.sent_referral, name="sent_referral"),
]

urlpatterns = for_patients + for_staff + for_capacity + for_callers + for_providers
