"""A time that is not what the patient asked for is given only if they agreed to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

import pytest

from appointments import actions
from appointments.codes import EntryStatus, Status
from appointments.matching import Wish, fits
from appointments.models import Appointment
from appointments.wishes import Misfit, misfits
from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from tests.appointments.pages import ANSWERS, TAKING, signed_in, url
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    TODAY,
    at,
    certify,
    make_appointment,
    make_clinic,
    make_entry,
    make_location,
    make_referral,
    make_technique,
    make_therapist,
    make_user,
    opening_at,
)
from tests.trail import trail
from tests.turns import AGREED

pytestmark = pytest.mark.django_db
FRIDAY = TODAY + 2 * DAY
FRIDAY_9 = at(FRIDAY, "09:00")
GIVE = pytest.mark.parametrize("give", [actions.offer, actions.book])


@pytest.fixture
def opening():
    """Friday at 9, with a therapist who works from 8 to 12 and the only room."""
    _, [therapist], [room] = make_clinic()
    return opening_at(therapist, room, FRIDAY_9)


@pytest.fixture
def staff():
    return make_user(Role.SCHEDULER)


def not_asked_for():
    """Return, by what does not fit, a wish that a Friday from 9 to 9:50 is not."""
    return {
        Misfit.PLACE: {"location": make_location()},
        Misfit.THERAPIST: {"therapist": make_therapist()},
        Misfit.EARLIEST: {"earliest": FRIDAY + DAY},
        Misfit.LATEST: {"latest": FRIDAY - DAY},
        Misfit.WEEKDAY: {"weekdays": "MTWR"},
        Misfit.HOURS: {"to_time": time(9, 49)},
        Misfit.NOTICE: {"notice_hours": 72},
    }


@GIVE
@pytest.mark.parametrize("what", [one for one in Misfit if one != Misfit.TECHNIQUE])
def test_what_does_not_fit_is_named_and_refused(give, what, opening, staff):
    entry = make_entry(**not_asked_for()[what])

    with pytest.raises(actions.NotWished, match="not what the patient asked") as said:
        give(entry=entry, opening=opening, by=staff, now=NOW)

    assert said.value.misfits == [what]
    assert not Appointment.objects.exists()


@GIVE
def test_what_the_patient_agreed_to_is_given_and_recorded(give, opening, staff):
    entry = make_entry(weekdays="M", latest=TODAY)

    made = give(entry=entry, opening=opening, by=staff, now=NOW, terms=AGREED)

    made.refresh_from_db()
    assert made.agreed_to == "latest,weekday"
    agreed = (staff.pk, "appointment.agreed", entry.patient_id, "latest,weekday")
    assert agreed in trail(made)


@GIVE
def test_who_agreed_to_what_they_had_asked_for_agreed_to_nothing(give, opening, staff):
    made = give(entry=make_entry(), opening=opening, by=staff, now=NOW, terms=AGREED)

    assert made.agreed_to == ""
    assert not AuditEvent.objects.filter(action="appointment.agreed").exists()


def test_the_clinic_may_give_a_time_at_shorter_notice_than_its_own(staff):
    _, [therapist], [room] = make_clinic(hours=("00:00", "23:30"))
    soon = opening_at(therapist, room, NOW + HOUR)

    made = actions.book(
        entry=make_entry(notice_hours=0), opening=soon, by=staff, now=NOW
    )

    assert made.status == Status.BOOKED


def test_a_place_is_asked_for_only_where_there_is_a_choice(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    here = make_therapist()
    referral = make_referral()
    browser = signed_in(referral.patient.user)
    page = url("ask_step", referral.pk, "preferences")
    browser.post(url("ask_step", referral.pk, "when"), ANSWERS["when"])

    assert 'name="location"' not in browser.get(page).text
    there = make_therapist().location
    assert 'name="location"' in browser.get(page).text

    chosen = {**ANSWERS["preferences"], "location": there.pk}
    refused = browser.post(page, chosen | {"therapist": here.pk})
    assert "works at another place" in refused.text
    for step in TAKING[1:]:
        answer = chosen if step == "preferences" else ANSWERS[step]
        browser.post(url("ask_step", referral.pk, step), answer)
    browser.post(url("ask_check", referral.pk), {})
    assert referral.waitlist_entries.get().location == there


def test_a_place_is_kept_for_the_next_visit_and_changed_with_the_rest(opening, staff):
    place = make_location()
    referral = make_referral(sessions=2)
    entry = make_entry(location=place, referral=referral, status="in-progress")
    visit = make_appointment(entry=entry)

    actions.record_visit(
        appointment=visit, outcome=Status.FULFILLED, by=staff, now=visit.ends_at
    )

    later = referral.waitlist_entries.get(session=2)
    assert later.location == place
    actions.change_availability(
        entry=later,
        availability=actions.Availability(),
        version=later.version,
        by=staff,
        now=NOW,
    )
    later.refresh_from_db()
    assert later.location is None


@pytest.mark.parametrize("give", [actions.offer_move, actions.move])
def test_another_time_for_a_booked_visit_must_be_wished_too(give, opening, staff):
    entry = make_entry(weekdays="M", status=EntryStatus.IN_PROGRESS)
    visit = make_appointment(entry=entry, starts_at=NOW + 5 * DAY)
    what = {"appointment": visit, "opening": opening, "by": staff, "now": NOW}

    with pytest.raises(actions.NotWished):
        give(**what)

    assert give(**what, terms=AGREED).agreed_to == "weekday"


def offered(staff, opening, **wish):
    """Return an offer of `opening`, whose patient said afterwards that they wish so."""
    made = actions.offer(entry=make_entry(), opening=opening, by=staff, now=NOW)
    type(made.entry).objects.filter(pk=made.entry_id).update(**wish)
    return made


def test_who_accepts_for_a_patient_sees_that_it_is_still_wished(opening, staff):
    made = offered(staff, opening, weekdays="M")

    with pytest.raises(actions.NotWished):
        actions.accept(appointment=made, by=staff, now=NOW)

    kept = actions.accept(appointment=made, by=staff, now=NOW, agreed=True)
    assert (kept.status, kept.agreed_to) == (Status.BOOKED, "weekday")


def test_patients_who_accept_by_themselves_agree_to_it_as_it_is(opening, staff):
    made = offered(staff, opening, weekdays="M")

    kept = actions.accept(appointment=made, by=made.patient.user, now=NOW)

    assert (kept.status, kept.agreed_to) == (Status.BOOKED, "")


def test_an_offer_made_in_time_can_be_accepted_for_them_later(opening, staff):
    made = offered(staff, opening, notice_hours=46)

    later = actions.accept(appointment=made, by=staff, now=NOW + HOUR)

    assert later.status == Status.BOOKED


def test_what_they_agreed_to_when_it_was_offered_is_not_asked_again(opening, staff):
    entry = make_entry(weekdays="M")
    made = actions.offer(entry=entry, opening=opening, by=staff, now=NOW, terms=AGREED)

    assert actions.accept(appointment=made, by=staff, now=NOW).agreed_to == "weekday"


def test_another_kind_of_massage_than_the_referral_asks_for_is_no_wish(staff):
    technique = make_technique()
    _, [therapist], [room] = make_clinic()
    certify(therapist, technique)
    entry = make_entry(referral=make_referral())
    opening = opening_at(therapist, room, FRIDAY_9)
    made = actions.offer(entry=entry, opening=opening, by=staff, now=NOW)
    type(entry.referral).objects.filter(pk=entry.referral_id).update(
        technique=technique
    )

    with pytest.raises(actions.NotWished, match="another kind of massage"):
        actions.accept(appointment=made, by=staff, now=NOW)


def test_what_fits_has_no_misfits_and_what_does_not_has_some():
    _, [therapist], [room] = make_clinic()
    opening = opening_at(therapist, room, FRIDAY_9)
    wish = Wish(valid_from=TODAY, valid_until=FRIDAY)
    wishes = [
        replace(wish, **{one: value})
        for one, value in [
            *(("weekdays", "F"), ("weekdays", "M"), ("from_time", time(9, 1))),
            *(("location", opening.location), ("location", opening.location + 1)),
            *(("therapist", opening.therapist), ("therapist", opening.therapist + 1)),
            *(("earliest", FRIDAY), ("earliest", FRIDAY + DAY), ("latest", TODAY)),
            *(("notice", FRIDAY_9 - NOW), ("notice", 3 * DAY)),
        ]
    ]

    for one in wishes:
        assert bool(misfits(one, opening, now=NOW)) != fits(one, opening, now=NOW)


def test_the_page_shows_the_time_again_with_the_words_and_a_box_to_tick(
    monkeypatch, opening, staff
):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    entry = make_entry(weekdays="M")
    page, browser = url("propose", entry.pk), signed_in(staff)
    sent = {"opening": f"{opening.therapist},{FRIDAY_9.isoformat()}", "how": "book"}

    refused = browser.post(page, sent)

    assert refused.status_code == 409
    assert "another day of the week" in refused.text
    assert 'name="agreed"' in refused.text
    assert browser.post(page, sent | {"agreed": "on"}).status_code == 302
    assert Appointment.objects.get().agreed_to == "weekday"
    shown = browser.get(url("visit", Appointment.objects.get().pk)).text
    assert "the patient agreed: another day of the week" in shown


def test_the_telephone_asks_for_the_tick_before_it_accepts(monkeypatch, opening, staff):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    made = offered(staff, opening, weekdays="M")
    page, browser = url("call_visit", made.pk, "accept"), signed_in(staff)

    assert "another day of the week" in browser.get(page).text
    assert browser.post(page, {}).status_code == 409
    assert browser.post(page, {"agreed": "on"}).status_code == 302
    made.refresh_from_db()
    assert made.status == Status.BOOKED
