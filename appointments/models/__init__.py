"""When patients come: one module per noun."""

from __future__ import annotations

from appointments.models.appointment import Appointment
from appointments.models.calendar import CalendarFeed
from appointments.models.capacity import Certification, Room, Therapist
from appointments.models.draft import Draft, DraftOffer, DraftWait
from appointments.models.expected import ExpectedWait
from appointments.models.hours import (
    Closure,
    ExtraHours,
    HolidayCalendar,
    HolidayWorked,
    TimeOff,
    WorkingHours,
)
from appointments.models.need import NeedReport
from appointments.models.note import VisitNote
from appointments.models.out_of_turn import GivenOutOfTurn
from appointments.models.overrule import Overrule
from appointments.models.policy import Policy, TargetWait, TriageCategory
from appointments.models.question import Question
from appointments.models.supply import Proposal, Supply
from appointments.models.waitlist import WaitlistEntry
from appointments.models.wording import CategoryWording

__all__ = [
    "Appointment",
    "CalendarFeed",
    "CategoryWording",
    "Certification",
    "Closure",
    "Draft",
    "DraftOffer",
    "DraftWait",
    "ExpectedWait",
    "ExtraHours",
    "GivenOutOfTurn",
    "HolidayCalendar",
    "HolidayWorked",
    "NeedReport",
    "Overrule",
    "Policy",
    "Proposal",
    "Question",
    "Room",
    "Supply",
    "TargetWait",
    "Therapist",
    "TimeOff",
    "TriageCategory",
    "VisitNote",
    "WaitlistEntry",
    "WorkingHours",
]
