"""Writing: begin a draft, save it, hand it on, give it up, bring an old one back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from massage_portal.accounts.models import User
from massage_portal.audit.record import record
from services.actions.refusal import InWork, NoEnglish, Unfinished, WrongState
from services.actions.version import expect, expect_as_seen, lock, lock_article, step
from services.codes import VersionStatus
from services.models import ENGLISH, TEXTS, Article, Version

NEEDED = ["title", "summary", "body"]


@transaction.atomic
def begin_draft(*, article: Article, language: str, by: User, now: datetime) -> Version:
    """
    Begin the next version of a text with the words that readers see now.

    A translation begins with the English, if there is nothing in its language; it
    remembers which English it was made from. A text that was taken back begins with
    the words that it had last.

    :raises InWork: if a version is in work; it carries that one.
    :raises NoEnglish: for a translation of what is not published in English.
    """
    article = lock_article(article.pk)
    english = Version.objects.active_of(article, ENGLISH).first()
    if language != ENGLISH and english is None:
        raise NoEnglish(_("Publish the English text first. Then translate it."))
    last = Version.objects.of_text(article, language).filter(active_from__isnull=False)
    read = Version.objects.active_of(article, language).first()
    begun_from = read or last.first() or english
    source = english if language != ENGLISH else None
    return _begin(article, language, begun_from, source=source, by=by, now=now)


@transaction.atomic
def restore(*, version: Version, by: User, now: datetime) -> Version:
    """
    Begin a draft with the words of an older version; a second person reads it again.

    :raises InWork: if a version is in work; it carries that one.
    :raises WrongState: if the version is in work itself, or is what readers see.
    """
    article = lock_article(version.article_id)
    old = Version.objects.get(pk=version.pk)
    if old.status not in (VersionStatus.RETIRED, VersionStatus.DISCARDED):
        raise WrongState(_("Only an older version can be restored."))
    note = _("Restored from version %(number)d.") % {"number": old.number}
    return _begin(
        article, old.language, old, source=old.source, note=note, by=by, now=now
    )


def _begin(
    article: Article,
    language: str,
    begun_from: Version | None,
    *,
    by: User,
    now: datetime,
    **fields: Any,
) -> Version:
    """Add the draft to a locked article; empty where there is nothing to begin with."""
    ours = Version.objects.of_text(article, language)
    in_work = ours.in_work().with_people().first()
    if in_work is not None:
        raise InWork(
            _("%(who)s has begun a new version of this text already.")
            % {"who": in_work.created_by or _("Somebody")},
            in_work,
        )
    number = ours.aggregate(last=Max("number"))["last"] or 0
    words = {name: getattr(begun_from, name, "") for name in TEXTS}
    draft = Version.objects.create(
        article=article,
        language=language,
        number=number + 1,
        created_by=by,
        created_at=now,
        changed_by=by,
        changed_at=now,
        **words,
        **fields,
    )
    record("version.begun", draft, by=by, at=now, change=f">{draft.status}")
    return draft


@transaction.atomic
def save_draft(
    *,
    version: Version,
    texts: Mapping[str, str],
    note: str,
    seen: datetime | None,
    by: User,
    now: datetime,
) -> Version:
    """
    Keep what an editor wrote. The same words sent twice are kept once.

    :param texts: by the names in `TEXTS`.
    :param seen: the version's `changed_at` when the form was drawn.
    :raises Stale: if somebody changed it since; nothing is kept then.
    :raises WrongState: if it is no draft any more.
    """
    version = lock(version)
    expect(version, VersionStatus.DRAFT)
    new = {**{name: texts[name] for name in TEXTS}, "note": note}
    changed = [name for name, words in new.items() if getattr(version, name) != words]
    if not changed:
        return version
    expect_as_seen(version, seen)
    for name in changed:
        setattr(version, name, new[name])
    version.changed_by, version.changed_at = by, now
    version.save(update_fields=[*changed, "changed_by", "changed_at"])
    record("version.changed", version, by=by, at=now, change=",".join(changed))
    return version


@transaction.atomic
def submit(*, version: Version, by: User, now: datetime) -> Version:
    """
    Hand a draft to a second person. Doing it twice is no fault.

    :raises Unfinished: if a part of the text is empty; it names the field.
    :raises WrongState: if it is no draft.
    """
    version = lock(version)
    if version.status == VersionStatus.IN_REVIEW:
        return version
    expect(version, VersionStatus.DRAFT)
    for name in NEEDED:
        if not getattr(version, name).strip():
            raise Unfinished(_("Write this before you hand the text on."), field=name)
    return step(
        version,
        VersionStatus.IN_REVIEW,
        "version.submitted",
        by=by,
        now=now,
        reason="",
    )


@transaction.atomic
def discard(*, version: Version, reason: str = "", by: User, now: datetime) -> Version:
    """
    Give up a draft, or what waits for a second person. Its words are kept.

    :raises WrongState: if it is approved or published, or was.
    """
    version = lock(version)
    if version.status == VersionStatus.DISCARDED:
        return version
    expect(version, VersionStatus.DRAFT, VersionStatus.IN_REVIEW)
    return step(
        version,
        VersionStatus.DISCARDED,
        "version.discarded",
        by=by,
        now=now,
        reason=reason,
    )
