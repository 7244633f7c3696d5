"""The words of accounts' own mail."""

from __future__ import annotations

from allauth.account.app_settings import PASSWORD_RESET_TOKEN_GENERATOR
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from massage_portal.accounts.models import Invitation
from massage_portal.outbox.kinds import Mail, renders
from massage_portal.outbox.models import Message
from massage_portal.tokens import sign


@renders(
    "accounts.password_reset",
    gettext_lazy("Link to a new password"),
    at_once=True,
    worth_a_call=False,
)
def password_reset(message: Message) -> Mail | None:
    """Write the link that lets `message.recipient` choose a new password."""
    user = message.recipient
    if user is None or not user.is_active or not user.has_usable_password():
        return None
    key = PASSWORD_RESET_TOKEN_GENERATOR().make_token(user)
    path = reverse(
        "account_reset_password_from_key",
        kwargs={"uidb36": user_pk_to_url_str(user), "key": key},
    )
    subject = _("Choose a new password")
    context = {
        "subject": subject,
        "link": settings.PORTAL_ORIGIN + path,
        "phone": settings.CLINIC_PHONE,
    }
    return Mail(
        subject=subject,
        text=render_to_string("accounts/mail/password_reset.txt", context),
        html=render_to_string("accounts/mail/password_reset.html", context),
    )


@renders(
    "accounts.invitation",
    gettext_lazy("Link to a first password"),
    at_once=True,
    worth_a_call=False,
)
def invitation(message: Message) -> Mail | None:
    """Write the link by which someone of the clinic chooses a first password."""
    usable = Invitation.objects.usable(message.due_at)
    found = usable.filter(pk=message.subject_key).first()
    if found is None:
        return None
    path = reverse("accounts:invitation", args=[sign("invitation", found.pk)])
    subject = _("Your account at the clinic")
    context = {
        "subject": subject,
        "link": settings.PORTAL_ORIGIN + path,
        "until": found.expires_at,
        "phone": settings.CLINIC_PHONE,
    }
    return Mail(
        subject=subject,
        text=render_to_string("accounts/mail/invitation.txt", context),
        html=render_to_string("accounts/mail/invitation.html", context),
    )
