"""Publishing: a second person approves, time publishes, anyone takes back at once."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import structlog
from django.db import transaction
from django.utils.timezone import localdate
from django.utils.translation import gettext as _

from massage_portal.accounts.models import User
from massage_portal.audit.record import record
from services.actions.refusal import BadReview, Fixed, NoEnglish, TheSamePerson
from services.actions.version import (
    expect,
    expect_as_seen,
    lock,
    show,
    step,
)
from services.cache import drop_pages
from services.codes import ArticleKind, VersionStatus
from services.models import ENGLISH, OWN_ADDRESS, Article, Version

log = structlog.get_logger(__name__)
AT_ONCE = 100  # versions that one beat publishes


@dataclass(frozen=True)
class Review:
    """A medical review: who read the text, on which day, and when it is due again."""

    reviewed_by: str = ""
    reviewed_on: date | None = None
    next_review: date | None = None


@transaction.atomic
def approve(
    *,
    version: Version,
    publish_at: datetime | None = None,
    review: Review | None = None,
    keep_review: bool = False,
    seen: datetime | None,
    by: User,
    now: datetime,
) -> Version:
    """
    Let a text be published, at a time or at once. Doing it twice is no fault.

    :param publish_at: none, or a time that is past: at once.
    :param review: its medical review, if it was made.
    :param keep_review: that of the text which readers see now still holds.
    :param seen: the version's `changed_at` when the approver's page was drawn.
    :raises TheSamePerson: if the approver began it, or changed it last.
    :raises Stale: if the text is not the one that the approver has read.
    :raises NoEnglish: for a translation of what is not published in English.
    :raises BadReview: if the review is not whole; it names the field.
    :raises WrongState: if it does not wait for a second person.
    """
    version = lock(version)
    if version.approved_by_id == by.pk:
        return version
    _refuse_approval(version, seen, by=by)
    if keep_review:
        read = Version.objects.active_of(version.article, version.language)
        review = _review_of(read.first())
    checked = _checked(review or Review(), today=localdate(now))
    approval = {"approved_by": by, "approved_at": now, "publish_at": publish_at or now}
    said: dict[str, Any] = {**approval, **asdict(checked)}
    step(version, VersionStatus.APPROVED, "version.approved", by=by, now=now, **said)
    if publish_at is None or publish_at <= now:
        show(version, by=by, now=now)
    return version


def _refuse_approval(version: Version, seen: datetime | None, *, by: User) -> None:
    """Raise what `approve` raises about the version and who approves it."""
    expect(version, VersionStatus.IN_REVIEW)
    expect_as_seen(version, seen)
    if by.pk in (version.created_by_id, version.changed_by_id):
        raise TheSamePerson(
            _("You wrote this text. Ask a second person to read and approve it.")
        )
    if version.language == ENGLISH:
        return
    if not Version.objects.active_of(version.article, ENGLISH).exists():
        raise NoEnglish(_("Publish the English text first, then its translation."))


def _review_of(read: Version | None) -> Review:
    if read is None:
        return Review()
    return Review(read.reviewed_by, read.reviewed_on, read.next_review)


def _checked(review: Review, *, today: date) -> Review:
    if bool(review.reviewed_by) != bool(review.reviewed_on):
        missing = "reviewed_on" if review.reviewed_by else "reviewed_by"
        raise BadReview(_("Say both who reviewed it and when."), field=missing)
    if review.reviewed_on and review.reviewed_on > today:
        raise BadReview(_("This day is still to come."), field="reviewed_on")
    if review.next_review and not review.reviewed_on:
        raise BadReview(_("Say both who reviewed it and when."), field="reviewed_by")
    if review.next_review and review.next_review <= (review.reviewed_on or today):
        raise BadReview(
            _("The next review must come after the day it was reviewed on."),
            field="next_review",
        )
    return review


def publish_due(*, now: datetime) -> list[Version]:
    """
    Publish what is approved and whose time has come; return it, the earliest first.

    One transaction for each. A second beat passes over an article that the first is
    busy with; what it passes over is still due, and its next round finds it.
    """
    due = Version.objects.due(now).values_list("pk", "article_id")
    published = []
    for pk, article in list(due[:AT_ONCE]):
        try:
            made = _publish(pk, article, now=now)
        except Exception:  # whatever it was, the other texts must go out
            log.exception("version_not_published", version=pk)
            continue
        if made is not None:
            published.append(made)
    return published


@transaction.atomic
def _publish(pk: int, article: int, *, now: datetime) -> Version | None:
    """Publish one version, unless another beat is at it or was faster."""
    free = Article.objects.select_for_update(
        skip_locked=True, of=("self",), no_key=True
    )
    if free.filter(pk=article).first() is None:
        return None
    rows = Version.objects.select_for_update(of=("self",), no_key=True)
    due = rows.due(now).select_related("article")
    version = due.filter(pk=pk).first()
    return show(version, by=None, now=now) if version else None


@transaction.atomic
def send_back(*, version: Version, reason: str, by: User, now: datetime) -> Version:
    """
    Make a draft again of what waits for a second person, or for its time.

    :raises WrongState: if it waits for neither.
    """
    version = lock(version)
    if version.status == VersionStatus.DRAFT and version.reason == reason:
        return version
    expect(version, VersionStatus.IN_REVIEW, VersionStatus.APPROVED)
    return _back(version, reason, by=by, now=now)


def _back(version: Version, reason: str, *, by: User, now: datetime) -> Version:
    return step(
        version,
        VersionStatus.DRAFT,
        "version.sent_back",
        by=by,
        now=now,
        reason=reason,
        approved_by=None,
        approved_at=None,
        publish_at=None,
        **asdict(Review()),
    )


@transaction.atomic
def retire(*, version: Version, reason: str, by: User, now: datetime) -> Version:
    """
    Take a published text back at once. With the English go all its translations.

    A translation that waits for its time becomes a draft again.

    :raises Fixed: for the English of a page that the portal itself leads to.
    :raises WrongState: if readers do not see it.
    """
    version = lock(version)
    if version.status == VersionStatus.RETIRED:
        return version
    expect(version, VersionStatus.ACTIVE)
    article = version.article
    if version.language == ENGLISH:
        if article.kind == ArticleKind.PAGE and article.slug in OWN_ADDRESS:
            raise Fixed(
                _("The portal leads to this page. Publish a better text instead.")
            )
        others = article.versions.exclude(pk=version.pk).select_for_update(no_key=True)
        for other in others.filter(status=VersionStatus.ACTIVE).order_by("pk"):
            _end(other, reason, by=by, now=now)
        for other in others.filter(status=VersionStatus.APPROVED).order_by("pk"):
            _back(other, reason, by=by, now=now)
    _end(version, reason, by=by, now=now)
    drop_pages()
    return version


def _end(version: Version, reason: str, *, by: User, now: datetime) -> None:
    step(
        version,
        VersionStatus.RETIRED,
        "version.retired",
        by=by,
        now=now,
        retired_at=now,
        reason=reason,
    )


@transaction.atomic
def record_review(
    *, version: Version, review: Review, by: User, now: datetime
) -> Version:
    """
    Record that a clinician has read a published text again.

    :raises BadReview: if it is not whole, or its days are not in order.
    :raises WrongState: if readers do not see the text.
    """
    version = lock(version)
    expect(version, VersionStatus.ACTIVE)
    if not review.reviewed_by:
        raise BadReview(_("Say both who reviewed it and when."), field="reviewed_by")
    review = _checked(review, today=localdate(now))
    if _review_of(version) == review:
        return version
    for name, value in asdict(review).items():
        setattr(version, name, value)
    version.save(update_fields=list(asdict(review)))
    record("version.reviewed", version, by=by, at=now)
    drop_pages()
    return version
