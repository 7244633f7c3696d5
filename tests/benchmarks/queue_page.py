"""The queue page: its queries and its time, at any length of the line."""

from __future__ import annotations

from datetime import datetime, time

from django.db import transaction
from django.test import Client
from django.urls import reverse

from appointments.models import WaitlistEntry
from tests.benchmarks.browsing import Browser, medians, rate, served
from tests.benchmarks.figures import (
    BEST_OF_OTHERS,
    Figure,
    Limit,
    count_queries,
    milliseconds,
    rows_of,
)
from tests.benchmarks.filling import Clinic

TIMES = 40
SECONDS = 5.0
COMPARED = 10_000  # waiting, where others were measured
LIMIT = Limit(10, of_floor=True)  # at any length of the line

# What a row of the queue shows, of the first 50 in the order of need: p is 3.
SAME_ROWS = """
SELECT e.id, e.received_at, e.need_score, t.target_days, c.name, p.given_name,
       p.family_name, r.technique_id, d.code, d.description,
       EXISTS (SELECT 1 FROM appointments_appointment a WHERE a.entry_id = e.id
               AND a.status = 'proposed' AND a.held_until > %(now)s
               AND a.starts_at > %(now)s)
  FROM appointments_waitlistentry e
  JOIN appointments_triagecategory c ON c.id = e.category_id
  JOIN appointments_targetwait t ON t.category_id = c.id
       AND t.in_force_from <= %(now)s
       AND (t.in_force_until IS NULL OR t.in_force_until > %(now)s)
  JOIN referrals_patient p ON p.id = e.patient_id
  JOIN referrals_referral r ON r.id = e.referral_id
  JOIN referrals_diagnosiscode d ON d.id = r.diagnosis_id
 CROSS JOIN LATERAL (SELECT
       greatest(extract(epoch FROM %(now)s - e.received_at) / 86400.0, 0)::float AS w,
       (t.target_days * (1 - e.need_score / 200.0))::float AS t) AS n
 WHERE e.status = 'accepted'
 ORDER BY ((n.w + 1) / n.t) ^ 3 - (n.w / n.t) ^ 3 DESC, e.received_at, e.id
 LIMIT 50
"""


def measure(of: Clinic, *, waiting: int, now: datetime) -> list[Figure]:
    """
    Return the page beside a plain one of its size, that reads the same rows in one
    query: both over HTTP from the same two workers, first one at a time in turns, then
    by eight clients at once.
    """
    found = f"queue page, {waiting:,} waiting"
    client = _signed_in(of)
    address = reverse("appointments:queue")
    page = client.get(address)
    _same_order(page, now)
    queries = count_queries(lambda: client.get(address))
    plain = f"/floor?size={len(page.content)}"
    with served() as port:
        browser = Browser(port, client)
        if len(browser.get(plain)) < len(page.content):
            raise RuntimeError("the plain page is shorter than the queue")
        took, one_query = medians(browser, address, plain, times=TIMES)
        many, many_plain = (
            rate(port, client, each, seconds=SECONDS) for each in (address, plain)
        )
    size = f"one query, {len(page.content) // 1024} KB page, 2 workers"
    best = (BEST_OF_OTHERS["queue"],) if waiting == COMPARED else ()
    eight = f"{size}, 8 clients"
    return [
        Figure(found, took, size, one_query, queries=queries, limits=(LIMIT,)),
        Figure(found, many, eight, many_plain, unit="/s", limits=best),
    ]


def measure_hopeless(of: Clinic, *, waiting: int, now: datetime) -> Figure:
    """Return the proposal where nobody can use any opening: the longest search."""
    with transaction.atomic():
        WaitlistEntry.objects.waiting().update(from_time=time(4), to_time=time(5))
        client = _signed_in(of)
        search = reverse("appointments:next_offer")
        queries = count_queries(lambda: client.get(search))
        took, bare = milliseconds(
            lambda: client.get(search), lambda: rows_of(SAME_ROWS, {"now": now})
        )
        transaction.set_rollback(True)
    what = f"next to offer, {waiting:,} waiting, none can come"
    # It ranks the line twice, as the floor does once, reads 500 of it whole, and four
    # weeks of everybody's free time; none of that grows faster than the line.
    limits = (Limit(20, of_floor=True),)
    floor = "bare SQL, first 50 rows"
    return Figure(what, took, floor, bare, queries=queries, limits=limits)


def _signed_in(of: Clinic) -> Client:
    client = Client()
    client.force_login(of.scheduler, "massage_portal.accounts.backend.Backend")
    return client


def _same_order(page, now: datetime) -> None:
    """See that the floor reads the rows that the page shows: else it is no floor."""
    keys = [row[0] for row in rows_of(SAME_ROWS, {"now": now})]
    places = [page.content.find(f'id="entry-{key}"'.encode()) for key in keys]
    if page.status_code != 200 or -1 in places or places != sorted(places):
        raise RuntimeError(f"{page.status_code}: the page and its floor do not agree")
