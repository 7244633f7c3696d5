"""
Who may open what: the table that tests/test_roles.py holds the portal to.

A cell is the status of the answer; `in` is a redirect to the sign-in page, `go` one to
anywhere else. `other` is a patient who asks for the first one's records. A view without
a row fails the test, so that nobody forgets to decide.
"""

from __future__ import annotations

from types import SimpleNamespace

from appointments.actions import NeedAnswers
from appointments.codes import EntryStatus, RoleThreat, Status
from appointments.models import NeedReport
from massage_portal.accounts.actions import invite
from massage_portal.accounts.roles import Role
from massage_portal.accounts.tokens import sign
from massage_portal.outbox.actions import owe
from referrals.models import ScreeningAnswer
from services.actions import begin_draft, discard, load_content, submit
from services.models import Article
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    make_appointment,
    make_clinic,
    make_diagnosis,
    make_entry,
    make_insurer,
    make_patient,
    make_policy,
    make_precaution,
    make_referral,
    make_request,
    make_technique,
    make_user,
)

PEOPLE = ["visitor", "patient", "other", "staff", "scheduler"]
PEOPLE += ["therapist", "lead", "editor", "auditor"]
ALL_200 = "200 200 200 200 200 200 200 200 200"
ALL_422 = "422 422 422 422 422 422 422 422 422"
SIGNED_IN = "in  200 200 200 200 200 200 200 200"
ONLY_OUT = " go  go  go  go  go  go  go  go"

# A page is opened. Columns are PEOPLE, in their order.
GET = {
    # name                   visitor patient other staff scheduler therapist lead ...
    "healthz": ALL_200,
    "readyz": ALL_200,
    "robots": ALL_200,
    "sitemap": ALL_200,
    "services:home": ALL_200,
    "services:page": ALL_200,
    "services:safety": ALL_200,
    "services:referral": ALL_200,
    "services:privacy": ALL_200,
    "services:conditions": ALL_200,
    "services:condition": ALL_200,
    "services:techniques": ALL_200,
    "services:locations": ALL_200,
    "services:research": ALL_200,
    "services:search": ALL_200,
    "services:insurance": ALL_200,
    "services:changes": ALL_200,
    "services:check": ALL_200,
    "services:editing": "       in  403 403 403 403 403 200 200 403",
    "services:new_article": "       in  403 403 403 403 403 403 200 403",
    "services:text": "       in  403 403 403 403 403 200 200 403",
    "services:compare": "       in  403 403 403 403 403 go  go  403",
    "services:begin_draft": "       in  403 403 403 403 403 403 405 403",
    "services:move": "       in  403 403 403 403 403 403 200 403",
    "services:approve": "       in  403 403 403 403 403 200 200 403",
    "services:edit": "       in  403 403 403 403 403 403 200 403",
    "services:preview": "       in  403 403 403 403 403 200 200 403",
    "services:restore": "       in  403 403 403 403 403 403 405 403",
    "services:record_review": "       in  403 403 403 403 403 200 200 403",
    "services:send_back": "       in  403 403 403 403 403 200 200 403",
    "services:discard": "       in  403 403 403 403 403 200 200 403",
    "services:retire": "       in  403 403 403 403 403 200 200 403",
    "referrals:worklist": "       in  403 403 200 200 403 200 403 403",
    "referrals:referral": "       in  403 403 200 200 403 200 403 403",
    "referrals:diagnoses": "      in  403 403 200 403 403 403 403 403",
    "referrals:insurers": "       in  403 403 200 403 403 403 403 403",
    "referrals:patients": "       in  403 403 200 200 403 200 403 403",
    "referrals:add_patient": "    in  403 403 200 403 403 403 403 403",
    "referrals:patient": "        in  403 403 200 200 403 200 403 403",
    "referrals:record": "         in  403 403 200 403 403 403 403 403",
    "referrals:own": "            in  200 404 403 403 403 403 403 403",
    "appointments:mine": "        in  200 200 403 403 403 403 403 403",
    "appointments:ask": "         in  200 404 403 403 403 403 403 403",
    "appointments:ask_check": "   in  go  404 403 403 403 403 403 403",
    "appointments:ask_step": "    in  200 404 403 403 403 403 403 403",
    "appointments:standing": "    in  200 404 403 403 403 403 403 403",
    "appointments:withdraw": "    in  200 404 403 403 403 403 403 403",
    "appointments:offer": "       in  200 404 403 403 403 403 403 403",
    "appointments:accept": "      in  405 405 403 403 403 403 403 403",
    "appointments:decline": "     in  405 405 403 403 403 403 403 403",
    "appointments:cancel": "      in  200 404 403 403 403 403 403 403",
    "appointments:calendar": "    in  200 404 403 403 403 403 403 403",
    "appointments:answer": ALL_200,  # whoever holds the signed link
    "appointments:queue": "       in  403 403 403 200 403 200 403 403",
    "appointments:triage": "      in  403 403 403 200 403 200 403 403",
    "appointments:propose": "     in  403 403 403 200 403 403 403 403",
    "appointments:offers": "      in  403 403 403 200 403 200 403 403",
    "appointments:withdraw_offer": "in 403 403 403 405 403 403 403 403",
    "appointments:day": "         in  403 403 403 200 200 200 403 403",
    "appointments:visit": "       in  403 403 403 200 200 200 403 403",
    "audit:trail": "              in  403 403 403 403 403 403 403 200",
    "accounts:invitation": ALL_200,  # whoever holds the signed link
    "account_login": "200" + ONLY_OUT,
    "account_logout": "           go  200 200 200 200 200 200 200 200",
    "account_inactive": ALL_200,
    "account_signup": "200" + ONLY_OUT,  # it says that nobody signs up by themselves
    "account_reauthenticate": SIGNED_IN,
    "account_change_password": SIGNED_IN,
    "account_reset_password": ALL_200,
    "account_reset_password_done": ALL_200,
    "account_reset_password_from_key": ALL_200,  # for any key: it says what is wrong
    "account_reset_password_from_key_done": ALL_200,
    "start": "in " + ONLY_OUT,
}

