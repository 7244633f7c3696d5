"""Which kind of visit is given, and how long: what staff choose, or the referral's."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from icalendar import Calendar

from appointments import actions
from appointments.codes import EntryStatus
from appointments.ical import calendar
from appointments.models import Appointment
from appointments.models.treatment import Treatment
from massage_portal.accounts.roles import Role
from tests.appointments.pages import signed_in, url
from tests.certified import make_one_certified
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    TODAY,
    at,
    certify,
    make_appointment,
    make_entry,
    make_referral,
    make_technique,
    make_user,
    opening_at,
)
from tests.sending import send_all
from tests.turns import ANY_TURN

pytestmark = pytest.mark.django_db
FRIDAY_9 = at(TODAY + 2 * DAY, "09:00")
GIVE = pytest.mark.parametrize("give", [actions.offer, actions.book])
LONG = timedelta(minutes=90)


@pytest.fixture
def staff():
    return make_user(Role.SCHEDULER)


@pytest.fixture
def clinic(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    return make_one_certified()


@pytest.fixture
def given(clinic, staff):
    """Return what an action is called with: Friday at 9, with a therapist."""
    one, _other, room, _technique = clinic
    opening = opening_at(one, room, FRIDAY_9)
    return {"entry": make_entry(), "opening": opening, "by": staff, "now": NOW}


def of(technique, minutes=None):
    return {"terms": replace(ANY_TURN, treatment=Treatment(technique, minutes))}


def named(technique):
    """Return an entry whose referral names the technique."""
    return make_entry(referral=make_referral(technique=technique))


@GIVE
def test_what_was_chosen_is_what_is_stored(give, given, clinic):
    technique = clinic[-1]

    usual, longer = [
        give(**given | {"entry": make_entry(), "opening": opening}, **of(*what))
        for opening, what in [
            (given["opening"], (technique,)),
            (opening_at(clinic[0], clinic[2], FRIDAY_9 + DAY), (technique, 90)),
        ]
    ]

    for visit, minutes in ((usual, 80), (longer, 90)):
        visit.refresh_from_db()
        assert visit.technique == technique
        assert visit.ends_at - visit.starts_at == timedelta(minutes=minutes)
        assert visit.blocked_until == visit.ends_at + timedelta(minutes=10)


@GIVE
def test_a_therapist_who_is_not_certified_for_it_cannot_give_it(give, given, clinic):
    _, other, room, technique = clinic
    given["opening"] = opening_at(other, room, FRIDAY_9)

    with pytest.raises(actions.TimeTaken, match="not certified for this kind"):
        give(**given, **of(technique))

    assert not Appointment.objects.exists()


@GIVE
def test_a_time_that_is_too_short_for_it_is_taken(give, given, clinic):
    one, _other, room, technique = clinic
    given["opening"] = opening_at(one, room, at(TODAY + 2 * DAY, "11:00"))

    with pytest.raises(actions.TimeTaken):
        give(**given, **of(technique))

    assert give(**given, **of(technique, 60)).technique == technique


def test_a_room_that_is_not_fit_for_it_is_not_given(given, clinic):
    _, _other, room, technique = clinic
    room.techniques.set([make_technique()])

    with pytest.raises(actions.TimeTaken):
        actions.book(**given, **of(technique))

    assert actions.book(**given, **of(None, 60)).room == room


def refused(given, *, entry, what):
    """Return why it is refused, and see that nothing was made."""
    given["entry"] = entry
    with pytest.raises(actions.NotForThem) as said:
        actions.book(**given, **of(*what))
    assert not Appointment.objects.exists()
    return str(said.value)


def test_a_referral_that_names_a_technique_allows_no_other(given, clinic):
    technique, asked = clinic[-1], make_technique(name="Hot stones")
    certify(clinic[0], asked)

    assert "Hot stones" in refused(given, entry=named(asked), what=(technique,))
    assert "Hot stones" in refused(given, entry=named(asked), what=(None, 60))
    made = actions.book(**given, **of(asked, 60))
    assert made.ends_at - made.starts_at == HOUR


def test_a_technique_that_is_not_offered_any_more_is_given_only_if_named(given, clinic):
    technique = clinic[-1]
    technique.active = False
    technique.save()

    said = refused(given, entry=make_entry(), what=(technique,))

    assert said == "Lymph drainage is not offered any more."
    given["entry"] = named(technique)
    assert actions.book(**given, **of(technique, 60)).technique == technique


@pytest.mark.parametrize("minutes", [9, 241])
def test_no_visit_is_shorter_or_longer_than_a_technique_may_be(given, minutes):
    said = refused(given, entry=make_entry(), what=(None, minutes))

    assert said == "A visit lasts 10 to 240 minutes."


def test_what_was_chosen_is_accepted_for_them_as_it_is(given, clinic):
    offer = actions.offer(**given, **of(clinic[-1], 90))

    booked = actions.accept(appointment=offer, by=given["by"], now=NOW)

    assert (booked.technique, booked.agreed_to) == (clinic[-1], "")


def test_the_calendar_file_is_as_long_as_the_visit(given, clinic):
    visit = actions.book(**given, **of(clinic[-1], 90))

    [event] = Calendar.from_ical(calendar(visit, now=NOW)).walk("VEVENT")

    assert event["DTEND"].dt - event["DTSTART"].dt == LONG


def test_the_mail_says_how_long_it_is(given, clinic, mailoutbox):
    actions.offer(**given, **of(clinic[-1], 90))
    send_all(NOW)

    [mail] = mailoutbox
    assert "9 a.m. (CDT)\nuntil 10:30 a.m.\n" in mail.body


def opened(staff, entry, **asked):
    """Return the page of the times of one patient."""
    page = signed_in(staff).get(url("propose", entry.pk), asked)
    assert page.status_code == 200
    return page


def length(opening):
    return opening.ends_at - opening.starts_at


def times_of(page):
    some = [row["opening"] for row in page.context["rows"]]
    return {(one.therapist, length(one)) for one in some}


def sent_by(page, opening):
    """Return what the page's form of a time sends, and to where."""
    value = f"{opening.therapist},{opening.starts_at.isoformat()}"
    sent = {"opening": value, "how": "book"}
    if page.context["treatment"]:
        sent["technique"] = page.context["treatment"].key or ""
        sent["minutes"] = page.context["minutes"]
    return page.wsgi_request.get_full_path(), sent


