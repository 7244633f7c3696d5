"""Steps of a version, as tests take them, and what they leave."""

from __future__ import annotations

from services import actions
from services.models import TEXTS, Version
from tests.factories import DAY, NOW, TODAY
from tests.trail import trail

TEXT = {"title": "New", "summary": "Short.", "body": "Long.", "other_words": ""}
REVIEW = actions.Review("Dr. Testwell", TODAY - 3 * DAY, TODAY + 360 * DAY)


def texts_of(version, **changes):
    return {name: getattr(version, name) for name in TEXTS} | changes


def save(version, by, *, seen=None, now=NOW, note="", **changes):
    return actions.save_draft(
        version=version,
        texts=texts_of(version, **changes),
        note=note,
        seen=seen or version.changed_at,
        by=by,
        now=now,
    )


def approve(version, by, **how):
    values = {"seen": version.changed_at, "by": by, "now": NOW}
    return actions.approve(version=version, **values | how)


def acts(version):
    return [(who, action) for who, action, _patient, _change in trail(version)]


def states(article, language="en"):
    rows = Version.objects.of_text(article, language)
    return list(rows.values_list("number", "status"))