# An empty form is sent. What is not here is only read: 405 to those let in.
POST = {
    "services:check": ALL_422,  # nothing answered: the first question again
    "services:new_article": "       in  403 403 403 403 403 403 422 403",
    "services:begin_draft": "       in  403 403 403 403 403 403 go  403",
    "services:move": "       in  403 403 403 403 403 403 422 403",
    "services:approve": "       in  403 403 403 403 403 422 422 403",
    "services:edit": "       in  403 403 403 403 403 403 422 403",
    "services:restore": "       in  403 403 403 403 403 403 go  403",
    "services:record_review": "       in  403 403 403 403 403 422 422 403",
    "services:send_back": "       in  403 403 403 403 403 422 422 403",
    "services:discard": "       in  403 403 403 403 403 422 422 403",
    "services:retire": "       in  403 403 403 403 403 422 422 403",
    "referrals:referral": "       in  403 403 422 403 403 403 403 403",
    "referrals:add_patient": "    in  403 403 422 403 403 403 403 403",
    "referrals:record": "         in  403 403 422 403 403 403 403 403",
    "appointments:ask_check": "   in  go  404 403 403 403 403 403 403",
    "appointments:ask_step": "    in  422 404 403 403 403 403 403 403",
    "appointments:standing": "    in  422 404 403 403 403 403 403 403",
    "appointments:withdraw": "    in  go  404 403 403 403 403 403 403",
    "appointments:accept": "      in  go  404 403 403 403 403 403 403",
    "appointments:decline": "     in  go  404 403 403 403 403 403 403",
    "appointments:cancel": "      in  go  404 403 403 403 403 403 403",
    "appointments:answer": ALL_200,  # no answer given: the offer again
    "appointments:triage": "      in  403 403 403 422 403 422 403 403",
    "appointments:propose": "     in  403 403 403 422 403 403 403 403",
    "appointments:withdraw_offer": "in 403 403 403 go 403 403 403 403",
    "appointments:visit": "       in  403 403 403 422 422 403 403 403",
    "accounts:invitation": ALL_422,
    "account_login": "422" + ONLY_OUT,
    "account_logout": "go" + ONLY_OUT,
    "account_signup": "200" + ONLY_OUT,
    "account_reauthenticate": "   in  422 422 422 422 422 422 422 422",
    "account_change_password": "  in  422 422 422 422 422 422 422 422",
    "account_reset_password": ALL_422,
    "account_reset_password_from_key": ALL_422,  # the key is none: it says so
}

# The admin, by model: who sees the rows, and who may add and change them.
ADMIN: dict[str, tuple[set[str], set[str]]] = {
    "services_article": ({"editor"}, {"editor"}),
    "services_version": ({"editor", "lead"}, set()),
    "services_condition": ({"editor"}, {"editor"}),
    "services_technique": ({"editor"}, {"editor"}),
    "services_location": ({"editor"}, {"editor"}),
    "services_publication": ({"editor"}, {"editor"}),
    "services_synonym": ({"editor"}, {"editor"}),
    "services_insurer": ({"editor"}, {"editor"}),
    "services_precaution": ({"lead"}, {"lead"}),
    "referrals_provider": ({"lead"}, {"lead"}),
    "appointments_therapist": ({"lead"}, {"lead"}),
    "appointments_room": ({"lead"}, {"lead"}),
    "appointments_triagecategory": ({"lead"}, {"lead"}),
    "appointments_policy": ({"lead"}, {"lead"}),
    "referrals_patient": ({"lead"}, set()),
    "referrals_referral": ({"lead"}, set()),
    "appointments_waitlistentry": ({"lead"}, set()),
    "appointments_appointment": ({"lead"}, set()),
    "referrals_screeninganswer": (set(), set()),
    "referrals_diagnosiscode": (set(), set()),
    "appointments_needreport": (set(), set()),
    "outbox_message": (set(), set()),
    "audit_auditevent": (set(), set()),
}
NEVER_ADDED = {"services_article"}  # by the admin: Editing begins it with its text
OPEN_ADMIN = {"lead", "editor"}
# Pages of the admin itself: what those get who may open it; visitors go to sign in.
ADMIN_PAGES = {
    "admin:index": "200",
    "admin:login": "go",
    "admin:logout": "405",  # a link would sign out; only the button does
    "admin:password_change": "go",
    "admin:password_change_done": "200",
    "admin:autocomplete": "403",  # no field asks for it
    "admin:jsi18n": "200",
    "admin:view_on_site": "404",
    "admin:app_list": "200",
    "admin:anything else": "404",
}


