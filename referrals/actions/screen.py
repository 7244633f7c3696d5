"""Ask the safety questions: at first, for a draft, and again when health changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from massage_portal.accounts.models import User
from massage_portal.audit.record import record
from referrals.actions.refusal import Refusal
from referrals.actions.states import NotClearable, change_status, lock
from referrals.actions.tell import tell
from referrals.codes import OPEN, Answer, Status
from referrals.models import Referral, ScreeningAnswer
from referrals.screening import Outcome, outcome
from services.models import Precaution

if TYPE_CHECKING:
    from referrals.actions.record import Order
Answers = Mapping[Precaution, Answer]


class ScreeningIncomplete(Refusal):
    """A question that applies was not answered as it stands now; it carries them."""

    def __init__(self, missing: list[Precaution]) -> None:
        super().__init__(
            _(
                "Some safety questions that apply to this referral are not answered, "
                "or were changed meanwhile. Answer them as they stand now."
            )
        )
        self.missing = missing


def refuse_incomplete(answers: Answers, ordered: Order | Referral) -> None:
    """
    See that every question that applies is answered in its newest version.

    :raises ScreeningIncomplete: if one is not; it carries those.
    """
    _refuse_missing(
        _applying(Precaution.objects.asked().with_limits(), ordered), answers
    )


def _applying(
    asked: Iterable[Precaution], ordered: Order | Referral
) -> list[Precaution]:
    others = ordered.other_diagnoses
    more = others if isinstance(others, tuple) else others.all()
    codes = [ordered.diagnosis.code, *(one.code for one in more)]
    slug = ordered.technique.slug if ordered.technique else ""
    return [one for one in asked if one.applies(codes=codes, technique=slug)]


def _refuse_missing(applying: Iterable[Precaution], answers: Answers) -> None:
    versions = {one.pk: one.version for one in answers}
    missing = [one for one in applying if versions.get(one.pk) != one.version]
    if missing:
        raise ScreeningIncomplete(missing)


def keep_answers(
    answers: Answers, referral: Referral, *, by: User, now: datetime, number: int = 1
) -> None:
    """
    Keep a round of safety answers, each with its question as it was asked.

    A red flag is the patient's: all else that they have in force goes on hold.
    """
    ScreeningAnswer.objects.bulk_create(
        ScreeningAnswer(
            referral=referral,
            precaution=precaution,
            question=precaution.question,
            meaning=precaution.meaning,
            version=precaution.version,
            answer=answer,
            round=number,
            asked_at=now,
            asked_by=by,
        )
        for precaution, answer in answers.items()
    )
    if judge(answers) == Outcome.STOP:
        _stop_others(referral, by=by, now=now)


def judge(answers: Answers) -> Outcome:
    """Return what these answers allow."""
    return outcome((one.meaning, answer) for one, answer in answers.items())


def status_after(answers: Answers) -> Status:
    """Return the status of a referral that begins with these answers."""
    return Status.ACTIVE if judge(answers) == Outcome.GO_ON else Status.ON_HOLD


def ask_more(
    referral: Referral, answers: Answers, *, by: User, now: datetime
) -> Referral:
    """
    Keep the answers to questions that apply since a correction, beside the newest ones.

    A locked referral in force goes on hold if one of them asks for it. A draft has all
    its questions still to come.

    :raises ScreeningIncomplete: if one that applies now has no answer.
    """
    if referral.status not in OPEN:
        return referral
    applying = _applying(referral.unasked(), referral)
    _refuse_missing(applying, answers)
    if not applying:
        return referral
    fresh = {one: answer for one, answer in answers.items() if one in applying}
    last = _last_round(referral)
    keep_answers(fresh, referral, by=by, now=now, number=last or 1)
    record("referral.screened", referral, by=by, at=now, change=f"{last}>{last or 1}")
    if referral.status == Status.ACTIVE and judge(fresh) != Outcome.GO_ON:
        return _hold(referral, by=by, now=now)
    return referral


@transaction.atomic
def screen_again(
    *, referral: Referral, answers: Answers, by: User, now: datetime
) -> Referral:
    """
    Keep another round of answers; the earlier ones stay, the newest one counts.

    A referral in force goes on hold if an answer that the provider has not cleared asks
    for it. One on hold for answers that nobody knew is in force again once all of them
    turn out harmless. Sent twice by one person, a round is kept once.

    :raises NotClearable: if it is neither in force nor on hold, or a red flag stopped
        it: then the patient needs a new referral once they are well.
    :raises ScreeningIncomplete: if a question that applies is not answered.
    """
    referral = lock(referral)
    if referral.status not in OPEN:
        raise NotClearable(_("Nobody can be asked about this referral now."))
    before = list(referral.screening_answers.newest_round())
    if _said(before) == _said_now(answers) and any(
        one.asked_by == by for one in before
    ):
        return referral
    if outcome((one.meaning, one.answer) for one in before) == Outcome.STOP:
        raise NotClearable(
            _(
                "A red flag stopped this referral. When the patient is well, record a "
                "new one."
            )
        )
    refuse_incomplete(answers, referral)
    last = _last_round(referral)
    keep_answers(answers, referral, by=by, now=now, number=last + 1)
    record("referral.screened", referral, by=by, at=now, change=f"{last}>{last + 1}")
    return _weigh(referral, before, answers, by=by, now=now)


def _last_round(referral: Referral) -> int:
    return referral.screening_answers.aggregate(last=Max("round"))["last"] or 0


def _said(rows: Iterable[ScreeningAnswer]) -> set[tuple[Any, ...]]:
    return {(one.precaution_id, one.version, one.answer) for one in rows}


def _said_now(answers: Answers) -> set[tuple[Any, ...]]:
    return {(one.pk, one.version, answer) for one, answer in answers.items()}


def _stop_others(referral: Referral, *, by: User, now: datetime) -> None:
    """Hold what else is in force; its provider clears it once the patient is well."""
    others = Referral.objects.filter(patient=referral.patient_id, status=Status.ACTIVE)
    words = _("A red flag was answered with yes for referral %(number)s.")
    for other in others.exclude(pk=referral.pk).order_by("pk"):
        _hold(lock(other), by=by, now=now, reason=words % {"number": referral.pk})


def _hold(referral: Referral, *, by: User, now: datetime, reason: str = "") -> Referral:
    """Put a referral in force on hold; a clearance was for what was known then."""
    referral.status_reason = reason
    cleared = f"{referral.clearance_by}, {referral.clearance_on}"
    if referral.clearance_by:
        record("referral.clearance_ended", referral, by=by, at=now, change=cleared)
    referral.clearance_by, referral.clearance_on = "", None
    return change_status(referral, Status.ON_HOLD, "referral.held", by=by, now=now)


def _weigh(
    referral: Referral,
    before: list[ScreeningAnswer],
    answers: Answers,
    *,
    by: User,
    now: datetime,
) -> Referral:
    """Move the referral where the new round leads, if it leads anywhere else."""
    known = _said(before)
    fresh = {
        one: answer
        for one, answer in answers.items()
        if (one.pk, one.version, answer) not in known
    }
    if referral.status == Status.ACTIVE:
        if judge(fresh) == Outcome.GO_ON:  # the rest is harmless, or was cleared
            return referral
        return _hold(referral, by=by, now=now)
    sure = referral.screening_answers.filter(answer=Answer.YES).values_list(
        "meaning", "answer"
    )  # of any round: a yes is never talked away
    by_hand = referral.status_reason != ""
    if by_hand or outcome(sure) != Outcome.GO_ON or judge(answers) != Outcome.GO_ON:
        return referral
    change_status(referral, Status.ACTIVE, "referral.resumed", by=by, now=now)
    tell(referral, by=by, now=now)
    return referral
