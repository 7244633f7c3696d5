"""What users did and saw: rows that are added and never changed."""

from __future__ import annotations

from typing import Self

import pgtrigger
from django.db import models
from django.utils.translation import gettext_lazy as _

MERGED, PARTED = "patient.merged", "patient.parted"


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    """Reads of the trail."""

    def of_patient(self, key: int) -> Self:
        """
        What was done to and seen of one patient, by any of the records that are theirs.

        The trail is never rewritten: it says itself which records were merged
        ("12>7", the second one kept) and which were parted again.
        """
        keys, new = {key}, {key}
        while new:
            said = self.filter(action__in=[MERGED, PARTED], patient_id__in=new)
            last = dict(said.order_by("pk").values_list("change", "action"))
            pairs = [change for change, action in last.items() if action == MERGED]
            found = {int(one) for pair in pairs for one in pair.split(">")}
            new = found - keys
            keys |= new
        return self.filter(patient_id__in=keys)

    def last_change_of(self, subject: models.Model) -> AuditEvent | None:
        """Return who changed a patient's row last, and when; a sight is no change."""
        mine = self.filter(
            patient_id=getattr(subject, "patient_id", None),
            record_type=subject._meta.label_lower,
            record_id=str(subject.pk),
        )
        return mine.exclude(change="").order_by("-pk").first()


class AuditEvent(models.Model):
    """
    Who did what, to which record, whose, when, from where (FHIR AuditEvent).

    It has no foreign keys: the trail must outlive what it speaks of. It holds no
    health data: only keys, codes and the names of states.
    """

    at = models.DateTimeField(_("when"))
    actor_id = models.BigIntegerField(_("who (user)"), null=True)
    actor = models.CharField(_("who"), max_length=200)  # "system" when nobody asked
    action = models.CharField(_("what"), max_length=60)  # "appointment.booked"
    record_type = models.CharField(_("record"), max_length=60)
    record_id = models.CharField(_("record's key"), max_length=40)
    patient_id = models.BigIntegerField(_("whose"), null=True)
    change = models.CharField(_("change"), max_length=200, blank=True)
    address = models.GenericIPAddressField(_("from where"), null=True)
    trace = models.CharField(_("request"), max_length=40, blank=True)
    by_telephone = models.BooleanField(  # the actor did it for a patient who called
        _("by telephone"), default=False
    )
    by_link = models.BooleanField(  # the actor is who holds a link, not signed in
        _("by a link"), default=False
    )

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("audit events")
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["-at", "-id"], name="audit_newest_first"),
            models.Index(fields=["patient_id", "-at"], name="audit_of_one_patient"),
        ]
        triggers = [
            pgtrigger.Protect(
                name="append_only", operation=pgtrigger.Update | pgtrigger.Delete
            ),
            pgtrigger.Trigger(
                name="never_emptied",
                operation=pgtrigger.Truncate,
                level=pgtrigger.Statement,
                when=pgtrigger.Before,
                func="RAISE EXCEPTION 'the audit trail is never emptied';",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor} {self.action}"
