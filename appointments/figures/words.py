"""How figures name a stretch of time, in the language of whoever reads."""

from __future__ import annotations

from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext as _


def week(monday: date) -> str:
    """Name a week by its Monday."""
    return date_format(monday, _("F j"))


def month(day: date) -> str:
    """Name the month in which a day lies."""
    return date_format(day, _("F Y"))
