"""How the clinic is doing: figures that are true, and that name nobody."""

from __future__ import annotations

import csv
import io
import itertools
import re
from datetime import date, timedelta

import pytest
from django.utils import translation

from appointments.codes import Ending, EntryStatus, Missed, Status
from appointments.figures import ahead, out_of_turn, overrules, visits, waits
from appointments.figures.figure import FIELD, LABELS, Bar, Figure, share
from appointments.figures.kept import lately
from appointments.models import GivenOutOfTurn, Overrule
from appointments.models.waitlist import FEWEST_SHOWN
from appointments.views.figures import FIGURES
from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from tests.appointments.pages import signed_in, url
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    make_appointment,
    make_category,
    make_clinic,
    make_closure,
    make_entry,
    make_overrule,
    make_policy,
    make_user,
)
from tests.turns import make_out_of_turn

pytestmark = pytest.mark.django_db


@pytest.fixture
def see():
    """Return a function that makes one visit, in a time that nobody else has."""
    _place, (therapist,), (room,) = make_clinic()
    numbers = itertools.count(1)

    def seen(*, waited=10, status=Status.FULFILLED, entry=None, **fields):
        fields.setdefault("starts_at", NOW - next(numbers) * 2 * HOUR)
        if entry is None:
            entry = make_entry(
                status=EntryStatus.IN_PROGRESS,
                received_at=fields["starts_at"] - timedelta(days=waited),
            )
        return make_appointment(
            status=status, entry=entry, therapist=therapist, room=room, **fields
        )

    return seen


