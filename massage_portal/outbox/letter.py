"""A message with its words: how it is written, and by which way it goes."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.utils import translation

from massage_portal.outbox.carriers.channels import serves
from massage_portal.outbox.codes import Channel
from massage_portal.outbox.kinds import Kind, Mail
from massage_portal.outbox.models import Message
from massage_portal.outbox.route import Reader, Route, route


class Letter(NamedTuple):
    """A message with its words, ready to be handed over."""

    message: Message
    kind: Kind
    mail: Mail


def written(message: Message, kind: Kind) -> Mail | None:
    """Return the words of a message, in its reader's language."""
    language = message.recipient.language if message.recipient else None
    with translation.override(language):
        return kind.render(message)


def way_of(
    letter: Letter, reader: Reader | None, *, now: datetime, by_text: bool = True
) -> Route | None:
    """
    Return the way that the message takes now; None if nothing reaches its reader.

    :param by_text: whether it may be a text; not if no gateway takes these words.
    """
    if reader is None:
        return None
    by_text = by_text and letter.message.instead_of_id is None
    mail, texts = letter.mail, by_text and serves(Channel.SMS)
    if mail.to_number:  # to nobody's address yet, and by no other way
        asked = Channel.SMS, mail.to_number
        return Route(*asked) if texts and reader.may_use(*asked) else None
    return route(
        reader.at(mail.zone),
        now=now,
        expires_at=letter.message.expires_at,
        short=bool(mail.short) and texts,
        at_once=letter.kind.at_once,
        presses=letter.kind.presses,
    )
