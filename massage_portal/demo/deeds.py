"""What the people of a script do, each deed by the action that a page calls."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta

from appointments import actions
from appointments.codes import (
    AHEAD,
    Ending,
    EntryStatus,
    Missed,
    OutOfTurn,
    RoleThreat,
    Status,
)
from appointments.matching import LETTERS
from appointments.models import (
    Appointment,
    GivenOutOfTurn,
    Policy,
    Supply,
    Therapist,
    VisitNote,
    WaitlistEntry,
)
from appointments.models.turns import in_greater_need
from appointments.openings import Opening
from massage_portal.accounts.models import User
from massage_portal.demo import people
from massage_portal.demo.stage import ZONE, Clinic
from referrals.models import Patient, Referral

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
NOT_SIGNED = timedelta(days=9)  # the newest notes of the demo's therapist
Script = Iterator[datetime]


def user_of(patient: Patient) -> User:
    """Return the account of a patient who has one."""
    assert patient.user is not None  # noqa: S101 - the script gave them one
    return patient.user


def waiting_of(number: int) -> WaitlistEntry | None:
    """Return the request of the `number`-th patient, if it waits for a time."""
    mine = WaitlistEntry.objects.waiting().with_patient()
    return mine.filter(patient__record_number=f"D-{1000 + number}").first()


def said(clinic: Clinic, *, least: int = 0) -> actions.NeedAnswers:
    """Return how it affects the patient, as the dice have it."""
    pick = clinic.random.randrange
    return actions.NeedAnswers(
        pain=least + pick(11 - least),
        enjoyment=least + pick(11 - least),
        activity=least + pick(11 - least),
        role_threat=RoleThreat([0, 7, 13, 20][pick(4)]),
        sleep=least + pick(11 - least),
    )


def available(
    clinic: Clinic, *, therapist: Therapist | None = None, notice: int = 24
) -> actions.Availability:
    """Return when the patient can come: most can on any day, after `notice` hours."""
    any_day = clinic.random.randrange(3) or therapist
    return actions.Availability(
        weekdays=LETTERS if any_day else "MWF",
        therapist=therapist,
        notice_hours=notice,
    )


def ask(
    clinic: Clinic,
    referral: Referral,
    days_ago: float,
    *,
    therapist: Therapist | None = None,
    notice: int = 24,
) -> WaitlistEntry:
    """Have the patient ask, with answers of their own."""
    moment = clinic.at(days_ago, 11)
    return actions.ask(
        referral=referral,
        availability=available(clinic, therapist=therapist, notice=notice),
        need=said(clinic),
        by=user_of(referral.patient),
        now=moment,
        today=moment.astimezone(ZONE).date(),
    )


def triage(
    clinic: Clinic, entry: WaitlistEntry, days_ago: float, category: int
) -> WaitlistEntry:
    """Accept the request into the category of that number."""
    return actions.triage(
        entry=entry,
        category=clinic.categories[category],
        version=entry.version,
        by=clinic.users["scheduler"],
        now=clinic.at(days_ago, 13),
    )


def time_for(
    entry: WaitlistEntry, moment: datetime, *, first: date, days: int = 10
) -> tuple[Opening, actions.Turn | None] | None:
    """
    Return the first time on the `days` from `first` on that is the patient's turn.

    If each is somebody's in greater need, it is the first of all, and a reason.
    """
    policy = Policy.objects.in_force(moment)
    last = first + (days - 1) * DAY
    supply = Supply(now=moment, policy=policy, first=first, last=last)
    some = supply.for_entry(entry, most=40)
    before = in_greater_need(entry, some, supply=supply)
    if not some:
        return None
    for opening, number in zip(some, before, strict=True):
        if not number:
            return opening, None
    so_far = GivenOutOfTurn.objects.count()
    reason, note = people.TURNS[so_far % len(people.TURNS)]
    return some[0], actions.Turn(OutOfTurn(reason), note)


def offer(
    clinic: Clinic, entry: WaitlistEntry | None, moment: datetime, *, first: date
) -> Appointment | None:
    """Offer the first time from the day `first` on, if the patient waits still."""
    if entry is None:
        return None
    entry.refresh_from_db()
    if entry.status != EntryStatus.ACCEPTED:
        return None
    scheduler = clinic.users["scheduler"]
    found = time_for(entry, moment, first=first)
    if found is None:
        return None
    opening, turn = found
    return actions.offer(
        entry=entry,
        opening=opening,
        by=scheduler,
        now=moment,
        terms=actions.Terms(turn=turn),
    )


def book(
    clinic: Clinic, entry: WaitlistEntry | None, moment: datetime, *, first: date
) -> Appointment | None:
    """Have the patient accept the first time from the day `first` on."""
    found = offer(clinic, entry, moment, first=first)
    if found is None:
        return None
    return actions.accept(appointment=found, by=user_of(found.patient), now=moment)


def record(
    clinic: Clinic,
    visit: Appointment,
    outcome: Status,
    *,
    because: Missed = Missed.NOT_SAID,
) -> None:
    """Record how a visit went, once, and have its therapist write of it."""
    visit.refresh_from_db()
    if visit.status not in AHEAD:
        return
    moment = min(visit.ends_at, clinic.now)
    by = clinic.users["scheduler"]
    actions.record_visit(
        appointment=visit, outcome=outcome, because=because, by=by, now=moment
    )
    if outcome == Status.FULFILLED:
        _write(clinic, visit)


def _write(clinic: Clinic, visit: Appointment) -> None:
    """Write the note: most are signed, some are amended, the newest wait for it."""
    author, turn = visit.therapist.user, VisitNote.objects.count()
    moment = min(visit.ends_at + 10 * MINUTE, clinic.now)
    own = author == clinic.users["therapist"]
    unsigned = own and clinic.now - visit.ends_at < NOT_SIGNED
    words = people.NOTES[turn % len(people.NOTES)]
    actions.write_note(
        appointment=visit,
        words=words,
        sign=not unsigned,
        seen=0,
        by=author,
        now=moment,
    )
    if turn % 6 == 0 and not unsigned:
        actions.write_note(
            appointment=visit,
            words=f"{words} {people.AMENDED}",
            sign=True,
            seen=1,
            by=author,
            now=min(moment + 5 * HOUR, clinic.now),
        )


def cancel(visit: Appointment, moment: datetime) -> None:
    """Have the patient cancel, if the visit stands still."""
    with suppress(actions.NotCancellable):
        actions.cancel(
            appointment=visit,
            ending=Ending.BY_PATIENT,
            by=user_of(visit.patient),
            now=moment,
        )


def take_freed(
    clinic: Clinic, moment: datetime, visits: list[Appointment]
) -> Iterator[datetime]:
    """Offer freed time on, as the portal does; who is offered it says yes."""
    offers = actions.offer_freed_times(now=moment)
    soon = moment + 25 * MINUTE
    yield soon
    for one in offers:
        by = one.patient.user or clinic.users["scheduler"]
        with suppress(actions.Refusal):
            visits.append(actions.accept(appointment=one, by=by, now=soon))


def see(clinic: Clinic, visits: list[Appointment]) -> Script:
    """Have the patients come to these visits."""
    for visit in sorted(visits, key=lambda one: one.ends_at):
        yield visit.ends_at
        record(clinic, visit, Status.FULFILLED)
