"""A plan of offers, drawn up and looked over before any of them is sent."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Q, Sum
from django.db.models.expressions import Combinable
from django.db.models.functions import Extract
from django.utils.translation import gettext_lazy as _

from appointments.models.appointment import Appointment
from appointments.models.capacity import Therapist
from appointments.models.periods import period
from appointments.models.waitlist import WaitlistEntry
from appointments.plan_words import Balance
from appointments.priority import DAY

FRESH = timedelta(minutes=15)
# Then what is left of it is old: it is sent only if somebody asks, and is judged anew.
SENDS_FOR = timedelta(hours=1)
SOON = timedelta(minutes=1)  # by then a worker has taken it, if one runs


class DraftQuerySet(models.QuerySet["Draft"]):
    """Reads of plans of offers, and claims of those to be drawn up."""

    # Renewed while the work goes on; once it is over, whoever held the claim is dead.
    LEASE = timedelta(minutes=3)
    RENEWED_AFTER = timedelta(seconds=20)
    MOST_TRIES = 3

    def to_draw_up(self, now: datetime) -> Self:
        """Asked for, still wanted, and in no other worker's hands."""
        unheld = Q(claimed_until=None) | Q(claimed_until__lte=now)
        awaited = self.filter(asked_at__isnull=False, failed_at=None, dropped_at=None)
        return awaited.filter(unheld)

    def claim(self, pk: int, *, now: datetime) -> uuid.UUID | None:
        """
        Take one that is to be drawn up for LEASE; return the claim's own key, or None.

        This is one UPDATE that tests only the row's own columns: see the outbox.
        """
        key = uuid.uuid4()
        won = self.to_draw_up(now).filter(pk=pk, tries__lt=self.MOST_TRIES)
        taken = won.update(
            claim=key, claimed_until=now + self.LEASE, tries=F("tries") + 1
        )
        return key if taken == 1 else None

    def renew(self, pk: int, claim: uuid.UUID, *, now: datetime) -> bool:
        """Hold a claim for LEASE from now on; say whether it is still ours."""
        ours = self.filter(pk=pk, claim=claim)
        return ours.update(claimed_until=now + self.LEASE) == 1

    def give_up(self, now: datetime) -> int:
        """Fail those whose workers died again and again; return how many."""
        hopeless = self.to_draw_up(now).filter(tries__gte=self.MOST_TRIES)
        return hopeless.update(failed_at=now, claim=None, claimed_until=None)

    def at_work(self) -> Self:
        """Neither sent nor thrown away; the newest first."""
        return self.filter(sent_at=None, dropped_at=None).order_by("-pk")

    def sent(self) -> Self:
        """Those that were sent, the newest first."""
        return self.filter(sent_at__isnull=False).order_by("-sent_at")

    def being_sent(self, now: datetime) -> Self:
        """Those sent within SENDS_FOR of which offers are left to go out."""
        left = DraftOffer.objects.to_send().filter(draft=OuterRef("pk"))
        return self.filter(Exists(left), sent_at__gt=now - SENDS_FOR)


