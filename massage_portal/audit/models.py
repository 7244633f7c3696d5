"""What users did and saw: rows that are added and never changed."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.utils.translation import gettext_lazy as _


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
