"""What the steps of a version share: one order of locks, and one way to step."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from massage_portal.audit.record import Actor, record
from services.actions.refusal import Stale, WrongState
from services.actions.words import add_words
from services.cache import drop_pages
from services.codes import VersionStatus
from services.models import Article, Version


def lock_article(pk: int) -> Article:
    """Lock an article: whoever changes its texts waits here, before all else."""
    return Article.objects.select_for_update(of=("self",), no_key=True).get(pk=pk)


def lock(version: Version) -> Version:
    """Lock the article, then the version; return it as it is now."""
    lock_article(version.article_id)
    rows = Version.objects.select_for_update(of=("self",), no_key=True).with_people()
    return rows.get(pk=version.pk)


def expect(version: Version, *states: VersionStatus) -> None:
    """
    Refuse a version that is in none of the states.

    :raises WrongState: with the state that it is in.
    """
    if version.status not in states:
        raise WrongState(
            _(
                "This cannot be done now: the state of this version is “%(state)s”. "
                "Somebody may have been faster."
            )
            % {"state": version.get_status_display()}
        )


def expect_as_seen(version: Version, seen: datetime | None) -> None:
    """
    Refuse a version that was changed since a page showed it.

    :param seen: its `changed_at` when the page was drawn.
    :raises Stale: with who changed it, and when.
    """
    if version.changed_at == seen:
        return
    when = version.changed_at and localtime(version.changed_at)
    raise Stale(
        _("%(who)s changed this text on %(when)s, after you opened it.")
        % {
            "who": version.changed_by or _("Somebody"),
            "when": date_format(when, "DATETIME_FORMAT") if when else "—",
        },
        version,
    )


def step(
    version: Version,
    to: VersionStatus,
    action: str,
    *,
    by: Actor | None,
    now: datetime,
    **fields: Any,
) -> Version:
    """Bring a locked version into the next state, with what else it then says."""
    before, version.status = version.status, to
    for name, value in fields.items():
        setattr(version, name, value)
    version.save(update_fields=["status", *fields])
    record(action, version, by=by, at=now, change=f"{before}>{to}")
    return version


def show(version: Version, *, by: Actor | None, now: datetime) -> Version:
    """Publish a locked, approved version in place of the one that is read."""
    same = Version.objects.active_of(version.article, version.language)
    read = same.select_for_update(no_key=True).first()
    if read is not None:
        step(
            read,
            VersionStatus.RETIRED,
            "version.replaced",
            by=by,
            now=now,
            retired_at=now,
        )
    step(
        version,
        VersionStatus.ACTIVE,
        "version.published",
        by=by,
        now=now,
        active_from=now,
    )
    add_words(version.pk)
    drop_pages()
    return version
