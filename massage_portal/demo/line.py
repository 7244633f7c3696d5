"""Those of the demo clinic who wait, and what happens to them while they do."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from appointments import actions
from appointments.codes import EntryStatus
from appointments.models import Appointment, Overrule, WaitlistEntry
from massage_portal.demo import people
from massage_portal.demo.arrival import Case, arrive
from massage_portal.demo.deeds import (
    DAY,
    HOUR,
    Script,
    ask,
    available,
    offer,
    said,
    see,
    take_freed,
    triage,
    user_of,
    waiting_of,
)
from massage_portal.demo.stage import ZONE, Clinic
from referrals.models import Referral

QUARTER = Decimal("0.25")
LATELY = 10  # days ago, the overrules that are still in force began
CALLED = 69  # who turned two offers down, and was called


def withdrawn(clinic: Clinic, number: int) -> Script:
    """A request that its patient took back."""
    yield clinic.at(30, 9)
    referral = arrive(clinic, number, 30, Case())
    yield clinic.at(29, 11)
    entry = ask(clinic, referral, 29)
    moment = clinic.at(20, 16)
    yield moment
    actions.withdraw(entry=entry, by=user_of(referral.patient), now=moment)


def on_hold(clinic: Clinic, number: int) -> Script:
    """The provider has not cleared a precaution yet."""
    yield clinic.at(number % 6, 9)
    arrive(clinic, number, number % 6, Case(yes="bleeding"))


def queued(clinic: Clinic, number: int) -> Script:
    """In the queue; to one of four something has happened since."""
    yield from _to_the_queue(clinic, number)
    entry, turn = waiting_of(number), number % 16
    if entry is None or entry.triaged_at is None:
        return
    ago = (clinic.now - entry.triaged_at).days
    if turn in (1, 9):
        lately = min(ago, LATELY)
        yield from overruled(clinic, entry, lately, up=turn == 1, ends_early=False)
    elif turn in (3, 11):
        yield from question(clinic, entry, number, days_ago=1, answered=turn == 3)
    elif turn == 6 and ago > 1:
        moment = clinic.at(1, 17)
        yield moment
        entry.refresh_from_db()
        if entry.status == EntryStatus.ACCEPTED:
            by = user_of(entry.patient)
            worse = said(clinic, least=7)
            actions.report_need(entry=entry, need=worse, by=by, now=moment)


def _to_the_queue(
    clinic: Clinic, number: int, place: tuple[int, int] | None = None
) -> Script:
    category, days_ago = place or _place(number)
    yield clinic.at(days_ago, 9)
    referral = arrive(clinic, number, days_ago, Case(sessions=1 + number % 6))
    yield clinic.at(days_ago, 11)
    entry = ask(clinic, referral, days_ago)
    yield clinic.at(days_ago - 1, 13)
    triage(clinic, entry, days_ago - 1, category)


def _place(number: int) -> tuple[int, int]:
    """Return a category and how many days ago its referral came."""
    category = [3, 2, 2, 1, 1, 3, 2, 0][number % 8]
    longest = [3, 16, 30, 80][category]
    return category, 1 + (number * 13) % longest


def to_triage(clinic: Clinic, number: int) -> Script:
    """Asked for, and not yet read."""
    yield clinic.at(number % 3, 9)
    referral = arrive(clinic, number, number % 3, Case(sessions=4))
    yield clinic.at(number % 3, 11)
    ask(clinic, referral, number % 3)


def questioned(clinic: Clinic, number: int) -> Script:
    """A scheduler wants to know more first."""
    yield clinic.at(5, 9)
    referral = arrive(clinic, number, 5, Case(sessions=4))
    yield clinic.at(5, 11)
    entry = ask(clinic, referral, 5)
    moment = clinic.at(4, 10)
    yield moment
    actions.ask_information(
        entry=entry,
        question="Have you had massage before, and did it help?",
        version=entry.version,
        by=clinic.users["scheduler"],
        now=moment,
    )


def offered(clinic: Clinic, number: int) -> Script:
    """An offer is out that is to be answered."""
    yield from _to_the_queue(clinic, number)
    yield clinic.now
    offer_now(clinic, waiting_of(number))


def offer_now(clinic: Clinic, entry: WaitlistEntry | None) -> None:
    """Send an offer that is open when the demo starts."""
    first = clinic.today + DAY
    if entry is not None and not entry.appointments.offers_open(clinic.now).exists():
        offer(clinic, entry, clinic.now, first=first)


def declined_twice(clinic: Clinic, number: int) -> Script:
    """Two offers turned down, whose times went to others; one patient was called."""
    yield from _to_the_queue(clinic, number, (2, 18 + number % 3))
    passed_on: list[Appointment] = []
    for days_ago in (6, 3):
        moment = clinic.at(days_ago, 9)
        yield moment
        first = clinic.today - (days_ago - 4) * DAY
        found = offer(clinic, waiting_of(number), moment, first=first)
        if found is None:
            continue
        moment += 3 * HOUR
        yield moment
        by = user_of(found.patient)
        actions.decline(appointment=found, by=by, now=moment)
        yield from take_freed(clinic, moment, passed_on)
    entry = waiting_of(number)
    if number == CALLED and entry is not None:
        moment = clinic.at(2, 15)
        yield moment
        actions.record_call(entry=entry, by=clinic.users["scheduler"], now=moment)
    yield from see(clinic, passed_on)


def by_telephone(clinic: Clinic, number: int) -> Script:
    """
    Patients without an account: they ask by telephone. One accepts by it as well, and
    one is still to be called about an offer.
    """
    days_ago = 8 + number % 2
    yield clinic.at(days_ago, 9)
    referral = arrive(clinic, number, days_ago, Case(sessions=3, email=""))
    moment = clinic.at(days_ago, 11)
    yield moment
    entry = _asked_by_telephone(clinic, referral, moment)
    yield clinic.at(days_ago - 1, 13)
    entry = triage(clinic, entry, days_ago - 1, 1 + number % 2)
    if number % 2:
        yield clinic.now
        offer_now(clinic, entry)
        return
    moment = clinic.at(1, 10)
    yield moment
    found = offer(clinic, entry, moment, first=clinic.today + 2 * DAY)
    moment += HOUR
    yield moment
    if found is not None:
        actions.by_telephone(
            actions.accept,
            patient=found.patient,
            by=clinic.users["scheduler"],
            now=min(moment, clinic.now),
            appointment=found,
        )


def _asked_by_telephone(
    clinic: Clinic, referral: Referral, moment: datetime
) -> WaitlistEntry:
    return actions.by_telephone(
        actions.ask,
        patient=referral.patient,
        by=clinic.users["scheduler"],
        now=moment,
        referral=referral,
        availability=available(clinic),
        need=said(clinic),
        today=moment.astimezone(ZONE).date(),
    )


def question(
    clinic: Clinic,
    entry: WaitlistEntry,
    number: int,
    *,
    days_ago: int,
    answered: bool = True,
) -> Script:
    """The patient asks the clinic something, which may wait for its answer."""
    asked, answer = people.QUESTIONS[number % len(people.QUESTIONS)]
    if not answered:
        asked = people.OPEN_QUESTIONS[number // 16 % len(people.OPEN_QUESTIONS)]
    moment = clinic.at(days_ago, 10)
    yield moment
    by = user_of(entry.patient)
    found = actions.ask_question(entry=entry, words=asked, by=by, now=moment)
    if answered:
        moment = clinic.at(days_ago, 15)
        yield moment
        scheduler = clinic.users["scheduler"]
        actions.answer_question(question=found, words=answer, by=scheduler, now=moment)


def overruled(
    clinic: Clinic,
    entry: WaitlistEntry,
    days_ago: int,
    *,
    up: bool,
    ends_early: bool = True,
) -> Script:
    """A scheduler moves somebody up or down, and may end that after a week."""
    moment = clinic.at(days_ago, 16)
    yield moment
    entry.refresh_from_db()
    why = entry.explain(now=moment, exponent=3.0)
    if why is None or not entry.is_waiting:
        return
    computed = Decimal(why.computed_days).quantize(Decimal("0.1"))
    words = people.UP if up else people.DOWN
    turn = Overrule.objects.count()
    actions.overrule(
        entry=entry,
        target_days=max(round(computed * QUARTER * (2 if up else 6), 1), Decimal(1)),
        reason=words[turn % len(words)],
        ends_at=moment + timedelta(days=21),
        version=entry.version,
        by=clinic.users["scheduler"],
        now=moment,
    )
    if ends_early and turn % 2:
        moment = clinic.at(days_ago - 7, 10)
        yield moment
        entry.refresh_from_db()
        scheduler = clinic.users["scheduler"]
        actions.end_overrule(
            entry=entry, version=entry.version, by=scheduler, now=moment
        )
