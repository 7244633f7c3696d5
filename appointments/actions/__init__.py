"""Every write of appointments: one module per stretch of the journey."""

from __future__ import annotations

from appointments.actions.ask import (
    AlreadyAsked,
    Availability,
    NeedAnswers,
    NoSessionLeft,
    NotAskable,
    ReferralNotInForce,
    ask,
    reply,
    withdraw,
)
from appointments.actions.merge import merge_patients, unmerge
from appointments.actions.offer import (
    NotWaiting,
    OfferGone,
    TimeTaken,
    accept,
    book,
    decline,
    offer,
    withdraw_offer,
)
from appointments.actions.refusal import Refusal
from appointments.actions.sweep import lapse_offers, offer_freed_times
from appointments.actions.triage import (
    ChangedMeanwhile,
    NotTriageable,
    ask_information,
    reject,
    triage,
)
from appointments.actions.visit import NotCancellable, TooEarly, cancel, record_visit

__all__ = [
    "AlreadyAsked",
    "Availability",
    "ChangedMeanwhile",
    "NeedAnswers",
    "NoSessionLeft",
    "NotAskable",
    "NotCancellable",
    "NotTriageable",
    "NotWaiting",
    "OfferGone",
    "ReferralNotInForce",
    "Refusal",
    "TimeTaken",
    "TooEarly",
    "accept",
    "ask",
    "ask_information",
    "book",
    "cancel",
    "decline",
    "lapse_offers",
    "merge_patients",
    "offer",
    "offer_freed_times",
    "record_visit",
    "reject",
    "reply",
    "triage",
    "unmerge",
    "withdraw",
    "withdraw_offer",
]
