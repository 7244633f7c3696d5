"""Workers are killed, and asked to end, while the offers of a long plan go out."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from appointments.actions.draw_up import ask_for_draft, draw_up
from appointments.actions.send_draft import AT_ONCE, send_draft
from appointments.codes import Status
from appointments.models import Appointment
from massage_portal.accounts.roles import Role
from massage_portal.outbox.models import Message
from tests.crashing import LONG_AGO, PATIENCE, Killer, told
from tests.factories import (
    DAY,
    make_category,
    make_clinic,
    make_diagnosis,
    make_entry,
    make_policy,
    make_provider,
    make_referral,
    make_user,
)
from tests.processes import background, until

pytestmark = [pytest.mark.crashes, pytest.mark.processes]

OFFERS, KILLS = 150, 6
EACH = 10  # offers between two kills
ENDS_WITHIN = 30  # seconds


def long_plan(now):
    """Return a plan of OFFERS, drawn up, and who made it."""
    make_policy(in_force_from=LONG_AGO)
    make_clinic(therapists=4, rooms=4, hours=("08:00", "17:00"))
    by = make_user(Role.SCHEDULER)
    shared = {
        "provider": make_provider(),
        "diagnosis": make_diagnosis(),
        "recorded_by": by,
        "valid_until": (now + 200 * DAY).date(),
    }
    category = make_category()
    for _ in range(OFFERS):
        make_entry(referral=make_referral(**shared), category=category)
    asked = ask_for_draft(weeks=2, by=by, now=now)
    return draw_up(pk=asked.pk, now=now), by


def test_of_a_plan_whose_senders_die_each_offer_goes_out_once(own, mail, capsys):
    now = datetime.now(UTC)
    draft, by = long_plan(now)
    rows = draft.offers.filter(struck=False)
    assert rows.count() == OFFERS
    send_draft(draft=draft, version=draft.version, by=by, now=now)
    assert left(draft) == OFFERS - AT_ONCE

    with told(capsys) as counts, background(mail) as run:
        run.environment["SWEEP_SECONDS"] = "1"
        worker, _beat = run.worker("prefork"), run.beat()
        killer = Killer(worker.process.pid)
        for _ in range(KILLS):
            some_more_go(draft)
            killer.kill_all()
        counts["processes killed"] = len(killer.moments)
        counts["left as it is asked to end"] = left(draft)
        began = time.monotonic()
        worker.process.terminate()
        worker.process.wait(ENDS_WITHIN)
        counts["seconds to the end"] = round(time.monotonic() - began, 1)
        run.worker("threads")
        until(lambda: not left(draft), "all offers sent", within=PATIENCE)

    assert set(rows.values_list("fault", flat=True)) == {""}
    sent = Appointment.objects.filter(status=Status.PROPOSED)
    each = Counter(sent.values_list("entry", flat=True))
    assert (len(each), set(each.values())) == (OFFERS, {1})
    assert set(rows.values_list("appointment", flat=True)) == {one.pk for one in sent}
    offers = Message.objects.filter(kind="appointments.offer")
    assert offers.count() == OFFERS
    assert min(one.held_until for one in sent) > now + timedelta(minutes=20)


def left(draft):
    return draft.offers.to_send().count()


def some_more_go(draft):
    goal = max(left(draft) - EACH, 0)
    until(lambda: left(draft) <= goal, f"{goal} offers left", within=PATIENCE)
