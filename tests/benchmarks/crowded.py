"""
Pages while fifty people use them, over 100,000 appointments and 10,000 who wait.

Twice: all fifty open it at one moment, and each opens a page every EVERY seconds,
whether the server keeps up or not. People read what they opened; a crowd that never
does asks for all that two cores can give, and the first figure is how long that lasts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.test import Client
from django.urls import reverse

from appointments.actions.draw_up import ask_for_draft, draw_up
from appointments.codes import EntryStatus, Missed, Status
from appointments.models import Appointment, WaitlistEntry
from massage_portal.accounts.actions import add_user
from massage_portal.accounts.roles import Role
from tests.benchmarks.browsing import served
from tests.benchmarks.contested import signed_in
from tests.benchmarks.figures import Figure, Limit, count_queries
from tests.benchmarks.filling import Clinic, analyze
from tests.crowd import Ask, in_turn, p95, sessions, together

APPOINTMENTS = 100_000
PEOPLE, EVERY, SECONDS = 50, 5.0, 10.0
SHIFT = timedelta(weeks=12)  # longer than the days that are booked ahead
LIMITS = {"page": Limit(500), "report": Limit(2_000)}  # of the crowd that reads
ENDED = (Status.FULFILLED,) * 17 + (Status.NOSHOW,) * 2 + (Status.CANCELLED,)


@dataclass(frozen=True)
class Page:
    """A page or a report, and the role of those who open it."""

    what: str
    address: str
    role: Role = Role.SCHEDULER
    report: bool = False


def past(ahead: list[Appointment], *, turn: int, until: int) -> int:
    """
    Make visits of the past from those `ahead`, twelve weeks apart, until there are so
    many; return the next turn.
    """
    while (left := until - Appointment.objects.count()) > 0:
        _one_turn(ahead[:left], turn)
        turn += 1
    return turn


def _one_turn(ahead: list[Appointment], turn: int) -> None:
    back = SHIFT * turn
    entries = WaitlistEntry.objects.bulk_create(
        (
            WaitlistEntry(
                referral_id=one.entry.referral_id,
                patient_id=one.patient_id,
                status=EntryStatus.COMPLETED,
                session=1 + turn,
                received_at=one.starts_at - back - timedelta(days=20 + one.pk % 30),
                asked_at=one.starts_at - back - timedelta(days=20),
                triaged_at=one.starts_at - back - timedelta(days=19),
                category_id=one.entry.category_id,
                need_score=one.entry.need_score,
            )
            for one in ahead
        ),
        batch_size=2_000,
    )
    visits = (
        _visit(one, entry, back) for one, entry in zip(ahead, entries, strict=True)
    )
    Appointment.objects.bulk_create(visits, batch_size=2_000)


def _visit(one: Appointment, entry: WaitlistEntry, back: timedelta) -> Appointment:
    status = ENDED[one.pk % len(ENDED)]
    starts_at = one.starts_at - back
    canceled = status == Status.CANCELLED
    return Appointment(
        entry=entry,
        patient_id=one.patient_id,
        therapist_id=one.therapist_id,
        room_id=one.room_id,
        status=status,
        starts_at=starts_at,
        ends_at=one.ends_at - back,
        blocked_until=one.blocked_until - back,
        offered_at=starts_at - timedelta(days=9),
        booked_at=starts_at - timedelta(days=8),
        ended_at=starts_at - timedelta(days=2) if canceled else None,
        ending="pat" if canceled else "",
        missed_because=Missed.NOT_SAID if status == Status.NOSHOW else "",
    )


def pages(of: Clinic) -> list[Page]:
    """Return what is measured; the plan is drawn up first."""
    draft = ask_for_draft(weeks=2, by=of.scheduler, now=of.now)
    draw_up(pk=draft.pk, now=of.now)
    week = "appointments:clinic_week"
    return [
        Page("queue", reverse("appointments:queue")),
        Page("queue, page 20", reverse("appointments:queue") + "?page=20"),
        Page("day of the clinic", reverse("appointments:day")),
        Page("calendar, week", reverse(week)),
        Page("telephone", reverse("appointments:telephone")),
        Page("offers", reverse("appointments:offers")),
        Page("plan of offers", reverse("appointments:draft", args=[draft.pk])),
        Page("figures", reverse("appointments:figures"), report=True),
        Page(
            "figures, file",
            reverse("appointments:figure_file", args=["waits"]),
            report=True,
        ),
        Page("audit trail", reverse("audit:trail"), Role.AUDITOR, report=True),
    ]


def measure(of: Clinic) -> list[Figure]:
    """
    Fill the past, and return the p95 of each page beside the sign-in page's.

    :raises RuntimeError: if a page asks more of the database for it, or meets an error.
    """
    browsers = {Role.SCHEDULER: signed_in(of.scheduler)}
    auditor = add_user(
        email="auditor@example.org",
        name="Bench Auditor",
        roles=[Role.AUDITOR],
        by=None,
        now=of.now,
    )
    browsers[Role.AUDITOR] = signed_in(auditor)
    all_pages = pages(of)
    ahead = list(Appointment.objects.select_related("entry").order_by("pk"))
    turn = past(ahead, turn=1, until=APPOINTMENTS // 2)
    before = [_queries(page, browsers[page.role]) for page in all_pages]
    past(ahead, turn=turn, until=APPOINTMENTS)
    analyze()
    after = [_queries(page, browsers[page.role]) for page in all_pages]
    if after != before:
        raise RuntimeError(f"more rows, more queries: {before} became {after}")
    figures = []
    with served() as port:
        in_turn(port, [Ask("/accounts/login/", "")] * 32, seconds=2)  # both are up
        floors = _crowd(port, "/accounts/login/", [""] * PEOPLE)
        for page, queries in zip(all_pages, after, strict=True):
            keys = sessions(browsers[page.role], PEOPLE)
            found = _crowd(port, page.address, keys)
            figures += _figures(page, found, floors, queries)
    return figures


def _queries(page: Page, browser: Client) -> int:
    browser.get(page.address)  # the first one loads what is loaded once
    return count_queries(lambda: browser.get(page.address))


def _figures(
    page: Page, found: list[float], floors: list[float], queries: int
) -> list[Figure]:
    kind = "report" if page.report else "page"
    crowds = {"at one moment": (), f"one each {EVERY:.0f} s": (LIMITS[kind],)}
    return [
        Figure(
            f"{kind} for {PEOPLE} people, {crowd}: {page.what}, p95",
            taken,
            "sign-in page for as many, p95",
            floor,
            queries=queries,
            limits=limits,
        )
        for (crowd, limits), taken, floor in zip(
            crowds.items(), found, floors, strict=True
        )
    ]


def _crowd(port: int, address: str, keys: list[str]) -> list[float]:
    """
    Return the p95 of both crowds; the first pages of each worker are not counted.

    Of those who ask at one moment some may get no answer, which takes for ever; of
    those who read in between everybody gets one.
    """
    asks = [Ask(address, key) for key in keys]
    in_turn(port, asks[:8], seconds=1)
    crowds = [
        together(port, asks),
        in_turn(port, asks * round(SECONDS / EVERY), seconds=SECONDS),
    ]
    for answers, fine in zip(crowds, ({200, 0}, {200}), strict=True):
        if wrong := {one.status for one in answers} - fine:
            raise RuntimeError(f"{address}: {wrong}")
    return [p95(answers) for answers in crowds]
