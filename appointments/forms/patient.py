"""What patients fill in beside a request. They only check."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from massage_portal import forms as parts


class Reply(parts.Form):
    """The answer to what the clinic asked."""

    submit = _("Send my answer")
    words = parts.Text(label=_("Your answer"), max_length=1000, lines=5)
