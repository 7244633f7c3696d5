"""See whether what must hold does hold, on the rows as they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from django.utils import timezone, translation

from appointments.invariants import INVARIANTS as APPOINTMENTS
from appointments.reminded import INVARIANTS as REMINDED
from massage_portal.invariants import Found
from massage_portal.outbox.invariants import INVARIANTS as MESSAGES
from referrals.invariants import INVARIANTS as REFERRALS

MOST_TOLD = 20  # of one kind; the count tells how many more there are


@contextmanager
def snapshot() -> Iterator[None]:
    """Read all as of one moment, write nothing, and take the time that it takes."""
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute("SET LOCAL statement_timeout = 0")
        yield


def verdict(found: Found) -> str:
    """Say whether it holds; what holds of nothing is told apart."""
    if found.faults:
        return f"{len(found.faults)} AT FAULT, {found.looked_at} looked at"
    if found.is_empty:
        return "nothing to look at"
    return f"yes, {found.looked_at} looked at"


class Command(BaseCommand):
    """Reads only; fails if one thing that must hold does not."""

    help = (
        "Check what must hold whatever happened, while the clinic works: a line for "
        "each, and the rows at fault by their keys. Names nobody, changes nothing."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Look at each in turn, in one snapshot; fail if one does not hold."""
        wrong = empty = 0
        with translation.override("en"), snapshot():
            now = timezone.now()
            for invariant in [*MESSAGES, *REFERRALS, *APPOINTMENTS, *REMINDED]:
                self.stdout.write(f"{invariant.says}: ", ending="")
                self.stdout.flush()
                found = invariant.look(now)
                wrong += len(found.faults)
                empty += found.is_empty
                self.stdout.write(verdict(found))
                for fault in found.faults[:MOST_TOLD]:
                    self.stdout.write(f"  {fault}")
                if more := len(found.faults[MOST_TOLD:]):
                    self.stdout.write(f"  and {more} more")
        if wrong:
            raise CommandError(f"{wrong} at fault: see above")
        last = "all of it holds"
        if empty:
            last += f"; of {empty} there was nothing to look at"
        self.stdout.write(last)
