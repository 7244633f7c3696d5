"""The filters of the auditor's page."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from massage_portal import forms as parts


class Filters(parts.Form):
    """What to look for; all of it may be left empty."""

    method = "get"
    patient = parts.WholeNumber(
        label=_("Patient's key"), min_value=1, max_value=2**62, required=False
    )
    who = parts.Text(label=_("Who (email)"), max_length=100, required=False)
    what = parts.Text(
        label=_("What, for example referral"), max_length=60, required=False
    )
    day = forms.DateField(
        label=_("Day (UTC), like 2026-10-14"),
        required=False,
        input_formats=["%Y-%m-%d"],
        error_messages={"invalid": _("Write the day like 2026-10-14.")},
    )
