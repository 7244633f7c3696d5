"""The clinic's calendar of week and day: a table, a list, and who may see what."""

from __future__ import annotations

import re
from datetime import date, time, timedelta
from html import unescape
from zoneinfo import ZoneInfo

import pytest

from appointments.agenda import Item, Kind, day_span, entries, rows
from appointments.codes import Status
from appointments.openings import Span
from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from tests.appointments.pages import signed_in, url
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    TODAY,
    ZONE,
    at,
    certify,
    make_appointment,
    make_clinic,
    make_entry,
    make_room,
    make_technique,
    make_user,
)

MINUTE = timedelta(minutes=1)


def table(*items, day=TODAY, zone=ZONE, columns=(1, 2)):
    return rows(entries(items, day, zone), columns, day, zone)


def visit(start, minutes=50, column=1):
    return Item(Kind.VISIT, Span(start, start + minutes * MINUTE), column)


def test_a_days_table_has_a_row_for_each_half_hour_and_one_cell_for_each_visit():
    found = table(visit(at(TODAY, "09:10")), visit(at(TODAY, "10:30"), column=2))

    assert [row.said for row in found] == [
        *("9 a.m.", "9:30 a.m.", "10 a.m.", "10:30 a.m.", "11 a.m.")
    ]
    spans = [[(c.column, c.rows, len(c.entries)) for c in row.cells] for row in found]
    assert spans == [
        [(1, 2, 1), (2, 1, 0)],
        [(2, 1, 0)],
        [(1, 1, 0), (2, 1, 0)],
        [(1, 1, 0), (2, 2, 1)],
        [(1, 1, 0)],
    ]


def test_what_shares_a_half_hour_shares_a_cell_and_each_row_is_full():
    found = table(
        visit(at(TODAY, "09:00"), 75),
        visit(at(TODAY, "10:15"), 10),
        visit(at(TODAY, "10:25"), 60),
        visit(at(TODAY, "13:00"), column=2),
    )

    assert len(found[0].cells[0].entries) == 3
    assert sum(cell.rows for row in found for cell in row.cells) == 2 * len(found)


@pytest.mark.parametrize(
    ("day", "hours", "said"),
    [
        pytest.param(
            date(2026, 3, 8), 23, ["1:30 a.m. CST", "3 a.m. CDT"], id="spring"
        ),
        pytest.param(
            date(2026, 11, 1),
            25,
            ["1:30 a.m. CDT", "1 a.m. CST", "1:30 a.m. CST", "2 a.m. CST"],
            id="fall",
        ),
    ],
)
def test_a_day_on_which_the_clocks_change_shows_each_hour_that_there_was(
    day, hours, said
):
    whole = day_span(day, ZONE)
    start, end = whole.start + HOUR, whole.start + 5 * HOUR
    found = table(Item(Kind.FREE, Span(start, end), 1), day=day)

    assert whole.end - whole.start == hours * HOUR
    assert len(found) == 8
    assert [row.said for row in found][1 : 1 + len(said)] == said


def test_what_lasts_for_days_is_all_day_in_those_between():
    zone = ZoneInfo("Asia/Kathmandu")
    begin = day_span(TODAY, zone).start
    off = Item(Kind.OFF, Span(begin + 9 * HOUR, begin + 60 * HOUR), 1)

    found = [entries([off], TODAY + n * DAY, zone) for n in range(4)]

    assert [[one.all_day for one in some] for some in found] == [
        [False],
        [True],
        [False],
        [],
    ]
    assert found[0][0].start.time() == time(9)
    assert found[2][0].end.time() == time(12)
    [row, *_] = table(off, day=TODAY + DAY, zone=zone)
    assert row.said == "8 a.m."
    assert row.cells[0].rows == 20


def test_time_off_at_night_does_not_draw_a_days_table_out():
    late = Item(Kind.OFF, Span(at(TODAY, "13:00"), at(TODAY + DAY, "00:00")), 2)
    night = Item(Kind.OFF, Span(at(TODAY, "21:00"), at(TODAY, "22:00")), 2)
    found = table(visit(at(TODAY, "07:00")), late)

    assert (found[0].said, found[-1].said) == ("7 a.m.", "5:30 p.m.")
    assert sum(cell.rows for row in found for cell in row.cells) == 2 * len(found)
    assert [row.said for row in table(night)] == ["9 p.m.", "9:30 p.m."]


