"""The waiting list: who waits, since when, how urgently, and when they can come."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import (
    Aggregate,
    Case,
    Count,
    F,
    FilteredRelation,
    FloatField,
    IntegerField,
    Q,
    QuerySet,
    When,
)
from django.db.models.functions import Extract
from django.utils.translation import gettext_lazy as _

from appointments.codes import (
    ENTRY_OPEN,
    ENTRY_TRANSITIONS,
    IN_LINE,
    SEEING_THE_PATIENT,
    EntryStatus,
)
from appointments.matching import LETTERS
from appointments.models.board import Board, open_offer
from appointments.models.capacity import Therapist
from appointments.models.indexes import OF_ENTRIES
from appointments.models.policy import OF_A_VISIT, Policy, TriageCategory
from appointments.models.same_patient import same_patient
from appointments.priority import Explanation, explain
from massage_portal.audit.models import AuditEvent
from massage_portal.states import only_legal_steps
from referrals.codes import Priority
from referrals.codes import Status as ReferralStatus
from referrals.models import Patient, Referral

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from appointments.models.overrule import Overrule
    from massage_portal.accounts.models import User

FLOAT = FloatField()
PRESSING = list(enumerate(Priority))  # routine to at once, as FHIR orders them
FEWEST_SHOWN = 10  # a figure about fewer people could point at one of them
LOOK_BACK = timedelta(days=90)


class Median(Aggregate):
    """The middle of a group, as PostgreSQL reckons it: half lie at or below it."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FLOAT


class WaitlistEntryQuerySet(Board["WaitlistEntry"]):
    """Reads of the waiting list."""

    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Schedulers see every entry; a patient sees their own."""
        if user.has_perm("appointments.view_waitlistentry"):
            return self
        if user.has_perm("appointments.ask_for_own_appointment"):
            return self.filter(patient__user=user)
        return self.none()

    def open(self) -> Self:
        """Neither done, nor declined, nor withdrawn."""
        return self.filter(status__in=ENTRY_OPEN)

    def open_one(self) -> WaitlistEntry | None:
        """Return the open one of a referral's entries: there is one at most."""
        return self.open().order_by("pk").first()

    def asked(self) -> Self:
        """Asked for and not yet judged."""
        return self.filter(status__in=[EntryStatus.REQUESTED, EntryStatus.ON_HOLD])

    def to_triage(self) -> Self:
        """
        Those asked for, as the board lists them.

        Nobody has ranked them yet: what the provider called most pressing comes first,
        and among equals who has waited longest.
        """
        steps = [When(referral__priority=one, then=at) for at, one in PRESSING]
        return (
            self.asked()
            .alias(pressing=Case(*steps, default=0, output_field=IntegerField()))
            .order_by("-pressing", "received_at", "pk")
        )

    def in_line(self) -> Self:
        """Those whom the board lists: to be judged, or waiting for a time."""
        return self.filter(status__in=IN_LINE)

    def declined_since(self, since: datetime) -> Self:
        """Those declined after `since`: the trail alone says when."""
        acts = AuditEvent.objects.filter(
            record_type=self.model._meta.label_lower,
            action="request.rejected",
            at__gt=since,
        )
        keys = [int(key) for key in acts.values_list("record_id", flat=True)]
        return self.filter(status=EntryStatus.REJECTED, pk__in=keys)

    def with_patient(self) -> Self:
        """With what a row of the queue shows."""
        return self.select_related(
            "patient", "category", "referral__technique", "referral__diagnosis"
        )

    def with_referral(self) -> Self:
        """With what a page about one request shows."""
        return self.select_related("referral__provider", "therapist__user", "location")

    def with_plan(self) -> Self:
        """With what a page about where a patient stands shows."""
        referral = ("diagnosis", "insurer", "authorization", "technique")
        return self.select_related(
            "category", "patient", *(f"referral__{name}" for name in referral)
        )

    def to_be_offered(self) -> Self:
        """
        With what is always asked about a time for one request.

        Technique and insurer are looked up where there is one, the category where its
        target is shown: joined all at once, PostgreSQL takes longer to plan the read
        than to answer.
        """
        return self.select_related("patient", "referral__authorization")

    def with_open_offer(self, now: datetime) -> Self:
        """Mark those that have an offer to answer."""
        return self.annotate(has_offer=open_offer(now))

    def seen_first(self, *, now: datetime) -> Self:
        """
        Those of first visits made, or booked and begun, in the LOOK_BACK before `now`.

        With `seen_at`. Only first visits of a plan count: the others wait for a planned
        day. A join, not a look-up: so PostgreSQL starts from the visits of these days.
        """
        agreed = Q(appointments__status__in=SEEING_THE_PATIENT)  # one at most
        return (
            self.filter(session=1, category__isnull=False)
            .alias(visit=FilteredRelation("appointments", condition=agreed))
            .annotate(seen_at=F("visit__starts_at"))
            .filter(seen_at__gt=now - LOOK_BACK, seen_at__lte=now)
        )

    def median_waits(self, *, now: datetime) -> QuerySet[Any, Any]:
        """
        The median wait in `days` of those `seen_first`, one row for each `category`.

        The wait runs from the receipt of the referral to that visit. A category with
        fewer people than FEWEST_SHOWN is left out, by the database itself.
        """
        waited = Extract(F("seen_at") - F("received_at"), "epoch") / 86400.0
        return (
            self.seen_first(now=now)
            .values("category")
            .annotate(people=Count("patient", distinct=True), days=Median(waited))
            .filter(people__gte=FEWEST_SHOWN)
            .values("category", "days")
        )


