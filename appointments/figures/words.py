"""How figures name a time, in the language of whoever reads and in ISO form."""

from __future__ import annotations

from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from appointments.figures.figure import Told


def week(monday: date) -> Told:
    """Name a week by its Monday."""
    return Told(date_format(monday, _("F j")), f"{monday:%Y-%m-%d}")


def month(first: date) -> Told:
    """Name a month by its first day."""
    return Told(date_format(first, _("F Y")), f"{first:%Y-%m-%d}")


def day(one: date) -> Told:
    """Name a day."""
    return Told(date_format(one, "DATE_FORMAT"), f"{one:%Y-%m-%d}")