def make_world() -> SimpleNamespace:
    """Return a small clinic: one person of each role, and one record of each kind."""
    load_content(by=None, now=NOW)
    _place, (therapist, second), (room, *_more) = make_clinic(therapists=2, rooms=2)
    patient, other = make_patient(), make_patient()
    asking = make_referral(patient=patient, sessions=6)
    waiting = make_entry(referral=_referral(patient, 1))
    questioned = make_request(referral=_referral(patient, 2))
    offered = make_appointment(
        status=Status.PROPOSED,
        entry=make_entry(referral=_referral(patient, 3)),
        therapist=therapist,
        room=room,
    )
    booked = make_appointment(
        entry=make_entry(
            referral=_referral(patient, 4), status=EntryStatus.IN_PROGRESS
        ),
        therapist=therapist,
        room=room,
        starts_at=NOW + 2 * DAY + 2 * HOUR,
    )
    _rows_that_only_the_admin_shows(asking, waiting)
    people = {role.value: make_user(role) for role in Role if role != Role.PATIENT}
    people |= {"patient": patient.user, "other": other.user, "visitor": None}
    people |= {"therapist": therapist.user, "second therapist": second.user}
    return SimpleNamespace(
        people=people,
        patient=patient,
        other=other,
        asking=asking,
        waiting=waiting,
        questioned=questioned,
        offered=offered,
        booked=booked,
        **_texts_in_work(people["editor"], people["lead"]),
        invitation=invite(user=make_patient().user, by=None, now=NOW),
    )


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


def _referral(patient, number: int):
    code = make_diagnosis(f"M54.{number}", "Pain in the back")
    return make_referral(patient=patient, diagnosis=code)


def _rows_that_only_the_admin_shows(referral, entry) -> None:
    make_technique()
    make_insurer()
    make_policy()
    precaution = make_precaution()
    ScreeningAnswer.objects.create(
        referral=referral,
        precaution=precaution,
        question=precaution.question,
        meaning=precaution.meaning,
        answer="no",
    )
    answers = NeedAnswers(3, 3, 3, RoleThreat.NONE, 3)
    NeedReport.objects.create(
        entry=entry,
        reported_at=NOW,
        reported_by=entry.patient.user,
        **vars(answers),
    )
    owe(
        "referrals.recorded",
        referral,
        to=referral.patient.user,
        now=NOW,
        expires_at=NOW + DAY,
    )


def arguments(world: SimpleNamespace) -> dict[str, dict[str, object]]:
    """Return what goes into each address that names a record; others need nothing."""
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
        "referrals:referral": {"pk": world.asking.pk},
        "referrals:own": {"pk": world.asking.pk},
        "referrals:patient": {"pk": world.patient.pk},
        "referrals:record": {"pk": world.patient.pk},
        "appointments:ask": {"pk": world.asking.pk},
        "appointments:ask_check": {"pk": world.asking.pk},
        "appointments:ask_step": {"pk": world.asking.pk, "step": "when"},
        "appointments:standing": {"pk": world.waiting.pk},
        "appointments:withdraw": {"pk": world.waiting.pk},
        "appointments:offer": {"pk": world.offered.pk},
        "appointments:accept": {"pk": world.offered.pk},
        "appointments:decline": {"pk": world.offered.pk},
        "appointments:cancel": {"pk": world.booked.pk},
        "appointments:calendar": {"pk": world.booked.pk},
        "appointments:answer": {"token": sign("offer", world.offered.pk)},
        "appointments:triage": {"pk": world.questioned.pk},
        "appointments:propose": {"pk": world.waiting.pk},
        "appointments:withdraw_offer": {"pk": world.offered.pk},
        "appointments:visit": {"pk": world.booked.pk},
        "accounts:invitation": {"token": sign("invitation", world.invitation.pk)},
        "account_reset_password_from_key": {"uidb36": "zz", "key": "no-key"},
    }
