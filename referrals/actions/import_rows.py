"""What the rows of a spreadsheet speak of, and whether it fits what is on record."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import datetime, time
from typing import Any

from django.db.models.functions import Lower, Upper
from django.utils.timezone import get_default_timezone
from django.utils.translation import gettext as _

from massage_portal.spreadsheet import SHOWN, BadCell, Refused
from referrals.actions.record import lock_patient
from referrals.codes import SPREADSHEET
from referrals.models import DiagnosisCode, Patient, Provider, Referral
from referrals.referrals_csv import Read, Row
from services.models import Insurer, Technique

RELATED = ["patient", "provider", "diagnosis", "technique", "insurer"]
PLAIN = [
    *("priority", "received_at", "valid_from", "valid_until"),
    *("sessions", "interval_days", "reason", "goals"),
]
Facts = dict[str, Any]  # a referral's fields; other_diagnoses is a frozenset


class Known:
    """
    All that a batch of rows speaks of, found in few queries, whatever their number.

    The patients are locked until the import ends. `patients` and `facts` grow with the
    rows that are taken.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        codes = {code for row in rows for code in (row.diagnosis, *row.other_diagnoses)}
        self.codes = {
            one.compact: one for one in DiagnosisCode.objects.filter(compact__in=codes)
        }
        npis = {row.npi for row in rows}
        self.providers = Provider.objects.in_bulk(npis, field_name="npi")
        slugs = {row.technique for row in rows if row.technique}
        self.techniques = {
            one.slug: one for one in Technique.objects.filter(slug__in=slugs)
        }
        names = {row.insurer.upper() for row in rows if row.insurer}
        insurers = Insurer.objects.alias(key=Upper("name")).filter(key__in=names)
        self.insurers = {one.name.upper(): one for one in insurers}
        self.patients = _patients({row.record_number.lower() for row in rows})
        self.facts = _facts({row.reference for row in rows})


def _patients(numbers: set[str]) -> dict[str, Patient]:
    """Return the patients by record number, in small letters; in one order, locked."""
    found = Patient.objects.alias(number=Lower("record_number"))
    found = found.filter(number__in=numbers).order_by("pk")
    locked = found.select_for_update(of=("self",), no_key=True)
    return {one.record_number.lower(): one for one in locked}


def _facts(references: set[str]) -> dict[str, Facts]:
    """Return what the referrals say that came by spreadsheet, by their reference."""
    came = Referral.objects.filter(
        identifier_system=SPREADSHEET, identifier_value__in=references, sent_by=None
    )
    came = came.select_related(*RELATED).prefetch_related("other_diagnoses")
    return {
        one.identifier_value: {name: getattr(one, name) for name in RELATED + PLAIN}
        | {"other_diagnoses": frozenset(one.other_diagnoses.all())}
        for one in came
    }


class Judge:
    """Judges rows against what is known; a row that is refused leaves no trace."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self.refused: list[Refused] = []

    def facts(self, read: Read) -> Facts | None:
        """
        Return the fields of the referral that a row is; None if it is refused.

        A row whose reference is on record is measured by that alone: what could be
        referred to then may be out of use now.
        """
        row, before = read.row, len(self.refused)
        if row is None:
            self.refused += read.refused
            return None
        found: Facts = {name: getattr(row, name) for name in PLAIN if name in COPIED}
        zone = get_default_timezone()
        found["received_at"] = datetime.combine(row.received_on, time(), tzinfo=zone)
        on_record = self.known.facts.get(row.reference)
        for name, find in FINDERS.items():
            try:
                found[name] = find(row, self.known, on_record is None)
            except BadCell as fault:
                column = COLUMN.get(name, name)
                self.refused.append(Refused(read.line, column, str(fault), fault.mend))
        if on_record and len(self.refused) == before:
            self._compare(read.line, found, on_record)
        return found if len(self.refused) == before else None

    def _compare(self, line: int, found: Facts, on_record: Facts) -> None:
        other = [name for name in found if found[name] != on_record[name]]
        if other:
            fault = _(
                "a referral with this reference is on record, with other: %(names)s"
            )
            names = ", ".join(COLUMN.get(name, name) for name in other)
            self.refused.append(
                Refused(
                    line,
                    "reference",
                    fault % {"names": names},
                    _("Correct that referral on its page, or give this one another."),
                )
            )


COPIED = set(PLAIN) - {"received_at"}
COLUMN = {"provider": "npi", "patient": "record_number", "received_at": "received_on"}


def _provider(row: Row, known: Known, new: bool) -> Provider:
    ask = _("Check the letter, or ask the clinical lead to add them.")
    provider = known.providers.get(row.npi)
    if provider is None:
        raise BadCell(_("no provider on record has this NPI"), ask)
    if new and not provider.could_refer_on(row.received_on):
        fault = _("this provider could not refer on %(day)s")
        raise BadCell(fault % {"day": row.received_on}, ask)
    return provider


def _diagnosis(row: Row, known: Known, new: bool) -> DiagnosisCode:
    return _coded(row.diagnosis, known)


def _others(row: Row, known: Known, new: bool) -> frozenset[DiagnosisCode]:
    others = (code for code in row.other_diagnoses if code != row.diagnosis)
    return frozenset(_coded(code, known) for code in others)


def _coded(code: str, known: Known) -> DiagnosisCode:
    if code not in known.codes:
        raise BadCell(
            _('"%(cell)s" is no ICD-10-CM code that can be billed') % {"cell": code},
            _("Write a code with all its digits, like M54.50."),
        )
    return known.codes[code]


def _technique(row: Row, known: Known, new: bool) -> Technique | None:
    technique = known.techniques.get(row.technique)
    if row.technique and (technique is None or (new and not technique.active)):
        raise BadCell(
            _('"%(cell)s" is no technique that we offer')
            % {"cell": row.technique[:SHOWN]},
            _("Leave it empty: then the therapist decides."),
        )
    return technique


def _insurer(row: Row, known: Known, new: bool) -> Insurer | None:
    insurer = known.insurers.get(row.insurer.upper())
    if row.insurer and (insurer is None or (new and not insurer.active)):
        raise BadCell(
            _('no insurer on record has the name "%(cell)s"')
            % {"cell": row.insurer[:SHOWN]},
            _("Check the spelling, leave it empty, or ask an editor to add it."),
        )
    return insurer


def _patient(row: Row, known: Known, new: bool) -> Patient:
    """Return who has this record number, or a new row, which is not saved yet."""
    patient = known.patients.get(row.record_number.lower())
    if patient is None:
        return Patient(
            record_number=row.record_number,
            given_name=row.given_name,
            family_name=row.family_name,
            birth_date=row.birth_date,
        )
    check = _("Check the number, the name and the date of birth against the letter.")
    if any(
        _folded(getattr(row, name)) != _folded(getattr(patient, name))
        for name in ("given_name", "family_name")
    ):
        raise BadCell(_("this record number belongs to another name"), check)
    if row.birth_date != patient.birth_date:
        raise BadCell(_("this record number belongs to another date of birth"), check)
    return lock_patient(patient) if patient.merged_into_id else patient


def _folded(name: str) -> str:
    """Return a name as names are compared: in small letters, without accents."""
    apart = unicodedata.normalize("NFKD", name.casefold())
    return "".join(one for one in apart if not unicodedata.combining(one))


FINDERS = {
    "provider": _provider,
    "diagnosis": _diagnosis,
    "other_diagnoses": _others,
    "technique": _technique,
    "insurer": _insurer,
    "patient": _patient,
}
