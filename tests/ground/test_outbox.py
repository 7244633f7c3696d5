"""Which messages are due, who may take one, and who hands them out."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from celery import current_app
from django.conf import settings as configured
from django.db import connection
from django.test.utils import CaptureQueriesContext

from massage_portal.outbox import actions, kinds, tasks
from massage_portal.outbox.models import Message
from tests.factories import DAY, HOUR, NOW, make_message, make_user

SECOND = timedelta(seconds=1)
LEASE = Message.objects.none().LEASE
KIND = "tests.words"

pytestmark = pytest.mark.django_db


def nothing(message):
    return None


def changed(**fields):
    """Return a message as if it had come so far."""
    message = make_message()
    Message.objects.filter(pk=message.pk).update(**fields)
    message.refresh_from_db()
    return message


def claimed(until):
    return {"claim": uuid.uuid4(), "claimed_until": until}


# --- Owing ----------------------------------------------------------------------------


def test_a_message_is_due_at_once_unless_a_moment_is_named():
    assert make_message().due_at == NOW
    assert make_message(due_at=NOW + HOUR).due_at == NOW + HOUR


@pytest.mark.parametrize("end", [NOW, NOW - SECOND])
def test_what_would_come_due_after_its_end_is_not_owed(end):
    actions.owe(KIND, make_user(), to=make_user(), now=NOW, expires_at=end)
    assert not Message.objects.exists()


def test_the_same_fact_is_owed_once_and_another_fact_besides():
    user = make_user()
    for key in ["2h", "2h", "48h"]:
        actions.owe(KIND, user, to=user, now=NOW, expires_at=NOW + DAY, key=key)
    assert Message.objects.count() == 2


# --- Due and claimed ------------------------------------------------------------------


def test_a_claim_is_one_update_that_reads_no_other_row():
    message = make_message()
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert Message.objects.claim(message.pk, now=NOW)
    (query,) = seen.captured_queries
    assert query["sql"].startswith('UPDATE "outbox_message" SET')
    assert "SELECT" not in query["sql"]
    assert "JOIN" not in query["sql"]


def test_a_claim_lasts_for_its_lease_and_counts_the_attempt():
    message = make_message()
    first = Message.objects.claim(message.pk, now=NOW)
    assert Message.objects.claim(message.pk, now=NOW + LEASE - SECOND) is None
    second = Message.objects.claim(message.pk, now=NOW + LEASE)
    assert second not in (None, first)
    message.refresh_from_db()
    assert (message.attempts, message.claim) == (2, second)
    assert message.claimed_until == NOW + 2 * LEASE


def test_the_lease_is_longer_than_the_mail_server_may_take_to_answer():
    steps = (
        11  # connect, greet, EHLO, STARTTLS, EHLO, AUTH twice, MAIL, RCPT, DATA, end
    )
    assert LEASE.total_seconds() > steps * configured.EMAIL_TIMEOUT


@pytest.mark.parametrize(
    ("fields", "may"),
    [
        pytest.param({}, True, id="ours"),
        pytest.param({"voided_at": NOW}, False, id="voided"),
        pytest.param({"claim": uuid.uuid4()}, False, id="taken over"),
        pytest.param({"claimed_until": NOW}, False, id="lease over"),
        pytest.param({"sent_at": NOW}, False, id="sent"),
    ],
)
def test_a_send_begins_only_while_the_claim_is_good(fields, may):
    message = make_message()
    claim = Message.objects.claim(message.pk, now=NOW)
    Message.objects.filter(pk=message.pk).update(**fields)
    assert Message.objects.begin(message.pk, claim=claim, now=NOW) == may
    message.refresh_from_db()
    assert message.began_at == (NOW if may else None)


# --- Voided ---------------------------------------------------------------------------


def test_voiding_withdraws_what_is_unsent_about_this_record_and_no_other():
    user = make_user()
    mine = [make_message(subject=user, to=user), make_message(subject=user, to=user)]
    gone, other = make_message(subject=user, to=user), make_message()
    Message.objects.filter(pk=gone.pk).update(sent_at=NOW)
    longer = make_message()  # about a record whose key only begins alike
    Message.objects.filter(pk=longer.pk).update(about=f"{actions.about(user)}0")

    actions.void(user, now=NOW)

    voided = Message.objects.filter(voided_at=NOW).values_list("pk", flat=True)
    assert set(voided) == {one.pk for one in mine}
    assert Message.objects.due(NOW).filter(pk__in=[other.pk, longer.pk]).count() == 2


def test_a_restored_system_can_withdraw_what_was_due_before_a_moment():
    early, late = make_message(), make_message(due_at=NOW + HOUR)
    assert actions.void_due_before(NOW + HOUR, now=NOW) == 1
    early.refresh_from_db()
    late.refresh_from_db()
    assert (early.voided_at, late.voided_at) == (NOW, None)


# --- Kinds and tasks ------------------------------------------------------------------


def test_one_kind_has_one_renderer(monkeypatch):
    monkeypatch.setattr(kinds, "_renderers", {})
    assert kinds.renders(KIND)(nothing) is kinds.renders(KIND)(nothing)
    with pytest.raises(ValueError, match=r"two renderers for tests\.words"):
        kinds.renders(KIND)(lambda message: None)


def our_tasks():
    current_app.loader.import_default_modules()
    ours = ("outbox", "accounts", "services", "referrals", "appointments")
    return {name for name in current_app.tasks if name.split(".")[0] in ours}


def test_every_task_accepts_words_that_it_does_not_know():
    message = make_message(due_at=NOW + 36500 * DAY, expires_at=NOW + 36501 * DAY)
    given = {"outbox.send": {"pk": message.pk}, "appointments.draw_up": {"pk": 0}}
    assert our_tasks() >= set(given) | set(configured_tasks())
    for name in our_tasks():
        task = current_app.tasks[name]
        task.run(**given.get(name, {}), a_word_of_a_newer_release=1)
    message.refresh_from_db()
    assert message.attempts == 0


def configured_tasks():
    return [one["task"] for one in configured.CELERY_BEAT_SCHEDULE.values()]


def test_beat_hands_out_what_is_due_the_oldest_first(monkeypatch):
    handed = []
    monkeypatch.setattr(tasks.send, "delay", lambda *, pk: handed.append(pk))
    far = NOW + 36500 * DAY
    late = make_message(due_at=NOW - 3000 * DAY, expires_at=far)
    early = make_message(due_at=NOW - 3001 * DAY, expires_at=far)
    make_message(due_at=far, expires_at=far + DAY)
    tasks.send_due()
    assert handed == [early.pk, late.pk]
