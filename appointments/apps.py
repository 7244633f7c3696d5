from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AppointmentsConfig(AppConfig):
    name = "appointments"
    verbose_name = _("When patients come")

    def ready(self) -> None:
        """Register who renders messages, whom records are about, and who objects."""
        from appointments import correspondents, messages, objections  # noqa: F401
        from appointments.actions import follow  # noqa: F401
