"""
Run every benchmark on servers and a database of its own, and print one table.

With the word "sending" only what goes through the worker is measured.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from massage_portal import embedded

if TYPE_CHECKING:
    from tests.benchmarks.figures import Figure
    from tests.benchmarks.filling import Clinic

THERAPISTS = 50
LENGTHS = (1_000, 10_000, 100_000)


def main() -> int:
    """Return 1 if a limit was missed, or a booking at a time of its own refused."""
    with (
        tempfile.TemporaryDirectory(prefix="portal-bench-") as folder,
        embedded.servers(Path(folder)) as where,
    ):
        os.environ |= {
            "DATABASE_URL": where.database_url,
            "REDIS_URL": where.broker_url,
            "EMAIL_URL": "smtp://127.0.0.1:1",
            "SECRET_KEY": "only-for-bench-0123456789-abcdefghijklmnopqrstuvwxyz-ABC",
            "ALLOWED_HOSTS": "testserver",
            "PORTAL_ORIGIN": "http://testserver",
            "STATICFILES_STORAGE": (
                "django.contrib.staticfiles.storage.StaticFilesStorage"
            ),
            "DJANGO_SETTINGS_MODULE": "massage_portal.settings",
        }
        import django
        from django.db import connection

        django.setup()
        # The mail server of the tests tells of each connection.
        logging.getLogger("mail.log").setLevel(logging.WARNING)
        try:
            return _run()
        finally:
            connection.close()


def _run() -> int:
    from django.core.management import call_command

    from massage_portal.accounts.actions import sync_roles
    from referrals.actions import load_diagnoses
    from tests.benchmarks import filling
    from tests.benchmarks.figures import missed, say, table

    began = perf_counter()
    now = datetime.now(UTC)
    say("making the tables, loading the diagnosis codes")
    call_command("migrate", verbosity=0)
    sync_roles()
    load_diagnoses()
    say(f"filling a clinic with {THERAPISTS} therapists, booked {filling.DAYS} days")
    clinic = filling.clinic(therapists=THERAPISTS, now=now)
    if sys.argv[1:] == ["sending"]:
        figures, faults = _sending(clinic), []
    else:
        figures, faults = _all(clinic, now)
    faults = missed(figures) + faults
    print(table(figures))  # noqa: T201 - this is what was asked for
    limits = sum(len(one.limits) for one in figures)
    print(f"limits: {limits}, missed: {len(missed(figures))}")  # noqa: T201
    print("\n".join(faults))  # noqa: T201
    say(f"took {perf_counter() - began:.0f} s")
    return 1 if faults else 0


def _all(clinic: Clinic, now: datetime) -> tuple[list[Figure], list[str]]:
    """Measure everything; return it, and what went wrong beside the limits."""
    from tests.benchmarks import bookings, contested, filling, planning
    from tests.benchmarks.figures import say

    say(f"planning {planning.MANY:,} entries from files, twice")
    from_files = planning.measure()
    filling.entries(30, clinic, filling.EntryStatus.REQUESTED)
    pages, faults = _queue_pages(clinic, now)
    figures = from_files + pages
    filling.analyze()
    figures += _times_and_searches(clinic, now)
    say(f"letting {contested.RIVALS} want one time")
    figures += contested.measure(clinic)
    figures += _sending(clinic)
    say("measuring bookings")
    rates, refused = bookings.measure(clinic, waiting=LENGTHS[-1])
    return figures + rates, faults + refused


def _sending(clinic: Clinic) -> list[Figure]:
    """Measure what goes through the worker."""
    from tests.benchmarks import sending
    from tests.benchmarks.figures import say

    say("sending reminders of visits ahead")
    return sending.measure(clinic)


def _times_and_searches(clinic: Clinic, now: datetime) -> list[Figure]:
    """Measure openings, searches, and a page while others send what is huge."""
    from tests.benchmarks import free_time, huge, searches
    from tests.benchmarks.figures import say

    say("measuring openings")
    figures = [free_time.measure(clinic), *free_time.measure_served(clinic)]
    say("measuring searches")
    figures += [*searches.measure(), *_site_search(now)]
    say("measuring a page beside huge requests")
    return [*figures, huge.measure()]


def _site_search(now: datetime) -> list[Figure]:
    """Measure kept pages; publish many more, and measure the search over them."""
    from tests.benchmarks import filling, kept_pages, site_search
    from tests.benchmarks.figures import say

    say("measuring kept pages")
    figures = kept_pages.measure(now)
    say(f"publishing {site_search.PAGES:,} pages, measuring search over them")
    site_search.fill(now)
    filling.analyze()
    return [*figures, *site_search.measure("en"), *site_search.measure("es")]


def _queue_pages(clinic: Clinic, now: datetime) -> tuple[list[Figure], list[str]]:
    """Fill the line, and measure its page at each length; bookings at the second."""
    from tests.benchmarks import bookings, crowded, filling, plans, queue_page
    from tests.benchmarks.figures import say

    figures, faults, waiting = [], [], 0
    for length in LENGTHS:
        say(f"filling the line to {length:,}, measuring the queue page")
        filling.entries(length - waiting, clinic)
        waiting = length
        filling.analyze()
        figures += queue_page.measure(clinic, waiting=length, now=now)
        if length == LENGTHS[0]:
            say("drawing up a plan of offers")
            figures.append(plans.measure(clinic, waiting=length))
        if length == LENGTHS[1]:
            say("measuring bookings")
            rates, faults = bookings.measure(clinic, waiting=length)
            figures += rates
            say(f"filling {crowded.APPOINTMENTS:,} visits, {crowded.PEOPLE} people")
            figures += crowded.measure(clinic)
    figures.append(queue_page.measure_hopeless(clinic, waiting=waiting, now=now))
    return figures, faults


if __name__ == "__main__":
    sys.exit(main())