class WaitlistEntry(models.Model):
    """One visit a patient waits for; the page says "appointment request"."""

    referral = models.ForeignKey(
        Referral, models.PROTECT, related_name="waitlist_entries"
    )
    patient = models.ForeignKey(  # the referral's, kept here for the constraints
        Patient, models.PROTECT, related_name="waitlist_entries"
    )
    session = models.PositiveSmallIntegerField(_("visit of the plan"), default=1)
    status = models.CharField(
        _("status"), max_length=16, choices=EntryStatus, default=EntryStatus.REQUESTED
    )
    received_at = models.DateTimeField(_("waiting since"))
    asked_at = models.DateTimeField(_("asked"))
    category = models.ForeignKey(TriageCategory, models.PROTECT, null=True, blank=True)
    triaged_at = models.DateTimeField(_("triaged"), null=True, blank=True)
    note = models.CharField(  # a question, or why it was declined; the patient reads it
        _("note to the patient"), max_length=500, blank=True
    )
    reply = models.CharField(_("the patient's answer"), max_length=1000, blank=True)
    need_score = models.PositiveSmallIntegerField(_("need score"), default=0)
    by_telephone = models.BooleanField(  # staff asked for the patient
        _("by telephone"), default=False
    )
    called_at = models.DateTimeField(  # a person asked why offers came to nothing
        _("called"), null=True, blank=True
    )
    told_more_at = models.DateTimeField(  # the newest report since it was asked for
        null=True, blank=True, editable=False
    )
    version = models.PositiveIntegerField(default=1, editable=False)
    category_days: int | None  # these two only where it was read `with_targets`
    overruled_days: float | None
    has_offer: bool  # these where it was read with them
    offer_out: bool  # these four only where it was locked by `lock_entry`
    told_of: bool
    visit_key: int
    policy: Policy
    told_more: bool
    not_taken: int
    missed: int

    # When they can come. Empty means any.
    earliest = models.DateField(_("not before"), null=True, blank=True)
    latest = models.DateField(_("not after"), null=True, blank=True)
    weekdays = models.CharField(_("weekdays"), max_length=7, default=LETTERS)
    from_time = models.TimeField(_("from"), default=time(0, 0))
    to_time = models.TimeField(_("to"), default=time(23, 59))
    therapist = models.ForeignKey(
        Therapist,
        models.SET_NULL,
        null=True,
        blank=True,
        verbose_name=_("therapist"),
        db_index=False,  # few are asked for by name, and nobody looks by it alone
    )
    location = models.ForeignKey(
        "services.Location",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("place"),
        db_index=False,  # as above
    )
    notice_hours = models.PositiveSmallIntegerField(_("shortest notice"), default=24)

    # What was chosen for the visit that it had, and is to be kept: see `kept_for`.
    kept_technique = models.ForeignKey(  # null: the therapist decides
        "services.Technique",
        models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        db_index=False,
    )
    kept_minutes = models.PositiveSmallIntegerField(null=True, blank=True)

    objects = WaitlistEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("waiting list entry")
        verbose_name_plural = _("waiting list entries")
        permissions = [
            ("triage_waitlistentry", "Can triage a waiting list entry"),
            ("ask_for_own_appointment", "Can ask for an appointment of their own"),
        ]
        constraints = [
            models.CheckConstraint(
                name="entry_status_is_known",
                condition=Q(status__in=EntryStatus.values),
            ),
            models.CheckConstraint(  # triage is one act: both fields, or neither
                name="entry_triage_is_whole",
                condition=Q(category=None, triaged_at=None)
                | Q(category__isnull=False, triaged_at__isnull=False),
            ),
            models.CheckConstraint(
                name="entry_waits_only_after_triage",
                condition=~Q(
                    status__in=[
                        EntryStatus.ACCEPTED,
                        EntryStatus.IN_PROGRESS,
                        EntryStatus.COMPLETED,
                    ]
                )
                | Q(category__isnull=False),
            ),
            models.CheckConstraint(
                name="entry_need_score_is_0_to_100",
                condition=Q(need_score__gte=0, need_score__lte=100),
            ),
            models.CheckConstraint(
                name="entry_session_is_positive", condition=Q(session__gte=1)
            ),
            models.CheckConstraint(
                name="entry_availability_runs_forward",
                condition=Q(to_time__gt=F("from_time"))
                & (Q(earliest=None) | Q(latest=None) | Q(latest__gte=F("earliest"))),
            ),
            models.CheckConstraint(
                name="entry_weekdays_are_letters",
                condition=Q(weekdays__regex=r"^M?T?W?R?F?S?U?$") & ~Q(weekdays=""),
            ),
            models.CheckConstraint(
                name="entry_keeps_a_kind_whole",
                condition=Q(kept_minutes=None, kept_technique=None)
                | Q(kept_minutes__isnull=False, kept_minutes__range=OF_A_VISIT),
            ),
            models.UniqueConstraint(
                name="entry_one_per_session_of_a_referral",
                fields=["referral", "session"],
                condition=~Q(status__in=[EntryStatus.REJECTED, EntryStatus.CANCELLED]),
            ),
        ]
        triggers = [
            same_patient(
                "entry_patient_is_its_referrals",
                through="referral",
                table="referrals_referral",
            ),
            only_legal_steps("legal_entry_changes", ENTRY_TRANSITIONS),
        ]
        indexes = OF_ENTRIES

    def __str__(self) -> str:
        return f"request {self.pk}"

    @property
    def is_waiting(self) -> bool:
        """Whether it waits for a time."""
        return self.status == EntryStatus.ACCEPTED

    def explain(self, *, now: datetime, exponent: float) -> Explanation | None:
        """
        Return the numbers behind the rank at `now`; None before triage.

        An entry that was read in the order of need brings its targets along; any other
        asks for them.
        """
        if self.category is None:
            return None
        if "category_days" in self.__dict__:
            days, overruled = self.category_days, self.overruled_days
        else:
            days = self.category.target_on(now)
            overrule = self.overrule_on(now)
            overruled = float(overrule.target_days) if overrule else None
        if days is None:
            return None
        return explain(
            received_at=self.received_at,
            category_days=days,
            need_score=self.need_score,
            now=now,
            exponent=exponent,
            overruled_days=overruled,
        )

    def overrule_on(self, now: datetime) -> Overrule | None:
        """Return what a person set in place of the target at `now`, if anything."""
        rows = self.overrules.all()  # by `all()`: a list can fetch them in one query
        return next((one for one in rows if one.starts_at <= now < one.ends_at), None)


def may_ask(referral: Referral, *, today: date) -> bool:
    """
    Say whether a visit of this referral can be asked for on `today`, a local day.

    It must be in force, with no request open and a visit left. Reads the referral's
    entries by `all()`, so that a list of referrals can fetch them in one query.
    """
    ended = (EntryStatus.REJECTED, EntryStatus.CANCELLED)
    entries = referral.waitlist_entries.all()
    live = [entry for entry in entries if entry.status not in ended]
    return (
        referral.status == ReferralStatus.ACTIVE
        and referral.coverage.until >= today
        and all(entry.status == EntryStatus.COMPLETED for entry in live)
        and len(live) < referral.coverage.visits
    )
