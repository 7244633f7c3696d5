"""
Plain functions that make rows: one call, whatever it needs comes along.

Every name and address is invented. A field may be given by name; the rest is ordinary.
"""

from __future__ import annotations

import itertools
import uuid
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from django.contrib.auth.models import Group
from django.core.files.base import ContentFile

from appointments.codes import EntryStatus, Status
from appointments.models import (
    Appointment,
    Closure,
    Overrule,
    Policy,
    Question,
    Room,
    TargetWait,
    Therapist,
    TriageCategory,
    WaitlistEntry,
    WorkingHours,
)
from appointments.openings import Opening
from massage_portal.accounts.models import User
from massage_portal.accounts.roles import OPENS_ADMIN, Role
from massage_portal.outbox import actions as outbox
from massage_portal.outbox.models import Message
from referrals.actions import add_letter
from referrals.models import DiagnosisCode, Letter, Patient, Provider, Referral, Renewal
from referrals.npi import check_digit
from services.codes import ArticleKind, VersionStatus
from services.models import (
    Article,
    Condition,
    Insurer,
    Location,
    Precaution,
    Technique,
    Version,
)

ZONE = ZoneInfo("America/Chicago")
NOW = datetime(2026, 10, 14, 15, 0, tzinfo=UTC)  # a Wednesday, 10:00 in Rochester
TODAY = date(2026, 10, 14)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
PASSWORD = "plainly-invented-passphrase"
_numbers = itertools.count(1)


def at(day: date, clock: str) -> datetime:
    """Return, in UTC, when the clock on the wall in Rochester shows "HH:MM"."""
    wall = datetime.combine(day, time.fromisoformat(clock), tzinfo=ZONE)
    return wall.astimezone(UTC)


@cache
def _groups() -> dict[str, int]:
    """Return the key of each role's group; no test changes these for good."""
    return dict(Group.objects.values_list("name", "pk"))


def make_user(*roles: Role, **fields) -> User:
    """
    Return a user who may sign in with PASSWORD, as two bare rows.

    Not by the action: its audit and its questions were a seventh of all tests' time.
    """
    number = next(_numbers)
    values = {
        "email": f"person{number}@example.org",
        "name": f"Person {number} Testwell",
        "password": PASSWORD,
        "date_joined": NOW,
        "is_staff": bool(OPENS_ADMIN & set(roles)),
    }
    user = User.objects.create_user(**values | fields)
    joins, groups = User.groups.through, _groups() if roles else {}
    joins.objects.bulk_create(
        joins(user_id=user.pk, group_id=groups[role.value]) for role in set(roles)
    )
    return user


def make_patient(*, account: bool = True, **fields) -> Patient:
    number = next(_numbers)
    if account and "user" not in fields:
        fields["user"] = make_user(Role.PATIENT)
    values = {
        "record_number": f"T-{number}",
        "given_name": "Juniper",
        "family_name": f"Testwell-{number}",
        "birth_date": date(1980, 2, 29),
    }
    return Patient.objects.create(**values | fields)


def make_provider(**fields) -> Provider:
    nine = f"1{next(_numbers):08d}"
    values = {
        "npi": f"{nine}{check_digit(nine)}",
        "given_name": "Rowan",
        "family_name": "Sampleton",
        "department": "Pain Medicine",
        "may_refer_from": TODAY - 3650 * DAY,
    }
    return Provider.objects.create(**values | fields)


def make_diagnosis(code: str = "M79.7", description: str = "Fibromyalgia"):
    found, _ = DiagnosisCode.objects.get_or_create(
        code=code,
        defaults={"compact": code.replace(".", ""), "description": description},
    )
    return found


def make_text(article: Article | None = None, **fields) -> Version:
    """A published text; of a new page of the guide if of nothing else."""
    if article is None:
        article = Article.objects.create(kind="page", slug=f"page-{next(_numbers)}")
    values = {
        "title": "A title",
        "summary": "Short.",
        "body": "Long.",
        "status": VersionStatus.ACTIVE,
        "active_from": NOW,
    }
    return Version.objects.create(article=article, **values | fields)


def make_page(slug: str = "a-page", *, position: int = 0, **fields) -> Version:
    """A published page of the guide."""
    article = Article.objects.create(kind="page", slug=slug, position=position)
    return make_text(article, **fields)


