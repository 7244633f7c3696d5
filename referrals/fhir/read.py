"""
A ServiceRequest that another system sent: what it orders, or all that is wrong with it.

Pure: no database, no clock. What must be on record (patient, provider, codes) is judged
by `actions.arrive`, which finds the path of each in the Arrival.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta, tzinfo
from itertools import islice
from typing import Any

from massage_portal import plaintext
from referrals.codes import SPREADSHEET, Priority
from referrals.fhir.fault import MOST, Fault
from referrals.fhir.parties import Parties
from referrals.fhir.shapes import as_date, as_instant, faults_of

KIND = "ServiceRequest"
ICD_10_CM = "http://hl7.org/fhir/sid/icd-10-cm"
INTENTS = ("order", "original-order")
VISITS = ("visit", "visits", "session", "sessions", "1")  # 1: UCUM's unity
VALID = timedelta(days=90)  # where the order names no end
# As far as staff may date a referral by hand.
EARLIEST, LATEST = timedelta(days=730), timedelta(days=1100)
MOST_VISITS, MOST_REASONS, LONGEST_REASON = 60, 20, 2000
# Elements of R4 that would change what is ordered, and what to send in their place.
INSTEAD = {
    "quantityRatio": "quantityQuantity",
    "quantityRange": "quantityQuantity",
    "occurrenceDateTime": "occurrencePeriod",
    "occurrenceTiming": "occurrencePeriod",
}


@dataclass(frozen=True)
class Coded:
    """A code of some system, and where it stands."""

    system: str
    code: str
    path: str


@dataclass(frozen=True)
class NewPatient:
    """Who the patient is, should they not be on record; "" and None: not sent."""

    given_name: str
    family_name: str
    birth_date: date | None
    path: str


@dataclass(frozen=True)
class Arrival:
    """What another system ordered: days are local days of the clinic."""

    identifier_system: str
    identifier_value: str
    record_number: str
    record_number_path: str
    patient: NewPatient | None  # None: only the record number was sent
    npi: str
    npi_path: str
    diagnoses: tuple[Coded, ...]  # the first is what the patient is referred for
    priority: str
    valid_from: date
    valid_until: date
    sessions: int
    techniques: tuple[Coded, ...]
    reason: str


def read(found: Any, *, today: date, zone: tzinfo) -> Arrival | list[Fault]:
    """
    Return what is ordered, or the faults: those of shape first, alone.

    :param today: the local day of arrival. :param zone: the clinic's.
    """
    if not isinstance(found, dict) or found.get("resourceType") != KIND:
        words = (
            "This address takes one ServiceRequest at a time, with the patient and the "
            "practitioner contained in it. Send no Bundle and no list."
        )
        kind = found.get("resourceType") if isinstance(found, dict) else None
        path = "Bundle" if kind == "Bundle" else ""
        return [Fault("not-supported", path, words)]
    if faults := list(islice(faults_of(found, KIND, KIND), MOST)):
        return faults
    reading = Reading(found, today, zone)
    arrival = reading.arrival()
    return reading.faults[:MOST] or arrival


class Reading(Parties):
    """Takes one resource of the right shape apart, and keeps the faults it meets."""

    def __init__(self, found: dict[str, Any], today: date, zone: tzinfo) -> None:
        super().__init__(found)
        self.today, self.zone = today, zone

    def arrival(self) -> Arrival:
        """Return the order; it counts only if there are no faults."""
        self._refuse_other_orders()
        system, value = self._identifier()
        record_number, number_path, patient = self._patient()
        npi, npi_path = self._provider()
        valid_from, valid_until = self._period()
        return Arrival(
            identifier_system=system,
            identifier_value=value,
            record_number=record_number,
            record_number_path=number_path,
            patient=NewPatient(*patient) if patient else None,
            npi=npi,
            npi_path=npi_path,
            diagnoses=self._diagnoses(),
            priority=self._priority(),
            valid_from=valid_from,
            valid_until=valid_until,
            sessions=self._sessions(),
            techniques=self._techniques(),
            reason=self._reason(),
        )

    def _refuse_other_orders(self) -> None:
        """Refuse what is no order in force that something be done."""
        if self.found.get("status") != "active":
            code = "value" if "status" in self.found else "required"
            self.fault(code, "status", "Only an order that is active is taken.")
        if self.found.get("intent") not in INTENTS:
            code = "value" if "intent" in self.found else "required"
            self.fault(code, "intent", "Send an order: intent must be order.")
        if self.found.get("doNotPerform"):
            self.fault("not-supported", "doNotPerform", "Send only what is to be done.")
        for name, instead in INSTEAD.items():
            if name in self.found:
                self.fault("not-supported", name, f"Send {instead} in its place.")

    def _identifier(self) -> tuple[str, str]:
        """Return what the other system calls it: system and value."""
        first = self.found.get("identifier", [{}])[0]
        if first.get("system") == SPREADSHEET:
            words = "This system is the clinic's own. Send one of yours."
            self.fault("business-rule", "identifier[0].system", words)
        return (
            self.text(first.get("system"), "identifier[0].system", most=200),
            self.text(first.get("value"), "identifier[0].value", most=100),
        )

    def _diagnoses(self) -> tuple[Coded, ...]:
        reasons = self.found.get("reasonCode", [])
        if not 1 <= len(reasons) <= MOST_REASONS:
            words = (
                f"Send 1 to {MOST_REASONS} reasons, the main one first, in ICD-10-CM."
            )
            self.fault("required" if not reasons else "too-long", "reasonCode", words)
            return ()
        found = []
        for place, reason in enumerate(reasons):
            path = f"reasonCode[{place}]"
            codes = [one for one in self._codings(reason, path) if one.code]
            in_icd = [one for one in codes if one.system == ICD_10_CM]
            if in_icd:
                found.append(in_icd[0])
            else:
                words = f"Give this reason a coding of {ICD_10_CM}."
                self.fault("required", path, words)
        return tuple(found)

    def _codings(self, concept: dict[str, Any], path: str) -> list[Coded]:
        return [
            Coded(
                one.get("system", ""),
                one.get("code", ""),
                self.path(f"{path}.coding[{place}].code"),
            )
            for place, one in enumerate(concept.get("coding", []))
        ]

    def _techniques(self) -> tuple[Coded, ...]:
        details = self.found.get("orderDetail", [])
        found = [
            one
            for place, detail in enumerate(details)
            for one in self._codings(detail, f"orderDetail[{place}]")
        ]
        performer = self.found.get("performerType", {})
        return (*found, *self._codings(performer, "performerType"))

    def _priority(self) -> str:
        priority: str = self.found.get("priority", Priority.ROUTINE.value)
        if priority not in Priority.values:
            known = ", ".join(Priority.values)
            self.fault("value", "priority", f"Send one of these: {known}.")
        return priority

    def _sessions(self) -> int:
        quantity = self.found.get("quantityQuantity", {})
        where, visits = "quantityQuantity.value", quantity.get("value")
        if "comparator" in quantity:
            words = "Say how many visits, not a limit: send no comparator."
            self.fault("not-supported", "quantityQuantity.comparator", words)
        for name in ("unit", "code"):
            if str(quantity.get(name, "visits")).strip("{}").lower() not in VISITS:
                words = "Count visits: leave the unit out, or send visits."
                self.fault("not-supported", f"quantityQuantity.{name}", words)
        if visits is None:
            self.fault("required", where, "Say how many visits are ordered.")
        elif visits != int(visits) or not 1 <= visits <= MOST_VISITS:
            self.fault("value", where, f"Send a whole number, 1 to {MOST_VISITS}.")
        return int(visits or 0)

    def _reason(self) -> str:
        """Return what was ordered, and the provider's notes, a line each."""
        code = self.found.get("code", {})
        named = [one.get("display") for one in code.get("coding", [])]
        lines = [next(filter(None, [code.get("text"), *named]), "")]
        for place, note in enumerate(self.found.get("note", [])):
            if "text" not in note:
                self.fault("required", f"note[{place}].text", "A note needs a text.")
            lines.append(note.get("text", ""))
        reason = "\n".join(
            filter(None, [plaintext.clean(line, lines=True) for line in lines])
        )
        if len(reason) > LONGEST_REASON:
            words = f"Shorten the notes to {LONGEST_REASON} characters in all."
            self.fault("too-long", "note", words)
        return reason

    def _period(self) -> tuple[date, date]:
        """
        Return the first and the last day.

        Without a start it is the day of the order, else today; without an end, VALID
        after the start.
        """
        authored = self._day("authoredOn", self.found.get("authoredOn"))
        if authored and authored > self.today:
            self.fault("value", "authoredOn", "This is after today: check the date.")
        period = self.found.get("occurrencePeriod", {})
        where = "occurrencePeriod"
        start = self._day(f"{where}.start", period.get("start"))
        begins = "authoredOn" if authored and not start else f"{where}.start"
        start = start or authored or self.today
        if not self.today - EARLIEST <= start <= self.today + LATEST:
            words = "The order must begin at most 2 years ago and within 3 years."
            self.fault("value", begins, words)
            return self.today, self.today
        end = self._day(f"{where}.end", period.get("end")) or start + VALID
        if end < start:
            self.fault("value", f"{where}.end", "The end must not be before the start.")
        elif end < self.today:
            words = "The order has ended already: it needs to be renewed first."
            self.fault("business-rule", f"{where}.end", words)
        elif end > self.today + LATEST:
            self.fault("value", f"{where}.end", "The order must end within 3 years.")
        return start, end

    def _day(self, where: str, text: str | None) -> date | None:
        """Return the local day of a date or a moment; None where none was sent."""
        if text is None:
            return None
        if (day := as_date(text)) is not None:
            return day
        moment = as_instant(text)
        if moment is None:
            self.fault("value", where, "Send the whole day, like 2026-10-14.")
        elif not 1900 <= moment.year <= 2200:  # others may leave the calendar here
            self.fault("value", where, "Check the year.")
        else:
            return moment.astimezone(self.zone).date()
        return None


def called(found: Any) -> tuple[str, str] | None:
    """Return the identifier (system, value) of what was sent, if it is whole."""
    with suppress(LookupError, TypeError):
        first = found["identifier"][0]
        system, value = first["system"], first["value"]
        if isinstance(system, str) and isinstance(value, str):
            return system, value
    return None
