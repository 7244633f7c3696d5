"""
What happens to each patient of the demo clinic in a season.

Each patient is a script, a generator that acts and yields the moment of its next act.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta

from appointments import actions
from appointments.codes import Ending, RoleThreat, Status
from appointments.models import (
    Appointment,
    Policy,
    Supply,
    Therapist,
    WaitlistEntry,
)
from massage_portal.demo.arrival import Case, arrive
from massage_portal.demo.stage import PATIENTS, QUEUE, SEASON, ZONE, Clinic
from referrals.models import Patient, Referral

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
Script = Iterator[datetime]


def script_of(clinic: Clinic, number: int) -> Script:
    """Return what happens to the `number`-th patient."""
    plays: list[tuple[int, Callable[[Clinic, int], Script]]] = [
        (1, _demo_patient),
        (2, _second_patient),
        (22, _visited),
        (36, _plan_of_two),
        (42, _missed),
        (48, _cancelled_once),
        (54, _booked_soon),
        (57, _withdrawn),
        (PATIENTS - QUEUE + 1, _on_hold),
        (PATIENTS - 13, _queued),
        (PATIENTS - 7, _to_triage),
        (PATIENTS - 5, _questioned),
        (PATIENTS, _offered),
    ]
    play = next(play for end, play in plays if number < end)
    return play(clinic, number)


def _ask(
    clinic: Clinic,
    referral: Referral,
    days_ago: float,
    *,
    therapist: Therapist | None = None,
) -> WaitlistEntry:
    """Have the patient ask, with answers of their own."""
    moment = clinic.at(days_ago, 11)
    pick = clinic.random.randrange
    assert referral.patient.user is not None  # noqa: S101 - every demo patient has one
    return actions.ask(
        referral=referral,
        availability=actions.Availability(
            weekdays="MTWRFSU" if pick(3) or therapist else "MWF",
            therapist=therapist,
            notice_hours=24,
        ),
        need=actions.NeedAnswers(
            pain=pick(11),
            enjoyment=pick(11),
            activity=pick(11),
            role_threat=RoleThreat([0, 7, 13, 20][pick(4)]),
            sleep=pick(11),
        ),
        by=referral.patient.user,
        now=moment,
        today=moment.astimezone(ZONE).date(),
    )


def _triage(
    clinic: Clinic, entry: WaitlistEntry, days_ago: float, category: int
) -> WaitlistEntry:
    return actions.triage(
        entry=entry,
        category=clinic.categories[category],
        version=entry.version,
        by=clinic.users["scheduler"],
        now=clinic.at(days_ago, 13),
    )


def _book(
    clinic: Clinic, entry: WaitlistEntry, moment: datetime, *, not_before: date
) -> Appointment | None:
    """Book the first time from `not_before` on that the patient can use."""
    policy = Policy.objects.in_force(moment)
    last = not_before + timedelta(days=10)
    supply = Supply(now=moment, policy=policy, first=not_before, last=last)
    for opening in supply.for_entry(entry):
        offer = actions.offer(
            entry=entry, opening=opening, by=clinic.users["scheduler"], now=moment
        )
        patient: Patient = entry.patient
        assert patient.user is not None  # noqa: S101 - as above
        return actions.accept(appointment=offer, by=patient.user, now=moment)
    return None


def _until_visit(
    clinic: Clinic, number: int, *, sessions: int = 1
) -> Iterator[datetime | Appointment]:
    """Yield the moments up to a first booked visit, then that visit."""
    days_ago = 40 + (number * 11) % (SEASON - 40) if number else 20
    yield clinic.at(days_ago, 9)
    referral = arrive(clinic, number, days_ago, Case(sessions=sessions))
    yield clinic.at(days_ago, 11)
    entry = _ask(clinic, referral, days_ago)
    yield clinic.at(days_ago - 1, 13)
    entry = _triage(clinic, entry, days_ago - 1, (number + 2) % 4)
    moment = clinic.at(days_ago - 2, 14)
    yield moment
    soonest = moment.astimezone(ZONE).date() + timedelta(days=2 + number % 8)
    booked = _book(clinic, entry, moment, not_before=soonest)
    if booked is not None:
        yield booked


def _play_visit(
    clinic: Clinic, number: int, found: list[Appointment], *, sessions: int = 1
) -> Script:
    """Run `_until_visit`, put the visit into `found`, and wait until it is over."""
    for step in _until_visit(clinic, number, sessions=sessions):
        if isinstance(step, Appointment):
            found.append(step)
            yield step.ends_at
        else:
            yield step


def _record(clinic: Clinic, visit: Appointment, outcome: Status) -> None:
    actions.record_visit(
        appointment=visit,
        outcome=outcome,
        by=clinic.users["scheduler"],
        now=visit.ends_at,
    )


def _visited(clinic: Clinic, number: int) -> Script:
    found: list[Appointment] = []
    yield from _play_visit(clinic, number, found)
    for visit in found:
        _record(clinic, visit, Status.FULFILLED)


def _missed(clinic: Clinic, number: int) -> Script:
    found: list[Appointment] = []
    yield from _play_visit(clinic, number, found)
    for visit in found:
        _record(clinic, visit, Status.NOSHOW)


def _plan_of_two(clinic: Clinic, number: int) -> Script:
    """One visit made; the second one is booked for the coming days."""
    yield from _visited_of_two(clinic, number)
    moment = clinic.at(1, 15)
    yield moment
    entry = WaitlistEntry.objects.waiting().of_record(f"D-{1000 + number}")
    ahead = clinic.today + timedelta(days=number % 6)
    _book(clinic, entry, moment, not_before=ahead)


def _visited_of_two(clinic: Clinic, number: int) -> Script:
    found: list[Appointment] = []
    yield from _play_visit(clinic, number, found, sessions=2)
    for visit in found:
        _record(clinic, visit, Status.FULFILLED)


def _cancelled_once(clinic: Clinic, number: int) -> Script:
    """Canceled by the patient, booked again, and made."""
    found: list[Appointment] = []
    script = _until_visit(clinic, number)
    for step in script:
        if isinstance(step, Appointment):
            found.append(step)
        else:
            yield step
    for first in found:
        moment = first.starts_at - 20 * HOUR
        yield moment
        user = first.patient.user
        assert user is not None  # noqa: S101 - as above
        actions.cancel(appointment=first, ending=Ending.BY_PATIENT, by=user, now=moment)
        soonest = (first.starts_at + 3 * DAY).astimezone(ZONE).date()
        again = _book(clinic, first.entry, moment + HOUR, not_before=soonest)
        if again is not None:
            yield again.ends_at
            _record(clinic, again, Status.FULFILLED)


def _booked_soon(clinic: Clinic, number: int) -> Script:
    """Booked for today or tomorrow with the first therapist; nobody has come yet."""
    therapist = Therapist.objects.get(user=clinic.users["therapist"])
    for days_ago in [12 + number % 5]:
        yield clinic.at(days_ago, 9)
        referral = arrive(clinic, number, days_ago, Case(yes="pregnancy"))
        yield clinic.at(days_ago, 11)
        entry = _ask(clinic, referral, days_ago, therapist=therapist)
        yield clinic.at(3, 13)
        entry = _triage(clinic, entry, 3, number % 3)
        yield clinic.at(2, 14)
        day = clinic.today + timedelta(days=number % 2)
        _book(clinic, entry, clinic.at(2, 14), not_before=day)


def _withdrawn(clinic: Clinic, number: int) -> Script:
    yield clinic.at(30, 9)
    referral = arrive(clinic, number, 30, Case())
    yield clinic.at(29, 11)
    entry = _ask(clinic, referral, 29)
    moment = clinic.at(20, 16)
    yield moment
    user = referral.patient.user
    assert user is not None  # noqa: S101 - as above
    actions.withdraw(entry=entry, by=user, now=moment)


def _on_hold(clinic: Clinic, number: int) -> Script:
    """The provider has not cleared a precaution yet."""
    yield clinic.at(number % 6, 9)
    arrive(clinic, number, number % 6, Case(yes="bleeding"))


def _waits(clinic: Clinic, number: int) -> tuple[int, int]:
    """Return a category and how many days ago its referral came."""
    category = [3, 2, 2, 1, 1, 3, 2, 0][number % 8]
    longest = [3, 16, 30, 80][category]
    return category, 1 + (number * 13) % longest


def _queued(clinic: Clinic, number: int) -> Script:
    yield from _to_the_queue(clinic, number)


def _to_the_queue(clinic: Clinic, number: int) -> Script:
    category, days_ago = _waits(clinic, number)
    yield clinic.at(days_ago, 9)
    referral = arrive(clinic, number, days_ago, Case(sessions=1 + number % 6))
    yield clinic.at(days_ago, 11)
    entry = _ask(clinic, referral, days_ago)
    yield clinic.at(days_ago - 1, 13)
    _triage(clinic, entry, days_ago - 1, category)


def _to_triage(clinic: Clinic, number: int) -> Script:
    yield clinic.at(number % 3, 9)
    referral = arrive(clinic, number, number % 3, Case(sessions=4))
    yield clinic.at(number % 3, 11)
    _ask(clinic, referral, number % 3)


def _questioned(clinic: Clinic, number: int) -> Script:
    yield clinic.at(5, 9)
    referral = arrive(clinic, number, 5, Case(sessions=4))
    yield clinic.at(5, 11)
    entry = _ask(clinic, referral, 5)
    moment = clinic.at(4, 10)
    yield moment
    actions.ask_information(
        entry=entry,
        question="Have you had massage before, and did it help?",
        version=entry.version,
        by=clinic.users["scheduler"],
        now=moment,
    )


def _offer_now(clinic: Clinic, entry: WaitlistEntry) -> None:
    """Send an offer that is open when the demo starts."""
    policy = Policy.objects.in_force(clinic.now)
    supply = Supply.ahead(now=clinic.now, policy=policy)
    for opening in supply.for_entry(entry):
        actions.offer(
            entry=entry,
            opening=opening,
            by=clinic.users["scheduler"],
            now=clinic.now,
        )


def _offered(clinic: Clinic, number: int) -> Script:
    yield from _to_the_queue(clinic, number)
    yield clinic.now
    _offer_now(clinic, WaitlistEntry.objects.waiting().of_record(f"D-{1000 + number}"))


def _demo_patient(clinic: Clinic, number: int) -> Script:
    """One visit made, and an offer to answer."""
    yield from _visited_of_two(clinic, number)
    yield clinic.now
    _offer_now(clinic, WaitlistEntry.objects.waiting().of_record(f"D-{1000 + number}"))


def _second_patient(clinic: Clinic, number: int) -> Script:
    """A referral that nobody has asked about yet."""
    yield clinic.at(2, 9)
    arrive(clinic, number, 2, Case(sessions=6))
