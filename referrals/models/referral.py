"""The referral, and what was answered when safety was asked about."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Self

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Prefetch, Q, Subquery, When
from django.db.models.functions import Coalesce, Least
from django.utils.translation import gettext_lazy as _

from massage_portal.states import only_legal_steps
from referrals.codes import OPEN, TAKEN_BACK, TRANSITIONS, Answer, Priority, Status
from referrals.coverage import Allowed, Coverage, Needs, coverage
from referrals.models.daylist import DayList
from referrals.models.diagnosis import DiagnosisCode
from referrals.models.patient import Patient
from referrals.models.provider import Provider
from referrals.pieces import Facts, Piece, pieces
from referrals.screening import outcome
from services.models import Precaution

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from massage_portal.accounts.models import ClientSystem, User


def lacks_a_number(referral: str = "") -> Q:
    """
    Return those whose insurer wants a number that nobody has recorded yet.

    :param referral: the way to the referral, "referral__" or none.
    """
    wants, has = f"{referral}insurer__needs_", f"{referral}authorization"
    none = Q(**{has: None})
    return (
        Q(**{f"{wants}authorization": True}) & (none | Q(**{f"{has}__number": ""}))
    ) | (
        Q(**{f"{wants}referral": True}) & (none | Q(**{f"{has}__referral_number": ""}))
    )


class ReferralQuerySet(DayList["Referral"]):
    """Reads of referrals."""

    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Clinic staff see all; a patient, their own; a provider, those they sent."""
        if user.has_perm("referrals.view_referral"):
            return self
        if user.has_perm("referrals.view_sent_referral"):
            return self.of_provider(user)
        if user.is_authenticated and user.has_perm("referrals.view_own_referral"):
            return self.filter(patient__user=user).exclude(
                status=Status.ENTERED_IN_ERROR
            )
        return self.none()

    def of_provider(self, user: User | AnonymousUser) -> Self:
        """Those that this user sent as a provider, also if they may refer no more."""
        mine = self.filter(provider__user_id=user.pk, provider__user__isnull=False)
        return mine.exclude(status=Status.ENTERED_IN_ERROR)

    def sent_by(self, system: ClientSystem) -> Self:
        """What another system sent, with all that it is told of it."""
        return self.filter(sent_by=system).select_related(
            "patient", "provider", "diagnosis", "technique"
        )

    def worklist(self) -> Self:
        """For the staff's list: those on hold first, then the newest."""
        on_hold = Case(When(status=Status.ON_HOLD, then=0), default=1)
        return self.select_related("patient", "provider", "diagnosis").order_by(
            on_hold, "-received_at", "pk"
        )

    def with_all(self) -> Self:
        """With what a page about one referral shows."""
        return self.select_related(
            *("patient__user", "provider", "diagnosis", "technique"),
            *("insurer", "authorization", "recorded_by"),
        ).prefetch_related(screening())

    def with_coverage(self) -> Self:
        """With the last day and the visits that can be booked: coverage.py, in SQL."""
        return self.annotate(
            covered_until=Least(
                "valid_until", Coalesce("authorization__valid_until", "valid_until")
            ),
            covered_visits=Case(
                When(lacks_a_number(), then=0),
                default=Least(
                    "sessions", Coalesce("authorization__visits", "sessions")
                ),
                output_field=models.IntegerField(),
            ),
        )

    def in_force_on(self, day: date, *, visit: int = 1) -> Self:
        """Active, valid on `day`, and covering so many visits: see coverage.py."""
        covered = self.with_coverage().filter(covered_visits__gte=visit)
        return covered.filter(
            status=Status.ACTIVE, valid_from__lte=day, covered_until__gte=day
        )


