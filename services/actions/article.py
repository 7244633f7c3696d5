"""Articles: begin a new one, and move one to another address."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from massage_portal.accounts.models import User
from massage_portal.audit.record import record
from services.actions.draft import begin_draft, save_draft
from services.actions.refusal import AddressTaken, Fixed
from services.actions.version import lock_article
from services.cache import drop_pages
from services.codes import ArticleKind, Evidence
from services.models import (
    ENGLISH,
    OWN_ADDRESS,
    SHARED,
    Article,
    Condition,
    FormerAddress,
    Version,
)

# Pages in which the portal draws something of its own, by their addresses.
DRAWN_IN = {"session", "who-comes-first"}


@transaction.atomic
def begin_article(
    *,
    kind: str,
    slug: str,
    texts: Mapping[str, str],
    evidence: str = Evidence.WEAK,
    by: User,
    now: datetime,
) -> Version:
    """
    Begin a page or a condition: its article, last of its kind, and an English draft.

    Sent twice by the same person, it is begun once.

    :param texts: title, summary, body and other words.
    :param evidence: how sure we are; of a condition.
    :raises AddressTaken: if an article of this kind is there already.
    """
    there = Article.objects.filter(kind=kind, slug=slug).first()
    if there is not None:
        return _begun_before(there, texts, by=by)
    article = _add(kind, slug, evidence, now=now)
    record("article.added", article, by=by, at=now, change=f">{slug}")
    draft = begin_draft(article=article, language=ENGLISH, by=by, now=now)
    return save_draft(
        version=draft, texts=texts, note="", seen=draft.changed_at, by=by, now=now
    )


def _add(kind: str, slug: str, evidence: str, *, now: datetime) -> Article:
    """Add an article, last of its kind."""
    last = Article.objects.of_kind(kind).aggregate(last=Max("position"))["last"]
    values = {"kind": kind, "slug": slug, "position": (last or 0) + 1}
    model = Article
    if kind == ArticleKind.CONDITION:
        model, values = Condition, values | {"evidence": evidence}
    try:
        with transaction.atomic():
            return model.objects.create(**values, updated_at=now)
    except IntegrityError as error:
        raise _taken() from error


def _taken() -> AddressTaken:
    return AddressTaken(_("Another article has this address."), field="slug")


def _begun_before(article: Article, texts: Mapping[str, str], *, by: User) -> Version:
    """Return the draft that this form made before."""
    ours = Version.objects.of_text(article, ENGLISH).filter(created_by=by, number=1)
    draft = ours.in_work().filter(**texts).first()
    if draft is None:
        raise _taken()
    return draft


@transaction.atomic
def move(*, article: Article, slug: str, by: User, now: datetime) -> Article:
    """
    Give an article another address; the one it had leads there from now on.

    An address that led to an article once, this one or another, is taken over.

    :raises Fixed: if the portal itself leads there, or the article has no page.
    :raises AddressTaken: if another article is there.
    """
    article = lock_article(article.pk)
    if article.slug == slug:
        return article
    kind, old = article.kind, article.slug
    if kind in SHARED:
        raise Fixed(_("It shares a page with others, so it has no address to change."))
    if kind == ArticleKind.PAGE and {old, slug} & (OWN_ADDRESS.keys() | DRAWN_IN):
        raise Fixed(_("The portal itself leads to this address."), field="slug")
    article.slug, article.updated_at = slug, now
    try:
        with transaction.atomic():
            article.save(update_fields=["slug", "updated_at"])
    except IntegrityError as error:
        raise _taken() from error
    FormerAddress.objects.filter(kind=kind, slug__in=[slug, old]).delete()
    FormerAddress.objects.create(kind=kind, slug=old, article=article)
    record("article.moved", article, by=by, at=now, change=f"{old}>{slug}")
    drop_pages()
    return article
