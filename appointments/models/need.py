"""What patients tell of how their problem affects them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from appointments.codes import RoleThreat
from appointments.models.waitlist import WaitlistEntry


class NeedReport(models.Model):
    """
    How the problem affects the patient, in their own answers (FHIR Observation).

    Pain, enjoyment and activity are the PEG scale (Krebs 2009, doi:10.1007/
    s11606-009-0981-1), 0 to 10 each, over the past week; sleep is 0 to 10 alike.
    """

    entry = models.ForeignKey(
        WaitlistEntry, models.CASCADE, related_name="need_reports"
    )
    reported_at = models.DateTimeField()
    reported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+"
    )
    pain = models.PositiveSmallIntegerField(_("pain"))
    enjoyment = models.PositiveSmallIntegerField(_("enjoyment of life"))
    activity = models.PositiveSmallIntegerField(_("general activity"))
    role_threat = models.PositiveSmallIntegerField(
        _("threat to role"), choices=RoleThreat
    )
    sleep = models.PositiveSmallIntegerField(_("sleep"))

    class Meta:
        verbose_name = _("need report")
        verbose_name_plural = _("need reports")
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                name="need_answers_are_0_to_10",
                condition=Q(pain__lte=10, enjoyment__lte=10, activity__lte=10)
                & Q(sleep__lte=10),
            ),
            models.CheckConstraint(
                name="need_role_threat_is_known",
                condition=Q(role_threat__in=RoleThreat.values),
            ),
        ]

    def __str__(self) -> str:
        return f"need of request {self.entry_id}"
