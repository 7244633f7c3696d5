"""Merging two records of one patient."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from massage_portal import forms as parts


class MergePatients(parts.Form):
    """Check which record is merged into the one shown, and why."""

    submit = _("Merge these two records")
    other = forms.IntegerField(
        widget=forms.HiddenInput, min_value=1, max_value=2**62, required=True
    )
    reason = parts.Text(
        label=_("How do you know that it is the same person?"),
        help_text=_("For example: the patient confirmed both numbers by telephone."),
        max_length=300,
        lines=3,
    )
