"""
Every form of these pages, filled in and ready to be sent: by the name of its address.

Each function makes what its form is about, and returns who sends it and what is sent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from appointments import actions
from appointments.actions.capacity import state_of
from appointments.codes import Ending, Status
from appointments.models.board import MOST_NOT_TAKEN
from massage_portal.accounts.models import User
from massage_portal.accounts.roles import Role
from massage_portal.outbox.actions.preference import CODE_LIFE, code_of
from massage_portal.outbox.models import Preference
from massage_portal.tokens import sign
from referrals.actions.plan import begin_plan
from tests.appointments.pages import ANSWERS, TAKING, url
from tests.appointments.plans import morning, planned
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    TODAY,
    make_appointment,
    make_category,
    make_clinic,
    make_entry,
    make_overrule,
    make_patient,
    make_provider,
    make_question,
    make_referral,
    make_request,
    make_user,
)

WORDS = {"words": "Plainly invented."}
REACHED = {"channel": "email", "language": "es", "time_zone": "America/Denver"}
REACHED |= {"quiet_from": "22:00", "quiet_until": "07:00", "version": "0"}
PAIN = ANSWERS["pain"] | ANSWERS["daily-life"]


class Sent(NamedTuple):
    """A form as it is sent; `before` are the steps that lead to it."""

    by: User
    address: str
    fields: dict[str, Any]
    before: list[tuple[str, dict[str, Any]]] = []


FORMS: dict[str, Callable[[], Sent]] = {}


def form(make: Callable[[], Sent]) -> Callable[[], Sent]:
    """Enter the form under the name of its address."""
    FORMS[make.__name__] = make
    return make


def scheduler() -> User:
    return make_user(Role.SCHEDULER, Role.LEAD)


def _date(name: str, day: Any) -> dict[str, int]:
    return {f"{name}_{part}": getattr(day, part) for part in ("month", "day", "year")}


# --- What patients send ---------------------------------------------------------------


def _of_request(name: str, fields: dict[str, Any]) -> None:
    """Enter a form about a patient's own request, which waits."""

    def make() -> Sent:
        entry = make_entry()
        return Sent(entry.patient.user, url(name, entry.pk), fields)

    FORMS[name] = make


def _of_offer(name: str) -> None:
    def make() -> Sent:
        offer = make_appointment(status=Status.PROPOSED)
        return Sent(offer.patient.user, url(name, offer.pk), {})

    FORMS[name] = make


def _of_visit(name: str, fields: dict[str, Any]) -> None:
    def make() -> Sent:
        visit = make_appointment()
        return Sent(visit.patient.user, url(name, visit.pk), fields)

    FORMS[name] = make


_of_request("worse", PAIN)
_of_request("change_when", ANSWERS["when"] | ANSWERS["preferences"] | {"version": "1"})
_of_request("ask_question", WORDS)
_of_request("withdraw", {})
_of_offer("accept")
_of_offer("decline")
_of_visit("cancel", {})
_of_visit("ask_to_move", WORDS)


@form
def keep_time() -> Sent:
    visit = make_appointment()
    user = visit.patient.user
    actions.ask_to_move(appointment=visit, words="", by=user, now=NOW)
    return Sent(user, url("keep_time", visit.pk), {})


@form
def standing() -> Sent:
    entry = make_request()
    asked = {"question": "Since when?", "version": 1, "by": scheduler(), "now": NOW}
    actions.ask_information(entry=entry, **asked)
    return Sent(entry.patient.user, url("standing", entry.pk), WORDS)


@form
def ask_step() -> Sent:
    referral = make_referral()
    step = url("ask_step", referral.pk, "when")
    return Sent(referral.patient.user, step, ANSWERS["when"])


@form
def ask_check() -> Sent:
    referral = make_referral()
    steps = [(url("ask_step", referral.pk, one), ANSWERS[one]) for one in TAKING]
    return Sent(referral.patient.user, url("ask_check", referral.pk), {}, steps)


@form
def answer() -> Sent:
    offer = make_appointment(status=Status.PROPOSED)
    address = url("answer", sign("offer", offer.pk))
    return Sent(offer.patient.user, address, {"answer": "accept"})


def _by_link(purpose: str) -> None:
    def make() -> Sent:
        visit = make_appointment()
        address = url(f"{purpose}_by_link", sign(purpose, visit.pk))
        return Sent(visit.patient.user, address, {"answer": purpose})

    FORMS[f"{purpose}_by_link"] = make


_by_link("confirm")
_by_link("cancel")


@form
def end_calendar() -> Sent:
    user = make_patient().user
    actions.renew_calendar(by=user, now=NOW)
    return Sent(user, url("end_calendar"), {})


# --- What staff send at the board -----------------------------------------------------


@form
def queue() -> Sent:
    return Sent(scheduler(), url("queue"), {"q": make_entry().patient.family_name})


@form
def triage() -> Sent:
    entry, category = make_request(), make_category()
    sent = {"version": "1", "decision": "accept", "words": "", "category": category.pk}
    return Sent(scheduler(), url("triage", entry.pk), sent)


@form
def triage_chosen() -> Sent:
    chosen = [f"{make_request().pk}:1" for _ in range(2)]
    sent = {"chosen": chosen, "category": make_category().pk}
    return Sent(scheduler(), url("triage_chosen"), sent)


@form
def overrule() -> Sent:
    sent = {"version": "1", "target_days": "3", "reason": "A fall."}
    sent |= _date("last_day", TODAY + 7 * DAY)
    return Sent(scheduler(), url("overrule", make_entry().pk), sent)


