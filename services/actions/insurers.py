"""Take a spreadsheet of insurers into the records: all of the file, or none."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils.timezone import localdate

from massage_portal.audit.models import AuditEvent
from massage_portal.audit.record import Actor, event
from services.cache import drop_pages
from services.insurers_csv import Refused, read
from services.models.insurer import Insurer


@dataclass
class Imported:
    """
    What an import did, or would do: rows added, changed and left the same.

    `written` says whether anything was kept: not on a dry run, nor if a row is refused.
    """

    added: int = 0
    changed: int = 0
    same: int = 0
    refused: list[Refused] = field(default_factory=list)
    written: bool = False

    def __str__(self) -> str:
        return f"added {self.added}, changed {self.changed}, same {self.same}"


@transaction.atomic
def import_insurers(
    *,
    data: bytes,
    by: Actor | None,
    now: datetime,
    dry_run: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Imported:
    """
    Add the insurers of a file and change those on record, by name in any case.

    One refused row and nothing is written. A name that comes twice counts as a change
    of its first row. An insurer that the file does not name stays.

    :param progress: told after each row how many of how many are judged.
    :raises insurers_csv.BadFile: if the file as a whole cannot be read.
    """
    table = read(data, today=localdate(now))
    _wait_for_other_writers()
    known = {_key(one.name): one for one in Insurer.objects.all()}
    added: dict[str, Insurer] = {}
    changed: dict[str, set[str]] = {}
    result = Imported(refused=table.refused)
    for done, row in enumerate(table.rows, start=1):
        key = _key(row["name"])
        if key not in known:
            known[key] = added[key] = Insurer(**row)
            result.added += 1
        elif differing := _take(known[key], row):
            changed.setdefault(key, set()).update(differing)
            result.changed += 1
        else:
            result.same += 1
        progress(done, len(table.rows))
    if not (dry_run or result.refused):
        old = [(known[key], changed[key]) for key in changed if key not in added]
        _write(list(added.values()), old)
        _record(added.values(), old, result, by=by, now=now)
        result.written = True
    return result


def _wait_for_other_writers() -> None:
    """Let nobody else add or change an insurer until we are done; all may read."""
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE services_insurer IN SHARE ROW EXCLUSIVE MODE")


def _key(name: str) -> str:
    return name.upper()


def _take(insurer: Insurer, row: dict[str, Any]) -> list[str]:
    """Give the insurer what the row says; return the names of the fields changed."""
    differing = [name for name in row if getattr(insurer, name) != row[name]]
    for name in differing:
        setattr(insurer, name, row[name])
    return differing


def _write(added: list[Insurer], old: list[tuple[Insurer, set[str]]]) -> None:
    Insurer.objects.bulk_create(added, batch_size=1000)
    fields = sorted({name for _insurer, names in old for name in names})
    if fields:
        rows = [insurer for insurer, _names in old]
        Insurer.objects.bulk_update(rows, fields, batch_size=1000)
    drop_pages()


def _record(
    added: Iterable[Insurer],
    old: list[tuple[Insurer, set[str]]],
    result: Imported,
    *,
    by: Actor | None,
    now: datetime,
) -> None:
    """Record each row added and changed, and the whole under the key 0."""
    events = [event("content.added", one, by=by, at=now) for one in added]
    events += [
        event("content.changed", one, by=by, at=now, change=",".join(sorted(names)))
        for one, names in old
    ]
    whole = Insurer(pk=0)
    events.append(event("insurers.imported", whole, by=by, at=now, change=str(result)))
    AuditEvent.objects.bulk_create(events, batch_size=1000)
