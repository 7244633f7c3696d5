"""Refusals of those who act on a referral that is not as they saw it."""

from __future__ import annotations

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from referrals.actions.refusal import Refusal
from referrals.models import Referral


class Ended(Refusal):
    """A referral that has ended stays as it was."""


class Stale(Refusal):
    """Somebody changed the referral since the form was drawn; it carries the row."""

    def __init__(self, words: object, referral: Referral) -> None:
        super().__init__(words)
        self.referral = referral


def changed_words(referral: Referral) -> str:
    """Tell the second of two who save what the first one did, and what to do now."""
    who = referral.changed_by.name if referral.changed_by else _("Another system")
    when = timezone.localtime(referral.changed_at or referral.recorded_at)
    return _(
        "%(who)s changed this referral on %(when)s, while you were typing. Compare "
        "below, then save again if yours is right. Nothing that you typed is lost."
    ) % {"who": who, "when": date_format(when, "DATETIME_FORMAT")}
