"""Writes of services: the content that a new clinic begins with."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction

from massage_portal.audit.record import Actor, record_all
from services.insurers_import import import_insurers as import_insurers
from services.models import (
    Condition,
    Location,
    Page,
    Precaution,
    Publication,
    Technique,
)

CONTENT = Path(__file__).parent / "content"
TEXTS: list[type[models.Model]] = [Page, Condition, Technique]
LISTS: list[type[models.Model]] = [Location, Precaution, Publication]
Fields = dict[str, Any]


class BadContent(ValueError):
    """A content file cannot be read; the text names the file and what is wrong."""


@transaction.atomic
def load_content(*, folder: Path = CONTENT, by: Actor | None, now: datetime) -> int:
    """
    Add the content that is not there yet; return how many rows were added.

    What an editor has changed, or taken out of use, stays as it is: a row is only ever
    added, never overwritten. Publications, which have no key that an editor cannot
    change, are added only where there are none.

    :raises BadContent: if a file cannot be read; then nothing is added.
    """
    added: list[models.Model] = []
    for model in TEXTS:
        for path in sorted((folder / f"{model._meta.model_name}s").glob("*.md")):
            added += _add(model, path.name, read(path), now)
    for model in LISTS:
        path = folder / f"{model._meta.model_name}s.toml"
        if model is Publication and Publication.objects.exists():
            continue
        for fields in rows(path):
            added += _add(model, path.name, fields, now)
    record_all("content.added", added, by=by, at=now)
    return len(added)


def read(path: Path) -> Fields:
    """
    Return the fields of one text: TOML between lines of `+++`, then Markdown.

    :raises BadContent: if the head is missing or is no TOML.
    """
    empty, *parts = _text(path).split("+++\n", 2)
    if empty or len(parts) != 2:
        raise BadContent(
            f"{path.name}: it must begin with fields between two +++ lines"
        )
    head, body = parts
    return {"slug": path.stem, **_toml(path, head), "body": body.strip()}


def rows(path: Path) -> Iterator[Fields]:
    """
    Yield the fields of each [[row]] of a list; `position` is its place in the file.

    :raises BadContent: if the file is no TOML, or `row` is no list of tables.
    """
    found = _toml(path, _text(path)).get("row", [])
    if not (isinstance(found, list) and all(isinstance(one, dict) for one in found)):
        raise BadContent(f"{path.name}: each row must begin with a line [[row]]")
    for place, fields in enumerate(found, start=1):
        texts = {k: v.strip() if isinstance(v, str) else v for k, v in fields.items()}
        yield {"position": place, **texts}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as fault:
        raise BadContent(f"{path.name}: {fault.strerror}") from fault
    except UnicodeDecodeError as fault:
        raise BadContent(f"{path.name}: it is not written in UTF-8") from fault


def _toml(path: Path, text: str) -> Fields:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise BadContent(f"{path.name}: {fault}") from fault


def _add(
    model: type[models.Model], name: str, fields: Fields, now: datetime
) -> list[models.Model]:
    """Add one row and return it; none if one with its slug or code is there."""
    known = {field.name for field in model._meta.fields}
    if "position" not in known:
        del fields["position"]
    for key in {"slug", "code"} & known:
        if model._default_manager.filter(**{key: fields.get(key)}).exists():
            return []
    try:
        row = model(**fields, updated_at=now)
        row.full_clean()
    except (TypeError, ValidationError) as fault:
        raise BadContent(f"{name}: {fault}") from fault
    row.save(force_insert=True)
    return [row]
