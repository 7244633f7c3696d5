"""A letter that came with a referral."""

from __future__ import annotations

from typing import Any

from crispy_forms.helper import FormHelper
from django import forms
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from massage_portal import forms as parts
from referrals.models import Referral

_CHOOSE = _("Choose a file.")


class AddLetter(parts.Form):
    """See that a file was sent. What it is, the action judges by its content."""

    submit = _("Add this letter")
    letter = forms.FileField(
        label=_("Letter"),
        help_text=_("A PDF, PNG or JPEG of at most 10 MB."),
        allow_empty_file=True,  # the action says that it is empty
        widget=forms.FileInput(attrs={"accept": ".pdf,.png,.jpg,.jpeg"}),
        error_messages={
            "required": _CHOOSE,
            "missing": _CHOOSE,
            "invalid": _CHOOSE,
        },
    )

    def __init__(self, *args: Any, referral: Referral, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.referral = referral

    @property
    def helper(self) -> FormHelper:
        """Send it to the letters of this referral, whatever page it stands on."""
        helper = super().helper
        helper.form_action = reverse("referrals:letters", args=[self.referral.pk])
        return helper
