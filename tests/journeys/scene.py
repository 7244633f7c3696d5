"""A patient to whom everything has happened at once, and the addresses to see it at."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from appointments.codes import EntryStatus, RoleThreat, Status
from appointments.models import Appointment, NeedReport, Room, WaitlistEntry
from massage_portal.accounts.actions import invite
from massage_portal.accounts.models import User
from massage_portal.accounts.roles import Role
from massage_portal.outbox.codes import Channel, Failure
from massage_portal.outbox.links import token_of
from massage_portal.outbox.models import Message
from massage_portal.tokens import sign
from referrals.codes import Answer
from referrals.models import Patient, Referral, ScreeningAnswer
from services.models import Precaution
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    make_appointment,
    make_diagnosis,
    make_entry,
    make_message,
    make_patient,
    make_referral,
    make_user,
)
from tests.journeys.walk import Clinic

PUBLIC = [
    *["/", "/about/massage-therapy/", "/about/approach/", "/about/benefits/"],
    *["/safety/", "/conditions/", "/conditions/fibromyalgia/", "/techniques/"],
    *["/locations/", "/research/", "/privacy/", "/getting-an-appointment/"],
    *["/search/?q=fibromyalgia", "/search/?q=fibromyalgya", "/search/?q=xylophone"],
    *["/accounts/login/", "/accounts/password/reset/", "/accounts/signup/"],
    *["/accounts/password/reset/done/", "/accounts/invitation/broken/"],
    *["/nowhere/", "/es/", "/es/accounts/login/"],
]


@dataclass
class Scene:
    """The patient, and for each who signs in (None: nobody does) what they open."""

    patient: Patient
    asked_about: Referral  # a referral for which nothing was asked yet
    on_hold: Referral
    question: WaitlistEntry
    to_triage: WaitlistEntry
    invitation: str
    pages: dict[User | None, list[str]] = field(default_factory=dict)


def set_scene(clinic: Clinic) -> Scene:
    """Make the patient and what has happened to them."""
    user = make_user(Role.PATIENT, email="juniper@example.org", name="Juniper Testwell")
    patient = make_patient(
        user=user, given_name="Juniper", family_name="Testwell", phone="+15075550123"
    )
    entries = {status: _entry(clinic, patient, status) for status in EntryStatus}
    entries[EntryStatus.REQUESTED].reply = "It helped, thank you."
    entries[EntryStatus.REQUESTED].save()
    visits = [
        _visit(clinic, entries[EntryStatus.IN_PROGRESS], 1, Status.BOOKED),
        _visit(clinic, entries[EntryStatus.ACCEPTED], 2, Status.PROPOSED),
        _visit(clinic, entries[EntryStatus.COMPLETED], -1, Status.NOSHOW),
        _visit(clinic, entries[EntryStatus.ACCEPTED], 3, Status.CANCELLED),
    ]
    on_hold = make_referral(
        patient=patient, status="on-hold", diagnosis=make_diagnosis("R52", "Pain")
    )
    _answer(on_hold, "bleeding", Answer.YES)
    scene = Scene(
        patient=patient,
        asked_about=make_referral(patient=patient, sessions=3),
        on_hold=on_hold,
        question=entries[EntryStatus.ON_HOLD],
        to_triage=entries[EntryStatus.REQUESTED],
        invitation=_invitation(),
    )
    scene.pages = {
        None: _for_visitors(scene, visits),
        user: _for_the_patient(scene, list(entries.values()), visits),
        clinic.staff: _for_staff(scene),
        clinic.scheduler: _for_schedulers(clinic, entries, visits),
        clinic.therapist.user: ["/day/?day=2026-10-15", f"/visits/{visits[0].pk}/"],
        make_user(Role.LEAD): _for_the_lead(clinic),
        make_user(Role.AUDITOR): ["/audit/", "/audit/?day=broken"],
    }
    return scene


def _entry(clinic: Clinic, patient: Patient, status: EntryStatus) -> WaitlistEntry:
    """Return a request in `status`, with a referral and answers of its own."""
    code = f"X{len(status)}.{list(EntryStatus).index(status)}"
    referral = make_referral(
        patient=patient, diagnosis=make_diagnosis(code, f"An invented code, {code}")
    )
    _answer(referral, "pregnancy", Answer.YES)
    asked = {"status": status, "referral": referral, "waited_days": 40}
    if status in (EntryStatus.REQUESTED, EntryStatus.ON_HOLD, EntryStatus.REJECTED):
        note = "Have you had massage before?"
        entry = make_entry(
            **asked, category=None, note="" if status == "requested" else note
        )
    else:
        entry = make_entry(**asked, category=clinic.categories[1], need_score=40)
    NeedReport.objects.create(
        entry=entry,
        reported_at=NOW,
        reported_by=patient.user,
        pain=5,
        enjoyment=5,
        activity=5,
        role_threat=RoleThreat.HARDER,
        sleep=5,
    )
    return entry


def _answer(referral: Referral, code: str, answer: Answer) -> None:
    precaution = Precaution.objects.get(code=code)
    ScreeningAnswer.objects.create(
        referral=referral,
        precaution=precaution,
        question=precaution.question,
        meaning=precaution.meaning,
        version=precaution.version,
        answer=answer,
    )


def _visit(
    clinic: Clinic, entry: WaitlistEntry, days: int, status: Status
) -> Appointment:
    return make_appointment(
        entry=entry,
        therapist=clinic.therapist,
        room=Room.objects.get(),
        starts_at=NOW + days * DAY - HOUR,
        status=status,
    )


def _invitation() -> str:
    """Return the address by which a new patient chooses a password."""
    invited = make_patient(account=False, user=make_user(Role.PATIENT, password=None))
    link = invite(user=invited.user, by=None, now=NOW - timedelta(minutes=1))
    return f"/accounts/invitation/{sign('invitation', link.pk)}/"


def _for_visitors(scene: Scene, visits: list[Appointment]) -> list[str]:
    links = [f"/offer/{sign('offer', one.pk)}/" for one in visits]
    stop = f"/messages/stop/{token_of(scene.patient.user)}/"
    return [*PUBLIC, scene.invitation, *links, stop]


def _for_the_patient(
    scene: Scene, entries: list[WaitlistEntry], visits: list[Appointment]
) -> list[str]:
    return [
        "/my/",
        f"/my/referrals/{scene.asked_about.pk}/",
        f"/my/referrals/{scene.on_hold.pk}/",
        f"/my/referrals/{scene.asked_about.pk}/ask/",
        f"/my/referrals/{scene.asked_about.pk}/ask/when/",
        *[f"/my/requests/{entry.pk}/" for entry in entries],
        f"/my/requests/{scene.question.pk}/withdraw/",
        *[f"/my/offers/{visit.pk}/" for visit in visits],
        f"/my/visits/{visits[0].pk}/cancel/",
        "/messages/preferences/",
        "/accounts/password/change/",
        "/accounts/logout/",
        "/queue/",  # not open to a patient, and says so
    ]


def _for_staff(scene: Scene) -> list[str]:
    return [
        "/referrals/",
        "/referrals/?state=revoked",
        "/referrals/?show=all",
        "/patients/",
        "/patients/add/",
        f"/patients/{scene.patient.pk}/",
        f"/patients/{scene.patient.pk}/refer/",
        f"/patients/{scene.patient.pk}/edit/",
        f"/patients/{scene.patient.pk}/merge/",
        f"/referrals/{scene.asked_about.pk}/",
        f"/referrals/{scene.on_hold.pk}/",
    ]


def _for_the_lead(clinic: Clinic) -> list[str]:
    one = clinic.therapist
    return [
        "/calendar/week/",
        "/calendar/day/?day=2026-10-15",
        "/calendar/week/?as=list&by=room",
        "/capacity/",
        f"/capacity/therapists/{one.pk}/",
        f"/capacity/therapists/{one.pk}/time-off/",
        f"/capacity/places/{one.location_id}/",
    ]


def _for_schedulers(
    clinic: Clinic, entries: dict[EntryStatus, WaitlistEntry], visits: list[Appointment]
) -> list[str]:
    waiting = clinic.next_patient.waitlist_entries.get()
    return [
        "/queue/",
        f"/queue/{entries[EntryStatus.REQUESTED].pk}/triage/",
        f"/queue/{entries[EntryStatus.ACCEPTED].pk}/offer/",
        f"/queue/{entries[EntryStatus.REQUESTED].pk}/offer/",
        f"/queue/{waiting.pk}/offer/",
        "/offers/",
        *_about_messages(visits[0]),
        f"/telephone/{visits[0].patient_id}/reach/",
        "/day/?day=2026-10-15",
        "/day/?day=2026-12-25",
        *[f"/visits/{visit.pk}/" for visit in visits],
    ]


def _about_messages(visit: Appointment) -> list[str]:
    """Return the desk's pages, when one message went and another reached nobody."""
    went = make_message(
        kind="appointments.booked", subject=visit, to=visit.patient.user
    )
    Message.objects.filter(pk=went.pk).update(sent_at=NOW, channel=Channel.EMAIL)
    lost = make_message(kind="appointments.reminder", subject=visit, to=went.recipient)
    Message.objects.filter(pk=lost.pk).update(
        failed_at=NOW, failed_because=Failure.REJECTED
    )
    pages = ["", "?state=failed", f"{went.pk}/", "calls/", "health/"]
    return [f"/messages/{one}" for one in pages]