def make_condition(
    slug: str = "a-condition", *, evidence: str = "weak", position: int = 0, **fields
) -> Version:
    """A published text about a condition."""
    article = Condition.objects.create(
        kind="condition", slug=slug, evidence=evidence, position=position
    )
    return make_text(article, **fields)


def make_technique(**fields) -> Technique:
    number = next(_numbers)
    values = {
        "kind": ArticleKind.TECHNIQUE,
        "slug": f"technique-{number}",
        "name": f"Technique {number}",
        "minutes": 50,
    }
    return Technique.objects.create(**values | fields)


def make_precaution(**fields) -> Precaution:
    number = next(_numbers)
    values = {
        "code": f"precaution-{number}",
        "question": f"Is there trouble number {number}?",
        "meaning": "tell-therapist",
    }
    return Precaution.objects.create(**values | fields)


def make_insurer(**fields) -> Insurer:
    values = {
        "name": f"Fictional Mutual {next(_numbers)}",
        "known_since": TODAY - 30 * DAY,
    }
    return Insurer.objects.create(**values | fields)


def make_location(**fields) -> Location:
    values = {
        "kind": ArticleKind.LOCATION,
        "slug": f"place-{next(_numbers)}",
        "name": "Rochester",
        "city": "Rochester",
        "state": "Minnesota",
        "time_zone": "America/Chicago",
        "gives_massage": True,
    }
    return Location.objects.create(**values | fields)


def make_room(**fields) -> Room:
    if "location" not in fields:
        fields["location"] = make_location()
    return Room.objects.create(**{"name": f"Room {next(_numbers)}"} | fields)


def make_therapist(*, techniques=(), hours=("08:00", "12:00"), days=range(7), **fields):
    """Return a therapist who works `hours` on `days` (0 is Monday), for ever."""
    if "user" not in fields:
        fields["user"] = make_user(Role.THERAPIST)
    if "location" not in fields:
        fields["location"] = make_location()
    therapist = Therapist.objects.create(**fields)
    if techniques:
        therapist.techniques.set(techniques)
    if hours:
        starts, ends = (time.fromisoformat(one) for one in hours)
        every = {"starts": starts, "ends": ends, "valid_from": date(2020, 1, 1)}
        WorkingHours.objects.bulk_create(
            WorkingHours(therapist=therapist, weekday=day, **every) for day in days
        )
    return therapist


def make_clinic(*, therapists: int = 1, rooms: int = 1, **fields):
    """Return a place, its therapists and its rooms, as three values."""
    place = make_location()
    staff = [make_therapist(location=place, **fields) for _ in range(therapists)]
    return place, staff, [make_room(location=place) for _ in range(rooms)]


def make_closure(location, first: date, last: date | None = None) -> Closure:
    """Return a closure of one day, or up to and with `last`."""
    days = {"first_day": first, "last_day": last or first}
    return location.closures.create(reason="Painters", **days)


def certify(therapist: Therapist, technique: Technique, until: date | None = None):
    """Return a certificate that ends with `until`; None is for ever."""
    return therapist.certifications.create(technique=technique, valid_until=until)


def make_category(*, target_days: int = 28, **fields) -> TriageCategory:
    """Return a category whose target has been in force for ten years."""
    values = {
        "name": f"Category {next(_numbers)}",
        "priority": "routine",
        "meaning": "An example.",
    }
    category = TriageCategory.objects.create(**values | fields)
    make_target(category, target_days)
    category.target_days = target_days
    return category


def make_target(category: TriageCategory, target_days: int, **fields) -> TargetWait:
    values = {"in_force_from": NOW - 3650 * DAY}
    return category.targets.create(target_days=target_days, **values | fields)


def make_overrule(entry: WaitlistEntry, target_days: float, **fields) -> Overrule:
    """Return an overrule that began an hour ago and lasts a week."""
    if "by" not in fields:
        fields["by"] = make_user(Role.LEAD)
    values = {
        "computed_days": 28,
        "reason": "An example.",
        "starts_at": NOW - HOUR,
        "ends_at": NOW + 7 * DAY,
    }
    return entry.overrules.create(target_days=target_days, **values | fields)


def make_policy(**fields) -> Policy:
    return Policy.objects.create(**{"in_force_from": NOW - 365 * DAY} | fields)


