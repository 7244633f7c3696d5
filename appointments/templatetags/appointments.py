"""What pages of the apps below may show of the waiting list."""

from __future__ import annotations

from datetime import date

from django import template

from appointments.models import WaitlistEntry
from appointments.models.waitlist import may_ask as _may_ask
from referrals.models import Referral

register = template.Library()


@register.simple_tag
def may_ask(referral: Referral, today: date) -> bool:
    """Say whether the patient can ask for a visit of this referral on `today`."""
    return _may_ask(referral, today=today)


@register.simple_tag
def open_request(referral: Referral) -> WaitlistEntry | None:
    """Return the request of this referral that is not over, if there is one."""
    return referral.waitlist_entries.open().order_by("pk").first()
