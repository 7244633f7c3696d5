"""What the tests of plans of offers share."""

from __future__ import annotations

from appointments.actions.draw_up import ask_anew, ask_for_draft, draw_up
from massage_portal.accounts.roles import Role
from tests.factories import (
    NOW,
    make_category,
    make_clinic,
    make_entry,
    make_policy,
    make_user,
)

THURSDAY = 3


def morning(*, waiting: int = 3, therapists: int = 1, rooms: int = 1, **fields):
    """Return who wait for the two times of one short morning, most pressing first."""
    make_policy()
    _, staff, _ = make_clinic(
        therapists=therapists, rooms=rooms, hours=("08:00", "10:00"), days=[THURSDAY]
    )
    category = make_category(target_days=14)
    entries = [
        make_entry(waited_days=20 - number, category=category, **fields)
        for number in range(waiting)
    ]
    return entries, staff


def planned(*, weeks: int = 1, now=NOW, by=None):
    """Return a plan, drawn up by a scheduler."""
    asked = ask_for_draft(weeks=weeks, by=by or make_user(Role.SCHEDULER), now=now)
    return draw_up(pk=asked.pk, now=now)


def handed_to(task, monkeypatch):
    """Return a list of the keys of the plans that are handed to `task` from now on."""
    keys = []
    take = lambda kwargs, **_options: keys.append(kwargs["pk"])  # noqa: E731
    monkeypatch.setattr(task, "apply_async", take)
    return keys


def planned_anew(draft, *, version=None, now=NOW):
    """Return the plan as it is drawn up anew around what was struck or moved."""
    by = make_user(Role.SCHEDULER)
    asked = ask_anew(draft=draft, version=version or draft.version, by=by, now=now)
    return draw_up(pk=asked.pk, now=now)


def rows_of(draft):
    """Return the rows by the key of the entry."""
    return {row.entry_id: row for row in draft.offers.with_what_is_shown()}


def waits_of(draft):
    """Return why each of those without an offer waits, by the key of the entry."""
    return dict(draft.waits.values_list("entry_id", "why"))
