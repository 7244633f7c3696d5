"""Letters kept with a referral: the scan or the file that it came as."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Self

import pgtrigger
from django.conf import settings
from django.core.files.storage import Storage, storages
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from referrals.models.referral import Referral

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from massage_portal.accounts.models import User

MOST_BYTES = 10_000_000


def private_storage() -> Storage:
    """Return where letters lie: no address of the web leads there."""
    return storages["letters"]


def path_of(letter: Letter, _name: str) -> str:
    """Return where a letter lies: by its own key, for names are never trusted."""
    return f"{letter.key.hex[:2]}/{letter.key.hex}"


class LetterQuerySet(models.QuerySet["Letter"]):
    """Reads of letters."""

    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Those who work with referrals read letters; patients ask the clinic."""
        if user.has_perm("referrals.view_referral"):
            return self
        return self.none()

    def newest_first(self) -> Self:
        """For a list: the newest on top, with who added each."""
        return self.select_related("added_by").order_by("-added_at", "-pk")

    def over_since(self, moment: datetime) -> Self:
        """
        Letters that nothing has needed since `moment`.

        By then the referral's last valid day was over, nobody has changed it since,
        and the letter itself is older.
        """
        quiet = Coalesce("referral__changed_at", "referral__recorded_at")
        return self.annotate(quiet_since=quiet).filter(
            referral__valid_until__lt=moment.date(),
            quiet_since__lt=moment,
            added_at__lt=moment,
        )


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

    objects = LetterQuerySet.as_manager()

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

    @property
    def kind(self) -> str:
        """Return what people call this kind of file: PDF, PNG or JPEG."""
        return self.content_type.rpartition("/")[2].upper()

    @property
    def patient_id(self) -> int:
        """Return whose letter it is; the audit trail asks."""
        return self.referral.patient_id
