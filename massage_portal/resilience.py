"""What the portal does when the database is away, or a request is not whole."""

from __future__ import annotations

import structlog
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from massage_portal.headers import Answer

log = structlog.get_logger(__name__)
RETRY_AFTER = "10"  # seconds


class Unavailable:
    """Turns a lost database, a lock or a statement that took too long, into a 503."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponse | None:
        """Answer for views that lost the database."""
        if not isinstance(exception, OperationalError | InterfaceError):
            return None
        log.error("database_unavailable", error=type(exception).__name__)
        return HttpResponse(
            render_to_string("503.html"),
            status=503,
            headers={"Retry-After": RETRY_AFTER, "Cache-Control": "no-store"},
        )


class WholeRequests:
    """
    Refuses a body that does not say how long it is.

    No browser sends one. With a length beside it, two servers may disagree where the
    request ends, and a second one could be hidden in the first.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "Transfer-Encoding" in request.headers:
            return HttpResponse(render_to_string("400.html"), status=400)
        return self.get_response(request)
