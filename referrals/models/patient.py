"""The patient, as the clinic knows them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import TrigramSimilarity, TrigramWordSimilarity
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Concat, Greatest, Lower
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField

from referrals.finding import SHORT, Sought, easily_mistaken, take_apart
from services.models.version import Unaccented

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from massage_portal.accounts.models import User

# Trigram similarity, 0 to 1.
ALIKE = 0.4  # of a name, where the birth date is the same
NEARLY = 0.55  # of the whole name, where the birth date is nearly so


class PatientQuerySet(models.QuerySet["Patient"]):
    """Reads of patients."""

    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Staff who work with referrals see every patient; a patient, themselves."""
        if user.has_perm("referrals.view_patient"):
            return self
        if user.is_authenticated:
            return self.filter(user=user)
        return self.none()

    def matching(self, text: str) -> Self:
        """
        Find by name, record number and birth date as typed, in any order; best first.

        Each word must be in a name, a short one at its beginning, or begin the record
        number. See `finding.take_apart`.
        """
        sought = take_apart(text)
        if sought.nothing:
            return self.none()
        found = self.alias(number=Lower("record_number"))
        for word in sought.words:
            found = found.filter(_named(word) | Q(number__startswith=word.lower()))
        return found._born(sought).order_by(
            _how_well(sought), "family_name", "given_name", "pk"
        )

    def nearly(self, text: str) -> Self:
        """
        Find by a name that was misspelled, the likest first.

        The operator %> goes through the trigram index; settings say how alike is alike.
        """
        sought = take_apart(text)
        long = [word for word in sought.words if word.isalpha() and len(word) > SHORT]
        if not long:
            return self.none()
        found = self.alias(number=Lower("record_number"))
        for word in sought.words:
            if word in long:
                found = found.filter(names__trigram_word_similar=folded(word))
            else:
                found = found.filter(_named(word) | Q(number__startswith=word.lower()))
        likeness: Any = sum(
            [_likeness(word) for word in long[1:]], start=_likeness(long[0])
        )
        return found._born(sought).order_by(
            likeness.desc(), "family_name", "given_name", "pk"
        )

    def _born(self, sought: Sought) -> Self:
        if not sought.born:
            return self
        number = sought.date_typed.lower()  # 03141985 may be a record number too
        born = Q(birth_date__in=sought.born)
        if number.isdecimal():
            born |= Q(number__startswith=number)
        return self.filter(born)

    def find(self, text: str, *, most: int) -> list[Patient]:
        """Return `most` at the most: those that match, then those nearly so."""
        found = list(self.matching(text)[:most])
        if len(found) < most:
            others = self.exclude(pk__in=[one.pk for one in found])
            found += others.nearly(text)[: most - len(found)]
        return kept_ones(found)

    def alike(
        self,
        *,
        given_name: str,
        family_name: str,
        birth_date: date,
        record_number: str = "",
    ) -> Self:
        """
        Those who may be the same person, the likest first.

        The same birth date and a name alike, given and family name in either order; or
        nearly the same name, and a birth date that is easily mistaken for this one; or
        the same record number. Records that were merged into another are left out: the
        one that was kept stands for them.
        """
        name = folded(f"{given_name} {family_name}")
        whole = TrigramSimilarity("names", name)  # type: ignore[arg-type]
        part = Greatest(
            _likeness(family_name),
            _likeness(given_name),
        )
        may_be = Q(birth_date=birth_date, part__gte=ALIKE)
        mistaken = easily_mistaken(birth_date)
        may_be |= Q(birth_date__in=mistaken, whole__gte=NEARLY)
        if record_number:
            may_be |= Q(number=record_number.lower())
        return (
            self.filter(merged_into=None)
            .alias(number=Lower("record_number"))
            .annotate(whole=whole, part=part)
            .filter(may_be)
            .order_by("-whole", "pk")
        )


def folded(text: str) -> Unaccented:
    """Return `text` as names are kept to be compared."""
    return Unaccented(Lower(Value(text, output_field=models.CharField())))


def _likeness(word: str) -> Any:
    """Return how like the likest part of the name is to the word, 0 to 1."""
    return TrigramWordSimilarity(folded(word), "names")  # type: ignore[arg-type]


def _named(word: str) -> Q:
    if len(word) >= SHORT:
        return Q(names__contains=folded(word))
    return _begins(word)


