"""What changes messages owed, and how people are reached."""

from __future__ import annotations

from massage_portal.outbox.actions.owe import (
    Owed,
    about,
    expire,
    owe,
    owe_each,
    void,
    void_due_before,
)
from massage_portal.outbox.actions.stop import note_health, note_pulse, stop

__all__ = [
    "Owed",
    "about",
    "expire",
    "note_health",
    "note_pulse",
    "owe",
    "owe_each",
    "stop",
    "void",
    "void_due_before",
]
