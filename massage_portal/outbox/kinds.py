"""
The kinds of message, and who renders each.

An app registers its renderers when Django starts (in its AppConfig.ready), so that the
outbox, which stands below them all, need not know them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from massage_portal.outbox.models import Message


@dataclass(frozen=True)
class Attachment:
    """A file that goes with a mail."""

    name: str
    content: bytes
    media_type: str


@dataclass(frozen=True)
class Mail:
    """What a renderer returns: words for one person, in their language."""

    subject: str
    text: str
    html: str
    attachments: list[Attachment] = field(default_factory=list)


Renderer = Callable[[Message], Mail | None]
_renderers: dict[str, Renderer] = {}


def renders(kind: str) -> Callable[[Renderer], Renderer]:
    """Register a renderer. It returns None when the reason to write is gone."""

    def decorate(renderer: Renderer) -> Renderer:
        if _renderers.setdefault(kind, renderer) is not renderer:
            raise ValueError(f"two renderers for {kind}")
        return renderer

    return decorate


def renderer_of(kind: str) -> Renderer:
    """
    Return the renderer of `kind`.

    :raises LookupError: if no app registered one.
    """
    try:
        return _renderers[kind]
    except KeyError:
        raise LookupError(f"nobody renders messages of kind {kind!r}") from None
