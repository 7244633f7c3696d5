"""A time that went to somebody though others in greater need could have used it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from appointments.codes import TO_BE_EXPLAINED, OutOfTurn
from appointments.models.appointment import Appointment
from massage_portal.prepared import Prepared

if TYPE_CHECKING:
    from massage_portal.accounts.models import User


class GivenOutOfTurn(models.Model):
    """
    Who gave a time out of turn, why, and past how many.

    Counted are those who could have had it at that moment, up to `turns.MOST`.
    """

    appointment = models.OneToOneField(
        Appointment, models.CASCADE, related_name="out_of_turn"
    )
    reason = models.CharField(_("reason"), max_length=12, choices=OutOfTurn)
    note = models.CharField(_("note"), max_length=300, blank=True)
    passed_over = models.PositiveSmallIntegerField(_("in greater need"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(_("when"))

    class Meta:
        verbose_name = _("time given out of turn")
        verbose_name_plural = _("times given out of turn")
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                name="out_of_turn_reason_is_known",
                condition=Q(reason__in=OutOfTurn.values),
            ),
            models.CheckConstraint(
                name="out_of_turn_is_explained",
                condition=~Q(reason__in=TO_BE_EXPLAINED) | ~Q(note=""),
            ),
            models.CheckConstraint(
                name="out_of_turn_passes_somebody_over",
                condition=Q(passed_over__gte=1),
            ),
        ]
        indexes = [models.Index(fields=["at"], name="out_of_turn_by_time")]

    def __str__(self) -> str:
        return f"appointment {self.appointment_id} out of turn"


_ADD = Prepared(
    "add_out_of_turn",
    """
    INSERT INTO appointments_givenoutofturn
           (appointment_id, reason, note, passed_over, by_id, at)
    VALUES (%(visit)s, %(reason)s, %(note)s, %(past)s, %(by)s, %(at)s)
    """,
)


def add_out_of_turn(
    visit: Appointment,
    reason: OutOfTurn,
    note: str,
    *,
    past: int,
    by: User,
    now: datetime,
) -> None:
    """Keep that `by` gave the visit past so many in greater need, and why."""
    said = {"reason": str(reason), "note": note, "past": past}
    _ADD.run(visit=visit.pk, by=by.pk, at=now, **said)
