"""What it means that a server which speaks HTTP did not answer."""

from __future__ import annotations

import requests
from requests import exceptions
from urllib3.exceptions import MaxRetryError

from massage_portal.outbox.carriers.carrier import ServerDown, Unanswered, Undelivered

# What stands before a server says so when that one did not answer it in time.
GATEWAY_TIMEOUT = 504
# It was asked, and what it answered is not known to its end.
WAS_ASKED = (
    requests.ReadTimeout,
    requests.ConnectionError,
    exceptions.ChunkedEncodingError,
    exceptions.ContentDecodingError,
)
# No name, nobody there, no way through; all of them are a ConnectionError too.
WAS_NOT = (requests.ConnectTimeout, exceptions.SSLError, exceptions.ProxyError)


def no_answer(fault: Exception) -> Undelivered:
    """Tell a server that was never asked from one that may have taken the message."""
    cause = fault.__cause__  # anymail's faults have one; requests' own have none
    why = cause if isinstance(cause, requests.RequestException) else fault
    # Where no connection came about, requests passes on what urllib3 gave up with.
    gave_up = any(isinstance(one, MaxRetryError) for one in why.args)
    code = type(why).__name__
    if isinstance(why, WAS_NOT) or gave_up or not isinstance(why, WAS_ASKED):
        return ServerDown(code)
    return Unanswered(code, all_wait=True)


def not_answered_for(status: int) -> Unanswered | None:
    """
    Return what it means that a gateway or proxy waited for an answer in vain.

    It handed the message on, so it may have arrived. "Bad gateway" and "unavailable"
    are said by what took nothing.
    """
    if status != GATEWAY_TIMEOUT:
        return None
    return Unanswered(status, all_wait=True)