# --- The pages ------------------------------------------------------------------------


@pytest.fixture
def clinic(db, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    place, [mine, other], [room, second] = make_clinic(therapists=2, rooms=2)
    where = {"therapist": mine, "room": room}
    booked = make_appointment(**where, starts_at=at(TODAY + DAY, "09:00"))
    offered = make_appointment(
        **where,
        starts_at=at(TODAY + DAY, "10:00"),
        entry=make_entry(),
        status=Status.PROPOSED,
    )
    theirs = make_appointment(
        therapist=other, room=second, starts_at=at(TODAY + DAY, "14:00")
    )
    other.time_off.create(
        starts_at=at(TODAY + 2 * DAY, "00:00"),
        ends_at=at(TODAY + 3 * DAY, "00:00"),
        reason="Training",
    )
    friday = TODAY + 2 * DAY
    place.closures.create(first_day=friday, last_day=friday, reason="Painting")
    return place, mine, [booked, offered, theirs]


def names(some):
    return [one.patient.family_name for one in some]


@pytest.mark.parametrize("how", ["", "&as=list"])
@pytest.mark.parametrize("by", ["", "&by=room"])
def test_a_scheduler_sees_all_and_leaves_one_row_of_audit_for_each(
    clinic, how, by, django_assert_max_num_queries
):
    client = signed_in(make_user(Role.SCHEDULER))
    with django_assert_max_num_queries(45):
        answer = client.get(url("clinic_week") + f"?day={TODAY}{how}{by}")
    html = unescape(answer.content.decode())

    for words in [*names(clinic[2]), "Free", "Painting", "Offered"]:
        assert words in html
    assert ("Training" in html) is (by == "")
    assert "Outside of the therapist's hours." in html  # the visit at 14:00
    seen = AuditEvent.objects.filter(action="appointment.listed")
    assert sorted(seen.values_list("record_id", flat=True)) == sorted(
        str(one.pk) for one in clinic[2]
    )


@pytest.mark.parametrize("name", ["clinic_week", "clinic_day"])
@pytest.mark.parametrize("query", ["", "&as=list", "&by=room"])
def test_a_therapist_sees_their_own_and_no_name_of_whom_an_offer_is_for(
    clinic, name, query
):
    _, mine, [booked, offered, theirs] = clinic
    client = signed_in(mine.user)
    html = client.get(url(name) + f"?day={TODAY + DAY}&place=0{query}").content.decode()

    assert booked.patient.family_name in html
    assert "Offer held" in html
    for other in (offered, theirs):
        assert other.patient.family_name not in html
    assert str(theirs.therapist) not in html
    seen = AuditEvent.objects.filter(action="appointment.listed")
    assert [one.record_id for one in seen] == [str(booked.pk)]


def test_a_day_is_shown_in_local_time_and_leads_on(clinic):
    client = signed_in(make_user(Role.LEAD))
    html = client.get(url("clinic_day") + f"?day={TODAY + DAY}").content.decode()

    assert "9 a.m.–9:50 a.m." in html  # noqa: RUF001 - a range
    assert 'rowspan="2"' in html
    for day in (TODAY, TODAY + 2 * DAY):
        assert f'href="?day={day}"' in html
    assert 'rel="stylesheet" href="/static/css/staff.css"' in html


def test_places_are_told_apart_and_one_can_be_chosen(clinic):
    _, _, visits = clinic
    far, _, _ = make_clinic()
    client = signed_in(make_user(Role.LEAD))
    page = url("clinic_week") + f"?day={TODAY}"
    every = client.get(page).content.decode()
    one = client.get(f"{page}&place={far.pk}").content.decode()

    assert every.count("<table") == 2
    assert one.count("<table") == 1
    assert names(visits)[0] not in one


@pytest.mark.parametrize(
    "query", ["day=9999-99-99", "day=0001-01-01", "place=" + "9" * 40, "by=x&as=%00"]
)
def test_an_odd_address_shows_today(clinic, query):
    client = signed_in(make_user(Role.SCHEDULER))
    for name in ("clinic_week", "clinic_day"):
        answer = client.get(f"{url(name)}?{query}")
        assert answer.status_code == 200
        assert "October" in answer.content.decode() or "Oct" in answer.content.decode()


def shown_on(client, page, visits):
    """Return which of `visits` the page names, as its audit rows do, and the page."""
    before = AuditEvent.objects.count()
    answer = client.get(page)
    html = answer.content.decode()
    named = {one.pk for one in visits if f'href="{url("visit", one.pk)}"' in html}
    seen = AuditEvent.objects.order_by("pk")[before:]
    assert {int(one.record_id) for one in seen} == named
    assert len(answer.content) < 60_000
    return named, html


@pytest.mark.parametrize("name", ["clinic_week", "clinic_day"])
def test_ten_are_shown_at_once_and_the_pages_together_show_all(
    db, monkeypatch, name, django_assert_max_num_queries
):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    _, staff, rooms = make_clinic(therapists=22, rooms=22)
    start = at(TODAY + DAY, "09:00")
    visits = [
        make_appointment(therapist=one, room=room, starts_at=start)
        for one, room in zip(staff, rooms, strict=True)
    ]
    rooms[3].active = False  # out of use, and still booked
    rooms[3].save()
    client = signed_in(make_user(Role.SCHEDULER))
    for how in ("", "&as=list", "&by=room", "&by=room&as=list"):
        address = url(name) + f"?day={TODAY + DAY}{how}&page="
        found = []
        for number in (1, 2, 3):
            with django_assert_max_num_queries(35):  # with the two of `shown_on`
                named, html = shown_on(client, f"{address}{number}", visits)
            found.append(named)
            assert f"{number * 10 - 9} to {min(number * 10, 22)} of 22" in html
        assert [len(one) for one in found] == [10, 10, 2]
        assert set.union(*found) == {one.pk for one in visits}
    assert re.search(r'rel="next" href="\?day=[^"]*page=3"', html)  # the days after
    for odd in ("", "0", "x", "9" * 5000):
        assert client.get(address + odd).status_code == 200
    own, html = shown_on(signed_in(staff[-1].user), address + "3", visits)
    assert own == {visits[-1].pk}
    assert " of 22" not in html


@pytest.mark.parametrize("how", ["", "&as=list"])
def test_every_room_is_shown_also_where_nothing_is_in_it_and_nobody_works(clinic, how):
    empty = make_room(name="The quiet room")
    client = signed_in(make_user(Role.SCHEDULER))

    html = client.get(url("clinic_week") + f"?day={TODAY}&by=room{how}").text

    assert empty.location.name in html
    named = "Nothing in: " if how else "The quiet room"
    assert named in html


def free_on(client, **asked):
    """Return how the free time of the day is told, therapist by therapist."""
    query = {"day": TODAY + DAY, "as": "list", **asked}
    html = client.get(url("clinic_day"), query).text
    told = re.findall(r">([^<]*)</td>\s*<th scope=\"row\"><bdi>([^<]*)</bdi>", html)
    kinds = re.findall(r"agenda__entry--(\w+)", html)
    return [
        (who, when)
        for (when, who), kind in zip(told, kinds, strict=True)
        if kind == "free"
    ]


def test_free_time_is_shown_for_a_technique_and_a_length(db, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    _, [able, other], _ = make_clinic(therapists=2, rooms=2, hours=("08:00", "10:00"))
    technique = make_technique(minutes=80)
    certify(able, technique)
    client = signed_in(make_user(Role.SCHEDULER))

    assert {who for who, _when in free_on(client)} == {str(able), str(other)}
    [(who, _when)] = free_on(client, technique=technique.pk)
    assert who == str(able)
    assert len(free_on(client, minutes=110)) == 2
    assert free_on(client, minutes=150) == []


@pytest.mark.parametrize("name", ["technique", "minutes"])
@pytest.mark.parametrize("value", ["0", "x", "9" * 30, "", "\x00", "241.5"])
def test_an_odd_technique_or_length_is_as_if_none_were_asked(clinic, name, value):
    client = signed_in(make_user(Role.SCHEDULER))

    assert client.get(url("clinic_day"), {name: value}).status_code == 200
