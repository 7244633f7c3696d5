"""Rates that come from a file: read, and refused in words."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from appointments.simulation.model import BadRates, Category, Rates

EXAMPLE = (
    '{"categories": [{"name": "urgent", "target_days": 3, "share": 1}], '
    '"minutes": [480, 480, 480, 480, 480, 0, 0], "lengths": [[60, 0.7], [90, 0.3]], '
    '"weekend": 0.2, "no_shows": 0.05, "cancellations": 0.1}'
)


def rates_from(text: str) -> Rates:
    """
    Return the rates that a JSON object names; what it does not name is as usual.

    `EXAMPLE` has each of its names once. A category may also have a `need_score`.

    :raises BadRates: if it is no such object.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as fault:
        raise BadRates(f"no JSON: {fault}") from None
    known = {field.name for field in fields(Rates)}
    if not isinstance(data, dict) or set(data) - known:
        raise BadRates(f"rates look like this: {EXAMPLE}")
    read: dict[str, Callable[[Any], Any]] = {
        "categories": lambda many: tuple(_category(one) for one in many),
        "minutes": lambda many: tuple(_whole(one) for one in many),
        "lengths": lambda many: tuple((_whole(one), _number(of)) for one, of in many),
    }
    try:
        return Rates(**{name: read.get(name, _number)(of) for name, of in data.items()})
    except (TypeError, ValueError) as fault:
        if isinstance(fault, BadRates):
            raise
        raise BadRates(f"rates look like this: {EXAMPLE}") from None


def _category(data: Any) -> Category:
    if not isinstance(data, dict) or not isinstance(data.get("name"), str):
        raise BadRates("each category is an object, and has a name")
    numbers = {name: _number(of) for name, of in data.items() if name != "name"}
    return Category(name=data["name"], **numbers)


def _number(value: Any) -> Any:
    """Return a number that is one: neither text, nor yes or no, nor infinite."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadRates(f"not a number: {value!r}")
    if not abs(value) < 1e9:
        raise BadRates(f"too large: {value!r}")
    return value


def _whole(value: Any) -> int:
    """Return a whole number."""
    if _number(value) != int(value):
        raise BadRates(f"not a whole number: {value!r}")
    return int(value)
