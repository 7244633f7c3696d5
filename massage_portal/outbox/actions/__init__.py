"""What changes messages owed, and how people are reached."""

from __future__ import annotations

from massage_portal.outbox.actions.again import give_to, go_again
from massage_portal.outbox.actions.handle import (
    AlreadyLifted,
    NotToCall,
    handle_messages,
    lift_stop,
)
from massage_portal.outbox.actions.note import note_health, note_pulse
from massage_portal.outbox.actions.owe import (
    Owed,
    about,
    expire,
    hand_on,
    let_go,
    owe,
    owe_again,
    owe_each,
    void,
    void_due_before,
)
from massage_portal.outbox.actions.preference import (
    ChangedMeanwhile,
    Chosen,
    CodeOver,
    NoTexts,
    Refusal,
    TooManyCodes,
    WrongCode,
    change_preference,
    code_holds,
    confirm_mobile,
    send_another_code,
    set_optional,
)
from massage_portal.outbox.actions.reports import Outcome, Report, note_reports
from massage_portal.outbox.actions.stop import opt_in, opt_out, stop, stop_by_hand

__all__ = [
    "AlreadyLifted",
    "ChangedMeanwhile",
    "Chosen",
    "CodeOver",
    "NoTexts",
    "NotToCall",
    "Outcome",
    "Owed",
    "Refusal",
    "Report",
    "TooManyCodes",
    "WrongCode",
    "about",
    "change_preference",
    "code_holds",
    "confirm_mobile",
    "expire",
    "give_to",
    "go_again",
    "hand_on",
    "handle_messages",
    "let_go",
    "lift_stop",
    "note_health",
    "note_pulse",
    "note_reports",
    "opt_in",
    "opt_out",
    "owe",
    "owe_again",
    "owe_each",
    "send_another_code",
    "set_optional",
    "stop",
    "stop_by_hand",
    "void",
    "void_due_before",
]
