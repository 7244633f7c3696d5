"""What is asked of the list of canceled visits; it stands in the address."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from appointments.codes import Ending

PERIODS = [
    ("7", _("The past 7 days")),
    ("30", _("The past 30 days")),
    ("90", _("The past 90 days")),
    ("365", _("The past year")),
]
WHO = [
    ("", _("Anybody")),
    (Ending.BY_PATIENT.value, _("The patient")),
    (Ending.BY_CLINIC.value, _("The clinic")),
]
REFILLED = [
    ("", pgettext_lazy("visits", "All")),
    ("yes", _("Given to somebody else")),
    ("no", _("Not given")),
]


class Canceled(forms.Form):
    """Read the filters; what is none of them filters nothing."""

    period = forms.ChoiceField(label=_("Canceled in"), choices=PERIODS, required=False)
    who = forms.ChoiceField(label=_("Canceled by"), choices=WHO, required=False)
    refilled = forms.ChoiceField(
        label=_("What became of the time"), choices=REFILLED, required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["auto_id"] = "%s"
        super().__init__(*args, **kwargs)
        self.is_valid()

    def said(self, name: str) -> str:
        """Return what was chosen; "" where nothing was, or something odd."""
        return str(self.cleaned_data.get(name) or "")

    def since(self, now: datetime) -> datetime:
        """Return the moment from which on they are shown."""
        return now - timedelta(days=int(self.said("period") or PERIODS[1][0]))