def _begins(word: str) -> Q:
    """Say whether a name begins with the word."""
    inside = Concat(Value(" "), folded(word))
    return Q(names__startswith=folded(word)) | Q(names__contains=inside)


def _how_well(sought: Sought) -> Case:
    """Rank a record by how well it fits: its number, then the beginning of a name."""
    ranks = []
    for word in sought.words[:1]:
        ranks = [
            When(number=word.lower(), then=0),
            When(_begins(word), then=1),
        ]
    return Case(*ranks, default=2)


def kept_ones(found: Iterable[Patient]) -> list[Patient]:
    """Return the records that stand for those found, each once, in their order."""
    return list({one.pk: one for one in (row.kept for row in found)}.values())


class Patient(models.Model):
    """Someone referred to the clinic (FHIR Patient)."""

    user = models.OneToOneField(  # null: no email address, so staff act by telephone
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="patient", null=True
    )
    record_number = models.CharField(_("record number"), max_length=20)
    given_name = models.CharField(_("given name"), max_length=100)
    family_name = models.CharField(_("family name"), max_length=100)
    birth_date = models.DateField(_("date of birth"))
    phone = PhoneNumberField(_("telephone"), blank=True)
    # The record that this one was found to be a second of; null: it stands for itself.
    merged_into = models.ForeignKey(
        "self", models.PROTECT, related_name="merged", null=True, blank=True
    )
    version = models.PositiveIntegerField(default=1, editable=False)
    # As names are compared: in small letters, without accents.
    names = models.GeneratedField(
        expression=Unaccented(Lower(Concat("given_name", Value(" "), "family_name"))),
        output_field=models.CharField(max_length=250),
        db_persist=True,
    )

    objects = PatientQuerySet.as_manager()

    class Meta:
        verbose_name = _("patient")
        verbose_name_plural = _("patients")
        permissions = [
            ("merge_patient", "Can merge two records of one patient"),
        ]
        constraints = [
            models.UniqueConstraint(
                Lower("record_number"), name="patient_record_number_is_unique"
            ),
            models.CheckConstraint(
                name="patient_has_a_name",
                condition=~Q(given_name="") & ~Q(family_name=""),
            ),
            models.CheckConstraint(
                name="patient_is_not_merged_into_itself",
                condition=Q(merged_into=None) | ~Q(merged_into=F("pk")),
            ),
        ]
        indexes = [
            GinIndex(OpClass("names", name="gin_trgm_ops"), name="patient_names"),
            models.Index(fields=["birth_date"], name="patient_birth_date"),
            models.Index(  # for the beginning of a number, which plain order cannot
                OpClass(Lower("record_number"), name="text_pattern_ops"),
                name="patient_record_number_begins",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.given_name} {self.family_name}"

    @property
    def kept(self) -> Patient:
        """The record that stands for this one: itself, or what it was merged into."""
        found = self
        while found.merged_into is not None:
            found = found.merged_into
        return found


class PatientMergeQuerySet(models.QuerySet["PatientMerge"]):
    """Reads of merges."""

    def open(self) -> Self:
        """Those that were not undone, the newest first."""
        return self.filter(undone_at=None).order_by("-at", "-pk")


class PatientMerge(models.Model):
    """Two records of one patient made one, and what it takes to part them again."""

    kept = models.ForeignKey(Patient, models.PROTECT, related_name="merges")
    merged = models.ForeignKey(Patient, models.PROTECT, related_name="+")
    # The keys of what moved, by model label: {"referrals.referral": [7, 9]}.
    moved = models.JSONField(default=dict)
    reason = models.CharField(_("why"), max_length=300)
    at = models.DateTimeField(_("merged"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    undone_at = models.DateTimeField(_("parted again"), null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
    )

    objects = PatientMergeQuerySet.as_manager()

    class Meta:
        verbose_name = _("merge of two records")
        verbose_name_plural = _("merges of two records")
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                name="merge_is_of_two", condition=~Q(kept=F("merged"))
            ),
            models.UniqueConstraint(
                name="merge_is_open_once",
                fields=["merged"],
                condition=Q(undone_at=None),
            ),
            models.CheckConstraint(
                name="merge_is_undone_by_somebody",
                condition=Q(undone_at=None, undone_by=None)
                | Q(undone_at__isnull=False, undone_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"merge {self.pk}"
