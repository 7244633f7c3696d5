"""The small clinic of which tests/roles_table.py says who may open what."""

from __future__ import annotations

from types import SimpleNamespace

from appointments.actions import NeedAnswers, merge_patients, renew_calendar
from appointments.codes import EntryStatus, RoleThreat, Status
from appointments.models import Draft, DraftOffer, NeedReport
from massage_portal.accounts.actions import invite
from massage_portal.accounts.roles import Role
from massage_portal.outbox.actions import note_health, owe, stop
from massage_portal.outbox.codes import Channel, Halt
from massage_portal.outbox.links import token_of
from massage_portal.outbox.models import Message, Preference, Stop
from massage_portal.tokens import sign
from referrals.models import Provider, ScreeningAnswer
from services.actions import begin_draft, discard, submit
from services.models import Article
from tests.appointments.notes import make_note
from tests.content import open_guide
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    make_appointment,
    make_clinic,
    make_diagnosis,
    make_entry,
    make_insurer,
    make_letter,
    make_patient,
    make_policy,
    make_precaution,
    make_question,
    make_referral,
    make_renewal,
    make_request,
    make_technique,
    make_user,
)


def make_world() -> SimpleNamespace:
    """Return a small clinic: one person of each role, and one record of each kind."""
    open_guide()
    _, (therapist, second), (room, _) = make_clinic(therapists=2, rooms=2)
    patient, other = make_patient(), make_patient()
    asking = make_referral(patient=patient, sessions=6)
    waiting = make_entry(referral=_referral(patient, 1))
    _rows_that_only_the_admin_shows(asking, waiting)
    people = _people(patient, other, therapist, second)
    Provider.objects.filter(pk=asking.provider_id).update(user=people["provider"])
    return SimpleNamespace(
        people=people,
        patient=patient,
        other=other,
        asking=asking,
        unfinished=_referral(patient, 9, status="draft"),
        letter=make_letter(referral=asking),
        waiting=waiting,
        question=make_question(waiting),
        questioned=make_request(referral=_referral(patient, 2)),
        renewal=make_renewal(),
        merge=_a_merge(other, people["lead"]),
        **_texts_in_work(people["editor"], people["lead"]),
        **_messages(asking),
        **_links(patient, waiting, therapist),
        **_appointments(patient, {"therapist": therapist, "room": room}),
    )


def _appointments(patient, where) -> dict[str, object]:
    """Return an offer of the patient, and a booked visit with a note."""
    offered = make_appointment(
        status=Status.PROPOSED,
        entry=make_entry(referral=_referral(patient, 3)),
        **where,
    )
    entry = make_entry(referral=_referral(patient, 4), status=EntryStatus.IN_PROGRESS)
    starts_at = NOW + 2 * DAY + 2 * HOUR
    booked = make_appointment(entry=entry, starts_at=starts_at, **where)
    make_note(booked, signed_at=NOW)
    return {"offered": offered, "booked": booked}


def _a_planned_offer(entry, therapist) -> DraftOffer:
    """Return the one row of a plan of offers."""
    plan = Draft.objects.create(
        made_at=NOW,
        made_by=make_user(Role.SCHEDULER),
        first_day=NOW.date(),
        last_day=NOW.date() + 7 * DAY,
        ends_at=NOW + 7 * DAY,
    )
    return plan.offers.create(
        entry=entry,
        therapist=therapist,
        starts_at=NOW + 3 * DAY,
        ends_at=NOW + 3 * DAY + HOUR,
        **dict.fromkeys(["target_days", "harm", "line_harm"], 1),
    )


def _links(patient, entry, therapist) -> dict[str, object]:
    """Return what opens a page by itself, and a row of a plan of offers."""
    invitation = invite(user=make_patient().user, by=None, now=NOW)
    return {
        "invitation": invitation,
        "feed": renew_calendar(by=patient.user, now=NOW),
        "planned": _a_planned_offer(entry, therapist),
    }


