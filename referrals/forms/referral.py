"""What staff say of a referral that is on record."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from massage_portal import forms as parts


class Clear(parts.Form):
    """Check who cleared a referral, and when."""

    submit = _("Record clearance")
    cleared_by = parts.Text(label=_("Provider who cleared it"), max_length=200)
    cleared_on = parts.ThreePartDate(label=_("Cleared on"))
    seen = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["cleared_on"]
        field.latest, field.earliest = today, today - timedelta(days=365)  # type: ignore[attr-defined]
