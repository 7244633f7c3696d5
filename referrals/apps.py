from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReferralsConfig(AppConfig):
    name = "referrals"
    verbose_name = _("Why a patient may come")

    def ready(self) -> None:
        """Register who renders the messages of this app."""
        from referrals import messages  # noqa: F401
