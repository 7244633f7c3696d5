"""A mail server that is down, slow, refuses or hangs up; a beat that stood still."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from appointments.models import Appointment
from massage_portal.accounts.roles import Role
from massage_portal.outbox.codes import Failure
from massage_portal.outbox.models import ChannelHealth, Message
from tests.benchmarks.contested import signed_in
from tests.crashing import (
    LONG_AGO,
    PATIENCE,
    lost,
    none_is_left,
    owe_reminders,
    owed_reminder,
    soon,
    times_caught,
    told,
    twice,
    unsent,
)
from tests.factories import HOUR, make_appointment, make_policy, make_user
from tests.processes import background, until

pytestmark = [pytest.mark.crashes, pytest.mark.processes]

OWED = 200
NOBODYS, NOT_NOW, CUT, SLOW = range(3), range(3, 8), range(8, 12), 12  # of addresses
TOLD_WITHIN = 300  # seconds until staff see whom to call
MINUTE = timedelta(minutes=1)


def give_trouble(mail):
    """Let some of the readers be a trouble to the mail server; return all of them."""
    to = [one.recipient.email for one in Message.objects.order_by("pk")]
    mail.answers = {to[n]: ["550 5.1.1 no such user"] * 9 for n in NOBODYS}
    mail.answers |= {to[n]: ["451 not now"] * 3 for n in NOT_NOW}
    mail.cuts = {to[n]: 1 for n in CUT}
    mail.slow = {to[SLOW]: 60.0}
    return to


def test_a_mail_server_in_trouble_loses_no_mail_and_holds_up_no_other(
    own, mail, capsys
):
    owe_reminders(OWED)
    to, port = give_trouble(mail), mail.port
    mail.stop()
    with told(capsys) as counts, background(mail) as run:
        run.worker("prefork")
        run.beat()
        away = ChannelHealth.objects.filter(code="ConnectionRefusedError")
        until(away.exists, "a server that is away", within=PATIENCE)
        assert unsent() == OWED
        mail.start_again(port)

        # All but those in trouble go, though one of them holds a connection.
        others = OWED - len([*NOBODYS, *NOT_NOW, *CUT, SLOW])

        def others_came():
            soon(but=to[SLOW])  # what shared a batch with it paused, longer each time
            return len(mail.caught) >= others

        until(others_came, "the others", within=PATIENCE)
        failed = Message.objects.filter(failed_because=Failure.REFUSED)
        until(lambda: failed.count() == len(NOBODYS), "refusals", within=TOLD_WITHIN)
        # Until then one was asked about again, where nothing beside it was taken.
        asked = [mail.asked[to[n]] for n in NOBODYS]
        assert_staff_are_told(to[n] for n in NOBODYS)

        mail.slow = {}
        until(none_is_left, "all messages sent", within=PATIENCE)
        counts |= {
            "sent": Message.objects.exclude(sent_at=None).count(),
            "refused for good": failed.count(),
            "tries after 4xx": mail.asked[to[NOT_NOW[0]]],
            "tries after a cut": mail.asked[to[CUT[0]]],
            "tries after 5xx": sum(mail.asked[to[n]] for n in NOBODYS) - sum(asked),
            "lost": len(lost(mail)),
            "sent twice": len(twice(mail)),
        }
    assert list(counts.values()) == [OWED - len(NOBODYS), len(NOBODYS), 4, 2, 0, 0, 0]


def assert_staff_are_told(addresses):
    """See each stopped address on the list of calls."""
    desk = signed_in(make_user(Role.SCHEDULER))
    calls = desk.get(reverse("outbox:calls")).content.decode()
    assert all(f"Email to {one} is stopped" in calls for one in addresses)


def test_a_reminder_that_cannot_be_written_is_tried_five_times_and_then_called_about(
    own, mail, capsys
):
    owe_reminders(30)
    scheduler = make_user(Role.SCHEDULER)
    poison = Message.objects.order_by("pk").first()
    Message.objects.filter(pk=poison.pk).update(kind="appointments.nobody_writes_it")
    with told(capsys) as counts, background(mail) as run:
        run.worker("prefork")
        run.beat()
        until(lambda: unsent() == 1, "all others sent", within=PATIENCE)

        def given_up():
            soon()
            poison.refresh_from_db()
            return poison.failed_at

        until(given_up, "the end of its tries", within=PATIENCE)
        counts |= {"tries": poison.faults, "others sent": len(mail.caught)}
        calls = signed_in(scheduler).get(reverse("outbox:calls")).content.decode()
        visit = Appointment.objects.get(pk=poison.subject_key)
        assert f"<bdi>{visit.patient}</bdi>" in calls
    assert (poison.faults, poison.failed_because) == (5, Failure.UNWRITABLE)
    assert set(times_caught(mail).values()) == {1}
    assert len(mail.caught) == 29


def test_after_three_hours_without_beat_two_beats_remind_once_of_what_is_ahead(
    own, mail, capsys
):
    make_policy(in_force_from=LONG_AGO)
    now = datetime.now(UTC).replace(microsecond=0)
    for number in range(40):  # due over the last three hours; a half is over by now
        due_at = now - number * 4 * MINUTE
        starts_at = now + (2 * HOUR if number % 2 else -MINUTE)
        owed_reminder(
            f"crash:{number}",
            make_appointment(starts_at=starts_at),
            due_at=min(due_at, starts_at - MINUTE),
            try_at=min(due_at, starts_at - MINUTE),
            expires_at=starts_at,
        )
    with told(capsys) as counts, background(mail) as run:
        run.worker("threads")
        run.worker("prefork")
        run.beat()
        run.beat()
        until(lambda: not unsent(), "an end of each", within=PATIENCE)
        counts |= {
            "sent": Message.objects.exclude(sent_at=None).count(),
            "too late": Message.objects.filter(failed_because="expired").count(),
            "sent twice": len(twice(mail)),
        }
    assert list(counts.values()) == [20, 20, 0]
    assert len(mail.caught) == 20
