"""Forms of accounts. They only check."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as allauth
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


PASSWORD_HINT = _(
    "Use at least 12 characters. A few words together are easy to remember "
    "and hard to guess."
)


class InOurWords:
    """Gives a form of django-allauth the labels and messages of the portal."""

    LABELS = {
        "login": _("Email address"),
        "email": _("Email address"),
        "password": _("Password"),
        "oldpassword": _("Your password now"),
        "password1": _("New password"),
        "password2": _("Type the new password again"),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():  # type: ignore[attr-defined]
            field.label = self.LABELS[name]
            field.help_text = PASSWORD_HINT if name == "password1" else ""
            if name in ("login", "email"):
                field.error_messages["invalid"] = parts.Email.default_error_messages[
                    "invalid"
                ]
            parts.say_kindly(field)


class SignIn(InOurWords, allauth.LoginForm):
    """Check an email address and its password."""


class AskForLink(InOurWords, allauth.ResetPasswordForm):
    """Check the address that a link for a new password goes to."""


class NewPassword(InOurWords, allauth.ResetPasswordKeyForm):
    """Check a new password, chosen through a link."""


class ChangePassword(InOurWords, allauth.ChangePasswordForm):
    """Check the old password and the new one."""
