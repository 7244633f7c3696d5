"""Which messages are owed and due, who may take one, and who hands them out."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta

import pytest
from celery import current_app
from django.conf import settings as configured
from django.db import connection, connections

from massage_portal.outbox import actions, kinds, tasks
from massage_portal.outbox.codes import Channel, Failure
from massage_portal.outbox.locks import sign_of_life
from massage_portal.outbox.models import Message, Pulse
from massage_portal.outbox.models.message import HAND_OVER, LEASE, Went
from massage_portal.outbox.patience import PATIENCE
from tests.factories import DAY, HOUR, NOW, make_message, make_user
from tests.sending import fill

SECOND = timedelta(seconds=1)
KIND = "tests.words"
EMAIL = Channel.EMAIL

pytestmark = pytest.mark.django_db


def nothing(message):
    return None


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    """Let the kind of these tests be one."""
    monkeypatch.setattr(kinds, "_kinds", dict(kinds._kinds))
    kinds.renders(KIND, "Words")(nothing)


# --- Owing ----------------------------------------------------------------------------


def test_a_message_is_due_at_once_unless_a_moment_is_named():
    assert make_message().due_at == NOW
    later = make_message(due_at=NOW + HOUR)
    assert (later.due_at, later.try_at) == (NOW + HOUR, NOW + HOUR)


@pytest.mark.parametrize("end", [NOW, NOW - SECOND])
def test_what_would_come_due_after_its_end_is_not_owed(end):
    actions.owe(KIND, make_user(), to=make_user(), now=NOW, expires_at=end)
    assert not Message.objects.exists()


def test_the_same_fact_is_owed_once_and_another_fact_besides():
    user = make_user()
    for key in ["2h", "2h", "48h"]:
        actions.owe(KIND, user, to=user, now=NOW, expires_at=NOW + DAY, key=key)
    assert Message.objects.count() == 2


# --- Claimed --------------------------------------------------------------------------


@contextmanager
def another_session():
    """Give a sender's number that a session of its own holds while the block runs."""
    with sign_of_life() as number:
        pass
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [number])
            yield number
            # As its end would do, which is not awaited by whoever closes it.
            cursor.execute("SELECT pg_advisory_unlock(%s)", [number])
    finally:
        other.close()


def claim(number, *, now=NOW):
    return Message.objects.claim(number, most=9, now=now)


def test_what_a_living_sender_has_is_nobody_elses_however_late_it_is():
    message = make_message(expires_at=NOW + 9 * DAY)
    with another_session() as theirs, sign_of_life() as mine:
        assert claim(theirs) == [message.pk]
        assert claim(mine) == claim(mine, now=NOW + DAY) == []
        assert Message.objects.begin(message.pk, claim=theirs, channel=EMAIL, now=NOW)
        assert claim(mine) == claim(mine, now=NOW + DAY) == []


def test_what_a_sender_that_is_gone_had_not_begun_is_free_at_once():
    message = make_message()
    with another_session() as theirs:
        claim(theirs)
    with sign_of_life() as mine:
        assert claim(mine) == [message.pk]
        message.refresh_from_db()
        assert (message.attempts, message.claim) == (2, mine)
        # Should they live after all: it is not theirs to begin any more.
        begin = Message.objects.begin
        assert not begin(message.pk, claim=theirs, channel=EMAIL, now=NOW)
        assert begin(message.pk, claim=mine, channel=EMAIL, now=NOW)


def test_what_a_sender_that_is_gone_had_begun_is_free_once_that_must_be_over():
    message = make_message()
    with another_session() as theirs:
        claim(theirs)
        Message.objects.begin(message.pk, claim=theirs, channel=EMAIL, now=NOW)
    with sign_of_life() as mine:
        assert claim(mine, now=NOW + HAND_OVER - SECOND) == []
        assert claim(mine, now=NOW + HAND_OVER) == [message.pk]


def test_as_the_database_starts_anew_a_sender_without_a_session_may_live(monkeypatch):
    """The start of the server is moved: half of a lease ago, and a lease ago."""
    message = make_message()
    earlier_life = (1 << 32) + 1
    state = {"claim": earlier_life, "began_at": NOW - HAND_OVER}
    Message.objects.filter(pk=message.pk).update(**state)
    with sign_of_life() as mine:
        with server_began(LEASE / 2):
            assert claim(mine) == []
        # Nor is it sure that nothing had begun: that need not have reached the disk.
        Message.objects.filter(pk=message.pk).update(began_at=None)
        with server_began(LEASE / 2):
            assert claim(mine) == []
        with server_began(LEASE + SECOND):
            assert claim(mine) == [message.pk]


@contextmanager
def server_began(ago):
    """Let the claim's statement believe that the server began so long ago."""

    def believe(execute, sql, params, many, context):
        moment = f"(clock_timestamp() - interval '{ago.total_seconds()} s')"
        return execute(
            sql.replace("pg_postmaster_start_time()", moment), params, many, context
        )

    with connection.execute_wrapper(believe):
        yield