class Referral(models.Model):
    """A provider's request that a patient have massage (FHIR ServiceRequest)."""

    patient = models.ForeignKey(Patient, models.PROTECT, related_name="referrals")
    provider = models.ForeignKey(Provider, models.PROTECT, related_name="referrals")
    diagnosis = models.ForeignKey(DiagnosisCode, models.PROTECT)
    technique = models.ForeignKey(  # null: the therapist decides
        "services.Technique", models.PROTECT, null=True, blank=True
    )
    insurer = models.ForeignKey(  # null: not known, or none
        "services.Insurer",
        models.PROTECT,
        verbose_name=_("insurer"),
        null=True,
        blank=True,
    )
    other_diagnoses = models.ManyToManyField(
        DiagnosisCode, related_name="+", verbose_name=_("other diagnoses"), blank=True
    )
    reason = models.TextField(_("reason"), max_length=2000, blank=True)
    goals = models.TextField(_("goals"), max_length=1000, blank=True)
    status = models.CharField(
        _("status"), max_length=16, choices=Status, default=Status.ACTIVE
    )
    status_reason = models.CharField(  # FHIR statusReason; empty for what needs none
        _("why it is so"), max_length=300, blank=True
    )
    priority = models.CharField(_("priority"), max_length=8, choices=Priority)
    received_at = models.DateTimeField(_("received"))  # the clock starts here
    valid_from = models.DateField(_("valid from"))
    valid_until = models.DateField(_("valid until"))
    sessions = models.PositiveSmallIntegerField(_("visits authorized"))
    interval_days = models.PositiveSmallIntegerField(_("days between"), default=7)
    clearance_by = models.CharField(_("cleared by"), max_length=200, blank=True)
    clearance_on = models.DateField(_("cleared on"), null=True, blank=True)
    # The referral that this one carries on; the patient keeps that one's clock.
    renews = models.ForeignKey(
        "self", models.PROTECT, related_name="renewals", null=True, blank=True
    )
    # What another system calls it (FHIR Identifier); "" where staff recorded it.
    identifier_system = models.CharField(max_length=200, blank=True, editable=False)
    identifier_value = models.CharField(max_length=100, blank=True, editable=False)
    sent_by = models.ForeignKey(  # null: staff recorded it
        "accounts.ClientSystem", models.PROTECT, related_name="+", null=True
    )
    submission = models.UUIDField(unique=True, editable=False)  # one form, one row
    version = models.PositiveIntegerField(default=1, editable=False)
    recorded_at = models.DateTimeField(_("recorded"))
    recorded_by = models.ForeignKey(  # null: another system sent it
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True
    )
    changed_at = models.DateTimeField(_("last changed"), null=True, editable=False)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True
    )

    objects = ReferralQuerySet.as_manager()

    class Meta:
        verbose_name = _("referral")
        verbose_name_plural = _("referrals")
        permissions = [
            ("record_referral", "Can record a referral"),
            ("retract_referral", "Can say that a referral was entered in error"),
            ("import_referral", "Can take in a spreadsheet of referrals"),
            ("view_sent_referral", "Can see the referrals they sent"),
            ("sign_sent_plan", "Can sign plans of the referrals they sent"),
            ("sign_plan", "Can sign plans as a therapist"),
            ("view_own_referral", "Can see their own referral"),
        ]
        constraints = [
            models.CheckConstraint(
                name="referral_status_is_known",
                condition=Q(status__in=Status.values),
            ),
            models.CheckConstraint(
                name="referral_priority_is_known",
                condition=Q(priority__in=Priority.values),
            ),
            models.CheckConstraint(
                name="referral_period_runs_forward",
                condition=Q(valid_until__gte=F("valid_from")),
            ),
            models.CheckConstraint(
                name="referral_authorizes_1_to_60_sessions",
                condition=Q(sessions__gte=1, sessions__lte=60),
            ),
            models.CheckConstraint(
                name="referral_interval_is_1_to_365_days",
                condition=Q(interval_days__gte=1, interval_days__lte=365),
            ),
            models.CheckConstraint(  # clearance is one act: both, or neither
                name="referral_clearance_is_whole",
                condition=Q(clearance_by="", clearance_on=None)
                | (~Q(clearance_by="") & Q(clearance_on__isnull=False)),
            ),
            models.UniqueConstraint(
                name="referral_one_open_per_diagnosis",
                fields=["patient", "diagnosis"],
                condition=Q(status__in=OPEN),
            ),
            models.UniqueConstraint(
                name="referral_identifier_arrives_once",
                fields=["identifier_system", "identifier_value"],
                condition=~Q(identifier_value=""),
            ),
            models.UniqueConstraint(  # a link pressed twice renews once
                name="referral_is_renewed_once",
                fields=["renews"],
                condition=Q(renews__isnull=False) & ~Q(status__in=TAKEN_BACK),
            ),
        ]
        triggers = [
            only_legal_steps("legal_status_changes", TRANSITIONS),
        ]
        indexes = [
            models.Index(fields=["-received_at"], name="referral_newest_first"),
        ]

    def __str__(self) -> str:
        return f"referral {self.pk}"

    @property
    def is_living(self) -> bool:
        """Say whether it can still be changed: it has not ended."""
        return self.status in (Status.DRAFT, *OPEN)

    def unasked(self) -> list[Precaution]:
        """Return the questions for some referrals only that are not answered here."""
        answered = self.screening_answers.newest_round().values("precaution")
        asked = Precaution.objects.asked().limited().with_limits()
        return list(asked.exclude(pk__in=answered))

    def carried_on_by(self) -> Referral | None:
        """Return the referral that carries this one on, if there is one."""
        return self.renewals.exclude(status__in=TAKEN_BACK).first()

    @property
    def coverage(self) -> Coverage:
        """Return what can be booked; read `insurer` and `authorization` ahead."""
        insurer = self.insurer
        found = getattr(self, "authorization", None)
        return coverage(
            sessions=self.sessions,
            valid_until=self.valid_until,
            needs=Needs(insurer.needs_referral, insurer.needs_authorization)
            if insurer
            else Needs(),
            allowed=Allowed(
                found.referral_number, found.number, found.visits, found.valid_until
            )
            if found
            else Allowed(),
        )

    def pieces(self, today: date) -> list[Piece]:
        """Return what is missing of a row read `with_pieces`, most urgent first."""
        row: Any = self
        covered = self.coverage
        answers = [(one.meaning, one.answer) for one in self.screening_answers.all()]
        provider = self.provider.user
        return pieces(
            Facts(
                status=self.status,
                limit=covered.limit,
                days_left=(covered.until - today).days,
                outcome=outcome(answers),
                waits=self.renews_id is not None and self.valid_from > today,
                insurer_ends_it=covered.until < self.valid_until,
                provider_signed=bool(row.provider_signed or not row.has_plan),
                therapist_signed=bool(row.therapist_signed or not row.has_plan),
                letters=row.letters_kept,
                has_account=self.patient.user_id is not None,
                renewed=row.is_renewed,
                asked=row.asked,
                can_be_asked=provider is not None and provider.is_active,
            )
        )


