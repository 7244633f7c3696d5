"""
Bytes to JSON, more strictly than Python: nothing that two readers may read in two ways.

RFC 8259 leaves double names, huge numbers and deep nesting to each reader; FHIR R4
forbids nulls, empty texts, empty lists and control characters. Pure.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from massage_portal import plaintext
from referrals.fhir.fault import MOST, Fault

MAX_DEPTH = 40  # a ServiceRequest with contained resources has about 10
MAX_DIGITS = 20
# A text, even one that never ends, is passed over whole; what is left are brackets.
# Possessive, so that no text is looked at twice.
_STRUCTURE = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
NAME = re.compile(r"_?[A-Za-z][A-Za-z0-9]{0,63}")


class NotJson(ValueError):
    """It cannot be read at all, or not in one way only; it carries the faults."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(faults[0].words)
        self.faults = faults


class _Doubled(dict[str, Any]):
    """An object in which a name stands twice."""

    doubled: str


class _NoNumber:
    """A number that is no number, or that not every reader can hold."""


def parse(body: bytes) -> Any:
    """
    Return what the body says.

    :raises NotJson: with where it breaks off, or the path of each fault.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as fault:
        raise _broken(
            f"The body is not UTF-8: see byte {fault.start}. Send it as UTF-8."
        ) from None
    if _depth(text) > MAX_DEPTH:
        raise _broken(f"The JSON is nested deeper than {MAX_DEPTH} levels.")
    try:
        found = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_float,
            parse_constant=lambda _name: _NoNumber(),
        )
    except ValueError as fault:
        where = getattr(fault, "pos", 0)
        raise _broken(
            f"The body is not whole JSON: it cannot be read from character {where} on."
        ) from None
    faults = [fault for fault, _ in zip(_faults(found), range(MOST), strict=False)]
    if faults:
        raise NotJson(faults)
    return found


def _broken(words: str) -> NotJson:
    return NotJson([Fault("structure", "", words)])


def _depth(text: str) -> int:
    """Return how deeply the brackets outside of texts are nested, before parsing."""
    depth = deepest = 0
    for found in _STRUCTURE.finditer(text):
        match found.group()[0]:
            case "[" | "{":
                depth += 1
                deepest = max(deepest, depth)
            case "]" | "}":
                depth -= 1
    return deepest


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    marked, seen = _Doubled(found), set()
    for name, _ in pairs:
        if name in seen:
            marked.doubled = name
            break
        seen.add(name)
    return marked


def _integer(digits: str) -> int | _NoNumber:
    return int(digits) if len(digits) <= MAX_DIGITS else _NoNumber()


def _float(digits: str) -> float | _NoNumber:
    number = float(digits) if len(digits) <= MAX_DIGITS else math.inf
    return number if math.isfinite(number) else _NoNumber()


def _faults(found: Any, path: str = "") -> Iterator[Fault]:
    """Yield what is wrong in `found` wherever it stands, with its path."""
    if isinstance(found, dict):
        path = path or root(found)
        yield from _faults_of_object(found, path)
    elif isinstance(found, list):
        if not found:
            yield Fault("structure", path, "A list must not be empty: leave it out.")
        for place, one in enumerate(found):
            yield from _faults(one, f"{path}[{place}]" if path else "")
    elif isinstance(found, str):
        yield from _faults_of_text(found, path)
    elif isinstance(found, _NoNumber):
        words = f"Send a finite number of at most {MAX_DIGITS} digits."
        yield Fault("value", path, words)
    elif found is None:
        yield Fault("structure", path, "FHIR has no null: leave the element out.")


def _faults_of_object(found: dict[str, Any], path: str) -> Iterator[Fault]:
    if isinstance(found, _Doubled):
        where = below(path, found.doubled)
        yield Fault("structure", where, "This name stands twice in one object.")
    if not found:
        yield Fault("structure", path, "An object must not be empty: leave it out.")
    for name, value in found.items():
        yield from _faults(value, below(path, name))


def _faults_of_text(text: str, path: str) -> Iterator[Fault]:
    if not text:
        yield Fault("structure", path, "A text must not be empty: leave it out.")
        return
    try:
        plaintext.clean(text, lines=True)
    except plaintext.HiddenCharacter as fault:
        after = len(fault.before)
        words = (
            "The text holds a control character, half a surrogate pair or a character "
            f"that turns the direction of writing, after {after} characters. Take it "
            "out."
        )
        yield Fault("value", path, words)
    except plaintext.TooManyMarks:
        words = "One letter has too many combining marks. Send it without them."
        yield Fault("value", path, words)


def root(found: dict[str, Any]) -> str:
    """Return what paths into a resource begin with; "" if it does not say its type."""
    kind = found.get("resourceType")
    return kind if isinstance(kind, str) and NAME.fullmatch(kind) else ""


def below(path: str, name: str) -> str:
    """Return the path of an element; its parent's, if the name is no FHIRPath."""
    if not NAME.fullmatch(name):
        return path
    return f"{path}.{name}" if path else name
