"""When patients come: one module per noun."""

from __future__ import annotations

from appointments.models.appointment import Appointment
from appointments.models.capacity import Room, Therapist, TimeOff, WorkingHours
from appointments.models.policy import Policy, TriageCategory
from appointments.models.supply import Proposal, Supply
from appointments.models.waitlist import NeedReport, WaitlistEntry

__all__ = [
    "Appointment",
    "NeedReport",
    "Policy",
    "Proposal",
    "Room",
    "Supply",
    "Therapist",
    "TimeOff",
    "TriageCategory",
    "WaitlistEntry",
    "WorkingHours",
]
