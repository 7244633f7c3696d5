"""The clinical lead sets how long a category may wait, from a moment on."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from appointments.actions.refusal import Refusal
from appointments.models import TargetWait, TriageCategory
from massage_portal.accounts.models import User
from massage_portal.audit.record import record


class TargetInForce(Refusal):
    """What counts now, or counted once, is never changed."""


@transaction.atomic
def set_target(
    *,
    category: TriageCategory,
    target_days: int,
    in_force_from: datetime,
    by: User | None,
    now: datetime,
) -> TargetWait:
    """
    Let `target_days` count from `in_force_from` on, until the next target begins.

    A target of the same moment that has not begun is corrected.

    :param target_days: 1 to 730.
    :raises TargetInForce: if the moment has passed.
    """
    TriageCategory.objects.select_for_update(no_key=True).get(pk=category.pk)
    if in_force_from < now:
        raise TargetInForce(
            _("A target cannot begin in the past: choose a time still to come.")
        )
    before = category.target_on(in_force_from)
    target = category.targets.filter(in_force_from=in_force_from).first()
    if target is None:
        target = TargetWait(category=category, in_force_from=in_force_from)
    target.target_days = target_days
    target.set_by = by
    target.save()
    begins = in_force_from.astimezone(UTC)
    change = f"{before or ''}>{target_days} from {begins:%Y-%m-%dT%H:%MZ}"
    record("target.set", target, by=by, at=now, change=change)
    return target
