"""
Whatever dies while messages go out: workers, the broker, the database.

All are real processes, on servers that only this test uses.
"""

from __future__ import annotations

import time

import pytest
from django.db import connection

from massage_portal.outbox.codes import Failure
from massage_portal.outbox.locks import LIFE
from massage_portal.outbox.models import Message
from massage_portal.outbox.models.message import HAND_OVER
from tests.crashing import (
    CHANCE,
    PATIENCE,
    Killer,
    address,
    kill_before_the_mark,
    lost,
    none_is_left,
    number_of,
    owe,
    some_come,
    some_more_went,
    times_caught,
    told,
    twice,
)
from tests.processes import background, until

pytestmark = [pytest.mark.crashes, pytest.mark.processes]

OWED, MORE = 500, 200  # at first; and again, for each wait may be long
ALL = OWED + 2 * MORE
NOBODYS, NOT_NOW, CUT = range(5), range(5, 15), range(15, 20)  # of the addresses
KILLS, AIMED = 10, 2
GOAL = 120  # seconds from the last kill until all is sent
COUNT = "SELECT count(*) FROM outbox_message"


@pytest.fixture
def trouble(mail):
    """The mail server takes its time, refuses some, and hangs up on others."""
    mail.each_step = 0.02
    mail.answers = {address(n): ["550 nobody of that name"] * 99 for n in NOBODYS}
    mail.answers |= {address(n): ["451 not now"] for n in NOT_NOW}
    mail.cuts = {address(n): 1 for n in CUT}  # once it has read the mail
    return mail


def nothing_is_left_of_before():
    """Say whether all senders have given back what they had as the server ended."""
    with connection.cursor() as cursor:
        cursor.execute(f"{COUNT} WHERE claim >> 32 <> {LIFE}")
        return cursor.fetchone()[0] == 0


def test_whatever_dies_nothing_is_lost_and_twice_goes_only_what_was_not_yet_marked(
    own, trouble, capsys
):
    owe(OWED)
    mail = trouble
    with told(capsys) as counts, background(mail) as run:
        run.environment["SWEEP_SECONDS"] = "2"
        killer = Killer(run.worker("prefork").process.pid)
        other = run.worker("threads")
        run.beat()
        run.beat()

        some_more_went()
        own.restart_postgres()
        some_more_went()
        until(
            nothing_is_left_of_before,
            "the end of the claims of before",
            within=PATIENCE,
        )
        owe(MORE, first=OWED)
        own.restart_valkey()
        some_more_went()
        owe(MORE, first=OWED + MORE)
        killer.moments.append(time.monotonic())
        other.kill()
        aimed = [kill_before_the_mark(mail, killer, own) for _ in range(AIMED)]
        for _ in range(KILLS):
            some_come(mail, CHANCE.randrange(10))
            killer.kill_one()

        ended = time.monotonic()
        until(none_is_left, "all messages sent", within=GOAL)
        counts["seconds after the last kill"] = round(time.monotonic() - ended)
        count(counts, mail, killer, aimed)


def count(counts, mail, killer, aimed):
    """Count what the mail server got, and judge each that it got twice."""
    sent = Message.objects.exclude(sent_at=None).count()
    failed = Message.objects.exclude(failed_at=None)
    again = twice(mail)
    counts |= {
        "sent": sent,
        "refused for good": failed.count(),
        "kills": len(killer.moments),
        "lost": len(lost(mail)),
        "sent twice": len(again),
    }
    assert counts["lost"] == 0
    assert {one.failed_because for one in failed} == {Failure.REFUSED}
    assert (sent, failed.count()) == (ALL - len(NOBODYS), len(NOBODYS))
    assert set(aimed) <= again
    assert set(times_caught(mail).values()) <= {1, 2}
    for number in again:
        first, second = (at for at, raw in mail.moments if number_of(raw) == number)
        # Told "250", killed before the mark, and only then sent again.
        assert any(first - 0.5 < kill < first + 6 for kill in killer.moments)
        assert second - first > HAND_OVER.total_seconds() - 1
