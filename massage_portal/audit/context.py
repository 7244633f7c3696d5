"""Where a request comes from, so that an action need not be told."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Origin:
    """The address a request came from, and the id under which the logs know it."""

    address: str | None = None
    trace: str = ""


NOWHERE = Origin()  # a worker or a command: nobody's request
origin: ContextVar[Origin] = ContextVar("origin", default=NOWHERE)