@form
def end_overrule() -> Sent:
    entry = make_entry()
    make_overrule(entry, 3)
    return Sent(scheduler(), url("end_overrule", entry.pk), {"version": "1"})


@form
def propose() -> Sent:
    _, [therapist], _ = make_clinic()
    starts_at = NOW.replace(hour=14) + 5 * DAY
    sent = {"opening": f"{therapist.pk},{starts_at.isoformat()}", "how": "offer"}
    return Sent(scheduler(), url("propose", make_entry().pk), sent)


@form
def withdraw_offer() -> Sent:
    offer = make_appointment(status=Status.PROPOSED)
    return Sent(scheduler(), url("withdraw_offer", offer.pk), {})


@form
def called() -> Sent:
    entry = make_entry()
    for number in range(MOST_NOT_TAKEN):
        make_appointment(
            entry=entry,
            status=Status.CANCELLED,
            ending=Ending.LAPSED,
            booked_at=None,
            ended_at=NOW - HOUR,
            starts_at=NOW + (2 + number) * DAY,
        )
    return Sent(scheduler(), url("called", entry.pk), {})


@form
def drafts() -> Sent:
    morning()
    return Sent(scheduler(), url("drafts"), {"weeks": "1"})


@form
def draft() -> Sent:
    morning()
    by = scheduler()
    made = planned(by=by)
    sent = {"version": str(made.version), "do": "send"}
    return Sent(by, url("draft", made.pk), sent)


@form
def draft_move() -> Sent:
    _, [therapist] = morning(waiting=1)
    made = planned()
    row = made.offers.get()
    other = row.starts_at + HOUR
    sent = {"version": str(made.version), "opening": f"{therapist.pk},{other}"}
    return Sent(scheduler(), url("draft_move", made.pk, row.pk), sent)


# --- What staff send about callers, visits and records --------------------------------


@form
def question() -> Sent:
    return Sent(scheduler(), url("question", make_question().pk), WORDS)


@form
def call_ask() -> Sent:
    fields = {name: value for one in ANSWERS.values() for name, value in one.items()}
    return Sent(scheduler(), url("call_ask", make_referral().pk), fields)


@form
def call_request() -> Sent:
    address = url("call_request", make_entry().pk, "question")
    return Sent(scheduler(), address, WORDS)


@form
def call_visit() -> Sent:
    offer = make_appointment(status=Status.PROPOSED)
    return Sent(scheduler(), url("call_visit", offer.pk, "accept"), {})


@form
def call_reach() -> Sent:
    address = url("call_reach", make_patient().pk)
    return Sent(scheduler(), address, REACHED)


@form
def call_code() -> Sent:
    patient = make_patient()
    code = {"asked_mobile": "+15075550123", "code_seed": "seed"}
    waiting = Preference(user=patient.user, code_expires_at=NOW + CODE_LIFE, **code)
    waiting.save()
    sent = {"code": code_of(waiting)}
    return Sent(scheduler(), url("call_code", patient.pk), sent)


@form
def mail_came_back() -> Sent:
    return Sent(scheduler(), url("mail_came_back", make_patient().pk), {})


@form
def visit() -> Sent:
    today = make_appointment(starts_at=NOW + HOUR)
    sent = {"outcome": Status.ARRIVED.value}
    return Sent(today.therapist.user, url("visit", today.pk), sent)


@form
def note() -> Sent:
    over = make_appointment(starts_at=NOW - HOUR, status=Status.FULFILLED)
    return Sent(over.therapist.user, url("note", over.pk), WORDS | {"seen": "0"})


@form
def plan() -> Sent:
    booked = make_appointment()
    begin_plan(referral=booked.entry.referral, by=None, now=NOW)
    return Sent(booked.therapist.user, url("plan", booked.pk), {"number": "1"})


@form
def sent_referral() -> Sent:
    user = make_user(Role.PROVIDER)
    referral = make_referral(provider=make_provider(user=user))
    begin_plan(referral=referral, by=None, now=NOW)
    return Sent(user, url("sent_referral", referral.pk), {"number": "1"})


@form
def merge() -> Sent:
    kept, other = make_patient(), make_patient(account=False)
    sent = {"other": str(other.pk), "reason": "They said so by telephone."}
    return Sent(make_user(Role.STAFF), url("merge", kept.pk), sent)


@form
def part() -> Sent:
    kept, other = make_patient(), make_patient(account=False)
    made = {"reason": "Twins", "by": make_user(Role.LEAD), "now": NOW}
    merged = actions.merge_patients(kept=kept, merged=other, **made)
    return Sent(make_user(Role.LEAD), url("part", merged.pk), {})


# --- What staff send about hours and places -------------------------------------------


@form
def add_to_therapist() -> Sent:
    _, [therapist], _ = make_clinic()
    address = url("add_to_therapist", therapist.pk, "time-off")
    return Sent(scheduler(), address, _date("until_day", TODAY) | {"reason": "Away"})


@form
def add_to_place() -> Sent:
    place, _, _ = make_clinic()
    days = _date("first_day", TODAY + DAY) | _date("last_day", TODAY + DAY)
    address = url("add_to_place", place.pk, "closure")
    return Sent(scheduler(), address, days | {"reason": "Painters"})


@form
def change_capacity() -> Sent:
    _, [therapist], _ = make_clinic()
    hours = therapist.working_hours.first()
    address = url("change_capacity", "hours", hours.pk, "end")
    seen = {"seen": state_of(hours)}
    return Sent(scheduler(), address, _date("last_day", TODAY + 7 * DAY) | seen)
