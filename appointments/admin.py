"""The admin's doors for capacity and policy; windows on everything else."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone

from appointments.models import (
    Appointment,
    NeedReport,
    Policy,
    Room,
    Therapist,
    TimeOff,
    TriageCategory,
    WaitlistEntry,
    WorkingHours,
)
from massage_portal.accounts.models import User
from massage_portal.accounts.roles import Role
from massage_portal.windows import Door, Window
from services.admin import Published


class WorkingHoursInline(admin.TabularInline):
    """A therapist's weekly pattern."""

    model = WorkingHours
    extra = 0


class TimeOffInline(admin.TabularInline):
    """A therapist's time off."""

    model = TimeOff
    extra = 0


@admin.register(Therapist)
class TherapistAdmin(Door):
    """Who gives massage, where, when, and which techniques."""

    list_display = ("__str__", "location", "active")
    ordering = ("user__name", "pk")
    filter_horizontal = ("techniques",)
    inlines = (WorkingHoursInline, TimeOffInline)

    def formfield_for_foreignkey(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Offer only those with the role: a list of all users would name patients."""
        if db_field.name == "user":
            kwargs["queryset"] = User.objects.filter(
                groups__name=Role.THERAPIST
            ).order_by("name", "pk")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


@admin.register(Room)
class RoomAdmin(Door):
    """Treatment rooms."""

    list_display = ("name", "location", "active")
    ordering = ("location", "name")


@admin.register(TriageCategory)
class TriageCategoryAdmin(Published):
    """Targets, which the clinical lead owns and visitors read."""

    list_display = ("name", "priority", "target_days", "active")
    ordering = ("target_days", "pk")


@admin.register(Policy)
class PolicyAdmin(Door):
    """The clinic's numbers. What is in force is never changed: add a new row."""

    list_display = ("in_force_from", "harm_exponent", "hold_hours", "notice_hours")
    ordering = ("-in_force_from",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let a policy be changed only before it begins."""
        now = timezone.now()  # noqa: TID251 - an admin page is a view
        if obj is not None and obj.in_force_from <= now:
            return False
        return super().has_change_permission(request, obj)


@admin.register(WaitlistEntry, NeedReport, Appointment)
class ReadOnly(Window):
    """Seen here, changed by the portal's own pages."""

    ordering = ("-pk",)
