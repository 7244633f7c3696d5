"""Offers and bookings: an offer is an appointment that is still `proposed`."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from appointments.codes import (
    AHEAD,
    SEEING_THE_PATIENT,
    TAKING_THE_ENTRY,
    TRANSITIONS,
    Ending,
    Missed,
    Status,
)
from appointments.models.capacity import Room, Therapist
from appointments.models.identity import in_force
from appointments.models.indexes import OF_APPOINTMENTS
from appointments.models.periods import never_in_two_places
from appointments.models.same_patient import same_patient
from appointments.models.visits import Visits
from appointments.models.waitlist import LOOK_BACK, WaitlistEntry
from appointments.obstacle import WORDS, obstacle
from appointments.openings import Opening
from appointments.wishes import in_words
from massage_portal.states import only_legal_steps
from referrals.codes import Answer
from referrals.models import Patient, screening
from referrals.screening import outcome

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from massage_portal.accounts.models import User
    from referrals.models import Referral, ScreeningAnswer


class AppointmentQuerySet(Visits["Appointment"]):
    """Reads of appointments; those that ask for their state alone are `Visits`."""

    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Schedulers see all; a therapist, their own visits; a patient, theirs."""
        if user.has_perm("appointments.view_appointment"):
            return self
        if user.has_perm("appointments.view_own_day"):
            return self.filter(therapist__user=user).exclude(status=Status.PROPOSED)
        if user.has_perm("appointments.ask_for_own_appointment"):
            return self.filter(patient__user=user)
        return self.none()

    def with_place(self) -> Self:
        """With what a page about one visit shows."""
        return self.select_related(
            "therapist__user", "therapist__location", "room", "technique", "patient"
        )

    def for_calendar(self, user: User, *, now: datetime) -> Self:
        """The account's visits for its own calendar: of LOOK_BACK, and all ahead."""
        mine = self.in_force().filter(patient__user=user, booked_at__isnull=False)
        return mine.filter(ends_at__gt=now - LOOK_BACK).order_by("-starts_at", "-pk")

    def with_precautions(self) -> Self:
        """With what the therapist must know before the visit."""
        referral = "entry__referral__"
        return self.select_related(
            *(referral + one for one in ("diagnosis", "insurer", "authorization"))
        ).prefetch_related(screening(f"{referral}screening_answers"))

    def booked_ahead(self, referral: Referral, *, now: datetime) -> Self:
        """Return the visits of `referral` that are booked and to come, by time."""
        mine = self.filter(entry__referral=referral, status=Status.BOOKED)
        mine = mine.filter(starts_at__gt=now).order_by("starts_at")
        return mine.with_place().with_precautions()

    def with_open_move(self, now: datetime) -> Self:
        """Mark those for which another time is offered, and not yet answered."""
        others = Appointment.objects.offers_open(now).filter(replaces=OuterRef("pk"))
        return self.annotate(has_offer=Exists(others))


