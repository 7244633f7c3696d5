"""A plan of offers is drawn up by the worker, while its page waits for it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from kombu.exceptions import OperationalError

from appointments import tasks
from appointments.actions import ChangedMeanwhile
from appointments.actions.draft import drop_draft
from appointments.actions.draw_up import ask_anew, ask_for_draft, draw_up
from appointments.actions.send_draft import send_draft
from appointments.models import Draft
from appointments.models.planner import Planner
from massage_portal import ending
from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from tests.appointments.pages import signed_in, url
from tests.appointments.plans import handed_to, morning, planned, rows_of
from tests.factories import NOW, make_user

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
LEASE = Draft.objects.all().LEASE


@pytest.fixture
def clock(monkeypatch):
    """The time on the wall; a test may move it."""
    now = [NOW]
    monkeypatch.setattr("django.utils.timezone.now", lambda: now[0])
    return now


@pytest.fixture
def desk(clock):
    return signed_in(make_user(Role.SCHEDULER))


@pytest.fixture
def handed(monkeypatch):
    """The keys of the plans that were handed to the worker."""
    return handed_to(tasks.draw_up_one, monkeypatch)


@pytest.fixture
def asked():
    """A plan that is asked for."""
    morning()
    return ask_for_draft(weeks=1, by=make_user(Role.SCHEDULER), now=NOW)


def fail(*_planner, **_around):
    raise ZeroDivisionError


def test_the_press_asks_and_the_page_waits_until_the_worker_is_done(
    desk, clock, handed
):
    morning()
    desk.post(url("drafts"), {"weeks": "1"})
    draft = Draft.objects.get()
    page, ready = url("draft", draft.pk), url("draft_ready", draft.pk)
    shown = desk.get(page).text

    assert handed == [draft.pk]
    assert "It is being drawn up, since 10 a.m. CDT." in shown
    assert f'data-hx-get="{ready}"' in shown
    assert f'href="{page}"' in shown  # without JavaScript
    assert desk.get(ready).status_code == 204
    assert "It is being drawn up." in desk.get(url("drafts")).text
    assert "No one has begun yet" not in shown
    clock[0] = NOW + 2 * MINUTE
    assert "No one has begun yet" in desk.get(page).text
    tasks.draw_up_one(pk=draft.pk)
    assert desk.get(ready).headers["HX-Refresh"] == "true"
    assert "Send 2 offers" in desk.get(page).text
    draft.refresh_from_db()
    assert draft.made_at == clock[0]
    trail = AuditEvent.objects.filter(action__startswith="plan_of_offers.")
    assert list(trail.order_by("pk").values_list("action", flat=True)) == [
        "plan_of_offers.asked_for",
        "plan_of_offers.drawn_up",
    ]


def test_if_it_fails_the_scheduler_is_told_and_can_try_again(
    desk, asked, handed, monkeypatch
):
    with monkeypatch.context() as broken:
        broken.setattr(Planner, "draw", fail)
        assert draw_up(pk=asked.pk, now=NOW) is None
    page, ready = url("draft", asked.pk), url("draft_ready", asked.pk)

    assert "The plan could not be drawn up" in desk.get(page).text
    assert desk.get(ready).headers["HX-Refresh"] == "true"
    assert "It could not be drawn up." in desk.get(url("drafts")).text
    assert draw_up(pk=asked.pk, now=NOW) is None  # not again by itself
    for _ in range(2):
        answer = desk.post(page, {"version": "1", "do": "redraw"})
        assert answer.status_code == 302
    assert set(handed) == {asked.pk}
    assert draw_up(pk=asked.pk, now=NOW).offers.count() == 2
    asked.refresh_from_db()
    assert (asked.version, asked.failed_at) == (2, None)


def test_a_worker_that_died_is_noticed_and_followed_by_another(asked, clock, handed):
    assert Draft.objects.claim(asked.pk, now=NOW)  # and is heard of no more
    clock[0] = NOW + LEASE - timedelta.resolution
    tasks.draw_up_due()
    assert handed == []
    assert draw_up(pk=asked.pk, now=clock[0]) is None

    clock[0] = NOW + LEASE
    tasks.draw_up_due()

    assert handed == [asked.pk]
    assert draw_up(pk=asked.pk, now=clock[0]) == asked


def test_who_comes_back_after_the_lease_leaves_the_plan_of_the_other(
    asked, monkeypatch
):
    late = NOW + LEASE
    draw = Planner.draw

    def while_another_is_quicker(planner, **around):
        monkeypatch.setattr(Planner, "draw", draw)
        assert draw_up(pk=asked.pk, now=late) == asked
        return draw(planner, **around)

    monkeypatch.setattr(Planner, "draw", while_another_is_quicker)

    assert draw_up(pk=asked.pk, now=NOW) is None
    assert Draft.objects.get().made_at == late
    assert asked.offers.count() == 2


def test_who_works_long_renews_the_lease_and_is_followed_by_nobody(
    asked, monkeypatch, handed
):
    draw, now, until = Planner.draw, [NOW], []

    def slowly(planner, *, step, **around):
        for _ in range(3):
            now[0] += LEASE - timedelta.resolution
            step()
            step()  # at once again: nothing to renew
            until.append(Draft.objects.get().claimed_until - now[0])
            assert draw_up(pk=asked.pk, now=now[0]) is None  # taken for dead by nobody
        return draw(planner, step=step, **around)

    monkeypatch.setattr(Planner, "draw", slowly)

    assert draw_up(pk=asked.pk, now=NOW, clock=lambda: now[0]) == asked
    assert until == [LEASE] * 3
    assert Draft.objects.get().tries == 0


def test_who_lost_the_lease_stops_working_and_says_nothing(asked, monkeypatch):
    draw, now, done = Planner.draw, [NOW], []

    def too_slowly(planner, *, step, **around):
        now[0] += 2 * LEASE
        monkeypatch.setattr(Planner, "draw", draw)
        assert draw_up(pk=asked.pk, now=now[0]) == asked
        step()
        done.append("went on")
        return draw(planner, step=step, **around)

    monkeypatch.setattr(Planner, "draw", too_slowly)

    assert draw_up(pk=asked.pk, now=NOW, clock=lambda: now[0]) is None
    assert done == []
    asked.refresh_from_db()
    assert (asked.failed_at, asked.asked_at) == (None, None)


def test_a_long_drawing_tells_that_it_goes_on(asked):
    """What renews the lease is called for each cutting that is weighed."""
    steps = []
    planner = Planner.around(asked, now=NOW)

    planner.draw(step=lambda: steps.append(1))

    assert len(steps) > 3


@pytest.mark.parametrize("steps", [0, 2])
def test_a_worker_that_is_asked_to_end_gives_the_plan_back(
    desk, clock, asked, handed, monkeypatch, steps
):
    left = iter([False] * steps)
    with monkeypatch.context() as asked_to_end:
        asked_to_end.setattr(ending, "is_near", lambda: next(left, True))
        assert draw_up(pk=asked.pk, now=NOW) is None

    asked.refresh_from_db()
    assert (asked.claim, asked.claimed_until, asked.tries) == (None, None, 0)
    assert asked.is_on_its_way
    tasks.draw_up_due()
    assert handed == [asked.pk]
    assert draw_up(pk=asked.pk, now=NOW).offers.count() == 2


def test_what_kills_each_worker_is_given_up(asked):
    for number in range(Draft.objects.all().MOST_TRIES):
        assert Draft.objects.claim(asked.pk, now=NOW + number * LEASE)
    later = NOW + 9 * LEASE

    assert draw_up(pk=asked.pk, now=later) is None

    asked.refresh_from_db()
    assert asked.failed_at == later


def test_a_plan_thrown_away_meanwhile_stays_so(asked, monkeypatch):
    draw = Planner.draw

    def while_it_is_dropped(planner, **around):
        by = make_user(Role.SCHEDULER)
        drop_draft(draft=asked, version=1, by=by, now=NOW)
        return draw(planner, **around)

    monkeypatch.setattr(Planner, "draw", while_it_is_dropped)

    assert draw_up(pk=asked.pk, now=NOW) is None
    asked.refresh_from_db()
    assert asked.dropped_at == NOW
    assert not asked.offers.exists()


def test_who_asks_for_other_weeks_gets_those(asked):
    by = make_user(Role.SCHEDULER)

    same = ask_for_draft(weeks=1, by=by, now=NOW + MINUTE)
    longer = ask_for_draft(weeks=2, by=by, now=NOW + MINUTE)

    assert same == asked
    assert longer.last_day == asked.last_day + timedelta(weeks=1)
    assert list(Draft.objects.at_work()) == [longer]
    assert draw_up(pk=asked.pk, now=NOW + MINUTE) is None


def test_without_a_broker_beat_hands_it_out_later(desk, monkeypatch, handed):
    def no_broker(**_options):
        raise OperationalError

    with monkeypatch.context() as away:
        away.setattr(tasks.draw_up_one, "apply_async", no_broker)
        answer = desk.post(url("drafts"), {"weeks": "1"})
    tasks.draw_up_due()

    assert answer.status_code == 302
    assert handed == [Draft.objects.get().pk]


def test_nothing_is_decided_about_a_plan_on_its_way():
    (first, *_), _ = morning()
    draft, by = planned(), make_user(Role.SCHEDULER)
    row = rows_of(draft)[first.pk]
    ask_anew(draft=draft, version=1, by=by, now=NOW)

    for version in (1, 2):
        with pytest.raises(ChangedMeanwhile):
            send_draft(draft=draft, version=version, by=by, now=NOW)
    with pytest.raises(ChangedMeanwhile):
        ask_anew(draft=draft, version=2, by=by, now=NOW)
    address = url("draft", draft.pk)
    pressed = {"version": "2", "do": f"strike-{row.pk}"}
    answer = signed_in(by).post(address, pressed)
    assert answer.status_code == 409
    assert "This plan is being drawn up. Wait until it is here." in answer.text
