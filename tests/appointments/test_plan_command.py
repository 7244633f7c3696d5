"""`manage.py plan` without files: the board's plan, drawn up from the command line."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from appointments.actions.draft import strike
from appointments.models import Appointment, Draft
from appointments.planning.drawing import draw_up as draw_all
from massage_portal.accounts.roles import Role
from tests.appointments.pages import signed_in, url
from tests.appointments.plans import morning, planned, rows_of
from tests.factories import NOW, make_policy, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """The time on the wall."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


def said(**options):
    out = io.StringIO()
    call_command("plan", stdout=out, **options)
    return out.getvalue()


def test_it_says_who_gains_and_who_waits_and_keeps_the_plan_that_the_board_makes():
    (first, second, third), _ = morning()
    by_button = planned(weeks=2)
    fields = ("entry", "therapist", "starts_at", "harm", "line_harm")
    on_the_board = sorted(by_button.offers.values_list(*fields))

    printed = said(anew=True)

    draft = Draft.objects.at_work().get()
    assert (draft.made_by, draft.is_awaited, draft.last_day) == (
        None,
        False,
        by_button.last_day,
    )
    assert sorted(draft.offers.values_list(*fields)) == on_the_board
    for one in (first, second, third):
        assert re.search(rf"^request {one.pk}: 2026-\d\d-\d\d 0", printed, re.M)
        assert str(one.patient) not in printed
    balance = draft.balance()
    for line in (
        "requests with an opening: 3 of 3",
        f"total harm: {balance.harm:.6f} (by the line alone: {balance.line_harm:.6f})",
        f"within target: {balance.share}%",
        f"plan {draft.pk} is kept, at {url('draft', draft.pk)}",
    ):
        assert line in printed
    assert re.search(r"^seconds: \d", printed, re.M)
    assert re.search(r"^peak memory: \d+ MB", printed, re.M)
    assert not Appointment.objects.exists()
    page = signed_in(make_user(Role.SCHEDULER))
    assert "The command line drew it up" in page.get(url("drafts")).text
    assert "Send 3 offers" in page.get(url("draft", draft.pk)).text


def test_who_waits_is_told_with_the_reason(monkeypatch):
    entries, _ = morning()

    assert re.search(r"^request \d+: none, others are harmed more", said(weeks=1), re.M)
    monkeypatch.setitem(draw_all.__kwdefaults__, "most_pairs", 2)
    printed = said(weeks=1)

    assert len(re.findall(r": none, more wait than one plan can weigh", printed)) == 2
    assert "not taken in, and in no sum: 2, for more wait than one plan" in printed
    assert "requests with an opening: 1 of 1" in printed
    assert len(entries) == 3


def test_a_plan_that_a_person_has_in_hand_is_not_thrown_away_unasked():
    (first, *_), _ = morning()
    mine = planned()
    with pytest.raises(CommandError, match=f"plan {mine.pk} is at work"):
        said()
    said(anew=True)
    said()  # what the command made itself, and nobody changed, gives way
    draft = Draft.objects.at_work().get()
    row = rows_of(draft)[first.pk]
    by = make_user(Role.SCHEDULER)
    strike(row=row, struck=True, version=draft.version, by=by, now=NOW)

    with pytest.raises(CommandError, match="a scheduler has changed it"):
        said()

    assert Draft.objects.at_work().get() == draft


def test_what_went_wrong_ends_in_a_fault_and_not_in_half_a_plan(monkeypatch):
    morning()
    monkeypatch.setattr(
        "appointments.models.planner.Planner.draw", lambda *_, **__: 1 / 0
    )

    with pytest.raises(CommandError, match="was not drawn up"):
        said()

    assert Draft.objects.get().failed_at == NOW


@pytest.mark.parametrize(
    "options",
    [
        {"weeks": 0},
        {"weeks": 5},
        {"weeks": 1, "out": Path("plan.csv")},
        {"anew": True, "entries": Path("entries.csv")},
        {"entries": Path("entries.csv")},
        {"exponent": 2.0},
    ],
)
def test_options_that_contradict_each_other_are_refused(options):
    make_policy()

    with pytest.raises(CommandError):
        said(**options)

    assert not Draft.objects.exists()
