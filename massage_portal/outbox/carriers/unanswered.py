"""What it means that a server which speaks HTTP did not answer."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from massage_portal.outbox.carriers.carrier import ServerDown, Unanswered, Undelivered

# What stands before a server says so when that one did not answer it in time.
GATEWAY_TIMEOUT = 504


class _Body(BytesIO):
    """What a request says; it is asked for more once all of it was handed over."""

    is_over = False

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next piece."""
        piece = super().read(size)
        self.is_over = not piece
        return piece


class Line(HTTPAdapter):
    """
    A session's way to its server, which knows whether that has the whole of a request.

    No fault tells: a server that hangs up, or TLS that breaks, looks the same before
    the request and after it. Nor do they keep the status where the rest breaks off.
    """

    was_handed_over = False
    answered = 0  # with which status; another place that it names is not asked at all

    def begin(self) -> None:
        """Forget the request before: the next may fail before it comes here."""
        self.was_handed_over, self.answered = False, 0

    @classmethod
    def of(cls, session: requests.Session) -> Line:
        """Have a session use one line for all that it asks; return it."""
        line = cls()
        session.mount("https://", line)
        session.mount("http://", line)
        return line

    def send(
        self, request: requests.PreparedRequest, *args: Any, **how: Any
    ) -> requests.Response:
        """Hand a request over; whatever goes wrong is raised."""
        said = request.body
        assert isinstance(said, str | bytes)  # noqa: S101 - nobody streams what he says
        body = _Body(said.encode() if isinstance(said, str) else said)
        request.body = body  # type: ignore[assignment]
        self.begin()
        try:
            answer = super().send(request, *args, **how)
            self.answered = answer.status_code
            return answer
        finally:
            request.body = said
            self.was_handed_over = body.is_over


def taken(status: int) -> bool:
    """
    Say whether a status means that the message was taken, whatever else is said.

    It is whole before anything else comes. What follows may break off, or be what no
    one can read: the message would go twice if that counted (RFC 9110, 15.3).
    """
    return 200 <= status < 300


def no_answer(fault: Exception, *, handed_over: bool) -> Undelivered:
    """
    Return what it means that no answer came, or only a part of one.

    :param handed_over: whether the server may have taken the message.
    """
    cause = fault.__cause__  # anymail's faults have one; requests' own have none
    why = cause if isinstance(cause, requests.RequestException) else fault
    code = type(why).__name__
    return Unanswered(code, all_wait=True) if handed_over else ServerDown(code)


def not_answered_for(status: int) -> Unanswered | None:
    """
    Return what it means that a gateway or proxy waited for an answer in vain.

    It handed the message on, so it may have arrived. "Bad gateway" and "unavailable"
    are said by what took nothing.
    """
    if status != GATEWAY_TIMEOUT:
        return None
    return Unanswered(status, all_wait=True)