class ScreeningAnswerQuerySet(models.QuerySet["ScreeningAnswer"]):
    """Reads of safety answers."""

    def newest_round(self) -> Self:
        """Those that count: of each referral, the last time that it was asked about."""
        rounds = ScreeningAnswer.objects.filter(referral=OuterRef("referral"))
        last = rounds.order_by("-round").values("round")[:1]
        return self.filter(round=Subquery(last))

    def earlier_rounds(self) -> Self:
        """Those that a later round took the place of, the newest first."""
        later = ScreeningAnswer.objects.filter(
            referral=OuterRef("referral"), round__gt=OuterRef("round")
        )
        found = self.filter(Exists(later)).select_related("asked_by")
        return found.order_by("-round", "pk")


def screening(lookup: str = "screening_answers") -> Prefetch[Any]:
    """
    Return what reads the answers that count, and their questions, ahead.

    On a row read so, `screening_answers` leads to these only, whatever is asked of it.
    """
    answers = ScreeningAnswer.objects.newest_round().select_related("precaution")
    return Prefetch(lookup, queryset=answers.order_by("pk"))


class ScreeningAnswer(models.Model):
    """What was answered to one safety question, in the words it was asked in."""

    referral = models.ForeignKey(
        Referral, models.CASCADE, related_name="screening_answers"
    )
    precaution = models.ForeignKey("services.Precaution", models.PROTECT)
    question = models.CharField(max_length=300)  # as it stood on that day
    meaning = models.CharField(max_length=16)  # services' code, as on that day
    version = models.PositiveIntegerField()  # of the question, as it was asked
    answer = models.CharField(max_length=8, choices=Answer)
    # A patient's health changes: asked again, the answers are another round.
    round = models.PositiveSmallIntegerField(default=1)
    asked_at = models.DateTimeField(null=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True
    )

    objects = ScreeningAnswerQuerySet.as_manager()

    class Meta:
        verbose_name = _("screening answer")
        verbose_name_plural = _("screening answers")
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                name="screening_asks_each_question_once",
                fields=["referral", "precaution", "round"],
            ),
            models.CheckConstraint(
                name="screening_answer_is_known",
                condition=Q(answer__in=Answer.values),
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="screening_answer_is_kept",
                operation=pgtrigger.Update | pgtrigger.Delete,
            )
        ]

    def __str__(self) -> str:
        return f"{self.question} {self.answer}"
