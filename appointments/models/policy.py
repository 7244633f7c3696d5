"""What the clinical lead decides: targets, and the numbers of the rules."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Self

import pgtrigger
from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import (
    Exists,
    F,
    FilteredRelation,
    OuterRef,
    Q,
    Subquery,
    Value,
)
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from appointments.models.periods import period
from massage_portal.nights import Quiet
from massage_portal.prepared import Prepared, as_model
from referrals.codes import Priority
from services.models import ENGLISH

# Of a visit, and after it: `before` looks for what holds time no further back.
MOST_MINUTES, MOST_TURNOVER = 240, 120
LEAST_MINUTES = 10  # of a visit, as of a technique
OF_A_VISIT = (LEAST_MINUTES, MOST_MINUTES)
NEWEST = """
SELECT * FROM appointments_policy WHERE in_force_from <= %(now)s
 ORDER BY in_force_from DESC LIMIT 1
"""


def in_force(relation: str, now: datetime) -> FilteredRelation:
    """
    Return the join with the one target in force at `now`, at most one row for each.

    :param relation: the way from the model that asks to `TargetWait`.
    """
    begun = Q((f"{relation}__in_force_from__lte", now))
    lasts = Q((f"{relation}__in_force_until", None)) | Q(
        (f"{relation}__in_force_until__gt", now)
    )
    return FilteredRelation(relation, condition=begun & lasts)


class TriageCategoryQuerySet(models.QuerySet["TriageCategory"]):
    """Reads of categories."""

    def with_target(self, now: datetime) -> Self:
        """With the `target_days` in force at `now`; None if none has begun."""
        return self.alias(target_now=in_force("targets", now)).annotate(
            target_days=F("target_now__target_days")
        )

    def told(self, language: str | None) -> Self:
        """
        With the words that a patient reads: `told_name` and `told_meaning`.

        Where there are none in `language`, they are in English; `told_in` says which
        of the two they are.
        """
        from appointments.models.wording import CategoryWording  # it stands above

        words = CategoryWording.objects.filter(category=OuterRef("pk"))
        words = words.filter(language=language)
        return self.annotate(
            told_name=Coalesce(Subquery(words.values("name")), F("name")),
            told_meaning=Coalesce(Subquery(words.values("meaning")), F("meaning")),
            told_in=Coalesce(Subquery(words.values("language")), Value(ENGLISH)),
        )

    def offered(self, now: datetime) -> Self:
        """Those a scheduler may choose at `now`, shortest target first."""
        usable = self.with_target(now).filter(active=True, target_days__isnull=False)
        return usable.order_by("target_days", "pk")

    def offered_or_waited_in(self, now: datetime) -> Self:
        """Those offered (`may_be_chosen`), and those in which somebody still waits."""
        from appointments.models.waitlist import WaitlistEntry  # it stands above

        waited_in = WaitlistEntry.objects.waiting().filter(category=OuterRef("pk"))
        offered = Q(active=True, target_days__isnull=False)
        rows = self.with_target(now).annotate(may_be_chosen=offered)
        return rows.filter(offered | Exists(waited_in)).order_by("target_days", "pk")


class TriageCategory(models.Model):
    """How soon a patient should be seen; the clinical lead owns the rows."""

    name = models.CharField(_("name"), max_length=60, unique=True)
    priority = models.CharField(_("FHIR priority"), max_length=8, choices=Priority)
    meaning = models.CharField(_("who belongs here"), max_length=300)
    active = models.BooleanField(_("in use"), default=True)
    target_days: int  # only where it was read `with_target`
    may_be_chosen: bool  # only where it was read `offered_or_waited_in`
    told_name: str  # these three only where it was `told`
    told_meaning: str
    told_in: str

    objects = TriageCategoryQuerySet.as_manager()

    class Meta:
        verbose_name = _("triage category")
        verbose_name_plural = _("triage categories")
        constraints = [
            models.CheckConstraint(
                name="category_priority_is_known",
                condition=Q(priority__in=Priority.values),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def target_on(self, now: datetime) -> int | None:
        """
        Return the target in force at `now`, in days; None if none has begun.

        Reads `targets` by `all()`, so that a list can fetch them in one query.
        """
        for one in self.targets.all():
            if one.in_force_from <= now and (
                one.in_force_until is None or now < one.in_force_until
            ):
                return one.target_days
        return None


class TargetWait(models.Model):
    """
    The target wait of a category, from a moment on. A change is a new row.

    A trigger ends the row before it, so that one join finds the target of any moment,
    and what counted then can be told forever. Only a target that has not begun may
    still be corrected.
    """

    category = models.ForeignKey(
        TriageCategory,
        models.PROTECT,
        related_name="targets",
        verbose_name=_("triage category"),
    )
    target_days = models.PositiveSmallIntegerField(
        _("target wait in days"),
        validators=[MinValueValidator(1), MaxValueValidator(730)],
    )
    in_force_from = models.DateTimeField(_("in force from"))
    in_force_until = models.DateTimeField(null=True, editable=False)  # by the trigger
    set_by = models.ForeignKey(  # None: the portal itself, as it was set up
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("set by"),
    )

    class Meta:
        verbose_name = _("target wait")
        verbose_name_plural = _("target waits")
        constraints = [
            models.CheckConstraint(
                name="target_is_1_to_730_days",
                condition=Q(target_days__gte=1, target_days__lte=730),
            ),
            ExclusionConstraint(
                name="target_one_at_a_time",
                expressions=[
                    ("category", RangeOperators.EQUAL),
                    (
                        period("in_force_from", "in_force_until"),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="target_ends_the_one_before",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    PERFORM FROM appointments_triagecategory
                      WHERE id = NEW.category_id FOR NO KEY UPDATE;
                    NEW.in_force_until := (
                        SELECT min(in_force_from) FROM appointments_targetwait
                         WHERE category_id = NEW.category_id
                           AND in_force_from > NEW.in_force_from);
                    UPDATE appointments_targetwait
                       SET in_force_until = NEW.in_force_from
                     WHERE category_id = NEW.category_id
                       AND in_force_from < NEW.in_force_from
                       AND coalesce(in_force_until > NEW.in_force_from, true);
                    RETURN NEW;
                """,
            ),
            pgtrigger.Protect(
                name="target_keeps_its_beginning",
                operation=pgtrigger.UpdateOf("category_id", "in_force_from"),
                condition=pgtrigger.AnyChange("category", "in_force_from"),
            ),
            pgtrigger.Protect(name="target_is_kept", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.category}: {self.target_days}"


