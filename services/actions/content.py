"""Writes of services: the content that a new clinic begins with."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction

from massage_portal.audit.record import Actor, record_all
from services.actions.precautions import keep_version
from services.actions.words import add_record_words, add_words
from services.cache import drop_pages
from services.codes import ArticleKind, VersionStatus
from services.models import (
    ENGLISH,
    Article,
    Condition,
    Location,
    Precaution,
    Publication,
    Synonym,
    Technique,
    Version,
    Wording,
)

CONTENT = Path(__file__).parent.parent / "content"
ARTICLES: dict[ArticleKind, type[Article]] = {
    ArticleKind.PAGE: Article,
    ArticleKind.CONDITION: Condition,
    ArticleKind.TECHNIQUE: Technique,
    ArticleKind.LOCATION: Location,
}
LISTS: dict[type[models.Model], str] = {
    Publication: "publications.toml",
    Synonym: "synonyms.toml",
}
TEXTS = {"title", "summary", "body", "other_words"}
Fields = dict[str, Any]


class BadContent(ValueError):
    """A content file cannot be read; the text names the file and what is wrong."""


@transaction.atomic
def load_content(*, folder: Path = CONTENT, by: Actor | None, now: datetime) -> int:
    """
    Add the content that is not there yet; return how many rows were added.

    What an editor has changed, or taken out of use, stays as it is: a row is only ever
    added, never overwritten, and a text only where the article has none in that
    language. Publications and synonyms, which have no key that an editor cannot change,
    are added only where there are none.

    :raises BadContent: if a file cannot be read; then nothing is added.
    """
    added: list[models.Model] = []
    for fields in rows(folder / "locations.toml"):
        fields["kind"] = ArticleKind.LOCATION
        added += _add(Location, "locations.toml", fields, now)
    languages = sorted(one.name for one in folder.iterdir() if one.is_dir())
    for language in [ENGLISH, *(one for one in languages if one != ENGLISH)]:
        for kind in ArticleKind:
            for path in sorted((folder / language / f"{kind}s").glob("*.md")):
                added += _add_text(kind, language, path, now)
    for fields in rows(folder / "precautions.toml"):
        added += _add_precaution(fields, by=by, now=now)
    for model, name in LISTS.items():
        if not model._default_manager.exists():
            for fields in rows(folder / name):
                added += _add(model, name, fields, now)
    add_words()
    add_record_words()
    record_all("content.added", added, by=by, at=now)
    if added:
        drop_pages()
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


def _add_text(
    kind: ArticleKind, language: str, path: Path, now: datetime
) -> list[models.Model]:
    """Add a text, and first its article if that is not there."""
    head = read(path)
    fields = {key: value for key, value in head.items() if key not in TEXTS}
    text = {key: value for key, value in head.items() if key in TEXTS}
    if kind == ArticleKind.TECHNIQUE:
        fields["name"] = text.get("title", "")
    fields["kind"] = kind
    added = _add(ARTICLES[kind], path.name, fields, now) if language == ENGLISH else []
    article = Article.objects.named(kind, path.stem)
    if article is None:
        raise BadContent(f"{path.name}: there is no English text of this name")
    if article.versions.filter(language=language).exists():
        return added
    version = Version(
        article=article,
        language=language,
        status=VersionStatus.ACTIVE,
        source=article.versions.filter(language=ENGLISH).first(),
        created_at=now,
        active_from=now,
        **text,
    )
    return [*added, _saved(version, path.name)]


def _add_precaution(
    fields: Fields, *, by: Actor | None, now: datetime
) -> list[models.Model]:
    """
    Add a safety question with its first version, and its words in other languages.

    `plain` gives the words by language; `techniques`, the slugs of those it is for.
    """
    name = "precautions.toml"
    plain = fields.pop("plain", {})
    if not isinstance(plain, dict):
        raise BadContent(f"{name}: plain must give the words by language")
    slugs = fields.pop("techniques", [])
    only_for = Technique.objects.filter(slug__in=slugs)
    if len(only_for) != len(slugs):
        raise BadContent(f"{name}: a technique is not there: {', '.join(slugs)}")
    fields["plain"] = plain.pop(ENGLISH, "")
    added = _add(Precaution, name, fields, now)
    wordings = []
    for row in Precaution.objects.filter(pk__in=[one.pk for one in added]):
        row.techniques.set(only_for)
        keep_version(precaution=row, by=by, now=now)
        wordings += [
            Wording(precaution=row, language=code, plain=words)
            for code, words in plain.items()
        ]
    return added + [_saved(row, name) for row in wordings]


def _add(
    model: type[models.Model], name: str, fields: Fields, now: datetime
) -> list[models.Model]:
    """Add one row and return it; none if one with its slug or code is there."""
    known = {field.name for field in model._meta.fields}
    if "position" not in known:
        del fields["position"]
    if "kind" in known and Article.objects.named(fields["kind"], fields.get("slug")):
        return []
    if (
        "code" in known
        and model._default_manager.filter(code=fields.get("code")).exists()
    ):
        return []
    try:
        row = model(**fields, updated_at=now)
    except TypeError as fault:
        raise BadContent(f"{name}: {fault}") from fault
    return [_saved(row, name)]


def _saved(row: models.Model, name: str) -> models.Model:
    try:
        row.clean_fields()
        row.save(force_insert=True)  # the constraints judge what fields cannot
    except (ValidationError, IntegrityError) as fault:
        raise BadContent(f"{name}: {fault}") from fault
    return row