def test_a_hand_over_ends_before_another_may_take_it_over():
    to_connect = to_hand_over = configured.EMAIL_TIMEOUT
    assert to_connect + to_hand_over < HAND_OVER.total_seconds()
    assert HAND_OVER.total_seconds() + PATIENCE < LEASE.total_seconds()


@pytest.mark.parametrize(
    ("fields", "may"),
    [
        pytest.param({}, True, id="ours"),
        pytest.param({"voided_at": NOW}, False, id="voided"),
        pytest.param({"claim": 7}, False, id="taken over"),
        pytest.param({"expires_at": NOW + SECOND}, True, id="still of use"),
        pytest.param({"due_at": NOW - DAY, "expires_at": NOW}, False, id="expired"),
        pytest.param({"sent_at": NOW}, False, id="sent"),
    ],
)
def test_a_send_begins_only_while_the_claim_is_good(fields, may):
    message = make_message()
    with sign_of_life() as mine:
        claim(mine)
        Message.objects.filter(pk=message.pk).update(**fields)
        begin = Message.objects.begin
        assert begin(message.pk, claim=mine, channel=EMAIL, now=NOW) == may
    message.refresh_from_db()
    assert message.began_at == (NOW if may else None)


@pytest.mark.parametrize("may", [True, False])
@pytest.mark.parametrize(
    "meanwhile",
    [{}, {"voided_at": NOW}, {"failed_at": NOW, "failed_because": Failure.EXPIRED}],
)
def test_what_went_is_marked_as_the_next_begins_or_may_not(meanwhile, may):
    last, after, other = (make_message() for _ in range(3))
    went = Went(NOW, EMAIL, "number", last.pk)
    with sign_of_life() as mine:
        claim(mine)
        assert Message.objects.begin(last.pk, claim=mine, channel=EMAIL, now=NOW)
        Message.objects.filter(pk=last.pk).update(**meanwhile)
        Message.objects.filter(pk=after.pk).update(voided_at=None if may else NOW)
        how = {"claim": mine, "channel": Channel.SMS, "now": NOW + SECOND}
        assert Message.objects.begin(after.pk, **how, went=went) == may
    for one in (last, after, other):
        one.refresh_from_db()
    assert (last.sent_at, last.channel, last.provider_id) == (NOW, EMAIL, "number")
    assert (last.voided_at, last.failed_at, last.failed_because) == (None, None, "")
    assert (last.began_at, last.claim) == (NOW, None)
    assert after.began_at == (NOW + SECOND if may else None)
    assert (after.sent_at, after.claim) == (None, mine)
    assert after.channel == (Channel.SMS if may else "")
    assert after.voided_at == (None if may else NOW)
    assert (other.sent_at, other.began_at, other.claim) == (None, None, mine)


def test_a_claim_reads_the_index_of_what_is_unsent_however_many_were_sent():
    fill(sent=30_000, owed=5_000)
    plan = []

    def explained(execute, sql, params, many, context):
        execute("EXPLAIN " + sql, params, many, context)
        plan.extend(line for (line,) in context["cursor"].fetchall())
        return execute(sql, params, many, context)

    with sign_of_life() as mine, connection.execute_wrapper(explained):
        Message.objects.claim(mine, most=100, now=NOW)
    told = "\n".join(plan)
    assert "Index Scan using message_unsent_by_try" in told
    assert "Seq Scan on outbox_message" not in told
    assert "Sort" not in told  # the index is in the order of the claims


@pytest.mark.parametrize("owed", [3, 5_000])  # of few, the plan is kept for many
def test_two_rows_are_found_by_their_keys_however_many_are_owed(owed):
    fill(sent=30_000, owed=owed)
    last, after = Message.objects.unsent().order_by("pk")[:2]
    how = {"channel": EMAIL, "now": NOW}
    with sign_of_life() as mine, connection.cursor() as cursor:
        assert {last.pk, after.pk} < set(claim(mine))
        assert Message.objects.begin(last.pk, claim=mine, **how)
        went = Went(NOW, EMAIL, "", last.pk)
        assert Message.objects.begin(after.pk, claim=mine, went=went, **how)
        for name, values in (("begin_message", 5), ("mark_and_begin", 9)):
            cursor.execute(f"EXPLAIN EXECUTE {name} ({', '.join(['NULL'] * values)})")
            told = "\n".join(line for (line,) in cursor.fetchall())
            assert "outbox_message_pkey" in told
            assert "message_unsent" not in told
            assert "Seq Scan on outbox_message" not in told


# --- Voided and expired ---------------------------------------------------------------


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


