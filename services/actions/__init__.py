"""Every write of services."""

from __future__ import annotations

from services.actions.article import begin_article, move
from services.actions.content import BadContent, load_content
from services.actions.draft import begin_draft, discard, restore, save_draft, submit
from services.actions.insurers import Imported, import_insurers
from services.actions.publish import (
    Review,
    approve,
    publish_due,
    record_review,
    retire,
    send_back,
)
from services.actions.refusal import (
    AddressTaken,
    BadReview,
    Fixed,
    InWork,
    NoEnglish,
    Refusal,
    Stale,
    TheSamePerson,
    Unfinished,
    WrongState,
)

__all__ = [
    "AddressTaken",
    "BadContent",
    "BadReview",
    "Fixed",
    "Imported",
    "InWork",
    "NoEnglish",
    "Refusal",
    "Review",
    "Stale",
    "TheSamePerson",
    "Unfinished",
    "WrongState",
    "approve",
    "begin_article",
    "begin_draft",
    "discard",
    "import_insurers",
    "load_content",
    "move",
    "publish_due",
    "record_review",
    "restore",
    "retire",
    "save_draft",
    "send_back",
    "submit",
]
