"""Letters kept with a referral: the scan or the file that it came as."""

from __future__ import annotations

import uuid

import pgtrigger
from django.conf import settings
from django.core.files.storage import Storage, storages
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from referrals.models.referral import Referral

MOST_BYTES = 10_000_000


def private_storage() -> Storage:
    """Return where letters lie: no address of the web leads there."""
    return storages["letters"]


def path_of(letter: Letter, _name: str) -> str:
    """Return where a letter lies: by its own key, for names are never trusted."""
    return f"{letter.key.hex[:2]}/{letter.key.hex}"


class Letter(models.Model):
    """A letter (FHIR DocumentReference); only retention removes it."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    referral = models.ForeignKey(Referral, models.PROTECT, related_name="letters")
    file = models.FileField(storage=private_storage, upload_to=path_of, max_length=80)
    name = models.CharField(_("name"), max_length=150)  # shown, never a path
    content_type = models.CharField(_("kind of file"), max_length=40)
    size = models.PositiveIntegerField(_("size in bytes"))
    sha256 = models.CharField(max_length=64, editable=False)
    added_at = models.DateTimeField(_("added"))
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = _("letter")
        verbose_name_plural = _("letters")
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                name="letter_is_of_a_kind_we_keep",
                condition=Q(
                    content_type__in=["application/pdf", "image/png", "image/jpeg"]
                ),
            ),
            models.CheckConstraint(
                name="letter_has_1_byte_to_10_megabytes",
                condition=Q(size__gte=1, size__lte=MOST_BYTES),
            ),
            models.UniqueConstraint(  # the same letter twice is one letter
                name="letter_is_kept_once", fields=["referral", "sha256"]
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="letter_stays_as_it_came", operation=pgtrigger.Update
            )
        ]

    def __str__(self) -> str:
        return self.name
