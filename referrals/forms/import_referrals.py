"""Sending a spreadsheet of referrals."""

from __future__ import annotations

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Submit
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from massage_portal import forms as parts
from referrals.actions.import_referrals import PAGE_BYTES

SECOND = "button--secondary"
# Sent by a script where there is one, which shows that the file is being read.
SHOWN = {
    "data_hx_post": reverse_lazy("referrals:import_referrals"),
    "data_hx_encoding": "multipart/form-data",
    "data_hx_target": "#main",
    "data_hx_select": "#main",
    "data_hx_swap": "outerHTML",
    "data_hx_indicator": "#busy",
    "data_hx_disabled_elt": "this",
}


class ImportReferrals(parts.Form):
    """Check what can be said of a file from outside; its reader judges the rest."""

    file = parts.File(
        label=_("File of referrals"),
        help_text=_("A table saved as CSV, of at most 5 MB and 5,000 lines."),
        max_bytes=PAGE_BYTES,
        endings=[".csv", ".txt"],
        error_messages={
            "too_large": _(
                "Choose a file of at most %(most)s MB. This one has %(megabytes)s MB. "
                "Split it in parts, or ask whoever runs the portal to take it in with "
                "the command import_referrals."
            )
        },
    )

    @property
    def helper(self) -> FormHelper:
        """Return the form's look, with three buttons; Enter presses the first."""
        helper: Any = super().helper
        helper.submit_label = ""
        helper.add_input(Submit("check", _("Check the file"), **SHOWN))
        helper.add_input(Submit("take", _("Take it in"), css_class=SECOND, **SHOWN))
        helper.add_input(
            Submit("download", _("Check, and download the result"), css_class=SECOND)
        )
        return helper

    @property
    def too_large(self) -> bool:
        """Say whether the file is larger than a page takes."""
        return self.has_error("file", "too_large")