class PolicyQuerySet(models.QuerySet["Policy"]):
    """Reads of policy."""

    def in_force(self, now: datetime) -> Policy:
        """
        Return the newest policy that has begun, or the defaults if none has.

        Prepared: nearly every page asks, and making the statement anew each time would
        take longer than running it.
        """
        names = [field.attname for field in Policy._meta.concrete_fields]
        for row in IN_FORCE.rows(now=now):
            return as_model(Policy, dict(zip(names, row, strict=True)))
        return Policy(in_force_from=now)

    def agreed(self, booked_at: datetime | None, *, now: datetime) -> Policy:
        """
        Return the policy of `now`, with the hours agreed as a visit was booked.

        Whether a cancellation is late was told then, and does not change any more.
        """
        policy = self.in_force(now)
        if booked_at is not None and booked_at < policy.in_force_from:
            policy.late_cancel_hours = self.in_force(booked_at).late_cancel_hours
        return policy


class Policy(models.Model):
    """The clinic's numbers, from a moment on. A change is a new row; old rows stay."""

    in_force_from = models.DateTimeField(_("in force from"), unique=True)
    harm_exponent = models.DecimalField(
        _("steepness of harm"),
        max_digits=3,
        decimal_places=1,
        default=Decimal("3.0"),
        validators=[MinValueValidator(1), MaxValueValidator(6)],
    )
    hold_hours = models.PositiveSmallIntegerField(_("offers hold, hours"), default=24)
    notice_hours = models.PositiveSmallIntegerField(
        _("shortest notice for an offer, hours"), default=4
    )
    turnover_minutes = models.PositiveSmallIntegerField(
        _("time between visits, minutes"),
        default=10,
        validators=[MaxValueValidator(MOST_TURNOVER)],
    )
    visit_minutes = models.PositiveSmallIntegerField(
        _("length of a visit where the therapist decides, minutes"),
        default=50,
        validators=[MinValueValidator(5), MaxValueValidator(MOST_MINUTES)],
    )
    ahead_days = models.PositiveSmallIntegerField(
        _("how far ahead times are offered, days"), default=28
    )
    lapse_notice_hours = models.PositiveSmallIntegerField(  # 0: never
        _("second word of an offer, hours before it ends"), default=4
    )
    first_reminder_hours = models.PositiveSmallIntegerField(
        _("first reminder, hours before"), default=72
    )
    second_reminder_hours = models.PositiveSmallIntegerField(
        _("second reminder, hours before"), default=24
    )

    quiet_from = models.TimeField(_("no offer ends from"), default=time(21, 0))
    quiet_until = models.TimeField(_("no offer ends until"), default=time(8, 0))
    same_therapist_harm = models.DecimalField(  # in each planned visit
        _("what the same therapist may cost, in harm"),
        max_digits=4,
        decimal_places=2,
        default=Decimal("0.05"),
    )
    late_cancel_hours = models.PositiveSmallIntegerField(
        _("a cancellation is late, hours before"), default=24
    )
    most_missed = models.PositiveSmallIntegerField(
        _("missed or late canceled visits before we call"), default=2
    )

    objects = PolicyQuerySet.as_manager()

    class Meta:
        verbose_name = _("policy")
        verbose_name_plural = _("policies")
        constraints = [
            models.CheckConstraint(
                name="policy_harm_exponent_is_1_to_6",
                condition=Q(harm_exponent__gte=1, harm_exponent__lte=6),
            ),
            models.CheckConstraint(
                name="policy_times_are_positive",
                condition=Q(hold_hours__gte=1, ahead_days__gte=1, visit_minutes__gte=5),
            ),
            models.CheckConstraint(
                name="policy_visits_are_as_short_as_they_are_looked_for",
                condition=Q(
                    visit_minutes__lte=MOST_MINUTES, turnover_minutes__lte=MOST_TURNOVER
                ),
            ),
            models.CheckConstraint(
                name="policy_missed_visits_are_counted_from_1",
                condition=Q(most_missed__gte=1),
            ),
            models.CheckConstraint(
                name="policy_same_therapist_harm_is_not_negative",
                condition=Q(same_therapist_harm__gte=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.in_force_from:%Y-%m-%d %H:%M}"

    @property
    def hold(self) -> timedelta:
        """How long an offer holds its time."""
        return timedelta(hours=self.hold_hours)

    @property
    def plan_weeks(self) -> int:
        """How many weeks a plan of offers may cover: as far as times are offered."""
        return max(1, -(-self.ahead_days // 7))

    @property
    def notice(self) -> timedelta:
        """How far ahead a time must lie to be offered."""
        return timedelta(hours=self.notice_hours)

    @property
    def turnover(self) -> timedelta:
        """How long therapist and room stay held after a visit."""
        return timedelta(minutes=self.turnover_minutes)

    @property
    def lapse_notice(self) -> timedelta:
        """How long before an offer ends its patient is told so; zero: never."""
        return timedelta(hours=self.lapse_notice_hours)

    @property
    def quiet(self) -> Quiet:
        """The hours in which no offer is sent by itself, and none ends."""
        return Quiet(self.quiet_from, self.quiet_until)

    def is_late(self, starts_at: datetime, now: datetime) -> bool:
        """Say whether canceling a visit that starts then would be late at `now`."""
        return starts_at - now < timedelta(hours=self.late_cancel_hours)

    @property
    def reminder_leads(self) -> list[timedelta]:
        """How long before a visit its reminders go out."""
        hours = {self.first_reminder_hours, self.second_reminder_hours} - {0}
        return [timedelta(hours=lead) for lead in sorted(hours, reverse=True)]


IN_FORCE = Prepared(
    "policy_in_force",
    f"""
    SELECT {", ".join(field.attname for field in Policy._meta.concrete_fields)}
      FROM ({NEWEST}) newest
    """,  # noqa: S608 - the names are ours
)