def test_a_technique_is_chosen_and_its_free_times_are_shown(staff, clinic):
    one, _, _, technique = clinic
    entry = make_entry()

    page = opened(staff, entry, technique=technique.pk)

    assert times_of(page) == {(one.pk, timedelta(minutes=80))}
    assert "Lymph drainage, 80 minutes" in page.text
    assert f'name="technique" value="{technique.pk}"' in page.text
    assert 'name="minutes" value="80"' in page.text
    assert "The therapist decides, 50 minutes" in opened(staff, entry).text


def test_a_length_is_chosen_also_where_the_referral_names_the_technique(staff, clinic):
    one, _, _, technique = clinic

    page = opened(staff, named(technique), minutes=120, technique="any")

    assert times_of(page) == {(one.pk, 2 * HOUR)}
    assert "Lymph drainage, 120 minutes" in page.text
    assert '<select id="technique"' not in page.text


def test_what_the_page_shows_is_what_its_button_books(staff, clinic):
    technique = clinic[-1]
    page = opened(staff, make_entry(), technique=technique.pk, minutes=90)
    to, sent = sent_by(page, page.context["rows"][0]["opening"])

    assert page.client.post(to, sent).status_code == 302
    assert page.client.post(to, sent).status_code == 302  # pressed twice

    made = Appointment.objects.get()
    assert (made.technique, made.ends_at - made.starts_at) == (technique, LONG)
    other = sent | {"minutes": 60}
    assert page.client.post(to, other).status_code == 409
    assert Appointment.objects.count() == 1


def test_what_was_chosen_is_kept_when_the_time_is_gone(staff, clinic, given):
    one, _, room, technique = clinic
    asked = {"technique": technique.pk, "minutes": 90}
    page = opened(staff, make_entry(), **asked)
    opening = opening_at(one, room, FRIDAY_9)
    actions.book(**given)

    to, sent = sent_by(page, opening)
    answer = page.client.post(to, sent)

    assert answer.status_code == 409
    assert answer.context["treatment"] == Treatment(technique, 90)
    assert {length(row["opening"]) for row in answer.context["rows"]} == {LONG}
    link = parse_qs(answer.context["kept"])
    assert link == {name: [str(value)] for name, value in asked.items()}


