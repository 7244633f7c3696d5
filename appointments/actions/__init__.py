"""Every write of appointments: one module per stretch of the journey."""

from __future__ import annotations

from appointments.actions.arrive import NotToday, arrive, check_in
from appointments.actions.ask import (
    AlreadyAsked,
    Availability,
    NeedAnswers,
    NoSessionLeft,
    NotAskable,
    ReferralNotInForce,
    ask,
    planned_day,
    reply,
    withdraw,
)
from appointments.actions.availability import change_availability
from appointments.actions.book import accept, book, unwished
from appointments.actions.calendar import (
    TooOften,
    end_calendar,
    look_at_calendar,
    renew_calendar,
)
from appointments.actions.call import record_call
from appointments.actions.cancel import (
    LateByNow,
    NotCancellable,
    cancel,
    cancel_for_clinic,
)
from appointments.actions.confirm import NotConfirmable, confirm
from appointments.actions.expect import reckon_waits
from appointments.actions.hold import NotWaiting, OfferGone, TimeTaken
from appointments.actions.merge import merge_patients, unmerge
from appointments.actions.move import (
    NotMovable,
    ask_to_move,
    keep_time,
    move,
    offer_move,
)
from appointments.actions.need import report_need
from appointments.actions.note import NoteChanged, NotWritable, write_note
from appointments.actions.offer import decline, offer, withdraw_offer
from appointments.actions.overrule import (
    ChangesNothing,
    TooLong,
    end_overrule,
    overrule,
)
from appointments.actions.question import (
    AlreadyAnswered,
    answer_question,
    ask_question,
)
from appointments.actions.refusal import Refusal
from appointments.actions.sweep import lapse_offers, offer_freed_times
from appointments.actions.target import TargetInForce, set_target
from appointments.actions.telephone import by_telephone
from appointments.actions.terms import (
    NotForThem,
    NotTheirTurn,
    NotWished,
    Terms,
    Turn,
    so_many,
)
from appointments.actions.triage import (
    ChangedMeanwhile,
    NotTriageable,
    ask_information,
    reject,
    triage,
)
from appointments.actions.undo import NotUndoable, marked_today, undo_mark
from appointments.actions.visit import TooEarly, record_visit
from appointments.actions.wait import tell_of_lost_wishes, tell_of_waits

__all__ = [
    "AlreadyAnswered",
    "AlreadyAsked",
    "Availability",
    "ChangedMeanwhile",
    "ChangesNothing",
    "LateByNow",
    "NeedAnswers",
    "NoSessionLeft",
    "NotAskable",
    "NotCancellable",
    "NotConfirmable",
    "NotForThem",
    "NotMovable",
    "NotTheirTurn",
    "NotToday",
    "NotTriageable",
    "NotUndoable",
    "NotWaiting",
    "NotWished",
    "NotWritable",
    "NoteChanged",
    "OfferGone",
    "ReferralNotInForce",
    "Refusal",
    "TargetInForce",
    "Terms",
    "TimeTaken",
    "TooEarly",
    "TooLong",
    "TooOften",
    "Turn",
    "accept",
    "answer_question",
    "arrive",
    "ask",
    "ask_information",
    "ask_question",
    "ask_to_move",
    "book",
    "by_telephone",
    "cancel",
    "cancel_for_clinic",
    "change_availability",
    "check_in",
    "confirm",
    "decline",
    "end_calendar",
    "end_overrule",
    "keep_time",
    "lapse_offers",
    "look_at_calendar",
    "marked_today",
    "merge_patients",
    "move",
    "offer",
    "offer_freed_times",
    "offer_move",
    "overrule",
    "planned_day",
    "reckon_waits",
    "record_call",
    "record_visit",
    "reject",
    "renew_calendar",
    "reply",
    "report_need",
    "set_target",
    "so_many",
    "tell_of_lost_wishes",
    "tell_of_waits",
    "triage",
    "undo_mark",
    "unmerge",
    "unwished",
    "withdraw",
    "withdraw_offer",
    "write_note",
]
