"""Forms of accounts. They only check."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.password_validation import (
    password_validators_help_text_html,
    validate_password,
)
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from massage_portal import forms as parts
from massage_portal.accounts.models import User


class FirstPassword(parts.Form):
    """Check a first password, typed twice."""

    submit = _("Save password and sign in")

    password1 = forms.CharField(
        label=_("Choose a password"),
        help_text=password_validators_help_text_html,
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    password2 = forms.CharField(
        label=_("Type the password again"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean(self) -> dict[str, Any]:
        """Refuse a weak password, and two that differ, each at its field."""
        checked: dict[str, Any] = super().clean() or {}
        first = checked.get("password1")
        if first:
            try:
                validate_password(first, self.user)
            except ValidationError as refusal:
                self.add_error("password1", refusal)
        if first and checked.get("password2") and first != checked["password2"]:
            self.add_error(
                "password2",
                _("The two passwords differ. Type the same one in both places."),
            )
        return checked
