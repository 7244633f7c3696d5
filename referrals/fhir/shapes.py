"""
What R4 calls the elements that may arrive, and of which shape each is. Pure.

Source: https://hl7.org/fhir/R4/servicerequest.html, patient.html, practitioner.html
and datatypes.html. What is not read is ANY: known by name,
its content not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

from referrals.fhir.fault import Fault
from referrals.fhir.strict import NAME, below

ANY = "any"
_DATE = re.compile(r"\d{4}(-\d\d(-\d\d)?)?")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6}\d*)?(Z|[+-]\d\d:\d\d)")
_CODE = re.compile(r"\S+( \S+)*")
_URI = re.compile(r"\S+")


def as_date(text: str) -> date | None:
    """Return the day, or None: not a whole one, or not in the calendar."""
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


def as_instant(text: str) -> datetime | None:
    """Return the moment, or None: no zone, or not in the calendar."""
    found = _TIME.fullmatch(text)
    if not found or not text.isascii():
        return None
    fraction = (found[1] or "")[:7]
    whole = text[:19] + fraction + found[2].replace("Z", "+00:00")
    try:
        return datetime.fromisoformat(whole)
    except ValueError:
        return None


def _is_date(value: Any) -> bool:
    """Say whether it is a year, a month or a day that there is."""
    if not (isinstance(value, str) and value.isascii() and _DATE.fullmatch(value)):
        return False
    return as_date(value + "-01-01"[len(value) - 4 :]) is not None


def _is_date_time(value: Any) -> bool:
    return _is_date(value) or (isinstance(value, str) and as_instant(value) is not None)


def _text(pattern: re.Pattern[str] | None = None) -> Callable[[Any], bool]:
    return lambda value: (
        isinstance(value, str) and (pattern is None or bool(pattern.fullmatch(value)))
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


PRIMITIVES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "string": (_text(), "Send a text."),
    "code": (_text(_CODE), "Send a code: a text without spaces around it."),
    "uri": (_text(_URI), "Send a URI: a text without spaces."),
    "boolean": (lambda value: isinstance(value, bool), "Send true or false."),
    "decimal": (_is_number, "Send a number, without quotation marks."),
    "date": (_is_date, "Send a date that there is, like 1985-03-14."),
    "dateTime": (
        _is_date_time,
        "Send a date that there is, like 2026-10-14, or a moment with its zone, like "
        "2026-10-14T10:00:00-05:00.",
    ),
}


def _shape(text: str, *others: str) -> dict[str, str]:
    """Read "name:kind name:kind"; "*" behind a kind: a list. `others` are not read."""
    shape = dict(pair.split(":") for pair in text.split())
    return shape | {name: ANY for line in others for name in line.split()}


_ELEMENT = "id extension"
_RESOURCE = "id meta language text extension"
SHAPES: dict[str, dict[str, str]] = {
    "Identifier": _shape(
        "use:code type:CodeableConcept system:uri value:string",
        _ELEMENT + " period assigner",
    ),
    "Coding": _shape(
        "system:uri code:code display:string", _ELEMENT + " version userSelected"
    ),
    "CodeableConcept": _shape("coding:Coding* text:string", _ELEMENT),
    "Reference": _shape(
        "reference:string identifier:Identifier", _ELEMENT + " type display"
    ),
    "Period": _shape("start:dateTime end:dateTime", _ELEMENT),
    "Quantity": _shape(
        "value:decimal comparator:code unit:string code:code", _ELEMENT + " system"
    ),
    "Annotation": _shape(
        "text:string", _ELEMENT + " authorReference authorString time"
    ),
    "HumanName": _shape(
        "use:code family:string given:string*", _ELEMENT + " text prefix suffix period"
    ),
    "Patient": _shape(
        "resourceType:code identifier:Identifier* name:HumanName* birthDate:date "
        "active:boolean deceasedBoolean:boolean deceasedDateTime:dateTime",
        _RESOURCE + " telecom gender link address",
        "maritalStatus multipleBirthBoolean multipleBirthInteger photo contact",
        "communication generalPractitioner managingOrganization",
    ),
    "Practitioner": _shape(
        "resourceType:code identifier:Identifier*",
        _RESOURCE + " active name telecom address gender birthDate photo",
        "qualification communication",
    ),
    "ServiceRequest": _shape(
        "resourceType:code contained:Contained* identifier:Identifier* status:code "
        "intent:code priority:code doNotPerform:boolean code:CodeableConcept "
        "orderDetail:CodeableConcept* quantityQuantity:Quantity subject:Reference "
        "occurrencePeriod:Period authoredOn:dateTime requester:Reference "
        "performerType:CodeableConcept reasonCode:CodeableConcept* note:Annotation*",
        _RESOURCE + " instantiatesCanonical instantiatesUri basedOn replaces",
        "requisition category quantityRatio quantityRange encounter",
        "occurrenceDateTime occurrenceTiming asNeededBoolean asNeededCodeableConcept",
        "performer locationCode locationReference reasonReference insurance",
        "supportingInfo specimen bodySite patientInstruction relevantHistory",
    ),
}
# They change what the rest means (FHIR: "modifier elements"), so they stop the reading.
MODIFIERS = {"modifierExtension", "implicitRules"}


def faults_of(found: Any, kind: str, path: str) -> Iterator[Fault]:
    """Yield where `found` is not of the kind, nor what is in it, with the path."""
    if kind == ANY:
        return
    if kind in PRIMITIVES:
        fits, words = PRIMITIVES[kind]
        if not fits(found):
            yield Fault("value", path, words)
        return
    if not isinstance(found, dict):
        yield Fault("structure", path, "Send an object in { }.")
        return
    if kind == "Contained":
        yield from _faults_of_contained(found, path)
        return
    for name, value in found.items():
        yield from _faults_of_element(name, value, SHAPES[kind], path)


def _faults_of_element(
    name: str, value: Any, shape: dict[str, str], path: str
) -> Iterator[Fault]:
    where = below(path, name)
    if name.lstrip("_") in MODIFIERS:
        words = "This changes what the resource means, in a way not known here."
        yield Fault("extension", where, words + " Send it without.")
    elif name not in shape and shape.get(name.removeprefix("_"), "Any")[0].isupper():
        # "_birthDate" holds extensions of birthDate, which are not read.
        known = name if NAME.fullmatch(name) else "An element"
        words = f"{known} is not an element of R4 here. Check its spelling, or leave"
        yield Fault("structure", where, words + " it out.")
    elif name not in shape:
        return
    elif not shape[name].endswith("*"):
        yield from faults_of(value, shape[name], where)
    elif not isinstance(value, list):
        yield Fault("structure", where, "Send a list in [ ].")
    else:
        for place, one in enumerate(value):
            yield from faults_of(one, shape[name][:-1], f"{where}[{place}]")


def _faults_of_contained(found: dict[str, Any], path: str) -> Iterator[Fault]:
    kind = found.get("resourceType")
    if not isinstance(kind, str):
        where = below(path, "resourceType")
        yield Fault("required", where, "Say the type of the contained resource.")
    elif kind == "Bundle" or "contained" in found:
        words = "A contained resource must not hold others: send each of them once."
        yield Fault("structure", path, words)
    elif kind in ("Patient", "Practitioner"):
        yield from faults_of(found, kind, path)