def make_referral(**fields) -> Referral:
    if "patient" not in fields:
        fields["patient"] = make_patient()
    values = {
        "priority": "routine",
        "received_at": NOW - 10 * DAY,
        "valid_from": TODAY - 30 * DAY,
        "valid_until": TODAY + 120 * DAY,
        "sessions": 1,
        "submission": uuid.uuid4(),
        "recorded_at": NOW - 10 * DAY,
    }
    for name, make in {
        "provider": make_provider,
        "diagnosis": make_diagnosis,
        "recorded_by": lambda: make_user(Role.STAFF),
    }.items():
        if name not in fields:
            fields[name] = make()
    return Referral.objects.create(**values | fields)


def make_renewal(**fields) -> Renewal:
    """Return an open question to a provider who has an account."""
    if "referral" not in fields:
        provider = make_provider(user=make_user(Role.PROVIDER))
        fields["referral"] = make_referral(
            provider=provider, valid_until=TODAY + 20 * DAY
        )
    values = {"asked_at": NOW, "expires_at": NOW + 30 * DAY}
    return Renewal.objects.create(**values | fields)


def make_letter(*, data: bytes = b"", name: str = "letter.pdf", **fields) -> Letter:
    """Return a letter as the action keeps it; of no other content than another."""
    values = {"by": make_user(Role.STAFF), "now": NOW}
    if "referral" not in fields:
        fields["referral"] = make_referral()
    data = data or f"%PDF-1.4\n% {next(_numbers)}\n%%EOF\n".encode()
    kept = add_letter(file=ContentFile(data), name=name, **values | fields)
    return kept.letter


def make_entry(*, waited_days: float = 10, target_days: int = 28, **fields):
    """Return an entry that waits, triaged, its clock started `waited_days` ago."""
    if "referral" not in fields:
        fields["referral"] = make_referral(received_at=NOW - waited_days * DAY)
    values = {
        "patient": fields["referral"].patient,
        "status": EntryStatus.ACCEPTED,
        "received_at": NOW - waited_days * DAY,
        "asked_at": NOW - waited_days * DAY,
        "triaged_at": NOW - waited_days * DAY,
        "notice_hours": 4,
    }
    values |= fields
    if "category" not in fields:
        values["category"] = make_category(target_days=target_days)
    if values["category"] is None:
        values["triaged_at"] = None
    return WaitlistEntry.objects.create(**values)


def make_request(**fields):
    """Return an entry that nobody has triaged yet."""
    return make_entry(status=EntryStatus.REQUESTED, category=None, **fields)


def make_question(entry: WaitlistEntry | None = None, **fields) -> Question:
    """Return a question that nobody has answered."""
    entry = entry or make_entry()
    values = {
        "words": "May I bring my own oil?",
        "asked_at": NOW,
        "asked_by": entry.patient.user,
    }
    return entry.questions.create(**values | fields)


def make_appointment(*, status: Status = Status.BOOKED, **fields) -> Appointment:
    """Return an appointment of one hour, two days from NOW, as a bare row."""
    if "entry" not in fields:
        state = EntryStatus.IN_PROGRESS if status == Status.BOOKED else None
        fields["entry"] = make_entry(**{"status": state} if state else {})
    if "room" not in fields:
        fields["room"] = make_room()
    if "therapist" not in fields:
        fields["therapist"] = make_therapist(location=fields["room"].location)
    start = fields.setdefault("starts_at", NOW + 2 * DAY)
    values = {
        "patient": fields["entry"].patient,
        "status": status,
        "ends_at": start + timedelta(minutes=50),
        "blocked_until": start + HOUR,
        "offered_at": NOW,
        "booked_at": None if status == Status.PROPOSED else NOW,
        "held_until": NOW + DAY if status == Status.PROPOSED else None,
    }
    if status == Status.CANCELLED:
        values |= {"ended_at": NOW, "ending": "pat"}
    return Appointment.objects.create(**values | fields)


def opening_at(therapist: Therapist, room: Room, starts_at: datetime) -> Opening:
    """Return an opening of 50 minutes and 10 of turnover, as Supply would."""
    return Opening(
        starts_at=starts_at,
        therapist=therapist.pk,
        room=room.pk,
        location=therapist.location_id,
        ends_at=starts_at + timedelta(minutes=50),
        blocked_until=starts_at + HOUR,
        zone=ZONE,
    )


def make_message(*, kind: str = "tests.words", subject=None, to=None, **fields):
    """Return a message that is due at NOW, for a day, owed as any action owes it."""
    to = to or make_user()
    values = {"now": NOW, "expires_at": NOW + DAY, "key": str(next(_numbers))}
    outbox.owe(kind, subject or to, to=to, **values | fields)
    return Message.objects.latest("pk")
