"""
Addresses of accounts: the views of django-allauth that the portal opens, and ours.

Each is wrapped to say who may open it; what is not listed here cannot be reached.
"""

from __future__ import annotations

from functools import wraps

from allauth.account import views as allauth
from django.core.exceptions import NON_FIELD_ERRORS
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import include, path, re_path
from django.views.decorators.http import require_http_methods

from massage_portal.access import View, by_link, requires
from massage_portal.accounts import views

TOO_MANY = "too_many_login_attempts"  # django-allauth's code


def opened(view: View) -> View:
    """Return `view` in a coat of its own, so that marking it does not mark theirs."""
    return by_link(coated(view))  # where people type passwords nothing is cached


def coated(view: View) -> View:
    """
    Return `view` in a coat that lets only the methods of a page through.

    A form that was refused answers 422, as ours do; 429 after too many tries.
    """

    @require_http_methods(["GET", "HEAD", "POST"])  # theirs takes a PUT for a POST
    @wraps(view)
    def ours(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        answer = view(request, *args, **kwargs)
        form = (getattr(answer, "context_data", None) or {}).get("form")
        if form is not None and form.errors:
            stopped = form.has_error(NON_FIELD_ERRORS, TOO_MANY)
            answer.status_code = 429 if stopped else 422
        return answer

    return ours


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
        requires("")(coated(allauth.reauthenticate)),
        name="account_reauthenticate",
    ),
    path(
        "password/change/",
        requires("")(coated(views.change_password)),
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
    re_path(  # the key holds dashes too: the first one divides
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>[^/]+)/$",
        opened(allauth.password_reset_from_key),
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        opened(allauth.password_reset_from_key_done),
        name="account_reset_password_from_key_done",
    ),
]
