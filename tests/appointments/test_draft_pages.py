"""Plan the openings: the pages by which a scheduler draws up, looks over and sends."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from appointments import actions
from appointments.actions import send_draft
from appointments.actions.draw_up import draw_up
from appointments.codes import Status
from appointments.models import Appointment, Draft
from appointments.planning.drawing import draw_up as draw_all
from massage_portal.accounts.roles import Role
from tests.appointments.pages import signed_in, url
from tests.appointments.plans import morning, planned, rows_of
from tests.factories import (
    HOUR,
    NOW,
    TODAY,
    at,
    make_clinic,
    make_entry,
    make_policy,
    make_user,
)

pytestmark = pytest.mark.django_db
TOMORROW = TODAY.replace(day=TODAY.day + 1)


@pytest.fixture
def clock(monkeypatch):
    """The time on the wall; a test may move it."""
    now = [NOW]
    monkeypatch.setattr("django.utils.timezone.now", lambda: now[0])
    return now


@pytest.fixture
def desk(clock):
    return signed_in(make_user(Role.SCHEDULER))


def words(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", response.content.decode()))


def press(desk, draft, do, **more):
    sent = {"version": str(draft.version), "do": do} | more
    return desk.post(url("draft", draft.pk), sent)


def drawn_up():
    """Do what the worker does; return the plan."""
    draft = Draft.objects.at_work().get()
    return draw_up(pk=draft.pk, now=NOW)


def test_a_scheduler_draws_up_a_plan_and_sends_it(desk):
    (first, second, third), _ = morning()
    assert url("drafts") in desk.get(url("queue")).content.decode()
    made = desk.post(url("drafts"), {"weeks": "1"})
    draft = drawn_up()
    page = words(desk.get(made.url))
    assert made.url == url("draft", draft.pk)
    for entry in (first, second, third):
        assert str(entry.patient) in page
    assert "Send 2 offers" in page
    assert "The times go to patients whom waiting harms more: 1" in page
    assert not Appointment.objects.exists()

    press(desk, draft, "send")
    shown = press(desk, draft, "send").client.get(made.url)
    outcome = words(shown)

    assert shown.text.count("banner--success") == 1
    assert "2 offers are sent." in outcome
    assert "Offer sent" in outcome
    assert "Send 2 offers" not in outcome
    assert Appointment.objects.filter(status=Status.PROPOSED).count() == 2


def test_what_was_sent_is_said_once_and_what_was_not_beside_it(desk, monkeypatch):
    morning()
    draft = planned()
    sent = iter([True, False])
    offer = send_draft._offer

    def one_goes(*args, **how):
        if next(sent):
            return offer(*args, **how)
        raise actions.NotWaiting("They wait no more.")

    monkeypatch.setattr(send_draft, "_offer", one_goes)
    press(desk, draft, "send")
    page = desk.get(url("draft", draft.pk)).content.decode()

    assert page.count("banner--success") == 0
    assert page.count('class="banner ') == 1
    said = "1 offer is sent. 1 could not be sent; its row says why."
    assert said in page
    assert "banner--success" not in desk.get(url("draft", draft.pk)).content.decode()


def test_strike_take_in_again_plan_anew_and_throw_away(desk):
    (first, _, third), _ = morning()
    draft = planned()
    row = rows_of(draft)[first.pk]
    press(desk, draft, f"strike-{row.pk}")
    draft.refresh_from_db()
    assert "Send 1 offer" in words(desk.get(url("draft", draft.pk)))
    press(desk, draft, f"restore-{row.pk}")
    draft.refresh_from_db()
    press(desk, draft, f"strike-{row.pk}")
    draft.refresh_from_db()
    press(desk, draft, "redraw")
    draft = drawn_up()
    assert third.pk in rows_of(draft)

    press(desk, draft, "drop")

    shown = desk.get(url("draft", draft.pk))
    assert 'name="version"' not in shown.text  # no form is left without a button
    page = words(shown)
    assert page.count("Nothing was sent.") == 1
    assert "Struck: nothing by this plan 1" in page
    assert "This plan was thrown away" in page
    assert "Send 2 offers" not in page


def test_a_row_is_moved_to_a_time_that_is_listed_with_its_harm(desk):
    (first,), (therapist,) = morning(waiting=1)
    draft = planned()
    row = rows_of(draft)[first.pk]
    address = url("draft_move", draft.pk, row.pk)
    page = desk.get(address)
    values = re.findall(r'name="opening" value="([^"]+)"', page.content.decode())
    assert values == [f"{therapist.pk},{at(TOMORROW, c).isoformat()}" for c in HALVES]

    wrong = desk.post(address, {"version": "1", "opening": f"{therapist.pk},never"})
    gone = {"version": "1", "opening": f"{therapist.pk},{NOW.isoformat()}"}
    assert wrong.status_code == 422
    assert desk.post(address, gone).status_code == 409
    moved = desk.post(address, {"version": "1", "opening": values[-1]})

    assert moved.url == url("draft", draft.pk) + f"#row-{row.pk}"
    assert rows_of(draft)[first.pk].starts_at == at(TOMORROW, HALVES[-1])


HALVES = ["08:30", "09:00"]


def test_a_page_read_before_a_change_is_answered_with_the_plan_as_it_is(desk):
    (first, *_), _ = morning()
    draft = planned()
    row = rows_of(draft)[first.pk]
    press(desk, draft, f"strike-{row.pk}")

    answer = press(desk, draft, "send")  # the version read before

    assert answer.status_code == 409
    assert "The plan was changed meanwhile." in words(answer)
    assert f'name="version" value="{draft.version + 1}"' in answer.content.decode()
    assert not Appointment.objects.exists()


def test_an_old_plan_says_so_and_newcomers_are_heeded(desk, clock):
    morning()
    draft = planned()
    assert "15 minutes ago" not in words(desk.get(url("draft", draft.pk)))
    clock[0] = NOW + HOUR
    assert "15 minutes ago" in words(desk.get(url("draft", draft.pk)))
    make_entry(waited_days=90, target_days=3)

    answer = press(desk, draft, "send")

    assert answer.status_code == 409
    assert "Plan the rest again, then send." in words(answer)


@pytest.mark.parametrize("weeks", ["", "0", "5", "x", "9" * 5000])
def test_impossible_weeks_are_refused_next_to_the_field(desk, weeks):
    answer = desk.post(url("drafts"), {"weeks": weeks})

    assert answer.status_code == 422
    assert not Draft.objects.exists()


@pytest.mark.parametrize("do", ["", "x", "strike", "strike-x", "send-1", "strike-٣"])
def test_what_no_button_sends_is_refused(desk, do):
    morning()
    draft = planned()

    assert press(desk, draft, do).status_code == 422


def test_a_row_of_another_plan_is_not_found(desk):
    (first, *_), _ = morning()
    old = planned()
    row = rows_of(old)[first.pk]
    new = planned()

    assert press(desk, new, f"strike-{row.pk}").status_code == 404
    assert desk.get(url("draft_move", new.pk, row.pk)).status_code == 404
    assert desk.get(url("draft_move", old.pk, row.pk)).status_code == 404


def test_a_row_that_was_planned_anew_meanwhile_is_told_kindly(desk):
    (first, *_), _ = morning()
    draft = planned()
    row = rows_of(draft)[first.pk]
    press(desk, draft, "redraw")

    drawn_up()
    struck = press(desk, draft, f"strike-{row.pk}")
    moved = desk.post(url("draft_move", draft.pk, row.pk), {"version": "1"})

    assert struck.status_code == 409
    assert moved.url == url("draft", draft.pk)
    for answer in (struck, desk.get(moved.url)):
        assert "The plan was changed meanwhile." in words(answer)


def test_a_link_above_the_rows_leads_to_the_buttons_below_them(desk):
    morning()
    page = desk.get(url("draft", planned().pk)).text

    link, table = page.index('href="#decide"'), page.index("<table")
    assert link < table < page.index('id="decide"')
    assert page.index('id="decide"') < page.index('value="send"')


@pytest.mark.parametrize("role", [Role.LEAD, Role.STAFF, Role.THERAPIST, Role.PATIENT])
def test_only_schedulers_plan(clock, role):
    morning()
    draft = planned()
    visitor = signed_in(make_user(role))
    if role == Role.LEAD:
        assert url("drafts") not in visitor.get(url("queue")).content.decode()

    assert visitor.post(url("drafts"), {"weeks": "1"}).status_code == 403
    assert press(visitor, draft, "send").status_code == 403
    assert not Appointment.objects.exists()


def test_a_plan_without_anybody_says_so(desk):
    made = desk.post(url("drafts"), {"weeks": "1"})
    drawn_up()

    page = words(desk.get(made.url))
    assert "Nothing to offer" in page
    assert "0 offers" not in page


def test_who_is_not_taken_in_is_told_with_the_reason(desk, monkeypatch):
    monkeypatch.setitem(draw_all.__kwdefaults__, "most_pairs", 2)
    entries, _ = morning()
    draft = planned()

    page = words(desk.get(url("draft", draft.pk)))

    assert "2 people are not taken in: more wait than one plan can weigh" in page
    assert "Not taken in: more wait than one plan can weigh: 2" in page
    assert "Without an offer 0" in page  # the figures are of those taken in
    assert all(str(one.patient) in page for one in entries)


def test_a_long_plan_is_shown_in_pages_and_keeps_the_page_it_was_pressed_on(desk):
    make_policy()
    make_clinic(hours=("08:00", "18:00"))
    for _ in range(55):
        make_entry()
    draft = planned()
    address = url("draft", draft.pk)
    last = draft.offers.with_what_is_shown().last()
    counted = {}
    for page in (1, 2):
        with CaptureQueriesContext(connection) as asked:
            shown = desk.get(f"{address}?page={page}")
        counted[page] = (len(shown.context["rows"]), len(asked))

    assert "Send 55 offers" in words(shown)
    assert [rows for rows, _asked in counted.values()] == [50, 5]
    assert counted[1][1] == counted[2][1]
    pressed = desk.post(
        f"{address}?page=2", {"version": "1", "do": f"strike-{last.pk}"}
    )
    assert pressed.url == f"{address}?page=2#row-{last.pk}"
    assert f'id="row-{last.pk}"' in shown.text
    # Without an address a browser would stay at that row, whatever is pressed next.
    assert f'<form method="post" action="{address}?page=2">' in shown.text
    row = shown.context["rows"][0][0]
    there = f"{url('draft_move', draft.pk, row.pk)}?page=2"
    assert f'href="{there}"' in shown.text
    times = desk.get(there)
    assert f'href="{address}?page=2"' in times.text
    (value, *_) = re.findall(r'name="opening" value="([^"]+)"', times.text)
    moved = desk.post(there, {"version": "2", "opening": value})
    assert moved.url == f"{address}?page=2#row-{row.pk}"


@pytest.mark.parametrize("page", ["", "x", "2&next=/", "٢", "9" * 50])
def test_a_page_that_is_no_number_leads_back_to_the_first(desk, page):
    (first, *_), _ = morning()
    draft = planned()
    row = rows_of(draft)[first.pk]

    shown = desk.get(url("draft_move", draft.pk, row.pk), {"page": page})

    assert f'href="{url("draft", draft.pk)}"' in shown.text
