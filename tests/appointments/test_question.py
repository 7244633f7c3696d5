"""A patient asks, a scheduler answers; the mail says only that there is an answer."""

from __future__ import annotations

import pytest
from django.db import IntegrityError

from appointments import actions
from appointments.actions.question import MOST_OPEN
from appointments.models import Question
from massage_portal.accounts.roles import Role
from tests.appointments.pages import signed_in, url
from tests.factories import (
    DAY,
    NOW,
    make_entry,
    make_question,
    make_request,
    make_user,
)
from tests.mails import body, laid_open, links, write
from tests.trail import owed, trail

pytestmark = pytest.mark.django_db
WORDS = "May my daughter <b>wait</b> with me?"
ANSWER = "Yes, gladly."


@pytest.fixture
def waiting(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    return make_entry()


@pytest.fixture
def scheduler():
    return make_user(Role.SCHEDULER)


def ask(entry, words=WORDS):
    by = entry.patient.user
    return actions.ask_question(entry=entry, words=words, by=by, now=NOW)


def reply(question, by, words=ANSWER):
    return actions.answer_question(question=question, words=words, by=by, now=NOW)


def test_a_question_waits_for_its_answer_and_costs_no_place(waiting):
    question = ask(waiting)

    version = waiting.version
    waiting.refresh_from_db()
    assert list(Question.objects.unanswered()) == [question]
    assert (waiting.version, waiting.status) == (version, "accepted")
    assert trail(waiting)[-1][1] == "request.question_asked"


def test_the_same_question_sent_twice_is_kept_once(waiting):
    assert ask(waiting).pk == ask(waiting).pk


def test_nobody_floods_the_schedulers(waiting):
    for number in range(MOST_OPEN):
        ask(waiting, f"Question {number}?")

    with pytest.raises(actions.NotAskable, match="answer first"):
        ask(waiting)


@pytest.mark.parametrize("status", ["completed", "rejected", "cancelled"])
def test_what_is_over_takes_no_question(status):
    with pytest.raises(actions.NotAskable):
        ask(make_entry(status=status))


def test_an_answer_closes_the_question_and_owes_one_message(waiting, scheduler):
    question = ask(waiting)

    reply(question, scheduler)
    answered = reply(question, scheduler)

    assert (answered.answer, answered.answered_by) == (ANSWER, scheduler)
    assert not Question.objects.unanswered()
    assert owed(question) == [("appointments.question_answered", NOW)]
    acts = [act for _who, act, *_ in trail(waiting)]
    assert acts.count("request.question_answered") == 1


def test_the_mail_says_neither_question_nor_answer(waiting, scheduler, settings):
    kind, user = "appointments.question_answered", waiting.patient.user
    question = ask(waiting)
    assert write(kind, question, user) is None
    reply(question, scheduler)

    raw = write(kind, question, user)

    page = settings.PORTAL_ORIGIN + url("standing", waiting.pk)
    assert page in links(body(raw, "plain"))
    said = laid_open(raw)
    for word in ("daughter", "gladly", "massage", waiting.patient.family_name):
        assert word not in said


def test_the_patient_asks_and_reads_the_answer_where_they_stand(waiting, scheduler):
    client = signed_in(waiting.patient.user)
    empty = client.post(url("ask_question", waiting.pk), {"words": " "})
    long = client.post(url("ask_question", waiting.pk), {"words": "x" * 1001})
    sent = client.post(url("ask_question", waiting.pk), {"words": WORDS}, follow=True)

    assert [empty.status_code, long.status_code] == [422, 422]
    assert "x" * 1001 in long.content.decode()
    assert sent.redirect_chain == [(url("standing", waiting.pk), 302)]
    assert "We will answer it soon." in sent.content.decode()
    reply(Question.objects.get(), scheduler)
    page = client.get(url("standing", waiting.pk)).content.decode()
    assert ANSWER in page
    assert "We will answer it soon." not in page
    assert "&lt;b&gt;wait" in page


def test_schedulers_see_the_oldest_first_and_answer_on_a_page(waiting, scheduler):
    late = make_question(make_request(), asked_at=NOW + DAY)
    early = make_question(waiting)
    client = signed_in(scheduler)
    board = client.get(url("questions"))

    empty = client.post(url("question", early.pk), {"words": ""})
    sent = client.post(url("question", early.pk), {"words": ANSWER})

    assert list(board.context["questions"]) == [early, late]
    assert empty.status_code == 422
    assert sent.headers["Location"] == url("questions")
    assert list(client.get(url("questions")).context["questions"]) == [late]
    shown = client.get(url("question", early.pk)).content.decode()
    assert ANSWER in shown
    assert "<textarea" not in shown


def test_who_answers_second_is_told_and_keeps_what_was_typed(waiting, scheduler):
    question = make_question(waiting)
    reply(question, make_user(Role.SCHEDULER))

    told = signed_in(scheduler).post(url("question", question.pk), {"words": "No."})

    assert told.status_code == 409
    assert "has just been answered" in told.content.decode()
    assert "No.</textarea>" in told.content.decode()
    assert ANSWER in told.content.decode()


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("question_has_words", {"words": ""}),
        ("question_answer_is_whole", {"answer": "Yes."}),
        ("question_answer_is_whole", {"answered_at": NOW}),
    ],
)
def test_the_database_keeps_only_whole_questions(waiting, name, fields):
    with pytest.raises(IntegrityError, match=name):
        make_question(waiting, **fields)
