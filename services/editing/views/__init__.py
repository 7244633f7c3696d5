"""Pages of editing: `read` only shows, `steps` changes."""

from __future__ import annotations

from services.editing.views.read import compare, editing, preview, text
from services.editing.views.steps import (
    approve,
    begin_draft,
    edit,
    move,
    new_article,
    reasoned,
    record_review,
    restore,
)

__all__ = [
    "approve",
    "begin_draft",
    "compare",
    "edit",
    "editing",
    "move",
    "new_article",
    "preview",
    "reasoned",
    "record_review",
    "restore",
    "text",
]
