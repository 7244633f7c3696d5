"""Read whom messages are for, as far as their way depends on it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from massage_portal.outbox.codes import Channel
from massage_portal.outbox.models import Message, Preference, Stop
from massage_portal.outbox.route import MOST_TEXTS, Reader

TEXTS_OF = max(period for period, _most in MOST_TEXTS)


def readers(messages: Iterable[Message], *, now: datetime) -> dict[int, Reader]:
    """Return the reader of each recipient by their key, in two queries at the most."""
    users: dict[int, Any] = {}
    for message in messages:
        if message.recipient is not None:
            users[message.recipient.pk] = message.recipient
    chosen = {key: preference_of(user) for key, user in users.items()}
    by_text = [key for key, one in chosen.items() if one.channel == Channel.SMS]
    stopped, texts = _stopped(users), _texts(by_text, now=now)
    return {
        key: Reader(
            user=key,
            preference=chosen[key],
            email=user.email,
            stopped=frozenset(stopped[key]),
            texts=tuple(texts[key]),
        )
        for key, user in users.items()
    }


def preference_of(user: Any) -> Preference:
    """Return what was chosen, as it was read with the user."""
    try:
        found: Preference = user.preference
    except Preference.DoesNotExist:
        return Preference(user=user)
    return found


def _stopped(users: Iterable[int]) -> dict[int, set[tuple[str, str]]]:
    found: dict[int, set[tuple[str, str]]] = defaultdict(set)
    standing = Stop.objects.standing().filter(user__in=list(users))
    for user, channel, address in standing.values_list("user", "channel", "address"):
        found[user].add((channel, address))
    return found


def _texts(users: list[int], *, now: datetime) -> dict[int, list[datetime]]:
    found: dict[int, list[datetime]] = defaultdict(list)
    if users:
        for user, sent_at in Message.objects.texts(users, since=now - TEXTS_OF):
            found[user].append(sent_at)
    return found
