"""
The patient and the practitioner of a ServiceRequest: contained, or named by identifier.

A literal reference, like Patient/7, is a number of the sender's own and never followed:
here it would be somebody else. Pure.
"""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

from massage_portal import plaintext
from referrals.fhir.fault import Fault
from referrals.fhir.shapes import as_date
from referrals.fhir.strict import root
from referrals.npi import is_npi

US_NPI = "http://hl7.org/fhir/sid/us-npi"
RECORD_NUMBER = "MR"  # http://terminology.hl7.org/CodeSystem/v2-0203
OLDEST = date(1900, 1, 1)
FORMER_IDENTIFIERS = ("old", "temp")
FORMER_NAMES = ("old", "maiden", "nickname", "anonymous", "temp")


class Party(NamedTuple):
    """Somebody the order names: their identifiers, the resource if it is contained."""

    identifiers: list[dict[str, Any]]
    identifiers_path: str  # of all; `one` says whether the path is that of a single one
    one: bool
    resource: dict[str, Any] | None
    path: str

    def path_of(self, place: int) -> str:
        """Return the path of one identifier's value."""
        index = "" if self.one else f"[{place}]"
        return f"{self.identifiers_path}{index}.value"


class Parties:
    """Reads who is treated and who ordered it; keeps the faults that it meets."""

    today: date

    def __init__(self, found: dict[str, Any]) -> None:
        self.found, self.root = found, root(found)
        self.faults: list[Fault] = []

    def path(self, where: str) -> str:
        """Return the whole path of a place in this resource."""
        return f"{self.root}.{where}"

    def fault(self, code: str, where: str, words: str) -> None:
        """Keep a fault; `where` is a place in this resource."""
        self.faults.append(Fault(code, self.path(where), words))

    def text(self, value: str | None, where: str, *, most: int) -> str:
        """Return a text of 1 to `most` characters on one line, and refuse others."""
        kept = plaintext.clean(value or "", lines=False)
        if not kept:
            self.fault("required", where, "This is needed: send it.")
        elif len(kept) > most:
            self.fault("too-long", where, f"Shorten this to {most} characters.")
        return kept

    def _party(self, where: str, kind: str) -> Party | None:
        """Return whom the reference means; None, with a fault, if it is not told."""
        reference = self.found.get(where)
        if reference is None:
            self.fault("required", where, f"Contain the {kind}, and refer to it here.")
            return None
        target: str = reference.get("reference", "")
        if target.startswith("#"):
            return self._contained(where, kind, target.removeprefix("#"))
        if "identifier" in reference:
            path = f"{where}.identifier"
            return Party([reference["identifier"]], path, True, None, where)
        words = (
            f"Contain the {kind} and refer to it with #, or send the identifier here. "
            "References to other servers are not followed."
        )
        self.fault("not-supported", f"{where}.reference" if target else where, words)
        return None

    def _contained(self, where: str, kind: str, key: str) -> Party | None:
        found = [
            (place, one)
            for place, one in enumerate(self.found.get("contained", []))
            if one.get("id") == key
        ]
        if len(found) == 1 and found[0][1].get("resourceType") == kind:
            place, resource = found[0]
            path = f"contained[{place}]"
            identifiers = resource.get("identifier", [])
            return Party(identifiers, f"{path}.identifier", False, resource, path)
        words = f"Exactly one contained {kind} must have this id."
        self.fault("not-found", f"{where}.reference", words)
        return None

    def _patient(self) -> tuple[str, str, tuple[str, str, date | None, str] | None]:
        """Return the record number, its path, and who the patient is if contained."""
        party = self._party("subject", "Patient")
        if party is None:
            return "", "", None
        if party.resource is not None:
            self._refuse_closed(party.resource, party.path)
        place = _place_of_record_number(party.identifiers)
        if place is None:
            words = (
                "Send the clinic's record number. Where a patient has several "
                f"identifiers, give it the type {RECORD_NUMBER}."
            )
            self.fault("required", party.identifiers_path, words)
            return "", "", None
        where = party.path_of(place)
        number = self.text(party.identifiers[place].get("value"), where, most=20)
        if party.resource is None:
            return number, self.path(where), None
        given, family = self._name(party.resource, party.path)
        born = self._born(party.resource, f"{party.path}.birthDate")
        return number, self.path(where), (given, family, born, self.path(party.path))

    def _refuse_closed(self, resource: dict[str, Any], path: str) -> None:
        """Refuse a record that stands for nobody who could come."""
        if resource.get("active") is False:
            words = "This patient's record is not in use. Send the one that is."
            self.fault("business-rule", f"{path}.active", words)
        if resource.get("deceasedBoolean") or "deceasedDateTime" in resource:
            died = "Boolean" if "deceasedBoolean" in resource else "DateTime"
            words = "This patient has died."
            self.fault("business-rule", f"{path}.deceased{died}", words)
        if "link" in resource:
            words = "Send the patient's record that is in use, without link."
            self.fault("not-supported", f"{path}.link", words)

    def _name(self, resource: dict[str, Any], path: str) -> tuple[str, str]:
        """Return given and family name as they are now; "" where they are not sent."""
        names = list(enumerate(resource.get("name", [])))
        official = [one for one in names if one[1].get("use") == "official"]
        now = [one for one in names if one[1].get("use") not in FORMER_NAMES]
        nameless: dict[str, Any] = {}
        place, name = next(iter([*official, *now]), (0, nameless))
        path = f"{path}.name[{place}]"
        given, family = " ".join(name.get("given", [])), name.get("family", "")
        return (
            self.text(given, f"{path}.given", most=100) if given else "",
            self.text(family, f"{path}.family", most=100) if family else "",
        )

    def _born(self, resource: dict[str, Any], where: str) -> date | None:
        if "birthDate" not in resource:
            return None
        born = as_date(resource["birthDate"])
        if born is None:
            self.fault("value", where, "Send the whole day, like 1985-03-14.")
        elif not OLDEST <= born <= self.today:
            self.fault("value", where, "Send a day from 1900 until today.")
        return born

    def _provider(self) -> tuple[str, str]:
        """Return the NPI and its path."""
        party = self._party("requester", "Practitioner")
        if party is None:
            return "", ""
        found = [
            (place, one)
            for place, one in enumerate(party.identifiers)
            if one.get("system") == US_NPI
        ]
        if not found:
            words = f"Send the practitioner's NPI, with the system {US_NPI}."
            self.fault("required", party.identifiers_path, words)
            return "", ""
        place, identifier = found[0]
        where, npi = party.path_of(place), identifier.get("value", "")
        if not is_npi(npi):
            words = (
                "This is no NPI: send ten digits, of which the last fits the others."
            )
            self.fault("value", where, words)
        return npi, self.path(where)


def _place_of_record_number(identifiers: list[dict[str, Any]]) -> int | None:
    """
    Return the place of the one that says it is the record number, or of the only one.

    One that says it is something else, or was in use once, is never taken for it.
    """
    of_type = {
        place: [one.get("code") for one in identifier.get("type", {}).get("coding", [])]
        for place, identifier in enumerate(identifiers)
        if identifier.get("use") not in FORMER_IDENTIFIERS
    }
    for place, codes in of_type.items():
        if RECORD_NUMBER in codes:
            return place
    return 0 if len(identifiers) == 1 and of_type.get(0) == [] else None