class Appointment(models.Model):
    """A visit offered, booked, made or missed (FHIR Appointment)."""

    uid = models.UUIDField(default=uuid.uuid4, editable=False)  # see `models/identity`
    entry = models.ForeignKey(
        WaitlistEntry, models.PROTECT, related_name="appointments"
    )
    patient = models.ForeignKey(  # the entry's, kept here for the constraint
        Patient, models.PROTECT, related_name="appointments"
    )
    therapist = models.ForeignKey(  # found by `appointment_by_therapist`
        Therapist, models.PROTECT, related_name="appointments", db_index=False
    )
    room = models.ForeignKey(Room, models.PROTECT, related_name="appointments")
    technique = models.ForeignKey(  # null: the therapist decides; nobody looks by it
        "services.Technique", models.PROTECT, null=True, blank=True, db_index=False
    )
    status = models.CharField(
        _("status"), max_length=16, choices=Status, default=Status.PROPOSED
    )
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    blocked_until = models.DateTimeField(_("therapist and room free again"))
    held_until = models.DateTimeField(_("offer holds until"), null=True, blank=True)
    offered_at = models.DateTimeField(_("offered"))
    booked_at = models.DateTimeField(_("booked"), null=True, blank=True)
    ended_at = models.DateTimeField(_("canceled"), null=True, blank=True)
    ending = models.CharField(
        _("why it was canceled"), max_length=12, choices=Ending, blank=True
    )
    replaces = models.ForeignKey(  # the visit that this one takes the place of
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="replaced_by",
    )
    by_telephone = models.BooleanField(  # staff answered for the patient
        _("by telephone"), default=False
    )
    agreed_to = models.CharField(  # codes of `Misfit`: not as wished, and agreed to
        _("agreed to, beyond the wish"), max_length=80, blank=True
    )
    confirmed_at = models.DateTimeField(  # the patient said that they will come
        _("confirmed"), null=True, blank=True
    )
    late = models.BooleanField(_("canceled late"), default=False)
    move_asked_at = models.DateTimeField(_("another time asked"), null=True, blank=True)
    move_words = models.CharField(_("why another time"), max_length=300, blank=True)
    arrived_at = models.DateTimeField(_("arrived"), null=True, blank=True)
    checked_in_at = models.DateTimeField(_("checked in"), null=True, blank=True)
    missed_because = models.CharField(
        _("why it was missed"), max_length=12, choices=Missed, blank=True
    )
    reoffer_owed = models.BooleanField(default=False, editable=False)
    sequence = models.PositiveIntegerField(default=0, editable=False)  # iCalendar's
    revised_at = models.DateTimeField(  # what a calendar shows changed otherwise
        null=True, editable=False
    )
    outside: Any = ""  # why it is outside of hours, in words, once it was `marked`

    objects = AppointmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("appointment")
        verbose_name_plural = _("appointments")
        permissions = [
            ("offer_appointment", "Can offer an appointment"),
            ("record_visit", "Can record how a visit went"),
            ("record_own_visit", "Can record how their own visits went"),
            ("view_figures", "Can see how the clinic is doing"),
        ]
        constraints = [
            never_in_two_places("therapist"),
            never_in_two_places("room"),
            never_in_two_places("patient"),
            models.UniqueConstraint(
                name="appointment_one_booked_per_entry",
                fields=["entry"],
                condition=Q(status__in=TAKING_THE_ENTRY)
                & ~Q(missed_because=Missed.CLINIC),
            ),
            models.CheckConstraint(
                name="appointment_status_is_known",
                condition=Q(status__in=Status.values),
            ),
            models.CheckConstraint(
                name="appointment_times_run_forward",
                condition=Q(ends_at__gt=F("starts_at"))
                & Q(blocked_until__gte=F("ends_at")),
            ),
            models.CheckConstraint(
                name="appointment_offer_has_an_end",
                condition=~Q(status=Status.PROPOSED) | Q(held_until__isnull=False),
            ),
            models.CheckConstraint(
                name="appointment_booking_has_a_moment",
                condition=~Q(status__in=TAKING_THE_ENTRY) | Q(booked_at__isnull=False),
            ),
            models.CheckConstraint(  # cancelling is one act: state, moment and reason
                name="appointment_cancelling_is_whole",
                condition=Q(
                    status=Status.CANCELLED,
                    ended_at__isnull=False,
                    ending__in=Ending.values,
                )
                | (~Q(status=Status.CANCELLED) & Q(ended_at=None, ending="")),
            ),
            models.UniqueConstraint(
                name="appointment_one_in_force_per_uid",
                fields=["uid"],
                condition=in_force(),
            ),
            models.UniqueConstraint(  # offers for it may follow each other
                name="appointment_is_replaced_by_one",
                fields=["replaces"],
                condition=Q(status__in=[Status.PROPOSED, *TAKING_THE_ENTRY]),
            ),
            models.CheckConstraint(
                name="appointment_only_a_missed_visit_says_why",
                condition=Q(missed_because="")
                | Q(status__in=[Status.NOSHOW, Status.ENTERED_IN_ERROR])
                & Q(missed_because__in=Missed.values),
            ),
            models.CheckConstraint(
                name="appointment_is_confirmed_after_it_was_booked",
                condition=Q(confirmed_at=None)
                | Q(booked_at__isnull=False, confirmed_at__gte=F("booked_at")),
            ),
            models.CheckConstraint(
                name="appointment_only_a_canceled_visit_is_late",
                condition=Q(late=False) | Q(status=Status.CANCELLED),
            ),
        ]
        triggers = [
            same_patient(
                "appointment_patient_is_its_entrys",
                through="entry",
                table="appointments_waitlistentry",
            ),
            only_legal_steps("legal_appointment_changes", TRANSITIONS),
        ]
        indexes = OF_APPOINTMENTS

    def __str__(self) -> str:
        return f"appointment {self.pk}"

    @property
    def precautions(self) -> list[ScreeningAnswer]:
        """The safety answers that are not a plain no."""
        answers = self.entry.referral.screening_answers.all()
        return [answer for answer in answers if answer.answer != Answer.NO]

    @property
    def obstacle(self) -> Any:
        """Why it must not take place, in words; "" if nothing is in the way."""
        if self.status not in AHEAD:
            return ""
        referral = self.entry.referral
        answers = referral.screening_answers.all()
        found = obstacle(
            status=referral.status,
            outcome=outcome((one.meaning, one.answer) for one in answers),
            coverage=referral.coverage,
            valid_from=referral.valid_from,
            day=self.local_start.date(),
            visit=self.entry.session,
        )
        return WORDS[found] if found else ""

    @property
    def missed_by_patient(self) -> bool:
        """Whether it was missed, and not by a mistake of ours."""
        return self.status == Status.NOSHOW and self.missed_because != Missed.CLINIC

    def is_on_the_day(self, now: datetime) -> bool:
        """Say whether it is on the day of `now`, as its place counts days."""
        return self.local_start.date() == now.astimezone(self.zone).date()

    def takes_a_note(self, now: datetime) -> bool:
        """Say whether there is something to write of: it has begun, and took place."""
        return self.status in SEEING_THE_PATIENT and self.starts_at <= now

    def is_at(self, opening: Opening) -> bool:
        """Say whether it is the visit that this opening makes."""
        mine = (self.therapist_id, self.starts_at)
        return mine == (opening.therapist, opening.starts_at)

    @property
    def opening(self) -> Opening:
        """The opening that it took."""
        return Opening(
            starts_at=self.starts_at,
            therapist=self.therapist_id,
            room=self.room_id,
            location=self.therapist.location_id,
            ends_at=self.ends_at,
            blocked_until=self.blocked_until,
            zone=self.zone,
        )

    @property
    def agreed_words(self) -> str:
        """What of it is not as wished, and was agreed to, in words."""
        return in_words(filter(None, self.agreed_to.split(",")))

    def is_lapsed(self, now: datetime) -> bool:
        """Say whether it is an offer that holds its time no longer."""
        return self.status == Status.PROPOSED and not self.is_open_offer(now)

    def is_booked_ahead(self, now: datetime) -> bool:
        """Say whether it is booked, and has not begun at `now`."""
        return self.status == Status.BOOKED and self.starts_at > now

    def is_open_offer(self, now: datetime) -> bool:
        """Say whether it can still be accepted at `now`."""
        return (
            self.status == Status.PROPOSED
            and self.held_until is not None
            and now < self.held_until
            and now < self.starts_at
        )

    def take_identity_of(self, old: Appointment) -> None:
        """Become the newest state of the visit that `old` was: one event for ever."""
        self.uid, self.sequence = old.uid, old.sequence

    @property
    def that_stands(self) -> Appointment:
        """
        The row that a calendar is to show for this one: what took its place.

        For an offer of another time it is the visit that stays until it is accepted.
        """
        if (kept := self.keeps) is not None:
            return kept
        rows = Appointment.objects.in_force().filter(uid=self.uid)
        return rows.with_place().first() or self

    @property
    def keeps(self) -> Appointment | None:
        """The booked visit that stays until this offer of another time is accepted."""
        if self.status != Status.PROPOSED or self.replaces_id is None:
            return None
        booked = Appointment.objects.filter(pk=self.replaces_id, status=Status.BOOKED)
        return booked.with_place().first()

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the place."""
        return ZoneInfo(self.therapist.location.time_zone)

    @property
    def local_start(self) -> datetime:
        """The start as the clock on the wall of the place shows it."""
        return self.starts_at.astimezone(self.zone)

    @property
    def local_end(self) -> datetime:
        """The end as the clock on the wall of the place shows it."""
        return self.ends_at.astimezone(self.zone)
