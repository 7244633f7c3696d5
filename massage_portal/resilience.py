"""What the portal does when the database is away, or a request is broken or huge."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import psycopg2
import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve
from psycopg2.errors import DeadlockDetected, SerializationFailure

from massage_portal.access import View
from massage_portal.headers import Answer

log = structlog.get_logger(__name__)
RETRY_AFTER = "10"  # seconds
UNTOLD = ("Transfer-Encoding", "Content-Encoding")  # the size that comes out of these


# What PostgreSQL ended for the sake of another: done again it may well go through.
UNDONE = (DeadlockDetected, SerializationFailure)


class Unavailable:
    """
    Turns a lost database, a lock or a statement that took too long, into a 503.

    Of two that wait for each other in a circle PostgreSQL ends one, whole. That view is
    called once more: nothing of it was answered, what its action wrote is undone, and
    what an action before it did may be asked for again, as by a button pressed twice.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponseBase | None:
        """Answer for views that lost the database, or lost to another request."""
        fault = _fault_of_the_database(exception)
        if fault is None:
            return None
        if isinstance(fault, UNDONE) and not connection.in_atomic_block:
            log.warning("view_called_again", error=type(fault).__name__)
            try:
                return _again(request)
            except DatabaseError as other:
                fault = _fault_of_the_database(other)
                if fault is None:
                    raise
        log.error("database_unavailable", error=type(fault).__name__)
        answer = _refusal(request, 503)
        answer["Retry-After"] = RETRY_AFTER
        return answer


def _fault_of_the_database(exception: Exception) -> psycopg2.Error | None:
    """
    Return what the driver told, where the database and not our words are at fault.

    Some lost connections come as a plain DatabaseError without a code. Django has one
    of its own, which no driver caused: that is a fault in the program.
    """
    cause = exception.__cause__
    if isinstance(exception, OperationalError | InterfaceError):
        return cause if isinstance(cause, psycopg2.Error) else psycopg2.Error()
    if type(exception) is DatabaseError and isinstance(cause, psycopg2.DatabaseError):
        return cause
    return None


def _again(request: HttpRequest) -> HttpResponseBase:
    """Call the view as it was called; files that it read begin anew."""
    match = resolve(request.path_info)
    for _, files in request.FILES.lists():
        for file in files:
            file.seek(0)
    answer: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
    return answer


class ForFormsAlone:
    """
    Says in words that an address takes forms alone, to whoever opened it as a page.

    So does a browser that is reloaded, or sent there in another language.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self.get_response(request)
        if not isinstance(answer, HttpResponseNotAllowed) or request.method != "GET":
            return answer
        found = request.resolver_match
        if found is None or getattr(found.func, "access", "system") == "system":
            return answer
        page = render(request, "405.html", status=answer.status_code)
        page["Allow"] = answer["Allow"]
        return page


class WholeRequests:
    """
    Refuses a body that does not say how long it is, or that is packed.

    No browser sends one. With a length beside it, two servers may disagree where the
    request ends, and a second one could be hidden in the first. What is packed is
    small on its way and can be of any size when it is opened; we never open it.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if any(name in request.headers for name in UNTOLD):
            return _refusal(request, 400)
        return self.get_response(request)


class BoundedRequests:
    """
    Refuses a body longer than its page takes, before anything reads it.

    Django's own limit counts no files, and the check for forged forms reads them for
    everyone: one form could fill the disk. `access.takes` sets the limit of a view.
    Where there is no view nobody reads the body, and the server hangs up.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: View, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Answer 413 in place of the view, and of the check for forged forms."""
        most = getattr(view, "most_bytes", settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        return _refusal(request, 413) if _length(request) > most else None


def _length(request: HttpRequest) -> int:
    """Return how many bytes Django would read: none where no number is told."""
    with suppress(ValueError):
        return int(request.META.get("CONTENT_LENGTH") or 0)
    return 0


def _refusal(request: HttpRequest, status: int) -> HttpResponse:
    """
    Return a page that needs no database, and that no cache keeps.

    A view that is no page answers in its own way: see `access.by_system`.
    """
    with suppress(Resolver404):
        unread = getattr(resolve(request.path_info).func, "unread", None)
        if unread is not None:
            answer: HttpResponse = unread(status)
            return answer
    return HttpResponse(
        render_to_string(f"{status}.html"),
        status=status,
        headers={"Cache-Control": "no-store"},
    )
