"""FHIR R4 codes of requests and appointments, and the steps between states."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class EntryStatus(models.TextChoices):
    """Task.status, http://hl7.org/fhir/R4/valueset-task-status.html: those in use."""

    REQUESTED = "requested", _("Asked for, not yet read")
    ON_HOLD = "on-hold", _("We need to know more")
    ACCEPTED = "accepted", _("Waiting for a time")
    IN_PROGRESS = "in-progress", _("Booked")
    COMPLETED = "completed", _("Visit over")
    REJECTED = "rejected", _("Declined")
    CANCELLED = "cancelled", _("Withdrawn")


ENTRY_TRANSITIONS: dict[EntryStatus, set[EntryStatus]] = {
    EntryStatus.REQUESTED: {
        EntryStatus.ACCEPTED,
        EntryStatus.ON_HOLD,
        EntryStatus.REJECTED,
        EntryStatus.CANCELLED,
    },
    EntryStatus.ON_HOLD: {
        EntryStatus.REQUESTED,
        EntryStatus.ACCEPTED,
        EntryStatus.REJECTED,
        EntryStatus.CANCELLED,
    },
    EntryStatus.ACCEPTED: {
        EntryStatus.IN_PROGRESS,
        EntryStatus.ON_HOLD,
        EntryStatus.REJECTED,
        EntryStatus.CANCELLED,
    },
    EntryStatus.IN_PROGRESS: {  # a cancelled visit gives the place in line back
        EntryStatus.ACCEPTED,
        EntryStatus.COMPLETED,
    },
    EntryStatus.COMPLETED: {EntryStatus.IN_PROGRESS},  # the wrong visit was marked
    EntryStatus.REJECTED: set(),
    EntryStatus.CANCELLED: set(),
}
ENTRY_OPEN = [
    EntryStatus.REQUESTED,
    EntryStatus.ON_HOLD,
    EntryStatus.ACCEPTED,
    EntryStatus.IN_PROGRESS,
]
IN_LINE = [  # to be judged, or waiting for a time: what the board lists
    EntryStatus.REQUESTED,
    EntryStatus.ON_HOLD,
    EntryStatus.ACCEPTED,
]


class Status(models.TextChoices):
    """
    Appointment.status, http://hl7.org/fhir/R4/valueset-appointmentstatus.html.

    All of the value set, so that what comes from elsewhere can be stored unchanged; the
    portal itself makes all but pending and waitlist.
    """

    PROPOSED = "proposed", _("Offered")
    PENDING = "pending", _("Pending")
    BOOKED = "booked", _("Booked")
    ARRIVED = "arrived", _("Arrived")
    CHECKED_IN = "checked-in", _("Checked in")
    FULFILLED = "fulfilled", _("Visit made")
    CANCELLED = "cancelled", _("Canceled")
    NOSHOW = "noshow", _("Missed")
    ENTERED_IN_ERROR = "entered-in-error", _("Entered in error")
    WAITLIST = "waitlist", _("On the waiting list")


TRANSITIONS: dict[Status, set[Status]] = {
    Status.PROPOSED: {Status.BOOKED, Status.CANCELLED},
    Status.PENDING: {Status.BOOKED, Status.CANCELLED},
    Status.BOOKED: {
        Status.ARRIVED,
        Status.CHECKED_IN,
        Status.FULFILLED,
        Status.CANCELLED,
        Status.NOSHOW,
        Status.ENTERED_IN_ERROR,
    },
    Status.ARRIVED: {Status.CHECKED_IN, Status.FULFILLED, Status.ENTERED_IN_ERROR},
    Status.CHECKED_IN: {Status.FULFILLED, Status.ENTERED_IN_ERROR},
    Status.FULFILLED: {Status.ENTERED_IN_ERROR},
    Status.NOSHOW: {Status.ENTERED_IN_ERROR},
    Status.CANCELLED: set(),
    Status.ENTERED_IN_ERROR: set(),
    Status.WAITLIST: set(),
}
HOLDING_TIME = [
    Status.PROPOSED,
    Status.PENDING,
    Status.BOOKED,
    Status.ARRIVED,
    Status.CHECKED_IN,
    Status.FULFILLED,
]
# What somebody at the clinic says became of a visit; it can be undone on the same day.
MARKED = [Status.ARRIVED, Status.CHECKED_IN, Status.FULFILLED, Status.NOSHOW]
# Agreed, and not over.
AHEAD = [Status.BOOKED, Status.ARRIVED, Status.CHECKED_IN]
# What uses up an entry: a booked visit, or one that was made or missed, unless that was
# our mistake: see `Missed.CLINIC`.
TAKING_THE_ENTRY = [
    Status.BOOKED,
    Status.ARRIVED,
    Status.CHECKED_IN,
    Status.FULFILLED,
    Status.NOSHOW,
]
# What ends a wait: a visit made, or one agreed to that nobody has recorded yet.
SEEING_THE_PATIENT = [
    Status.BOOKED,
    Status.ARRIVED,
    Status.CHECKED_IN,
    Status.FULFILLED,
]


class Ending(models.TextChoices):
    """Why an appointment was cancelled."""

    DECLINED = "declined", _("The patient declined the offer")
    LAPSED = "lapsed", _("The offer was not answered in time")
    BY_PATIENT = "pat", _("The patient canceled")
    BY_CLINIC = "prov", _("The clinic canceled")
    WITHDRAWN = "withdrawn", _("The clinic took the offer back")
    MOVED = "moved", _("Another time took its place")


# Offers that came to nothing on the patient's side.
NOT_TAKEN = [Ending.DECLINED, Ending.LAPSED]


class Missed(models.TextChoices):
    """Why a visit was missed, as far as anybody knows."""

    NOT_SAID = "not-said", _("We do not know")
    FORGOT = "forgot", _("They forgot")
    ILL = "ill", _("They were ill")
    TRANSPORT = "transport", _("They could not get here")
    CARE = "care", _("They were in the hospital or at another visit")
    CLINIC = "clinic", _("It was our mistake")
    OTHER = "other", _("Something else")


class RoleThreat(models.IntegerChoices):
    """
    Is the ability to work, care for others or live independently threatened?

    The values are the points of the need score: New Zealand's CPAC (BMJ 1997;314:131).
    """

    NONE = 0, _("No")
    HARDER = 7, _("It is harder than it was")
    NOT_YET = 13, _("It will be, but not right away")
    NOW = 20, _("Yes, right now")


class OutOfTurn(models.TextChoices):
    """Why a time goes to somebody though others in greater need could use it."""

    NOT_REACHED = "not-reached", _("We could not reach the others")
    NOT_WANTED = "not-wanted", _("The others do not want this time")
    SAME_DAY = "same-day", _("They come that day anyway, or from far away")
    PLAN = "plan", _("To keep the therapist or the rhythm of a plan")
    MOVED = "moved", _("Another time for a visit that is booked")
    CLINICAL = "clinical", _("A clinical reason")
    OTHER = "other", _("Another reason")


# What says nothing by itself.
TO_BE_EXPLAINED = [OutOfTurn.CLINICAL, OutOfTurn.OTHER]
