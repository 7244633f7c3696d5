"""Where a request comes from, so that an action need not be told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Origin:
    """
    The address a request came from, and the id under which the logs know it.

    `telephone`: whoever is signed in does it for a patient who is on the telephone.
    `link`: whoever does it holds a signed link from a message, and did not sign in.
    """

    address: str | None = None
    trace: str = ""
    telephone: bool = False
    link: bool = False


NOWHERE = Origin()  # a worker or a command: nobody's request
origin: ContextVar[Origin] = ContextVar("origin", default=NOWHERE)


@contextmanager
def at_the_telephone() -> Iterator[None]:
    """Mark what the trail is told inside as done for a patient on the telephone."""
    with _come_from(replace(origin.get(), telephone=True)):
        yield


@contextmanager
def by_a_link() -> Iterator[None]:
    """Mark what the trail is told inside as done by whoever holds a signed link."""
    with _come_from(replace(origin.get(), link=True)):
        yield


@contextmanager
def _come_from(where: Origin) -> Iterator[None]:
    token = origin.set(where)
    try:
        yield
    finally:
        origin.reset(token)
