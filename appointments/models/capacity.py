"""Who gives massage, and where. Openings are computed from these, never stored."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from massage_portal.prepared import Prepared

if TYPE_CHECKING:
    from services.models import Technique


NAMES = Prepared(
    "names_of_therapists",
    """
    SELECT t.id, u.name::varchar, l.name::varchar FROM appointments_therapist t
      JOIN accounts_user u ON u.id = t.user_id
      JOIN services_location l ON l.article_ptr_id = t.location_id
     WHERE t.id = ANY(%(therapists)s)
    """,
)


def names_of(therapists: Collection[int]) -> dict[int, tuple[str, str]]:
    """Return, by key, each therapist's name and that of their place."""
    rows = NAMES.rows(therapists=list(therapists))
    return {key: (name, place) for key, name, place in rows}


class TherapistQuerySet(models.QuerySet["Therapist"]):
    """Reads of therapists."""

    def who_can(self, technique: Technique | None, *, on: date) -> Self:
        """
        Those who give massage, and are certified for the technique; by name.

        :param on: the day, local to the place; the last day of a certificate counts.
        """
        able = self.filter(active=True, location__gives_massage=True)
        if technique is not None:
            held = Certification.objects.filter(
                Q(valid_until=None) | Q(valid_until__gte=on),
                therapist=OuterRef("pk"),
                technique=technique,
            )
            able = able.filter(Exists(held))
        return able.select_related("user", "location").order_by("user__name", "pk")


class Therapist(models.Model):
    """A certified massage therapist (FHIR Practitioner)."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="therapist"
    )
    location = models.ForeignKey("services.Location", models.PROTECT)
    techniques = models.ManyToManyField(
        "services.Technique",
        through="Certification",
        verbose_name=_("certified for"),
    )
    active = models.BooleanField(_("gives massage"), default=True)

    objects = TherapistQuerySet.as_manager()

    class Meta:
        verbose_name = _("therapist")
        verbose_name_plural = _("therapists")
        permissions = [
            ("view_own_day", "Can see their own day"),
            ("change_capacity", "Can change hours, rooms and closures"),
        ]

    def __str__(self) -> str:
        return self.user.name


class Certification(models.Model):
    """A technique for which a therapist is certified (Practitioner.qualification)."""

    therapist = models.ForeignKey(
        Therapist, models.CASCADE, related_name="certifications"
    )
    technique = models.ForeignKey("services.Technique", models.PROTECT)
    valid_until = models.DateField(  # null: it does not end
        _("valid until"), null=True, blank=True
    )

    class Meta:
        verbose_name = _("certificate")
        verbose_name_plural = _("certificates")
        constraints = [
            models.UniqueConstraint(
                name="certification_is_entered_once",
                fields=["therapist", "technique"],
            )
        ]

    def __str__(self) -> str:
        return f"certificate {self.pk}"


class Room(models.Model):
    """A treatment room (FHIR Location)."""

    location = models.ForeignKey("services.Location", models.PROTECT)
    name = models.CharField(_("name"), max_length=60)
    active = models.BooleanField(_("in use"), default=True)
    techniques = models.ManyToManyField(
        "services.Technique",
        blank=True,
        verbose_name=_("fit for"),
        help_text=_("Leave empty if the room is fit for every technique."),
    )
    renamed_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("room")
        verbose_name_plural = _("rooms")
        constraints = [
            models.UniqueConstraint(
                name="room_name_is_unique_in_its_location", fields=["location", "name"]
            )
        ]

    def __str__(self) -> str:
        return self.name
