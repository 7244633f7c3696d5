"""A patient gets, renews and switches off the address that their calendar reads."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from appointments.actions.refusal import Refusal
from appointments.models import CalendarFeed
from massage_portal.accounts.models import User
from massage_portal.accounts.systems import hashed, new_secret
from massage_portal.audit.record import record

MOST_LOOKS = 120  # an hour; calendar programs ask every 15 minutes at the most often


class TooOften(Refusal):
    """The address was read more often than any calendar program needs."""


@transaction.atomic
def renew_calendar(*, by: User, now: datetime) -> str:
    """
    Give the account a new address, which ends the old one; return its secret.

    The secret has 256 random bits. It is told this once and not kept.
    """
    secret = new_secret()
    new = {"secret_sha256": hashed(secret), "made_at": now, "seen_at": None, "looks": 0}
    feed, _made = CalendarFeed.objects.update_or_create(user=by, defaults=new)
    record("calendar.renewed", feed, by=by, at=now)
    return secret


@transaction.atomic
def end_calendar(*, by: User, now: datetime) -> None:
    """Switch the address off; pressed twice, it is off."""
    feed = CalendarFeed.objects.select_for_update().filter(user=by).first()
    if feed is not None:
        record("calendar.ended", feed, by=by, at=now)
        feed.delete()


@transaction.atomic
def look_at_calendar(*, feed: CalendarFeed, now: datetime) -> None:
    """
    Count a look at the address; the first of each hour leaves a trail.

    :raises TooOften: after MOST_LOOKS in an hour.
    """
    CalendarFeed.objects.filter(pk=feed.pk).count_look(now)
    looks = CalendarFeed.objects.filter(pk=feed.pk).values_list("looks", flat=True)
    number = looks.first()
    if number == 1:
        record("calendar.seen_by_link", feed, by=None, at=now)
    if number is None or number > MOST_LOOKS:
        raise TooOften(_("This address was read too often. Try again in an hour."))
