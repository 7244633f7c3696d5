"""The day's list: the reads of referrals that have work for staff."""

from __future__ import annotations

from datetime import date
from typing import Self, TypeVar

from django.db import models

from referrals.codes import OPEN, Status
from referrals.pieces import Work

Row = TypeVar("Row", bound=models.Model)


class DayList(models.QuerySet[Row]):
    """
    Reads of what is missing, for referrals.

    The conditions look at plans, letters and renewals, which stand above referrals, so
    each method reads them only when it is called.
    """

    def with_pieces(self, today: date) -> Self:
        """With all that `Referral.pieces` needs to know, for a page of referrals."""
        from referrals.models import screening

        return self.with_facts(today).prefetch_related(screening())

    def with_facts(self, today: date) -> Self:
        """As `with_pieces`, for rows whose safety answers are read ahead already."""
        from referrals.models import work

        read = self.select_related("patient__user", "provider__user", "diagnosis")
        read = read.select_related("insurer", "authorization")
        return read.with_renewals(today).annotate(**work.facts())

    def with_renewals(self, today: date) -> Self:
        """With whether it is renewed, and what the provider answered, if asked."""
        from referrals.models import work

        asked = work.newest_answer(today)
        return self.annotate(is_renewed=work.is_renewed(), asked=asked)

    def with_work(self, today: date, kind: Work | None = None) -> Self:
        """Those with work of a kind, or of any; the most urgent first."""
        from referrals.models import work

        found = self._living(today)
        if kind is not None:
            found = found.filter(work.conditions(today)[kind])
        return (
            found.annotate(first_work=work.first_work(today))
            .exclude(first_work=None)
            .order_by("first_work", "covered_until", "pk")
        )

    def count_work(self, today: date) -> dict[str, int]:
        """Count those with work of each kind, in one query."""
        from referrals.models import work

        return self._living(today).aggregate(**work.counts(today))

    def to_warn_of(self, today: date) -> Self:
        """Those in force that end within WARN_DAYS and that nobody has renewed."""
        from referrals.models import work

        ending = self._living(today).filter(work.ends_within(today))
        return ending.filter(
            status=Status.ACTIVE, covered_visits__gt=0, is_renewed=False
        )

    def _living(self, today: date) -> Self:
        from referrals.models import work

        living = self.filter(status__in=[Status.DRAFT, *OPEN]).with_renewals(today)
        covered: Self = living.with_coverage()  # type: ignore[attr-defined]
        return covered.annotate(is_unsigned=work.is_unsigned())