def _texts_in_work(editor, lead) -> dict[str, object]:
    """Return a published text, one that was replaced, a draft, and one to approve."""
    article, other, third = Article.objects.of_kind("page")[:3]
    by, read = {"by": editor, "now": NOW}, article.versions.get(language="en")
    old = begin_draft(article=article, language="en", **by)
    discard(version=old, **by)
    draft = begin_draft(article=other, language="en", **by)
    submitted = begin_draft(article=third, language="en", by=lead, now=NOW)
    submit(version=submitted, by=lead, now=NOW)
    texts = {"article": article, "read": read, "old": old}
    return texts | {"draft": draft, "submitted": submitted}


def _people(patient, other, therapist, second):
    people = {role.value: make_user(role) for role in Role if role != Role.PATIENT}
    people |= {"patient": patient.user, "other": other.user, "visitor": None}
    return people | {"therapist": therapist.user, "second therapist": second.user}


def _a_merge(kept, by):
    second = make_patient(account=False)
    return merge_patients(kept=kept, merged=second, reason="Twins", by=by, now=NOW)


def _referral(patient, number: int, **fields):
    code = make_diagnosis(f"M54.{number}", "Pain in the back")
    return make_referral(patient=patient, diagnosis=code, **fields)


def _rows_that_only_the_admin_shows(referral, entry) -> None:
    make_technique()
    make_insurer()
    make_policy()
    entry.category.wordings.create(language="es", name="Ejemplo", meaning="Un ejemplo.")
    precaution = make_precaution()
    precaution.wordings.create(language="es", plain="un ejemplo")
    ScreeningAnswer.objects.create(
        referral=referral,
        precaution=precaution,
        question=precaution.question,
        meaning=precaution.meaning,
        version=1,
        answer="no",
    )
    answers = NeedAnswers(3, 3, 3, RoleThreat.NONE, 3)
    NeedReport.objects.create(
        entry=entry,
        reported_at=NOW,
        reported_by=entry.patient.user,
        **vars(answers),
    )


def _messages(referral) -> dict[str, object]:
    """Return a message owed, and an address stopped; and how its owner is reached."""
    user = referral.patient.user
    owe("referrals.recorded", referral, to=user, now=NOW, expires_at=NOW + DAY)
    Preference.objects.create(user=user)
    stop(
        user=user,
        channel=Channel.EMAIL,
        address=user.email,
        because=Halt.REFUSED,
        now=NOW,
    )
    note_health(working=[Channel.EMAIL], down={}, now=NOW)
    return {"message": Message.objects.latest("pk"), "stop": Stop.objects.get()}


OF_A_PATIENT = ["referrals:patient", "referrals:record", "referrals:edit_patient"]
OF_A_PATIENT += ["referrals:send_link", "appointments:merge"]
OF_A_PATIENT += ["appointments:call_reach", "appointments:call_code"]
OF_A_PATIENT += ["appointments:call_code_again", "appointments:mail_came_back"]


# Views that show or change one referral, by its key alone.
OF_A_REFERRAL = [
    *("service_request", "referrals:referral", "referrals:correct", "referrals:move"),
    *("referrals:plan", "appointments:sent_referral"),
    *("referrals:authorize", "referrals:renew", "referrals:screen"),
    *("referrals:letters", "referrals:own", "appointments:ask"),
    *("appointments:ask_check", "appointments:call_ask"),
]
# The same of one request, of one offer, and of one booked visit.
OF_A_REQUEST = [
    *("appointments:standing", "appointments:worse", "appointments:change_when"),
    *("appointments:ask_question", "appointments:withdraw", "appointments:called"),
    *("appointments:overrule", "appointments:end_overrule", "appointments:propose"),
]
OF_AN_OFFER = [
    *("appointments:offer", "appointments:accept", "appointments:decline"),
    "appointments:withdraw_offer",
]
OF_A_VISIT = [
    *("appointments:cancel", "appointments:ask_to_move", "appointments:keep_time"),
    *("appointments:calendar", "appointments:visit", "appointments:plan"),
    "appointments:note",
]


