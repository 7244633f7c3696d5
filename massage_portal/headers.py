"""The outermost layer: the same headers on every answer, errors and redirects too."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.http import ConditionalGetMiddleware
from django.urls import Resolver404, resolve

from massage_portal.audit.context import Origin, origin

POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "object-src 'none'",
    ]
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), camera=(), microphone=()",
}
Answer = Callable[[HttpRequest], HttpResponse]


def is_private(request: HttpRequest) -> bool:
    """
    Say whether no cache may keep the answer: all but pages open to everyone.

    A visitor who has a session gets no-store everywhere, for a page may greet them.
    """
    if request.path.startswith(settings.STATIC_URL):
        return False
    if settings.SESSION_COOKIE_NAME in request.COOKIES:
        return True
    try:
        view = resolve(request.path_info).func
    except Resolver404:
        return False
    return getattr(view, "access", None) != "public" or getattr(view, "token", False)


def is_unlisted(request: HttpRequest, response: HttpResponse) -> bool:
    """Say whether search engines must leave an open page out: faults, and unlisted."""
    view = getattr(request.resolver_match, "func", None)
    return response.status_code >= 400 or getattr(view, "unlisted", False)


class Conditional(ConditionalGetMiddleware):
    """
    Answers 304 where a public page is as the browser has it; names no private one.

    It stands inside Headers, which thereby reach the 304 too, and outside all that
    sets Vary, which the 304 repeats.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Leave private pages as they are: an ETag would tell if they changed."""
        if is_private(request):
            return response
        return super().process_response(request, response)


def client_address(request: HttpRequest) -> str | None:
    """
    Return the IP address that the request came from, or None if there is none.

    Behind TRUSTED_PROXIES proxies it is what the outermost of them saw; what a client
    wrote into the header itself stands further left and is not believed.
    """
    seen = [
        one.strip() for one in request.headers.get("X-Forwarded-For", "").split(",")
    ]
    trusted = settings.TRUSTED_PROXIES
    told = seen[-trusted] if 0 < trusted <= len(seen) else ""
    for address in (told, request.META.get("REMOTE_ADDR", "")):
        with suppress(ValueError):
            return str(ip_address(address))
    return None


class Headers:
    """Sets security headers, forbids caching of private pages, names each request."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        trace = uuid.uuid4().hex
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(trace=trace)
        token = origin.set(Origin(address=client_address(request), trace=trace))
        try:
            response = self.get_response(request)
        finally:
            origin.reset(token)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if settings.HTTPS:  # SecurityMiddleware leaves it out of its own redirect
            response.headers.setdefault(
                "Strict-Transport-Security",
                f"max-age={settings.SECURE_HSTS_SECONDS}; includeSubDomains; preload",
            )
        private = is_private(request)
        if private:
            response.headers["Cache-Control"] = "no-store"
        if private or is_unlisted(request, response):
            response.headers["X-Robots-Tag"] = "noindex"
        return response
