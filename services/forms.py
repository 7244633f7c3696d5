"""What a visitor may type."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from massage_portal import forms as parts


class Search(parts.Form):
    """Check the words of a search; none at all is fine, and finds nothing."""

    method = "get"
    submit = _("Search")
    q = parts.Text(
        label=_("Search by condition, technique or question"),
        max_length=100,
        required=False,
    )

    def typed(self) -> str:
        """Return what was typed, as it may be searched for; "" if it may not."""
        return self.cleaned_data.get("q", "") if self.is_valid() else ""
