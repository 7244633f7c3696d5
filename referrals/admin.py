"""The admin's window on referrals, and the door for providers."""

from __future__ import annotations

from django.contrib import admin

from massage_portal.windows import Door, Window
from referrals.models import DiagnosisCode, Patient, Provider, Referral, ScreeningAnswer


@admin.register(Provider)
class ProviderAdmin(Door):
    """Who may refer."""

    list_display = ("__str__", "npi", "department", "may_refer_from", "may_refer_until")
    ordering = ("family_name", "given_name", "pk")
    search_fields = ("npi", "family_name", "given_name")


@admin.register(Patient, Referral, ScreeningAnswer, DiagnosisCode)
class ReadOnly(Window):
    """Seen here, changed by the portal's own pages."""

    ordering = ("-pk",)
