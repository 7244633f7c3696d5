"""Fill a database with an invented clinic, in bulk and the same each time."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from django.contrib.auth.hashers import make_password
from django.db import connection

from appointments.codes import EntryStatus, RoleThreat, Status
from appointments.models import (
    Appointment,
    NeedReport,
    Room,
    TargetWait,
    Therapist,
    TimeOff,
    TriageCategory,
    WaitlistEntry,
    WorkingHours,
)
from massage_portal.accounts.actions import add_user
from massage_portal.accounts.models import User
from massage_portal.accounts.roles import Role
from referrals.models import DiagnosisCode, Patient, Provider, Referral
from services.models import Location, Technique

ZONE = ZoneInfo("America/Chicago")
DAYS = 60  # booked ahead
VISITS = (8, 9, 10, 11, 13, 14, 15, 16)  # the hours at which visits start
GIVEN = ("Ada", "Bruno", "Clio", "Dario", "Edda", "Faro", "Gisa", "Hugo", "Inka")
FAMILY = ("Testwell", "Sampleton", "Mockford", "Fauxley", "Trialby", "Draftson")
ONE_IN = 500  # says after triage that it got worse
HOURS = ((0, 24), (0, 12), (12, 24), (9, 16))  # when patients can come
_numbers = count(1)


@dataclass(frozen=True)
class Clinic:
    """What every part of the filling stands on."""

    therapists: list[Therapist]
    rooms: list[Room]
    categories: list[TriageCategory]
    scheduler: User
    provider: Provider
    diagnoses: list[DiagnosisCode]
    today: date
    now: datetime


def clinic(*, therapists: int, now: datetime) -> Clinic:
    """Return a clinic with as many rooms as therapists, each with 40 hours a week."""
    place = Location.objects.create(
        kind="location",
        slug="bench",
        name="Benchville",
        city="Benchville",
        state="Minnesota",
        time_zone=ZONE.key,
        gives_massage=True,
    )
    technique = Technique.objects.create(kind="technique", slug="bench", name="Bench")
    who = {"email": "scheduler@example.org", "name": "Bench Scheduler"}
    scheduler = add_user(**who, roles=[Role.SCHEDULER], by=None, now=now)
    made = Clinic(
        therapists=_therapists(therapists, place, technique, now),
        rooms=Room.objects.bulk_create(
            Room(location=place, name=f"Room {number}") for number in range(therapists)
        ),
        categories=_categories(now),
        scheduler=scheduler,
        provider=Provider.objects.create(
            npi="1234567893",
            given_name="Rowan",
            family_name="Sampleton",
            may_refer_from=date(2020, 1, 1),
        ),
        diagnoses=list(DiagnosisCode.objects.order_by("pk")[:500]),
        today=now.astimezone(ZONE).date(),
        now=now,
    )
    _book_most(made)
    return made


def _categories(now: datetime) -> list[TriageCategory]:
    targets = [
        ("Urgent", "urgent", 3),
        ("Soon", "asap", 14),
        ("Routine", "routine", 42),
    ]
    made = TriageCategory.objects.bulk_create(
        TriageCategory(name=name, priority=code, meaning="Bench.")
        for name, code, _days in targets
    )
    since = now - timedelta(days=365)
    TargetWait.objects.bulk_create(
        TargetWait(category=category, target_days=days, in_force_from=since)
        for category, (_name, _code, days) in zip(made, targets, strict=True)
    )
    return made


def _therapists(
    number: int, place: Location, technique: Technique, now: datetime
) -> list[Therapist]:
    users = _users(number, now)
    made = Therapist.objects.bulk_create(
        Therapist(user=user, location=place) for user in users
    )
    Therapist.techniques.through.objects.bulk_create(
        Therapist.techniques.through(therapist=one, technique=technique) for one in made
    )
    WorkingHours.objects.bulk_create(
        WorkingHours(
            therapist=one,
            weekday=weekday,
            starts=time(starts),
            ends=time(ends),
            valid_from=date(2020, 1, 1),
        )
        for one in made
        for weekday in range(5)
        for starts, ends in [(8, 12), (13, 17)]
    )
    TimeOff.objects.bulk_create(
        TimeOff(
            therapist=one,
            starts_at=now + timedelta(days=3 + place % 50),
            ends_at=now + timedelta(days=4 + place % 50),
        )
        for place, one in enumerate(made)
    )
    return made


def _users(number: int, now: datetime) -> list[User]:
    nobody_signs_in = make_password(None)
    return User.objects.bulk_create(
        User(
            email=f"bench{next(_numbers)}@example.org",
            name="Bench Testwell",
            password=nobody_signs_in,
            date_joined=now,
        )
        for _ in range(number)
    )


def entries(
    number: int, of: Clinic, status: EntryStatus = EntryStatus.ACCEPTED
) -> list[WaitlistEntry]:
    """Return `number` entries, each of a patient of its own who has an account."""
    patients = Patient.objects.bulk_create(
        Patient(
            user=user,
            record_number=f"B-{user.pk}",
            given_name=GIVEN[user.pk % len(GIVEN)],
            family_name=f"{FAMILY[user.pk % len(FAMILY)]}-{user.pk}",
            birth_date=date(1940, 1, 1) + timedelta(days=user.pk % 25_000),
        )
        for user in _users(number, of.now)
    )
    referrals = Referral.objects.bulk_create(
        Referral(
            patient=patient,
            provider=of.provider,
            diagnosis=of.diagnoses[patient.pk % len(of.diagnoses)],
            priority="routine",
            received_at=of.now - timedelta(hours=(patient.pk * 37) % 2_000),
            valid_from=of.today - timedelta(days=90),
            valid_until=of.today + timedelta(days=120),
            sessions=1,
            submission=uuid.UUID(int=patient.pk),
            recorded_at=of.now,
            recorded_by=of.scheduler,
        )
        for patient in patients
    )
    made = WaitlistEntry.objects.bulk_create(
        _entry(referral, of, status) for referral in referrals
    )
    _report_need(made)
    return made


def _report_need(entries: list[WaitlistEntry]) -> None:
    """Let each patient have answered when they asked, and a few once more since."""
    answers = dict.fromkeys(("pain", "enjoyment", "activity", "sleep"), 5)
    NeedReport.objects.bulk_create(
        NeedReport(
            entry=entry,
            reported_at=at,
            reported_by_id=entry.patient.user_id,
            role_threat=RoleThreat.NONE,
            **answers,
        )
        for entry in entries
        for at in (entry.asked_at, entry.told_more_at)
        if at is not None
    )


def _entry(referral: Referral, of: Clinic, status: EntryStatus) -> WaitlistEntry:
    judged = status != EntryStatus.REQUESTED
    starts, ends = HOURS[referral.pk % len(HOURS)]
    return WaitlistEntry(
        referral=referral,
        patient=referral.patient,
        status=status,
        received_at=referral.received_at,
        asked_at=of.now,
        category=of.categories[referral.pk % 10 // 4] if judged else None,
        triaged_at=of.now if judged else None,
        told_more_at=None if referral.pk % ONE_IN else of.now + timedelta(minutes=1),
        need_score=referral.pk * 13 % 101,
        from_time=time(starts),
        to_time=time(ends) if ends < 24 else time(23, 59),
    )


def _book_most(of: Clinic) -> None:
    """Book three in five of all times, each in the first room that is free then."""
    taken = [
        (start, therapist, room)
        for start, number in _hours_of_work(of.today)
        for room, therapist in zip(
            of.rooms,
            (
                one
                for place, one in enumerate(of.therapists)
                if (place * 7 + number * 3) % 5 < 3
            ),
            strict=False,
        )
    ]
    booked = entries(len(taken), of, EntryStatus.IN_PROGRESS)
    Appointment.objects.bulk_create(
        Appointment(
            entry=entry,
            patient_id=entry.patient_id,
            therapist=therapist,
            room=room,
            status=Status.BOOKED,
            starts_at=start,
            ends_at=start + timedelta(minutes=50),
            blocked_until=start + timedelta(hours=1),
            offered_at=of.now,
            booked_at=of.now,
        )
        for entry, (start, therapist, room) in zip(booked, taken, strict=True)
    )


def _hours_of_work(today: date) -> list[tuple[datetime, int]]:
    days = [today + timedelta(days=offset) for offset in range(DAYS)]
    hours = [
        datetime.combine(day, time(hour), tzinfo=ZONE)
        for day in days
        if day.weekday() < 5
        for hour in VISITS
    ]
    return [(start, number) for number, start in enumerate(hours)]


def analyze() -> None:
    """Let PostgreSQL tidy up and learn how the rows lie, as it does by itself daily."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
