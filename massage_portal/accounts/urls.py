"""
Addresses of accounts: the views of django-allauth that the portal opens, and ours.

Each is wrapped to say who may open it; what is not listed here cannot be reached.
"""

from __future__ import annotations

from functools import wraps

from allauth.account import views as allauth
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from massage_portal.access import View, by_link, requires
from massage_portal.accounts import views


def opened(view: View) -> View:
    """Return `view` in a coat of its own, so that marking it does not mark theirs."""

    @wraps(view)
    def ours(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        return view(request, *args, **kwargs)

    return by_link(ours)  # pages on which people type passwords are never cached


ours = (
    [path("invitation/<str:token>/", views.invitation, name="invitation")],
    "accounts",
)

urlpatterns = [
    path("", include(ours)),
    path("login/", opened(allauth.login), name="account_login"),
    path("logout/", opened(views.sign_out), name="account_logout"),
    path("inactive/", opened(allauth.account_inactive), name="account_inactive"),
    path("signup/", opened(allauth.signup), name="account_signup"),
    path(
        "reauthenticate/",
        requires("")(allauth.reauthenticate),
        name="account_reauthenticate",
    ),
    path(
        "password/change/",
        requires("")(allauth.password_change),
        name="account_change_password",
    ),
    path(
        "password/reset/",
        opened(allauth.password_reset),
        name="account_reset_password",
    ),
    path(
        "password/reset/done/",
        opened(allauth.password_reset_done),
        name="account_reset_password_done",
    ),
    path(
        "password/reset/key/<str:uidb36>-<str:key>/",
        opened(allauth.password_reset_from_key),
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        opened(allauth.password_reset_from_key_done),
        name="account_reset_password_from_key_done",
    ),
]