def _of_texts(world: SimpleNamespace) -> dict[str, dict[str, object]]:
    return {
        "services:page": {"slug": "benefits"},
        "services:condition": {"slug": "fibromyalgia"},
        "services:text": {"article": world.article.pk, "language": "en"},
        "services:compare": {"article": world.article.pk, "language": "en"},
        "services:begin_draft": {"article": world.article.pk, "language": "es"},
        "services:move": {"article": world.article.pk},
        "services:approve": {"pk": world.submitted.pk},
        "services:edit": {"pk": world.draft.pk},
        "services:preview": {"pk": world.submitted.pk},
        "services:restore": {"pk": world.old.pk},
        "services:record_review": {"pk": world.read.pk},
        "services:send_back": {"pk": world.submitted.pk},
        "services:discard": {"pk": world.draft.pk},
        "services:retire": {"pk": world.read.pk},
    }


def _of_capacity(world: SimpleNamespace) -> dict[str, dict[str, object]]:
    therapist, place = world.booked.therapist, world.booked.room.location_id
    hours = therapist.working_hours.first().pk
    return {
        "appointments:therapist_hours": {"pk": therapist.pk},
        "appointments:place_hours": {"pk": place},
        "appointments:add_to_therapist": {"pk": therapist.pk, "kind": "time-off"},
        "appointments:add_to_place": {"pk": place, "kind": "closure"},
        "appointments:change_capacity": {"kind": "hours", "pk": hours, "act": "end"},
    }


def _of_a_plan(row: DraftOffer) -> dict[str, dict[str, object]]:
    return {
        "appointments:draft": {"pk": row.draft_id},
        "appointments:draft_ready": {"pk": row.draft_id},
        "appointments:draft_move": {"pk": row.draft_id, "row": row.pk},
    }


def arguments(world: SimpleNamespace) -> dict[str, dict[str, object]]:
    """Return what goes into each address that names a record; others need nothing."""
    return {
        **{name: {"pk": world.patient.pk} for name in OF_A_PATIENT},
        **_of_texts(world),
        **{name: {"pk": world.asking.pk} for name in OF_A_REFERRAL},
        **{name: {"pk": world.waiting.pk} for name in OF_A_REQUEST},
        **{name: {"pk": world.offered.pk} for name in OF_AN_OFFER},
        **{name: {"pk": world.booked.pk} for name in OF_A_VISIT},
        "referrals:answer_renewal": {"token": sign("renewal", world.renewal.pk)},
        "referrals:complete": {"pk": world.unfinished.pk},
        "appointments:figure_file": {"key": "waits"},
        "referrals:letter": {"pk": world.asking.pk, "key": world.letter.key},
        "appointments:part": {"pk": world.merge.pk},
        "appointments:ask_step": {"pk": world.asking.pk, "step": "when"},
        "appointments:question": {"pk": world.question.pk},
        "appointments:caller": {"pk": world.patient.pk},
        "appointments:call_request": {"pk": world.waiting.pk, "deed": "when"},
        "appointments:call_visit": {"pk": world.booked.pk, "deed": "cancel"},
        "calendar_feed": {"token": world.feed},
        "appointments:answer": {"token": sign("offer", world.offered.pk)},
        "appointments:confirm_by_link": {"token": sign("confirm", world.booked.pk)},
        "appointments:cancel_by_link": {"token": sign("cancel", world.booked.pk)},
        "outbox:message": {"pk": world.message.pk},
        "outbox:use_again": {"pk": world.stop.pk},
        "outbox:start_again": {"pk": world.stop.pk},
        "outbox:stop": {"token": token_of(world.patient.user)},
        **_of_a_plan(world.planned),
        "appointments:triage": {"pk": world.questioned.pk},
        **_of_capacity(world),
        "referrals:give_account": {"pk": world.booked.entry.referral.provider_id},
        "accounts:invitation": {"token": sign("invitation", world.invitation.pk)},
        "account_reset_password_from_key": {"uidb36": "zz", "key": "no-key"},
    }
