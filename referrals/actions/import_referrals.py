"""Take a spreadsheet of referrals into the records: all of the file, or none."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import BinaryIO

from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils.timezone import localdate
from django.utils.translation import gettext as _

from massage_portal.accounts.models import User
from massage_portal.audit.models import AuditEvent
from massage_portal.audit.record import event, record
from massage_portal.spreadsheet import Refused
from referrals.actions.import_rows import Facts, Judge, Known
from referrals.actions.plan import begin_plans
from referrals.actions.refusal import Refusal
from referrals.codes import SPREADSHEET, Status
from referrals.models import Patient, Referral
from referrals.referrals_csv import Read, read

LOCK = 4_747_002  # any number of our own: one import at a time
BATCH = 500  # rows judged and written together
MOST_FAULTS = 5_000  # after so many, the rest of the file is not read
PAGE_BYTES, PAGE_ROWS = 5_000_000, 5_000  # what a request does in a few seconds
MOST_BYTES, MOST_ROWS = 100_000_000, 500_000  # what the command takes


class ImportBusy(Refusal):
    """Another import is under way, and was for longer than we wait."""


class ImportCrossed(Refusal):
    """Somebody added the same patient or referral while the file was taken in."""


class _Undo(Exception):
    """Take back what was written."""


@dataclass
class Imported:
    """
    What an import did, or would do; `patients` are those added with the referrals.

    `written` says whether anything was kept: not on a dry run, nor if a row is refused.
    """

    added: int = 0
    same: int = 0
    patients: int = 0
    refused: list[Refused] = field(default_factory=list)
    written: bool = False

    @property
    def refused_rows(self) -> int:
        """How many lines are at fault; one may have several faults."""
        return len({one.line for one in self.refused})

    def __str__(self) -> str:
        return (
            f"added {self.added}, same {self.same}, patients added {self.patients}, "
            f"refused {self.refused_rows}"
        )


@transaction.atomic
def import_referrals(
    *,
    file: BinaryIO,
    by: User,
    now: datetime,
    dry_run: bool = False,
    most_bytes: int = PAGE_BYTES,
    most_rows: int = PAGE_ROWS,
    progress: Callable[[int], None] = lambda rows: None,
) -> Imported:
    """
    Add the referrals of a file as drafts: their safety questions are not answered yet.

    One refused row and nothing is kept. A dry run does all that the import does, in the
    database, and takes it back: what passes it passes. A referral that came before, by
    its reference, is the same or refused, so a file that is sent twice counts once.

    :param progress: told after each batch how many rows are judged.
    :raises BadFile: if the file as a whole cannot be read.
    :raises ImportBusy: if another import does not end in time.
    :raises ImportCrossed: if somebody else added one of these rows just now.
    """
    _wait_for_other_imports()
    result = Imported()
    reads = read(file, today=localdate(now), most_bytes=most_bytes, most_rows=most_rows)
    try:
        with transaction.atomic():
            _take_all(reads, result, progress, by=by, now=now)
            if dry_run or result.refused:
                raise _Undo
    except _Undo:
        done = "referrals.import_checked"
    except IntegrityError as fault:
        raise ImportCrossed(
            _("Somebody added one of these just now. Send the file once more.")
        ) from fault
    else:
        done, result.written = "referrals.imported", True
    record(done, Referral(pk=0), by=by, at=now, change=str(result))
    return result


def _wait_for_other_imports() -> None:
    """Wait as long as for any lock."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    except OperationalError as fault:
        if getattr(fault.__cause__, "pgcode", "") != "55P03":  # lock_not_available
            raise
        raise ImportBusy(
            _("Another file is being taken in. Wait a minute, then send this again.")
        ) from fault


def _take_all(
    reads: Iterator[Read],
    result: Imported,
    progress: Callable[[int], None],
    *,
    by: User,
    now: datetime,
) -> None:
    """Judge and write batch by batch, so that a large file needs little memory."""
    rows = 0
    while batch := list(islice(reads, BATCH)):
        _take(batch, result, by=by, now=now)
        rows += len(batch)
        progress(rows)
        if len(result.refused) >= MOST_FAULTS:
            _stop(batch[-1], result)
            return


def _take(batch: list[Read], result: Imported, *, by: User, now: datetime) -> None:
    """Judge a batch of rows and write the good ones."""
    known = Known([one.row for one in batch if one.row])
    judge = Judge(known)
    patients: list[Patient] = []
    new: dict[str, Facts] = {}
    for one in batch:
        facts = judge.facts(one)
        if facts is None or one.row is None:
            continue
        if one.row.reference in known.facts:
            result.same += 1
            continue
        if facts["patient"].pk is None:
            key = one.row.record_number.lower()
            if key not in known.patients:
                patients.append(facts["patient"])
            known.patients[key] = facts["patient"]
        known.facts[one.row.reference] = new[one.row.reference] = facts
    result.added += len(new)
    result.patients += len(patients)
    result.refused += judge.refused
    _write(patients, new, by=by, now=now)


def _write(
    patients: list[Patient], new: dict[str, Facts], *, by: User, now: datetime
) -> None:
    """Keep the rows of a batch, each with its plan and its line of the trail."""
    Patient.objects.bulk_create(patients)
    referrals = [
        Referral(
            status=Status.DRAFT,
            identifier_system=SPREADSHEET,
            identifier_value=reference,
            submission=uuid.uuid4(),
            recorded_at=now,
            recorded_by=by,
            **{k: v for k, v in facts.items() if k != "other_diagnoses"},
        )
        for reference, facts in new.items()
    ]
    Referral.objects.bulk_create(referrals)
    other = Referral.other_diagnoses.through
    other.objects.bulk_create(
        other(referral_id=referral.pk, diagnosiscode_id=code.pk)
        for referral, facts in zip(referrals, new.values(), strict=True)
        for code in facts["other_diagnoses"]
    )
    begin_plans(referrals=referrals, by=by, now=now)
    events = [event("patient.added", one, by=by, at=now) for one in patients]
    events += [
        event("referral.recorded", one, by=by, at=now, change=f">{one.status}")
        for one in referrals
    ]
    AuditEvent.objects.bulk_create(events)


def _stop(last: Read, result: Imported) -> None:
    result.refused.append(
        Refused(
            last.line,
            "",
            _("there are too many faults; what comes after this line was not read"),
            _("Mend these first, then check the file again."),
        )
    )
