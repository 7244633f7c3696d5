"""The admin's doors for capacity and policy; windows on everything else."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from appointments import actions
from appointments.models import (
    Appointment,
    CategoryWording,
    NeedReport,
    Policy,
    Room,
    TargetWait,
    Therapist,
    TriageCategory,
    WaitlistEntry,
)
from appointments.models.policy import TriageCategoryQuerySet
from massage_portal.access import SignedInRequest
from massage_portal.accounts.models import User
from massage_portal.accounts.roles import Role
from massage_portal.windows import Door, Window
from services.admin import InAnotherLanguage, Published
from services.cache import drop_pages


@admin.register(Therapist)
class TherapistAdmin(Door):
    """
    Who may give massage, and where. All else is kept under Capacity.

    What would hit visits that are booked is changed there, where one sees whom it hits.
    """

    list_display = ("__str__", "location", "active")
    ordering = ("user__name", "pk")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Return what stays: once they have visits, who they are, and where."""
        if obj is None:
            return []
        # Another person would have given all that this one gave.
        return ["active", *(["user", "location"] if obj.appointments.exists() else [])]

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
    """Treatment rooms, to be seen: Capacity shows whom a change of them hits."""

    list_display = ("name", "location", "active")
    ordering = ("location", "name")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let rooms be added under Capacity alone."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let rooms be changed under Capacity alone."""
        return False


@admin.register(TriageCategory)
class TriageCategoryAdmin(Published):
    """Categories, which the clinical lead owns and visitors read."""

    list_display = ("name", "priority", "target_now", "active")
    ordering = ("pk",)

    def get_queryset(self, request: HttpRequest) -> Any:
        """Read the categories with the targets in force."""
        now = timezone.now()  # noqa: TID251 - an admin page is a view
        rows = super().get_queryset(request)
        return cast(TriageCategoryQuerySet, rows).with_target(now)

    @admin.display(description=_("target wait in days"))
    def target_now(self, category: TriageCategory) -> int | None:
        """Return the target in force; none, and nobody can be put here yet."""
        return category.target_days


@admin.register(CategoryWording)
class CategoryWordingAdmin(InAnotherLanguage):
    """What patients read of a category in languages other than English."""

    list_display = ("name", "category", "language")
    list_select_related = ("category",)
    ordering = ("category", "language")


def _not_past(begins: datetime) -> None:
    if begins < timezone.now():  # noqa: TID251 - an admin page is a view
        raise ValidationError(
            _("It cannot begin in the past: choose a time still to come.")
        )


def _from_now_on(form: Any, said: Any) -> None:
    """Let the beginning be left empty, as `said`, and refuse one that has passed."""
    begins = form.base_fields.get("in_force_from")
    if begins:
        begins.required = False
        begins.help_text = said
        begins.validators = [*begins.validators, _not_past]


@admin.register(TargetWait)
class TargetWaitAdmin(Published):
    """Targets, from a moment on. What is in force is never changed: add a new row."""

    list_display = ("category", "target_days", "in_force_from", "set_by")
    list_select_related = ("category", "set_by")
    ordering = ("-in_force_from", "category")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let a target be corrected only before it begins."""
        now = timezone.now()  # noqa: TID251 - an admin page is a view
        if obj is not None and obj.in_force_from <= now:
            return False
        return super().has_change_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Return what of it stays, once there is one."""
        return ["category", "in_force_from"] if obj else []

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """Let the beginning be left empty, and refuse one that has passed."""
        form = super().get_form(request, obj, change, **kwargs)
        _from_now_on(form, _("Leave it empty to let the target count at once."))
        return form

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: bool
    ) -> None:
        """Set it by the one action that does so, and let visitors' pages follow."""
        now = timezone.now()  # noqa: TID251 - an admin page is a view
        begins = obj.in_force_from or now
        kept = actions.set_target(
            category=obj.category,
            target_days=obj.target_days,
            in_force_from=begins,
            by=cast(SignedInRequest, request).user,
            now=min(now, begins),  # the form saw, a moment ago, that it lay ahead
        )
        obj.pk, obj.in_force_from = kept.pk, begins
        drop_pages()


class Within:
    """Refuses a number that no clinic could work with: a slip of the finger."""

    def __init__(self, least: int, most: int) -> None:
        """Take both ends, which are allowed."""
        self.least, self.most = least, most

    def __call__(self, number: Any) -> None:
        """Raise ValidationError unless the number lies within."""
        if not self.least <= number <= self.most:
            raise ValidationError(
                _("Enter a number from %(least)d to %(most)d."),
                params={"least": self.least, "most": self.most},
            )


TWO_WEEKS = 14 * 24  # hours
NUMBERS = {
    "ahead_days": Within(1, 366),  # each page of free times reads so many
    "hold_hours": Within(1, TWO_WEEKS),
    "notice_hours": Within(0, TWO_WEEKS),
    "lapse_notice_hours": Within(0, TWO_WEEKS),
    "first_reminder_hours": Within(0, 30 * 24),
    "second_reminder_hours": Within(0, 30 * 24),
    "late_cancel_hours": Within(0, TWO_WEEKS),
    "most_missed": Within(1, 20),
    "same_therapist_harm": Within(0, 10),
}


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

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """Refuse a beginning that has passed, and what no clinic could work with."""
        form = super().get_form(request, obj, change, **kwargs)
        _from_now_on(form, _("Leave it empty to let the policy count at once."))
        for name, within in NUMBERS.items():
            if one := form.base_fields.get(name):
                one.validators = [within]
        return form

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: bool
    ) -> None:
        """Let it begin now, if no other moment was said."""
        obj.in_force_from = obj.in_force_from or timezone.now()  # noqa: TID251 - a view
        super().save_model(request, obj, form, change)


@admin.register(WaitlistEntry, NeedReport, Appointment)
class ReadOnly(Window):
    """Seen here, changed by the portal's own pages."""

    ordering = ("-pk",)
