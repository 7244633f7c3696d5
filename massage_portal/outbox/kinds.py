"""
The kinds of message, who renders each, and whom a record is about.

An app registers its renderers when Django starts (in its AppConfig.ready), so that the
outbox, which stands below them all, need not know them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.utils.functional import Promise

from massage_portal.outbox.models import Message

LONGEST_TEXT = 160  # characters of a text message


@dataclass(frozen=True)
class Attachment:
    """A file that goes with a mail."""

    name: str
    content: bytes
    media_type: str  # "text/calendar; method=REQUEST"


@dataclass(frozen=True)
class Mail:
    """
    What a renderer returns: words for one person, in their language.

    `short` is the same as a text message of LONGEST_TEXT characters at the most; a
    kind without one always goes by email. `to_number` is where it goes, as a text and
    in no other way, when it proves that this number is theirs. `zone` is that of the
    place it is about: whoever named no other has its hours.
    """

    subject: str
    text: str
    html: str
    attachments: list[Attachment] = field(default_factory=list)
    short: str = ""
    to_number: str = ""
    zone: str = ""


class Withheld(Exception):
    """A renderer's answer where no message may go, and somebody must call instead."""


Renderer = Callable[[Message], Mail | None]


class Kind(NamedTuple):
    """One kind of message, and how it is treated."""

    name: str  # "appointments.reminder"
    title: Promise  # what staff read: never whom, and never why
    render: Renderer
    at_once: bool  # somebody waits for it: no quiet hours hold it back
    optional: bool  # whoever wants fewer messages may turn it off
    worth_a_call: bool  # whom it does not reach is called instead
    presses: bool  # to be answered soon: it waits for no more than half of its time


class Person(NamedTuple):
    """Whom a record is about, as staff may see and call them."""

    name: str
    phone: str = ""
    address: str = ""  # of the page about the record
    patient: int | None = None  # the patient's key, if they are one


People = Callable[[list[int]], dict[int, Person]]
Ahead = Callable[[list[Message]], dict[int, Any]]

_kinds: dict[str, Kind] = {}
_people: dict[str, People] = {}
_ahead: dict[str, Ahead] = {}


def renders(
    name: str,
    title: Promise,
    *,
    at_once: bool = False,
    optional: bool = False,
    worth_a_call: bool = True,
    presses: bool = False,
) -> Callable[[Renderer], Renderer]:
    """
    Register a renderer. It returns None when the reason to write is gone.

    It raises Withheld where there is one, and only a person can say what is true now.
    """

    def decorate(render: Renderer) -> Renderer:
        how = at_once, optional, worth_a_call, presses
        kind = Kind(name, title, render, *how)
        if _kinds.setdefault(name, kind).render is not render:
            raise ValueError(f"two renderers for {name}")
        return render

    return decorate


def reads_ahead(name: str) -> Callable[[Ahead], Ahead]:
    """
    Register who reads for many messages of a kind what its renderer needs of each.

    What it returns for a message's key, the renderer finds as `message.ahead`. Where it
    is None, the renderer reads for itself.
    """

    def decorate(ahead: Ahead) -> Ahead:
        if _ahead.setdefault(name, ahead) is not ahead:
            raise ValueError(f"two read ahead for {name}")
        return ahead

    return decorate


def read_ahead(messages: Iterable[Message]) -> None:
    """Give each message what was read for it, in a few queries for each kind."""
    of_kind: dict[str, list[Message]] = defaultdict(list)
    for message in messages:
        of_kind[message.kind].append(message)
    for name in _ahead.keys() & of_kind.keys():
        found = _ahead[name](of_kind[name])
        for message in of_kind[name]:
            message.ahead = found.get(message.pk)


def kind_of(name: str) -> Kind:
    """
    Return the kind of that name.

    :raises LookupError: if no app registered one.
    """
    try:
        return _kinds[name]
    except KeyError:
        raise LookupError(f"nobody renders messages of kind {name!r}") from None


def kinds() -> list[Kind]:
    """Return every kind, by name."""
    return [_kinds[name] for name in sorted(_kinds)]


def knows(label: str) -> Callable[[People], People]:
    """Register who tells whom the records "app.model" are about, many at once."""

    def decorate(people: People) -> People:
        if _people.setdefault(label, people) is not people:
            raise ValueError(f"two know {label}")
        return people

    return decorate


def people(messages: Iterable[Message]) -> dict[int, Person]:
    """Return whom each message is about, by the message's key, where it is known."""
    asked: dict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for message in messages:
        label = message.about.rpartition(":")[0]
        asked[label][message.subject_key].append(message.pk)
    found: dict[int, Person] = {}
    for label, subjects in asked.items():
        if label in _people:
            for subject, person in _people[label](list(subjects)).items():
                found |= dict.fromkeys(subjects[subject], person)
    return found
