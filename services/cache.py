"""
Kept pages: a visitor's page is drawn once, and then read from Redis until it changes.

Every kept answer belongs to a generation, a name in Redis that `drop_pages` replaces. A
reader takes the name before it reads the database and keeps its answer under that one:
what was drawn from old rows is never read again, however many processes there are.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from functools import cache, wraps
from typing import Any, cast

import redis
import structlog
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language

LASTS = 300  # seconds; bounds what is stale if Redis was away when pages were dropped
PATIENCE = 0.25  # seconds to wait for Redis
PAUSE = 5.0  # seconds without a try, once Redis was found away
GENERATION = "generation"
log = structlog.get_logger(__name__)


class Away(Exception):
    """Redis cannot be asked now."""


class Store:
    """Redis, asked with little patience and left alone for PAUSE when it is away."""

    def __init__(self) -> None:
        self.away_until = 0.0

    def ask(self, command: Callable[[redis.Redis], Any]) -> Any:
        """
        Return what Redis answers.

        :raises Away: if it does not, or did not within the last PAUSE.
        """
        if time.monotonic() < self.away_until:
            raise Away
        try:
            return command(_client(settings.REDIS_URL))
        except redis.RedisError as fault:
            self.away_until = time.monotonic() + PAUSE
            log.warning("pages_not_kept", error=type(fault).__name__)
            raise Away from fault


store = Store()


@cache
def _client(address: str) -> redis.Redis:
    """Return a client; `redis+socket://` is what Celery calls a Unix socket."""
    if address.startswith("redis+socket://"):
        path, _, number = address.removeprefix("redis+socket://").partition("?")
        address = f"unix://{path}?db={number.removeprefix('virtual_host=') or 0}"
    return redis.Redis.from_url(
        address, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE
    )


def _name(*parts: object) -> str:
    return ":".join(map(str, (settings.KEPT_PAGES, *parts)))


def drop_pages() -> None:
    """Let every page be drawn anew, once the transaction at hand is committed."""
    if settings.KEPT_PAGES:
        transaction.on_commit(_drop)


def _drop() -> None:
    """Begin a new generation, also where Redis was found away a moment ago."""
    store.away_until = 0.0
    try:
        store.ask(lambda client: client.set(_name(GENERATION), uuid.uuid4().hex))
    except Away:
        log.error("pages_not_dropped", stale_seconds=LASTS)


def _generation() -> str:
    """Return the generation of now; begin one where there is none."""
    key = _name(GENERATION)
    found = store.ask(lambda client: client.get(key))
    if found is None:
        store.ask(lambda client: client.set(key, uuid.uuid4().hex, nx=True))
        found = store.ask(lambda client: client.get(key))
    return cast(bytes, found or b"none").decode()


def kept(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """
    Keep a public view's answers to visitors who bring no session and no query.

    The view's answer must be the same for all of them. Without Redis it is drawn.
    """

    @wraps(view)
    def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if _may_keep(request):
            response = _kept(view, request, *args, **kwargs)
        else:
            response = view(request, *args, **kwargs)
        # As if the session had been looked at: what a browser keeps is a visitor's.
        patch_vary_headers(response, ["Cookie"])
        return response

    return shown


def _kept(
    view: Callable[..., HttpResponse],
    request: HttpRequest,
    *args: Any,
    **kwargs: Any,
) -> HttpResponse:
    try:
        name = _name(_generation(), get_language(), request.path)
        found = store.ask(lambda client: client.get(name))
    except Away:
        return view(request, *args, **kwargs)
    if found is not None:
        kind, _, content = cast(bytes, found).partition(b"\n")
        return HttpResponse(content, content_type=kind.decode())
    response = view(request, *args, **kwargs)
    if _is_for_all(response):
        whole = response["Content-Type"].encode() + b"\n" + response.content
        with suppress(Away):
            store.ask(lambda client: client.set(name, whole, ex=LASTS))
    return response


def _may_keep(request: HttpRequest) -> bool:
    """Say whether the answer is one that every visitor gets."""
    own = {settings.SESSION_COOKIE_NAME, "messages"}
    return bool(
        settings.KEPT_PAGES
        and request.method == "GET"
        and not request.META.get("QUERY_STRING")
        and not own & set(request.COOKIES)
        and "HX-Request" not in request.headers
    )


def _is_for_all(response: HttpResponse) -> bool:
    return (
        response.status_code == 200
        and not response.streaming
        and not response.cookies
        and "no-store" not in response.get("Cache-Control", "")
    )