@pytest.fixture
def frozen(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


def column(figure, head):
    place = list(figure.heads).index(head)
    return [row[place] for row in figure.rows]


def test_bars_and_marks_share_one_scale_and_long_names_are_cut():
    bars = [Bar("a" * 40, 2.0, "2"), Bar("b", 1.0, "1", mark=4.0)]
    figure = Figure("k", "T", "About.", ["A"], [["x"]], bars)
    first, second = figure.drawn
    assert (first.length, second.length) == (FIELD / 2, FIELD / 4)
    assert (first.mark, second.mark) == (None, LABELS + FIELD)
    assert first.name == "a" * 21 + "…"
    assert second.y > first.y
    assert figure.height > second.y


def test_bars_of_nothing_have_no_length():
    figure = Figure("k", "T", "About.", ["A"], [], [Bar("a", 0.0, "0")])
    assert [bar.length for bar in figure.drawn] == [0.0]
    assert (share(1, 3), share(0, 0)) == ("33%", "-")


def test_waits_stand_beside_the_category_s_target(see):
    category = make_category(name="Soon", target_days=14)
    for days in (5, 10, 20):
        visit = see(waited=days)
        entry = visit.entry
        entry.category = category
        entry.save(update_fields=["category"])
    make_entry(category=category, waited_days=28)
    make_entry(category=category, waited_days=1)
    figure = waits.by_category(now=NOW)
    (row,) = [row for row in figure.rows if row[0] == "Soon"]
    assert row == ["Soon", "14", "3", "10.0", "18.0", "66%", "2", "1", "2.0"]
    assert "1" in figure.warning
    (bar,) = [bar for bar in figure.bars if bar.name == "Soon"]
    assert (round(bar.value, 3), bar.mark) == (0.714, 1.0)


def test_time_counts_as_refilled_only_if_somebody_else_took_it_after(see):
    at = NOW + 5 * DAY
    gone = {"status": Status.CANCELLED, "ending": Ending.BY_PATIENT}
    see(starts_at=at, ended_at=NOW - 10 * HOUR, **gone)
    see(starts_at=at, status=Status.BOOKED, booked_at=NOW - 7 * HOUR)
    see(starts_at=at + DAY, ended_at=NOW - 10 * HOUR, **gone)
    late = NOW + 4 * DAY  # this patient moved the visit by a half hour themselves
    moved = {"status": Status.CANCELLED, "ending": Ending.MOVED}
    own = see(starts_at=late, ended_at=NOW - 10 * HOUR, **moved)
    again = make_entry(
        referral=own.entry.referral, session=2, status=EntryStatus.IN_PROGRESS
    )
    see(starts_at=late + HOUR / 2, entry=again, booked_at=NOW - 10 * HOUR)
    offer = {"status": Status.CANCELLED, "ending": Ending.LAPSED, "booked_at": None}
    see(starts_at=at + 2 * DAY, ended_at=NOW - HOUR, **offer)  # it was never booked
    figure = visits.refilled(now=NOW)
    assert [row[1:] for row in figure.rows] == [["3", "0", "1", "33%", "3.0"]]


def test_time_in_which_the_therapist_is_off_could_be_offered_to_nobody(see):
    ill = NOW + 5 * DAY
    gone = {"status": Status.CANCELLED, "ending": Ending.BY_CLINIC}
    for number in range(8):
        visit = see(starts_at=ill + number * DAY, ended_at=NOW - HOUR, **gone)
    assert [row[1:] for row in visits.refilled(now=NOW).rows] == [
        ["8", "0", "0", "0%", "-"]
    ]

    visit.therapist.time_off.create(starts_at=ill, ends_at=ill + 7 * DAY)
    make_closure(visit.therapist.location, (ill + 7 * DAY).date())

    figure = visits.refilled(now=NOW)
    assert [row[1:] for row in figure.rows] == [["8", "8", "0", "-", "-"]]
    assert [bar.value for bar in figure.bars] == [0.0]


def test_missed_visits_are_counted_with_their_reasons(see):
    see()
    see(status=Status.NOSHOW, missed_because=Missed.FORGOT)
    see(status=Status.NOSHOW, missed_because=Missed.CLINIC)
    see(status=Status.NOSHOW)
    see(status=Status.BOOKED)
    figure = visits.missed(now=NOW)
    assert [sum(map(int, column(figure, head))) for head in figure.heads[1:3]] == [1, 3]
    assert sum(map(int, column(figure, "Missed by our mistake"))) == 1
    assert sum(map(int, column(figure, "Not recorded"))) == 1
    assert sorted(visits.reasons(now=NOW).rows) == [
        ["It was our mistake", "1"],
        ["They forgot", "1"],
        ["We do not know", "1"],
    ]


def test_overrules_are_counted_by_month_and_listed_with_their_reasons():
    entry = make_entry()
    make_overrule(entry, 7, reason="Cannot lie down at night.")
    make_overrule(make_entry(), 60, starts_at=NOW - 40 * DAY, ends_at=NOW - 20 * DAY)
    figure = overrules.by_month(now=NOW)
    assert [row[1:] for row in figure.rows] == [["1", "0", "1"], ["1", "1", "0"]]
    first = overrules.reasons(now=NOW).rows[0]
    assert first[1:6] == [
        str(entry.pk),
        "Up",
        "28.0",
        "7.0",
        "Cannot lie down at night.",
    ]


def test_decisions_of_a_year_are_counted_and_none_of_them_is_read(monkeypatch):
    for days in (7, 21, 60):
        make_overrule(make_entry(), days)
    make_out_of_turn()
    for model in (Overrule, GivenOutOfTurn):
        monkeypatch.setattr(model, "from_db", None)

    assert overrules.by_month(now=NOW).rows == [["October 2026", "3", "2", "1"]]
    assert out_of_turn.by_month(now=NOW).rows == [["October 2026", "1", "0"]]


def test_overrules_are_of_the_month_and_day_on_the_clinic_s_own_clock():
    midnight = NOW.replace(day=1, hour=5, minute=0)  # in Rochester
    for begin in (-HOUR, HOUR):
        starts_at = midnight + begin
        make_overrule(make_entry(), 5, starts_at=starts_at, ends_at=starts_at + HOUR)

    months = overrules.by_month(now=NOW).rows
    days = [row[0] for row in overrules.reasons(now=NOW).rows]

    assert [row[:2] for row in months] == [
        ["September 2026", "1"],
        ["October 2026", "1"],
    ]
    assert days == ["Oct. 1, 2026", "Sept. 30, 2026"]


def test_times_given_out_of_turn_are_counted_by_month_and_listed_with_their_reasons():
    visit = make_appointment()
    make_out_of_turn(
        appointment=visit, reason="other", note="Rides along.", passed_over=12
    )
    make_out_of_turn(at=NOW - 40 * DAY)

    months = out_of_turn.by_month(now=NOW).rows
    listed = out_of_turn.reasons(now=NOW)

    assert [row[1:] for row in months] == [["1", "0"], ["1", "1"]]
    first = [str(visit.entry_id), "12", "Another reason", "Rides along."]
    assert listed.rows[0][1:5] == first
    assert visit.entry in listed.seen


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize(
    ("path", "seen"),
    [
        (url("figures"), 1),
        (url("figure_file", "overrule-reasons"), 1),
        (url("figure_file", "overrules"), 0),  # it counts only
    ],
)
def test_reasons_of_overrules_that_are_read_leave_a_trace_of_each_request(path, seen):
    entry, lead = make_entry(), make_user(Role.LEAD)
    for begin in (-3 * DAY, -2 * DAY):
        starts_at = NOW + begin
        make_overrule(entry, 5, starts_at=starts_at, ends_at=starts_at + HOUR)

    signed_in(lead).get(path)

    traces = AuditEvent.objects.filter(action="request.listed", actor_id=lead.pk)
    whose = list(traces.values_list("record_id", "patient_id"))
    assert whose == seen * [(str(entry.pk), entry.patient_id)]


def test_time_ahead_is_what_is_booked_and_what_is_free():
    make_policy(visit_minutes=50, turnover_minutes=10)
    _place, (therapist,), (room,) = make_clinic(hours=("08:00", "12:00"), days=range(5))
    make_appointment(therapist=therapist, room=room, starts_at=NOW + 7 * DAY)
    figure = ahead.by_week(now=NOW)
    assert figure.rows[1][1:] == ["1", "19", "20", "5%"]
    assert figure.rows[2][1:] == ["0", "20", "20", "0%"]
    assert figure.warning == ""


def test_time_ahead_is_no_more_than_the_rooms_hold_beside_what_is_booked():
    make_policy(visit_minutes=50, turnover_minutes=10)
    hours = {"hours": ("08:00", "12:00"), "days": range(5)}
    _place, (one, _two, _three), (room, _room) = make_clinic(
        therapists=3, rooms=2, **hours
    )
    make_appointment(therapist=one, room=room, starts_at=NOW + 7 * DAY)

    figure = ahead.by_week(now=NOW)

    assert figure.rows[1][1:] == ["1", "39", "40", "2%"]
    assert figure.rows[2][1:] == ["0", "40", "40", "0%"]


def test_demand_beyond_the_time_there_is_gives_a_warning():
    make_entry()
    figure = ahead.by_week(now=NOW)  # nobody works here
    assert "waits will grow" in figure.warning


@pytest.mark.usefixtures("frozen")
def test_the_page_and_its_files_show_the_same_and_name_no_patient(see):
    visit = see()
    browser = signed_in(make_user(Role.LEAD))
    text = browser.get(url("figures")).content.decode()
    for key in FIGURES:
        assert f'<h2 id="{key}">' in text
        assert len({len(row) for row in file_of(browser, key)}) == 1
    assert visit.patient.family_name not in text
    assert browser.get(url("figure_file", "nothing")).status_code == 404


def file_of(browser, key):
    """Return the rows of a figure's file."""
    text = browser.get(url("figure_file", key)).content.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


@pytest.fixture
def busy(see):
    """A clinic in which each figure has a row."""
    category = make_category(name="Soon", target_days=14)
    see()
    see(status=Status.NOSHOW, missed_because=Missed.FORGOT)
    gone = {"status": Status.CANCELLED, "ending": Ending.BY_PATIENT}
    see(starts_at=NOW + 5 * DAY, ended_at=NOW - 10 * HOUR, **gone)
    see(starts_at=NOW + 5 * DAY, status=Status.BOOKED, booked_at=NOW - 7 * HOUR)
    for days in range(FEWEST_SHOWN):
        make_entry(category=category, waited_days=days)
    make_overrule(make_entry(), 7)
    make_out_of_turn()


@pytest.mark.usefixtures("frozen", "busy")
@pytest.mark.parametrize("language", ["en", "es"])
def test_files_have_iso_days_and_plain_numbers_in_every_language(language):
    browser = signed_in(make_user(Role.LEAD, language=language))
    days = {"ahead", "refilled", "missed", "overrules", "overrule-reasons"}
    days |= {"out-of-turn", "out-of-turn-reasons"}
    for key, reckon in FIGURES.items():
        _heads, *rows = file_of(browser, key)
        assert rows, key
        numbers = reckon(now=NOW).numbers
        for row in rows:
            if key in days:
                assert date.fromisoformat(row[0])
            for number in numbers:
                assert row[number] == "" or float(row[number]) >= 0, (key, row)
    assert date.fromisoformat(file_of(browser, "overrule-reasons")[1][-1])
    assert file_of(browser, "missed")[1][1:4] == ["1", "1", "0.5000"]


@pytest.mark.usefixtures("frozen", "busy")
def test_each_picture_has_its_table_and_its_file_beneath():
    browser = signed_in(make_user(Role.LEAD))
    page = browser.get(url("figures")).content.decode()

    sections = re.findall(r"<section aria-labelledby=.*?</section>", page, re.DOTALL)

    assert len(sections) == len(FIGURES)
    for key, section in zip(FIGURES, sections, strict=True):
        parts = re.findall(r'role="img"|<table|href="[^"]*"', section)
        drawn = ['role="img"'] if FIGURES[key](now=NOW).bars else []
        assert parts == [*drawn, "<table", f'href="{url("figure_file", key)}"'], key


@pytest.mark.usefixtures("frozen")
def test_the_page_asks_as_many_questions_for_many_as_for_few(
    see, django_assert_max_num_queries
):
    browser = signed_in(make_user(Role.SCHEDULER))
    for _number in range(12):
        see()
    with django_assert_max_num_queries(26):
        browser.get(url("figures"))


@pytest.mark.parametrize(("tells_of_records", "times"), [(False, 1), (True, 2)])
def test_only_a_figure_that_tells_of_no_record_is_kept_a_minute(
    see, tells_of_records, times
):
    asked = []
    records = [see()] if tells_of_records else []

    def reckon(*, now):
        asked.append(now)
        return Figure("one", "One", "", ["A"], [], seen=records)

    figures = [lately("one", reckon, now=NOW) for _number in range(2)]

    assert [len(asked), *figures] == [times, reckon(now=NOW), reckon(now=NOW)]
    with translation.override("es"):
        assert lately("one", reckon, now=NOW).title == "One"
    assert len(asked) == times + 3
