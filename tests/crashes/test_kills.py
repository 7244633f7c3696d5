"""A worker that is killed two hundred times while a thousand reminders are due."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest

from massage_portal.outbox.models import Message
from massage_portal.outbox.models.message import HAND_OVER
from tests.crashing import (
    CHANCE,
    Killer,
    kill_before_the_mark,
    lost,
    number_of,
    owe_reminders,
    some_come,
    times_caught,
    told,
    twice,
    unsent,
)
from tests.processes import background, until

pytestmark = [pytest.mark.crashes, pytest.mark.processes]

OWED, KILLS, AIMED = 1_000, 200, 70
GOAL = 120  # seconds from the last kill until all is sent
STEP = 0.2  # seconds for each answer, or all are sent before the last kill
# Seconds between the server's answer and the mark, while everything runs at once.
AT_MOST = 2.0


def test_of_a_thousand_reminders_none_is_lost_in_two_hundred_kills(own, mail, capsys):
    owe_reminders(OWED)
    mail.each_step = STEP
    aimed = []
    with told(capsys) as counts, background(mail) as run:
        worker = run.worker("prefork")
        killer = Killer(worker.process.pid)
        run.beat()
        some_come(mail, 1)
        for number in range(KILLS):
            if number * AIMED // KILLS < (number + 1) * AIMED // KILLS:
                aimed.append(kill_before_the_mark(mail, killer, own))
            else:
                some_come(mail, CHANCE.randrange(4))
                killer.kill_one()
            counts["rounds"] = number + 1
        assert unsent(), "all were sent before the last kill"

        mail.each_step, ended = 0.0, time.monotonic()
        until(lambda: not unsent(), "all reminders sent", within=GOAL)
        counts["seconds after the last kill"] = round(time.monotonic() - ended)
        count(counts, mail, killer, aimed)


def count(counts, mail, killer, aimed):
    """Count what came, and judge what came again."""
    again = twice(mail)
    by_chance = again - set(aimed)
    counts |= {
        "sent": Message.objects.exclude(sent_at=None).count(),
        "processes killed": len(killer.moments),
        "lost": len(lost(mail)),
        "aimed between answer and mark": len(set(aimed)),
        "of those sent again": len(again & set(aimed)),
        "hit there by chance, and sent again": len(by_chance),
    }
    assert (counts["sent"], counts["lost"]) == (OWED, 0)
    assert set(aimed) <= again
    hits = [moments(mail, number) for number in again]
    # Each second coming has a kill of its own, and waits until the first must be over.
    for came in hits:
        for first, second in pairwise(came):
            assert any(first - 0.1 < kill < first + AT_MOST for kill in killer.moments)
            assert second - first > HAND_OVER.total_seconds() - 1
    assert sum(times_caught(mail).values()) <= OWED + len(killer.moments)


def moments(mail, number):
    return [at for at, raw in mail.moments if number_of(raw) == number]
