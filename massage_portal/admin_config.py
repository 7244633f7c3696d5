"""Makes our admin site the default one."""

from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class PortalAdminConfig(AdminConfig):
    """Django's admin app, with the portal's own site."""

    default_site = "massage_portal.admin.Site"