def test_after_voiding_nobody_is_called_and_what_went_or_failed_stays_so():
    user = make_user()
    ended = {
        "sent": {"sent_at": NOW - HOUR},
        "failed": {"failed_at": NOW - HOUR, "failed_because": Failure.EXPIRED},
        "voided": {"voided_at": NOW - HOUR},
        "over": {"expires_at": NOW, "due_at": NOW - HOUR},
    }
    made = {name: make_message(subject=user, to=user) for name in ended}
    for name, state in ended.items():
        Message.objects.filter(pk=made[name].pk).update(worth_a_call=True, **state)

    actions.void(user, now=NOW)

    for name, message in made.items():
        message.refresh_from_db()
        when = {"voided": NOW - HOUR, "over": NOW}.get(name)
        assert message.voided_at == when, name
        assert message.worth_a_call == (name == "over"), name
        assert (message.sent_at, message.failed_at).count(None) == (
            1 if name in ("sent", "failed") else 2
        )


def test_a_restored_system_can_withdraw_what_was_due_before_a_moment():
    early, late = make_message(), make_message(due_at=NOW + HOUR)
    assert actions.void_due_before(NOW + HOUR, now=NOW) == 1
    early.refresh_from_db()
    late.refresh_from_db()
    assert (early.voided_at, late.voided_at) == (NOW, None)


def test_what_expired_fails_for_all_to_see_but_not_while_it_may_be_on_its_way():
    late, on_its_way = make_message(), make_message()
    end = NOW + DAY
    state = {"claim": 7, "began_at": end - SECOND}
    Message.objects.filter(pk=on_its_way.pk).update(**state)
    assert actions.expire(now=end - SECOND) == 0
    assert actions.expire(now=end) == 1
    assert actions.expire(now=end + LEASE) == 1
    late.refresh_from_db()
    assert (late.failed_at, late.failed_because) == (end, Failure.EXPIRED)


def test_what_expired_by_a_clock_that_was_ahead_is_owed_again():
    message = make_message()
    actions.expire(now=NOW + DAY)
    assert not Message.objects.due(NOW).exists()
    actions.expire(now=NOW + HOUR)
    assert Message.objects.due(NOW + HOUR).get() == message


# --- Kinds and tasks ------------------------------------------------------------------


def test_one_kind_has_one_renderer():
    assert kinds.renders(KIND, "Words")(nothing) is nothing
    with pytest.raises(ValueError, match=r"two renderers for tests\.words"):
        kinds.renders(KIND, "Words")(lambda message: None)


def our_tasks():
    current_app.loader.import_default_modules()
    ours = ("outbox", "accounts", "services", "referrals", "appointments")
    return {name for name in current_app.tasks if name.split(".")[0] in ours}


@pytest.mark.usefixtures("handed_out")
def test_every_task_accepts_words_that_it_does_not_know():
    message = make_message(due_at=NOW + 36500 * DAY, expires_at=NOW + 36501 * DAY)
    of_plans = ("appointments.draw_up", "appointments.send_draft")
    given = {name: {"pk": 0} for name in of_plans}
    assert our_tasks() >= set(given) | set(configured_tasks())
    for name in our_tasks():
        task = current_app.tasks[name]
        task.run(**given.get(name, {}), a_word_of_a_newer_release=1)
    message.refresh_from_db()
    assert message.attempts == 0


def configured_tasks():
    return [one["task"] for one in configured.CELERY_BEAT_SCHEDULE.values()]


@pytest.fixture
def handed_out(monkeypatch):
    """The tasks that were handed out, in place of a broker."""
    out = []
    monkeypatch.setattr(tasks.send_some, "apply_async", lambda **how: out.append(how))
    return out


@pytest.mark.parametrize(
    ("due", "batches"), [(0, 0), (1, 1), (100, 1), (101, 2), (1601, 16)]
)
def test_beat_hands_out_a_task_for_each_hundred_that_are_due(due, batches, handed_out):
    make_owed(due)
    make_message(due_at=NOW + 36500 * DAY, expires_at=NOW + 36501 * DAY)
    tasks.send_due()
    assert len(handed_out) == batches
    assert Pulse.objects.get().task == "outbox.send_due"


def test_beat_asks_a_broker_that_is_away_once_and_not_for_each_hundred(monkeypatch):
    asked = []
    away = lambda task, **_options: asked.append(task)  # noqa: E731 - it took nothing
    monkeypatch.setattr(tasks, "hand_out", away)
    make_owed(301)
    tasks.send_due()
    assert asked == [tasks.send_some]


def test_beat_hands_out_what_a_worker_that_is_gone_had_claimed(handed_out):
    make_owed(1)
    Message.objects.update(claim=7)
    tasks.send_due()
    assert len(handed_out) == 1


def make_owed(number):
    """Owe messages that are due by any clock."""
    user = make_user()
    each = [
        actions.Owed(KIND, expires_at=NOW + 36500 * DAY, key=str(key))
        for key in range(number)
    ]
    actions.owe_each(*each, subject=user, to=user, now=NOW - 3000 * DAY)
