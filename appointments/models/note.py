"""The therapist's short note on a visit, version by version."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Self

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from appointments.codes import Status
from appointments.models.appointment import Appointment

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from massage_portal.accounts.models import User


class VisitNoteQuerySet(models.QuerySet["VisitNote"]):
    """Reads of notes."""

    def newest_first(self) -> Self:
        """The versions with their authors, the newest first."""
        return self.select_related("written_by").order_by("-number")

    def current(self) -> Self:
        """The newest version of each visit's note."""
        newest = VisitNote.objects.filter(appointment=OuterRef("appointment"))
        latest = newest.order_by("-number").values("number")[:1]
        return self.filter(number=Subquery(latest))

    def visible_to(self, user: User | AnonymousUser) -> Self:
        """
        Authors read all that they wrote. What is signed, the lead reads as well, and
        the therapist of the visit or of a later one of the same patient.
        """
        mine, signed = Q(written_by=user.pk), Q(signed_at__isnull=False)
        if user.has_perm("appointments.view_visitnote"):
            return self.filter(mine | signed)
        if not user.has_perm("appointments.view_own_day"):
            return self.none()
        later = Appointment.objects.seeing_the_patient().filter(
            therapist__user=user.pk,
            patient=OuterRef("appointment__patient"),
            starts_at__gt=OuterRef("appointment__starts_at"),
        )
        treats = Q(appointment__therapist__user=user.pk) | Exists(later)
        return self.filter(mine | (signed & treats))

    def to_sign(self, user: User) -> Self:
        """
        The notes whose newest version their author has not signed, by visit.

        One on a visit that was entered in error is among them: it was written.
        """
        mine = self.current().filter(written_by=user, signed_at=None)
        mine = mine.select_related("appointment__patient")
        return mine.select_related("appointment__therapist__location").order_by(
            "appointment__starts_at", "pk"
        )

    def before(self, visits: Iterable[Appointment]) -> dict[int, VisitNote]:
        """
        Return the last of these notes before each visit, by the key of the visit.

        It is that of the patient's last visit before, whoever gave it; two queries.
        """
        earlier = self.filter(
            appointment__patient=OuterRef("patient"),
            appointment__starts_at__lt=OuterRef("starts_at"),
        ).exclude(appointment__status=Status.ENTERED_IN_ERROR)
        last = earlier.order_by("-appointment__starts_at", "-number").values("pk")[:1]
        rows = Appointment.objects.filter(pk__in=[one.pk for one in visits])
        pairs = dict(rows.annotate(note=Subquery(last)).values_list("pk", "note"))
        notes = VisitNote.objects.select_related(
            "written_by", "appointment__therapist__location"
        ).in_bulk([note for note in pairs.values() if note])
        return {visit: notes[note] for visit, note in pairs.items() if note}

    def left_behind(self, visit: Appointment) -> Self:
        """Those on other visits of its request that were entered in error."""
        wrong = Q(appointment__status=Status.ENTERED_IN_ERROR)
        mine = self.current().filter(wrong, appointment__entry=visit.entry_id)
        return mine.exclude(appointment=visit).order_by("appointment")


class VisitNote(models.Model):
    """One version of a visit's note (FHIR DocumentReference); a change makes a new."""

    appointment = models.ForeignKey(Appointment, models.PROTECT, related_name="notes")
    number = models.PositiveSmallIntegerField(_("version"))
    words = models.TextField(_("note"), max_length=2000)
    written_at = models.DateTimeField(_("written"))
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+"
    )
    signed_at = models.DateTimeField(_("signed"), null=True, blank=True)

    objects = VisitNoteQuerySet.as_manager()

    class Meta:
        verbose_name = _("visit note")
        verbose_name_plural = _("visit notes")
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                name="note_number_is_unique", fields=["appointment", "number"]
            ),
            models.CheckConstraint(name="note_has_words", condition=~Q(words="")),
        ]
        triggers = [
            pgtrigger.Protect(
                name="notes_are_never_deleted", operation=pgtrigger.Delete
            ),
            pgtrigger.ReadOnly(  # only the signature comes later, and by its author
                name="note_words_stay",
                fields=["appointment", "number", "words", "written_at", "written_by"],
            ),
            pgtrigger.Protect(
                name="note_signature_stays",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__signed_at__isnull=False)
                & pgtrigger.Q(old__signed_at__df=pgtrigger.F("new__signed_at")),
            ),
        ]

    def __str__(self) -> str:
        return f"note {self.pk}"

    @property
    def patient_id(self) -> int:
        """Return whose note it is; the audit trail asks."""
        return self.appointment.patient_id
