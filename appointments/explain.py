"""A rank in one sentence. Pure: no database, no clock, no settings."""

from __future__ import annotations

from django.utils.translation import gettext as _

from appointments.priority import Explanation


def sentence(why: Explanation) -> str:
    """Say, for staff, why an entry stands where it stands."""
    numbers = {
        "waited": f"{why.waited_days:.1f}",
        "target": f"{why.target_days:.1f}",
        "share": why.per_cent,
        "adds": f"{why.day_adds:.3f}",
        "category": why.category_days,
        "need": why.need_score,
    }
    waited = _("Waited %(waited)s of %(target)s days (%(share)d%%).") % numbers
    if why.need_score:
        need = _("Need %(need)d shortens the category's %(category)d days.") % numbers
    else:
        need = _("No need was reported, so the category's target stands.")
    adds = _("One more day would add %(adds)s to the harm.") % numbers
    return f"{waited} {need} {adds}"
