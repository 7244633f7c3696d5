"""A patient asks about their request, and the clinic answers."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from appointments.actions.ask import NotAskable
from appointments.actions.refusal import Refusal
from appointments.actions.tell import tell
from appointments.codes import ENTRY_OPEN
from appointments.models import Question, WaitlistEntry
from massage_portal.accounts.models import User
from massage_portal.audit.record import record
from referrals.actions.locks import lock_patient_of

MOST_OPEN = 5  # questions of one request that wait for an answer
READ_WITHIN = timedelta(days=14)  # after that the message would only confuse


class AlreadyAnswered(Refusal):
    """Somebody else answered the question meanwhile."""


@transaction.atomic
def ask_question(
    *, entry: WaitlistEntry, words: str, by: User, now: datetime
) -> Question:
    """
    Keep a question about a request, for a scheduler to answer. It costs no place.

    The same question sent twice is kept once.

    :param words: 1 to 1000 characters.
    :raises NotAskable: if the request is over, or MOST_OPEN questions wait already.
    """
    lock_patient_of(WaitlistEntry.objects.all(), pk=entry.pk)
    locked = WaitlistEntry.objects.select_for_update(of=("self",), no_key=True)
    entry = locked.get(pk=entry.pk)
    waiting = list(entry.questions.unanswered())
    same = next((one for one in waiting if one.words == words), None)
    if same is not None:
        return same
    if entry.status not in ENTRY_OPEN:
        raise NotAskable(_("This request is over. If you have a question, call us."))
    if len(waiting) >= MOST_OPEN:
        raise NotAskable(
            _("You have asked several questions that we must answer first. Call us.")
        )
    question = Question.objects.create(
        entry=entry, words=words, asked_at=now, asked_by=by
    )
    record("request.question_asked", entry, by=by, at=now)
    return question


@transaction.atomic
def answer_question(
    *, question: Question, words: str, by: User, now: datetime
) -> Question:
    """
    Answer a question, which closes it, and owe the patient word that there is one.

    The same answer sent twice is one.

    :param words: 1 to 1000 characters.
    :raises AlreadyAnswered: if somebody else was quicker.
    """
    lock_patient_of(WaitlistEntry.objects.all(), pk=question.entry_id)
    question = (
        Question.objects.select_for_update(of=("self",), no_key=True)
        .select_related("entry__patient__user")
        .get(pk=question.pk)
    )
    if question.answered_at is not None:
        if question.answered_by_id == by.pk and question.answer == words:
            return question
        raise AlreadyAnswered(_("This question has just been answered."))
    question.answer, question.answered_at, question.answered_by = words, now, by
    question.save(update_fields=["answer", "answered_at", "answered_by"])
    record("request.question_answered", question.entry, by=by, at=now)
    tell(
        "appointments.question_answered",
        question,
        patient=question.entry.patient,
        now=now,
        expires_at=now + READ_WITHIN,
    )
    return question
