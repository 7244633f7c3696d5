"""The admin's window on referrals, and the door for providers."""

from __future__ import annotations

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from massage_portal.windows import Door, Window
from referrals.models import DiagnosisCode, Patient, Provider, Referral, ScreeningAnswer


@admin.register(Provider)
class ProviderAdmin(Door):
    """Who may refer."""

    list_display = ("__str__", "npi", "department", "may_refer_from", "may_refer_until")
    ordering = ("family_name", "given_name", "pk")
    search_fields = ("npi", "family_name", "given_name")
    readonly_fields = ("account",)  # a page of the portal gives one
    exclude = ("user",)

    @admin.display(description=_("account"))
    def account(self, provider: Provider) -> str:
        """Show the address a provider signs in with, or the way to give them one."""
        if provider.pk is None:
            return str(_("Save the provider first."))
        if provider.user is not None:
            return provider.user.email
        url = reverse("referrals:give_account", args=[provider.pk])
        return format_html('<a href="{}">{}</a>', url, _("Give an account"))


@admin.register(Patient, Referral, ScreeningAnswer, DiagnosisCode)
class ReadOnly(Window):
    """Seen here, changed by the portal's own pages."""

    ordering = ("-pk",)
