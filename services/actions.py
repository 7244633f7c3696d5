"""Writes of services: the content a new clinic begins with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.db import models, transaction

from services.models import (
    Condition,
    Location,
    Page,
    Precaution,
    Publication,
    Technique,
)

CONTENT = Path(__file__).parent / "content"


class BadContent(ValueError):
    """A content file cannot be read; the text names the file and what is wrong."""


def read(path: Path) -> dict[str, Any]:
    """
    Return the fields of one Markdown file: `name: value` lines, `---`, the text.

    :raises BadContent: if the head is missing or a line of it has no colon.
    """
    head, mark, body = path.read_text(encoding="utf-8").partition("\n---\n")
    if not mark:
        raise BadContent(f"{path.name}: no line of three dashes after the head")
    fields: dict[str, Any] = {"slug": path.stem, "body": body.strip()}
    for line in head.splitlines():
        name, colon, value = line.partition(":")
        if not colon:
            raise BadContent(f"{path.name}: no colon in {line!r}")
        value = value.strip()
        fields[name.strip()] = int(value) if value.isdigit() else value
    return fields


@transaction.atomic
def load_content(*, folder: Path = CONTENT) -> int:
    """
    Add the content that is not there yet; return how many rows were added.

    What an editor has changed, or taken out of use, stays as it is: a row is only ever
    added, never overwritten.

    :raises BadContent: if a file cannot be read; then nothing is added.
    """
    added = 0
    for kind, model in [
        ("pages", Page),
        ("conditions", Condition),
        ("techniques", Technique),
    ]:
        for path in sorted((folder / kind).glob("*.md")):
            added += _add(model, "slug", read(path))
    for kind, listed, key in [
        ("locations", Location, "slug"),
        ("precautions", Precaution, "code"),
        ("publications", Publication, "citation"),
    ]:
        rows = json.loads((folder / f"{kind}.json").read_text(encoding="utf-8"))
        for place, row in enumerate(rows, start=1):
            if any(field.name == "position" for field in listed._meta.fields):
                row.setdefault("position", place)
            added += _add(listed, key, row)
    return added


def _add(model: type[models.Model], key: str, row: dict[str, Any]) -> int:
    """Add one row unless one with its key is there; return how many were added."""
    _, made = model._default_manager.get_or_create({**row}, **{key: row[key]})
    return int(made)
