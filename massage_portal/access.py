"""Who may open a view: every view wears `@public`, `@requires` or `@by_system`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme

if TYPE_CHECKING:
    from massage_portal.accounts.models import Scope, User

View = Callable[..., HttpResponseBase]


class SignedInRequest(HttpRequest):
    """What a view behind `requires` is given: somebody is known to be there."""

    user: User


def public(view: View) -> View:
    """Leave the view open to everyone, on purpose."""
    view.access = "public"  # type: ignore[attr-defined]
    return view


def by_link(view: View) -> View:
    """Open the view to whoever holds a signed link; no cache keeps what it shows."""
    view.token = True  # type: ignore[attr-defined]
    return public(view)


def by_secret(scope: Scope) -> Callable[[HttpRequest], Any]:
    """Return who tells whose secret a request bears, if it is one for `scope`."""

    def known(request: HttpRequest) -> Any:
        from massage_portal.accounts.systems import bearer

        return bearer(request.headers.get("Authorization", ""), scope=scope)

    return known


def by_system(
    method: str,
    *,
    stranger: View,
    other_method: Callable[[HttpRequest, str], HttpResponse],
    unread: Callable[[int], HttpResponse],
    known: Callable[[HttpRequest], Any],
) -> Callable[[View], View]:
    """
    Open the view to other systems, for one method.

    The view is called with the system. Sessions and cookies count for nothing here, so
    there is nothing that a forged form could borrow.

    :param stranger: answers whoever bears no secret that is in use.
    :param other_method: answers other methods, given the one that is taken.
    :param unread: answers what nobody reads, given the status: see resilience.py.
    :param known: returns who it is, or None: `by_secret`, or by a signature, say.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(
            request: HttpRequest, *args: Any, **kwargs: Any
        ) -> HttpResponseBase:
            if request.method != method:
                return other_method(request, method)
            system = known(request)
            if system is None:
                return stranger(request)
            return view(request, system, *args, **kwargs)

        guarded.csrf_exempt = True  # type: ignore[attr-defined]
        guarded.access = "system"  # type: ignore[attr-defined]
        guarded.unread = unread  # type: ignore[attr-defined]
        return guarded

    return decorate


def unlisted(view: View) -> View:
    """Ask search engines to leave the page out: it holds nothing of its own."""
    view.unlisted = True  # type: ignore[attr-defined]
    return view


def takes(most_bytes: int) -> Callable[[View], View]:
    """
    Let the view take bodies of up to `most_bytes` bytes, files and framing included.

    For pages with files. What is no file is still held to the limit in the settings.
    """

    def decorate(view: View) -> View:
        view.most_bytes = most_bytes  # type: ignore[attr-defined]
        return view

    return decorate


def requires(permission: str) -> Callable[[View], View]:
    """
    Send strangers to the sign-in page; answer 403 to users without `permission`.

    HTMX follows a redirect and would put the sign-in page inside the fragment that
    asked, so it gets an empty 204 that tells it to load the whole page.

    :param permission: "app.codename", or "" for anyone who is signed in.
    """
    return requires_any(*([permission] if permission else []))


def requires_any(*permissions: str) -> Callable[[View], View]:
    """As `requires`, where one of several permissions is enough."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(
            request: HttpRequest, *args: Any, **kwargs: Any
        ) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return to_sign_in(request)
            if permissions and not any(map(request.user.has_perm, permissions)):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        guarded.access = " or ".join(permissions) or "signed in"  # type: ignore[attr-defined]
        return guarded

    return decorate


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """
    Redirect to the sign-in page, and back here after it.

    From a fragment the way back leads to the page that stands around it, and from a
    form to the page on which it was sent: what was sent is not done, and only that page
    can send it again.
    """
    htmx = getattr(request, "htmx", None)
    if not htmx:
        form = request.method not in ("GET", "HEAD") and _page_before(request)
        return redirect_to_login(form or request.get_full_path())
    answer = HttpResponse(status=204)
    page = htmx.current_url_abs_path  # None if it is not of this origin
    there = redirect_to_login(page).url if page else resolve_url("account_login")
    answer["HX-Redirect"] = there
    return answer


def _page_before(request: HttpRequest) -> str:
    """Return the path of the page of ours from which this was sent; "" if unknown."""
    page = request.headers.get("Referer", "")
    ours = {request.get_host()}
    secure = request.is_secure()
    if not url_has_allowed_host_and_scheme(page, ours, require_https=secure):
        return ""
    parts = urlsplit(page)
    if parts.path.startswith("//"):  # without its host it would name another one
        return ""
    return parts._replace(scheme="", netloc="", fragment="").geturl()
