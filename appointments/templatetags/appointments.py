"""What pages of the apps below may show of the waiting list."""

from __future__ import annotations

from datetime import date, datetime
from math import ceil
from typing import NamedTuple

from django import template
from django.db.models import OuterRef, Subquery
from django.utils.translation import get_language

from appointments.models import Appointment, TriageCategory, WaitlistEntry
from appointments.models.waitlist import may_ask as _may_ask
from referrals.models import Referral

register = template.Library()


class TargetWait(NamedTuple):
    """A category, and how long people in it waited; None: too few to show."""

    category: TriageCategory
    median_days: int | None


@register.simple_tag
def may_ask(referral: Referral, today: date) -> bool:
    """Say whether the patient can ask for a visit of this referral on `today`."""
    return _may_ask(referral, today=today)


@register.simple_tag
def open_request(referral: Referral) -> WaitlistEntry | None:
    """Return the request of this referral that is not over, if there is one."""
    return referral.waitlist_entries.open_one()


@register.simple_tag
def hindered_visits(referral: Referral, now: datetime) -> list[Appointment]:
    """Return the visits that are booked and must not take place, by time."""
    booked = Appointment.objects.booked_ahead(referral, now=now)
    return [one for one in booked if one.obstacle]


@register.simple_tag
def target_waits(now: datetime) -> list[TargetWait]:
    """
    Return the categories in use, with the median waits of those seen lately.

    Their words are the reader's, where the clinical lead wrote them.

    Days are rounded up, so that a page promises no more than was kept.
    """
    mine = WaitlistEntry.objects.filter(category=OuterRef("pk"))
    medians = mine.median_waits(now=now).values("days")
    categories = TriageCategory.objects.offered(now).told(get_language())
    return [
        TargetWait(one, None if one.median is None else ceil(one.median))
        for one in categories.annotate(median=Subquery(medians))
    ]