def test_a_referral_that_names_another_meanwhile_is_told(staff, clinic):
    technique, asked = clinic[-1], make_technique(name="Hot stones")
    certify(clinic[0], asked)
    entry = make_entry()
    page = opened(staff, entry, technique=technique.pk)
    entry.referral.technique = asked
    entry.referral.save()

    to, sent = sent_by(page, page.context["rows"][0]["opening"])
    answer = page.client.post(to, sent)

    assert answer.status_code == 409
    assert "The referral asks for another kind of massage: Hot stones." in answer.text
    assert "Hot stones, 50 minutes" in answer.text
    assert not Appointment.objects.exists()


def booked(technique, minutes):
    """Return a booked visit of that kind, on a request that names none."""
    entry = make_entry(status=EntryStatus.IN_PROGRESS)
    ends_at = NOW + 5 * DAY + timedelta(minutes=minutes)
    visit = make_appointment(
        entry=entry,
        technique=technique,
        starts_at=NOW + 5 * DAY,
        ends_at=ends_at,
        blocked_until=ends_at,
    )
    return entry, visit


def test_another_time_for_a_visit_is_of_the_kind_that_was_booked(staff, clinic):
    one, _, _, technique = clinic
    entry, visit = booked(technique, 90)
    page = opened(staff, entry)

    assert times_of(page) == {(one.pk, LONG)}
    usual = opened(staff, entry, technique="any", minutes="usual")
    assert {lasts for _, lasts in times_of(usual)} == {timedelta(minutes=50)}

    to, sent = sent_by(page, page.context["rows"][0]["opening"])
    assert page.client.post(to, sent).status_code == 302
    moved = Appointment.objects.get(replaces=visit)
    assert (moved.technique, moved.ends_at - moved.starts_at) == (technique, LONG)


def test_another_time_is_of_no_kind_that_we_do_not_offer_any_more(staff, clinic):
    technique = clinic[-1]
    entry, visit = booked(technique, 90)
    technique.active = False
    technique.save()
    page = opened(staff, entry)

    assert page.context["treatment"] is None
    to, sent = sent_by(page, page.context["rows"][0]["opening"])
    assert page.client.post(to, sent).status_code == 302
    assert Appointment.objects.get(replaces=visit).technique is None


@pytest.mark.parametrize("minutes", [5, 245])
def test_another_time_is_no_shorter_or_longer_than_a_visit_may_be(
    staff, clinic, minutes
):
    page = opened(staff, booked(None, minutes)[0])

    assert {lasts for _, lasts in times_of(page)} == {timedelta(minutes=50)}


def test_a_visit_to_arrange_anew_is_looked_for_as_it_was_booked(staff, clinic):
    one, _, _, technique = clinic
    browser = signed_in(staff)

    def opened():
        with CaptureQueriesContext(connection) as asked:
            page = browser.get(url("to_rearrange"))
        return page.context["rows"], len(asked)

    booked(technique, 90)  # with a therapist who is not certified for it
    opened()
    [row], few = opened()
    assert row["soonest"]["name"] == one.user.name
    booked(technique, 90)
    assert opened()[1] == few


@pytest.mark.parametrize("name", ["technique", "minutes"])
@pytest.mark.parametrize("odd", ["x", "9" * 30, "\x00", "0", "-1", "²", "1.5"])
def test_an_odd_kind_is_as_if_none_were_chosen(staff, clinic, name, odd):
    page = opened(staff, make_entry(), **{name: odd})

    assert page.context["treatment"] is None
    assert {lasts for _, lasts in times_of(page)} == {timedelta(minutes=50)}


@pytest.mark.parametrize("odd", [{"minutes": 9}, {"minutes": "x"}, {"technique": 0}])
def test_an_odd_kind_is_never_given(staff, clinic, odd):
    page = opened(staff, make_entry())
    to, sent = sent_by(page, page.context["rows"][0]["opening"])

    assert page.client.post(to, sent | {"minutes": 60} | odd).status_code == 422
    assert not Appointment.objects.exists()


def test_links_keep_what_was_chosen(staff, clinic):
    technique = clinic[-1]
    page = opened(staff, make_entry(), technique=technique.pk, therapist=clinic[0].pk)

    query = partial(lambda one: parse_qs(urlsplit(one).query))
    assert query("?" + page.context["after"])["technique"] == [str(technique.pk)]
    assert f'href="{page.wsgi_request.path}?technique={technique.pk}"' in page.text
