"""How django-allauth behaves here."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from massage_portal.accounts.models import User
from massage_portal.audit.record import record
from massage_portal.outbox import actions as outbox

RESET_MAIL_LASTS = timedelta(hours=1)


class InvitedOnly(DefaultAccountAdapter):
    """Nobody signs themselves up, and mail goes through the outbox."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": _(
            "The email address or the password is not right. Check both and try again."
        ),
        "enter_current_password": _("This is not your password. Type it again."),
        "incorrect_password": _("This is not your password. Type it again."),
        "too_many_login_attempts": _(
            "There were too many tries. Wait five minutes and try again, "
            "or choose a new password."
        ),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Answer no: an account begins with a referral, or with an administrator."""
        return False

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> Any:
        """Record who signed in."""
        answer = super().post_login(request, user, **kwargs)
        now = timezone.now()  # noqa: TID251 - as below
        record("user.signed_in", user, by=user, at=now)
        return answer

    def logout(self, request: HttpRequest) -> None:
        """Record who signed out."""
        user = request.user
        if isinstance(user, User):
            now = timezone.now()  # noqa: TID251 - as below
            record("user.signed_out", user, by=user, at=now)
        super().logout(request)

    def send_password_reset_mail(
        self, user: User, email: str, context: dict[str, Any]
    ) -> None:
        """Owe the link; a worker writes it, so the page answers alike for everyone."""
        now = timezone.now()  # noqa: TID251 - django-allauth calls this, and has no now
        outbox.owe(
            "accounts.password_reset",
            user,
            to=user,
            now=now,
            expires_at=now + RESET_MAIL_LASTS,
            key=f"{now:%Y%m%dT%H%M}",  # pressing twice sends one
        )
