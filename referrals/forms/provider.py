"""An account for a provider."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from massage_portal import forms as parts


class GiveAccount(parts.Form):
    """Check the address that the link to a first password goes to."""

    submit = _("Send the link")
    email = parts.Email(
        label=_("The provider's work email address"),
        help_text=_("Their own, which nobody else reads. They sign in with it."),
    )
