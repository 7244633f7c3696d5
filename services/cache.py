"""
Kept pages: a visitor's page is drawn once, and then read from Redis until it changes.

Every kept answer belongs to a generation, a name in Redis that `drop_pages` deletes. A
reader takes the name, or makes one, before it reads the database, and keeps its answer
under that one: what was drawn from old rows is never read again, however many
processes there are.

Answers are kept packed, and go out so to browsers that take them: three kilobytes in
place of eight. No other page is packed: from how short it gets, an eavesdropper who
makes a browser ask for it could learn what stands in it.
"""

from __future__ import annotations

import gzip
import json
import re
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from functools import cache, wraps
from threading import Lock
from typing import Any

import redis
import structlog
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language

LASTS = 300  # seconds; bounds what is stale if Redis was away when pages were dropped
PATIENCE = 0.25  # seconds to wait for Redis
PAUSE = 5.0  # seconds without a try, once Redis was found away
GENERATION = "generation"
TAKES_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))", re.IGNORECASE)
log = structlog.get_logger(__name__)


class Away(Exception):
    """Redis cannot be asked now."""


class Store:
    """Redis, asked with little patience and left alone for PAUSE when it is away."""

    def __init__(self) -> None:
        self.away_until = 0.0  # 0: it answered last time
        self.lock = Lock()

    def ask(self, command: Callable[[redis.Redis], Any]) -> Any:
        """
        Return what Redis answers.

        :raises Away: if it does not, or did not within the last PAUSE.
        """
        with self.lock:
            now = time.monotonic()
            if now < self.away_until:
                raise Away
            if self.away_until:  # one thread tries; the others need not wait with it
                self.away_until = now + PAUSE
        try:
            answer = command(_client(settings.REDIS_URL))
        except (redis.RedisError, ValueError) as fault:  # or it is no address at all
            self.away_until = time.monotonic() + PAUSE
            log.warning("pages_not_kept", error=type(fault).__name__)
            raise Away from fault
        self.away_until = 0.0
        return answer


store = Store()


@cache
def _client(address: str) -> redis.Redis:
    """
    Return a client; `redis+socket://` is what Celery calls a Unix socket.

    :raises ValueError: if Redis has no such addresses.
    """
    if address.startswith("redis+socket://"):
        path, _, number = address.removeprefix("redis+socket://").partition("?")
        address = f"unix://{path}?db={number.removeprefix('virtual_host=') or 0}"
    return redis.Redis.from_url(
        address, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE
    )


def _name(*parts: object) -> str:
    return ":".join(map(str, (settings.KEPT_PAGES, *parts)))


def _name_of(request: HttpRequest) -> str:
    """Name a page, so that no release is given one that leads to another's files."""
    files = getattr(staticfiles_storage, "manifest_hash", "")
    return _name("packed", files, get_language(), request.path)


def drop_pages() -> None:
    """Let every page be drawn anew, once the transaction at hand is committed."""
    if settings.KEPT_PAGES:
        transaction.on_commit(_drop)


def _drop() -> None:
    """
    End the generation, also where Redis was found away a moment ago.

    Redis deletes even when its memory is full and it takes in nothing new.
    """
    store.away_until = 0.0
    try:
        store.ask(lambda client: client.delete(_name(GENERATION)))
    except Away:
        log.error("pages_not_dropped", stale_seconds=LASTS)


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
        patch_vary_headers(response, ["Cookie", "Accept-Encoding"])
        return response

    return shown


def _kept(
    view: Callable[..., HttpResponse],
    request: HttpRequest,
    *args: Any,
    **kwargs: Any,
) -> HttpResponse:
    name = _name_of(request)
    try:
        generation, found = _look_up(name)
    except Away:
        return view(request, *args, **kwargs)
    if found is not None:
        return _for_browser(request, found)
    response = view(request, *args, **kwargs)
    if generation and _is_for_all(request, response):
        head = json.dumps([generation, dict(response.items())]).encode()
        # Without the time of day: the same page has the same ETag.
        response.content = gzip.compress(response.content, mtime=0)
        whole = head + b"\n" + response.content
        with suppress(Away):
            store.ask(lambda client: client.set(name, whole, ex=LASTS))
        return _for_browser(request, response)
    return response


def _for_browser(request: HttpRequest, packed: HttpResponse) -> HttpResponse:
    """Return a packed answer as it is if the browser takes that, or else unpacked."""
    if TAKES_GZIP.search(request.headers.get("Accept-Encoding", "")):
        packed["Content-Encoding"] = "gzip"
    else:
        packed.content = gzip.decompress(packed.content)
    return packed


def _look_up(name: str) -> tuple[str, HttpResponse | None]:
    """
    Return the generation of now, and the answer that was kept in it.

    Where there is none, one is begun; "" if another reader was quicker.

    :raises Away: if Redis cannot be asked.
    """
    key = _name(GENERATION)
    current, entry = store.ask(lambda client: client.mget(key, name))
    if current is not None:
        return current.decode(), _answer(current.decode(), entry)
    new = uuid.uuid4().hex
    begun = store.ask(lambda client: client.set(key, new, nx=True))
    return (new if begun else ""), None


def _answer(generation: str, entry: bytes | None) -> HttpResponse | None:
    """
    Return a kept answer, packed.

    None if there is none, or it is of another generation.
    """
    head, _, content = (entry or b"").partition(b"\n")
    with suppress(ValueError):
        kept_in, headers = json.loads(head)
        if kept_in == generation:
            return HttpResponse(content, headers=headers)
    return None


def _may_keep(request: HttpRequest) -> bool:
    """Say whether the answer is one that every visitor gets."""
    own = {settings.SESSION_COOKIE_NAME, "messages"}
    return bool(
        settings.KEPT_PAGES
        and request.method in ("GET", "HEAD")
        and not request.META.get("QUERY_STRING")
        and not own & set(request.COOKIES)
        and "HX-Request" not in request.headers
    )


def _is_for_all(request: HttpRequest, response: HttpResponse) -> bool:
    """Say whether nothing in the answer, or owed with it, is one visitor's own."""
    no_cache = response.get("Cache-Control", "")
    return (
        response.status_code == 200
        and not response.streaming
        and not response.cookies
        and "no-store" not in no_cache
        and "private" not in no_cache
        # The middleware sets these cookies only after the view.
        and "CSRF_COOKIE_NEEDS_UPDATE" not in request.META
        and not getattr(getattr(request, "session", None), "modified", False)
    )