class Draft(models.Model):
    """One plan of offers: made by a scheduler, sent as a whole or thrown away."""

    made_at = models.DateTimeField(_("made"))  # or, last, made anew
    made_by = models.ForeignKey(  # null: the command, which nobody signs in to
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True
    )
    first_day = models.DateField()
    last_day = models.DateField()
    ends_at = models.DateTimeField()  # who has nothing is charged a wait until then
    version = models.PositiveIntegerField(default=1, editable=False)
    asked_at = models.DateTimeField(null=True, blank=True)  # None once it is drawn up
    claim = models.UUIDField(null=True, editable=False)
    claimed_until = models.DateTimeField(null=True, editable=False)
    tries = models.PositiveSmallIntegerField(default=0, editable=False)
    failed_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
    )
    dropped_at = models.DateTimeField(_("thrown away"), null=True, blank=True)

    objects = DraftQuerySet.as_manager()

    class Meta:
        verbose_name = _("plan of offers")
        verbose_name_plural = _("plans of offers")
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                name="draft_sending_is_whole",
                condition=Q(sent_at=None, sent_by=None)
                | Q(sent_at__isnull=False, sent_by__isnull=False, dropped_at=None),
            ),
            models.CheckConstraint(
                name="draft_is_sent_only_as_drawn_up",
                condition=Q(sent_at=None) | Q(asked_at=None),
            ),
            models.CheckConstraint(
                name="draft_claim_is_whole",
                condition=Q(claim=None, claimed_until=None)
                | Q(
                    claim__isnull=False,
                    claimed_until__isnull=False,
                    asked_at__isnull=False,
                    failed_at=None,
                ),
            ),
            models.CheckConstraint(
                name="draft_fails_only_where_it_was_asked_for",
                condition=Q(failed_at=None) | Q(asked_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"plan of offers {self.pk}"

    @property
    def maker(self) -> str:
        """Who asked for it, in words."""
        return self.made_by.name if self.made_by else str(_("The command line"))

    @property
    def is_at_work(self) -> bool:
        """Whether it can still be changed and sent."""
        return self.sent_at is None and self.dropped_at is None

    @property
    def is_awaited(self) -> bool:
        """Whether it is still to be drawn up, or that has failed: no row counts."""
        return self.asked_at is not None

    @property
    def is_on_its_way(self) -> bool:
        """Whether a worker draws it up, or will."""
        return self.is_at_work and self.is_awaited and self.failed_at is None

    def is_late(self, now: datetime) -> bool:
        """Say whether no worker has taken it that should have by `now`."""
        unheld = self.claimed_until is None or self.claimed_until <= now
        asked = self.asked_at
        return (
            self.is_on_its_way and unheld and asked is not None and now - asked > SOON
        )

    def is_being_sent(self, now: datetime) -> bool:
        """Say whether what is left of it goes out by itself."""
        return self.sent_at is not None and now - self.sent_at < SENDS_FOR

    def is_stale(self, now: datetime) -> bool:
        """Say whether it was made so long ago that much may have changed."""
        return now - self.made_at > FRESH

    def balance(self) -> Balance:
        """
        Return what its standing rows come to, beside what the line alone would give.

        Whoever is called first, or was not taken in, is left out of the count.
        """
        waits = self.waits.exclude(why__in=[Why.CALL, Why.MORE]).totals()
        rows = self.offers.standing().totals()
        return Balance(
            offers=rows["number"],
            without=waits["number"],
            harm=waits["harm"] + rows["harms"],
            line_harm=waits["line_harm"] + rows["line_harms"],
            in_time=rows["in_time"],
            line_in_time=waits["line_in_time"] + rows["line_in_time"],
            gain=rows["gain"],
            wait=waits["passed_over"] + rows["later"],
            left=rows["left"],
        )


def _days_until(field: str) -> Combinable:
    """Return how long a row's patient will have waited by then, in days."""
    return Extract(F(field) - F("entry__received_at"), "epoch") / 86400.0


class DraftOfferQuerySet(models.QuerySet["DraftOffer"]):
    """Reads of planned offers."""

    def with_what_is_shown(self) -> Self:
        """With what a row of the plan shows; soonest first."""
        some = self.select_related(
            *("draft", "therapist__user", "therapist__location"),
            *("entry__patient__user", "entry__referral__technique"),
        )
        return some.prefetch_related("entry__kept_technique").order_by(
            *("starts_at", "therapist", "pk")
        )

    def standing(self) -> Self:
        """Those that were not struck."""
        return self.filter(struck=False)

    def totals(self) -> dict[str, Any]:
        """Return what they add up to for `Draft.balance`; they may be thousands."""
        return self.alias(
            days=_days_until("starts_at"), line_days=_days_until("line_starts_at")
        ).aggregate(
            number=Count("pk"),
            harms=Sum("harm", default=0.0),  # under other names than the columns
            line_harms=Sum("line_harm", default=0.0),
            in_time=Count("pk", filter=Q(days__lte=F("target_days"))),
            line_in_time=Count("pk", filter=Q(line_days__lte=F("target_days"))),
            gain=Count("pk", filter=Q(harm__lt=F("line_harm"))),
            later=Count("pk", filter=Q(harm__gt=F("line_harm"))),
            left=Count("pk", filter=Q(appointment=None, fault="")),
        )

    def to_send(self) -> Self:
        """Those of which nobody has said yet what became of them; soonest first."""
        return (
            self.standing()
            .filter(appointment=None, fault="")
            .order_by("starts_at", "therapist", "pk")
        )


class DraftOffer(models.Model):
    """One row of it: this patient could have this time."""

    draft = models.ForeignKey(Draft, models.CASCADE, related_name="offers")
    entry = models.ForeignKey(WaitlistEntry, models.CASCADE, related_name="+")
    therapist = models.ForeignKey(Therapist, models.CASCADE, related_name="+")
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    target_days = models.FloatField()  # that counted when the plan was made
    harm = models.FloatField()  # of having waited until then; no unit
    line_starts_at = models.DateTimeField(  # what the line alone would give
        null=True, blank=True
    )
    line_harm = models.FloatField()
    same_therapist = models.BooleanField(default=False)  # as at the last visit
    moved = models.BooleanField(_("moved by hand"), default=False)
    # Whether its time is not one that the plan gave when all who wait were weighed.
    unweighed = models.BooleanField(default=False, editable=False)
    struck = models.BooleanField(_("struck"), default=False)
    appointment = models.OneToOneField(  # the offer that was sent for it
        Appointment, models.SET_NULL, related_name="+", null=True, blank=True
    )
    fault = models.CharField(  # why it could not be sent
        _("not sent"), max_length=300, blank=True
    )

    objects = DraftOfferQuerySet.as_manager()

    class Meta:
        verbose_name = _("planned offer")
        verbose_name_plural = _("planned offers")
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                name="draft_offers_one_time_to_each", fields=["draft", "entry"]
            ),
            ExclusionConstraint(
                name="draft_gives_each_time_once",
                expressions=[
                    *((name, RangeOperators.EQUAL) for name in ("draft", "therapist")),
                    (period("starts_at", "ends_at"), RangeOperators.OVERLAPS),
                ],
                condition=Q(struck=False),
            ),
            models.CheckConstraint(
                name="draft_offer_is_sent_or_at_fault",
                condition=Q(appointment=None) | Q(fault="", struck=False),
            ),
        ]
        indexes = [
            models.Index(  # the order of the page
                fields=["draft", "starts_at", "therapist", "id"],
                name="draft_offers_by_time",
            ),
        ]

    def __str__(self) -> str:
        return f"planned offer {self.pk}"

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the place."""
        return ZoneInfo(self.therapist.location.time_zone)

    @property
    def waited_days(self) -> float:
        """How long the patient will have waited, in days."""
        return (self.starts_at - self.entry.received_at) / DAY

    @property
    def in_time(self) -> bool:
        """Whether the visit is within the target."""
        return self.waited_days <= self.target_days

    @property
    def sooner_days(self) -> float | None:
        """How much sooner than by the line alone, in days; None if that gives none."""
        if self.line_starts_at is None:
            return None
        return (self.line_starts_at - self.starts_at) / DAY


class Why(models.TextChoices):
    """Why one of the line is given nothing."""

    NONE = "none", _("No opening suits them")
    LESS = "less", _("The times go to patients whom waiting harms more")
    MORE = "more", _("Not taken in: more wait than one plan can weigh")
    CALL = "call", _("Call them first")


class DraftWaitQuerySet(models.QuerySet["DraftWait"]):
    """Reads of those to whom a plan gives nothing."""

    def most_harmed_first(self) -> Self:
        """With what a row shows, whom waiting will harm most first."""
        return self.select_related("entry__patient").order_by("-harm", "pk")

    def totals(self) -> dict[str, Any]:
        """Return what they add up to for `Draft.balance`; they may be thousands."""
        return self.alias(line_days=_days_until("line_starts_at")).aggregate(
            number=Count("pk"),
            harm=Sum("harm", default=0.0),
            line_harm=Sum("line_harm", default=0.0),
            line_in_time=Count("pk", filter=Q(line_days__lte=F("target_days"))),
            passed_over=Count("line_starts_at"),
        )

    def reasons(self) -> dict[Why, int]:
        """Return how many wait for each reason."""
        number = dict(self.order_by().values_list("why").annotate(n=Count("pk")))
        return {why: number[why] for why in Why if why in number}


class DraftWait(models.Model):
    """One of the line to whom the plan gives nothing, and why."""

    draft = models.ForeignKey(Draft, models.CASCADE, related_name="waits")
    entry = models.ForeignKey(WaitlistEntry, models.CASCADE, related_name="+")
    target_days = models.FloatField()  # that counted when the plan was made
    harm = models.FloatField()  # of waiting until the plan ends
    line_starts_at = models.DateTimeField(null=True, blank=True)
    line_harm = models.FloatField()
    why = models.CharField(_("why"), max_length=4, choices=Why)

    objects = DraftWaitQuerySet.as_manager()

    class Meta:
        verbose_name = _("left without an offer")
        verbose_name_plural = _("left without an offer")
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                name="draft_leaves_each_out_once", fields=["draft", "entry"]
            ),
            models.CheckConstraint(
                name="draft_says_why_one_waits", condition=Q(why__in=Why.values)
            ),
        ]
        indexes = [
            models.Index(fields=["draft", "-harm", "id"], name="draft_waits_by_harm"),
        ]

    def __str__(self) -> str:
        return f"left without an offer {self.pk}"
