"""A visit that is canceled: the kind and length chosen for it are kept for the next."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from appointments import actions
from appointments.actions.cancel import cancel, cancel_for_clinic
from appointments.actions.send_draft import send_draft
from appointments.actions.sweep import offer_freed_times
from appointments.actions.undo import undo_mark
from appointments.actions.visit import record_visit
from appointments.codes import Ending, EntryStatus, Missed, Status
from appointments.models import Appointment, WaitlistEntry
from appointments.models.treatment import Treatment, kept_for
from massage_portal.accounts.roles import Role
from tests.appointments.pages import signed_in, url
from tests.appointments.plans import planned
from tests.certified import make_one_certified
from tests.factories import (
    DAY,
    NOW,
    TODAY,
    at,
    certify,
    make_appointment,
    make_entry,
    make_policy,
    make_technique,
    make_user,
    opening_at,
)
from tests.turns import AGREED, ANY_TURN

pytestmark = pytest.mark.django_db
FRIDAY_9 = at(TODAY + 2 * DAY, "09:00")
SATURDAY_9 = FRIDAY_9 + DAY
LONG, USUAL = timedelta(minutes=90), timedelta(minutes=50)


@pytest.fixture
def staff():
    return make_user(Role.SCHEDULER)


@pytest.fixture
def clinic(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    return make_one_certified()


@pytest.fixture
def visit(clinic, staff):
    """A visit of 90 minutes by a technique that staff chose, booked by telephone."""
    one, _other, room, technique = clinic
    return actions.book(
        entry=make_entry(),
        opening=opening_at(one, room, FRIDAY_9),
        by=staff,
        now=NOW,
        terms=replace(ANY_TURN, treatment=Treatment(technique, 90)),
    )


def by_clinic(visit, *, by):
    cancel_for_clinic(appointments=[visit], by=by, now=NOW, pass_on=False)


def by_patient(visit, *, by):
    cancel(appointment=visit, ending=Ending.BY_PATIENT, by=by, now=NOW)


def alone(visit, *, by):
    cancel(appointment=visit, ending=Ending.BY_CLINIC, by=by, now=NOW)


def missed(visit, *, by):
    record_visit(
        appointment=visit,
        outcome=Status.NOSHOW,
        because=Missed.CLINIC,
        by=by,
        now=visit.ends_at,
    )


def waiting(visit):
    return WaitlistEntry.objects.get(pk=visit.entry_id)


def kind_of(visit):
    visit.refresh_from_db()
    return visit.technique, visit.ends_at - visit.starts_at


@pytest.mark.parametrize("end", [by_clinic, alone, by_patient, missed])
def test_what_was_chosen_is_kept_as_its_request_waits_again(end, visit, clinic, staff):
    end(visit, by=staff)

    entry = waiting(visit)
    assert entry.status == EntryStatus.ACCEPTED
    assert kept_for(entry) == Treatment(clinic[-1], 90)


def test_a_visit_as_the_referral_says_leaves_nothing_to_keep(staff, clinic):
    one, _other, room, _technique = clinic
    opening = opening_at(one, room, FRIDAY_9)
    visit = actions.book(entry=make_entry(), opening=opening, by=staff, now=NOW)

    by_clinic(visit, by=staff)

    assert kept_for(waiting(visit)) is None


@pytest.mark.parametrize("end", [by_clinic, by_patient, missed])
def test_what_was_usual_as_it_was_booked_was_not_chosen(end, clinic, staff):
    one, _other, room, _technique = clinic
    opening = opening_at(one, room, FRIDAY_9)
    entry = make_entry()
    visit = actions.book(entry=entry, opening=opening, by=staff, now=NOW - DAY)
    make_policy(visit_minutes=60, in_force_from=NOW - DAY / 2)

    end(visit, by=staff)

    assert kept_for(waiting(visit)) is None


def test_what_was_chosen_and_is_usual_by_now_was_chosen(clinic, staff):
    one, _other, room, _technique = clinic
    visit = actions.book(
        entry=make_entry(),
        opening=opening_at(one, room, FRIDAY_9),
        by=staff,
        now=NOW - DAY,
        terms=replace(ANY_TURN, treatment=Treatment(None, 60)),
    )
    make_policy(visit_minutes=60, in_force_from=NOW - DAY / 2)

    by_clinic(visit, by=staff)

    assert kept_for(waiting(visit)) == Treatment(None, 60)


@pytest.mark.parametrize("give", [actions.offer, actions.book])
def test_the_next_time_is_of_the_same_kind_and_length(give, visit, clinic, staff):
    one, _other, room, technique = clinic
    by_clinic(visit, by=staff)

    opening = opening_at(one, room, SATURDAY_9)
    what = {"opening": opening, "by": staff, "now": NOW, "terms": ANY_TURN}
    made = give(entry=waiting(visit), **what)

    assert kind_of(made) == (technique, LONG)


def test_it_is_judged_as_it_was_chosen(visit, clinic, staff):
    one, other, room, _technique = clinic
    by_clinic(visit, by=staff)
    book = partial(actions.book, entry=waiting(visit), by=staff, now=NOW)

    with pytest.raises(actions.TimeTaken, match="not certified for this kind"):
        book(opening=opening_at(other, room, SATURDAY_9), terms=ANY_TURN)
    too_late = at(TODAY + 3 * DAY, "11:00")
    with pytest.raises(actions.TimeTaken):  # fifty minutes would fit, ninety do not
        book(opening=opening_at(one, room, too_late), terms=ANY_TURN)
    room.techniques.set([make_technique()])
    with pytest.raises(actions.TimeTaken):
        book(opening=opening_at(one, room, SATURDAY_9), terms=ANY_TURN)


@pytest.mark.parametrize("why", ["not offered", "another named", "decided by nobody"])
def test_what_cannot_be_given_any_more_is_not_kept(why, visit, clinic, staff):
    one, _other, room, technique = clinic
    by_clinic(visit, by=staff)
    named = make_technique(name="Hot stones")
    certify(one, named)
    if why == "not offered":
        technique.active = False
        technique.save()
    else:
        visit.entry.referral.technique = named
        visit.entry.referral.save()
    if why == "decided by nobody":  # a length alone was chosen
        WaitlistEntry.objects.update(kept_technique=None)

    opening = opening_at(one, room, SATURDAY_9)
    made = actions.book(
        entry=waiting(visit), opening=opening, by=staff, now=NOW, terms=ANY_TURN
    )

    assert kind_of(made) == ({"not offered": None}.get(why, named), USUAL)


def test_what_staff_choose_then_counts_and_ends_what_was_kept(visit, clinic, staff):
    one, _other, room, _technique = clinic
    by_clinic(visit, by=staff)
    terms = replace(ANY_TURN, treatment=Treatment(None, 50))
    opening = opening_at(one, room, SATURDAY_9)

    made = actions.book(
        entry=waiting(visit), opening=opening, by=staff, now=NOW, terms=terms
    )

    assert kind_of(made) == (None, USUAL)
    assert waiting(visit).kept_minutes is None
    moved = actions.move(
        appointment=made,
        opening=opening_at(one, room, SATURDAY_9 + DAY),
        by=staff,
        now=NOW,
        terms=AGREED,
    )
    assert kind_of(moved) == (None, USUAL)


def test_an_offer_that_lapses_is_followed_by_one_of_the_same_kind(visit, clinic, staff):
    one, _other, room, technique = clinic
    by_clinic(visit, by=staff)
    first = actions.offer(
        entry=waiting(visit),
        opening=opening_at(one, room, SATURDAY_9),
        by=staff,
        now=NOW,
        terms=ANY_TURN,
    )

    actions.lapse_offers(now=first.held_until)

    assert kept_for(waiting(visit)) == Treatment(technique, 90)


def test_an_undone_mark_of_a_missed_visit_leaves_nothing_to_keep(visit, staff):
    missed(visit, by=staff)

    undo_mark(appointment=visit, by=staff, now=visit.ends_at)

    assert waiting(visit).kept_minutes is None


@pytest.mark.parametrize("minutes", [90, 50])
def test_freed_time_goes_on_to_them_only_if_their_kind_fits(
    minutes, visit, clinic, staff
):
    one, _other, room, technique = clinic
    by_clinic(visit, by=staff)
    ends_at = SATURDAY_9 + timedelta(minutes=minutes)
    after = {"starts_at": ends_at + timedelta(minutes=10), "room": room}
    make_appointment(therapist=one, **after)  # and no longer
    freed = make_appointment(
        therapist=one,
        room=room,
        starts_at=SATURDAY_9,
        ends_at=ends_at,
        blocked_until=ends_at + timedelta(minutes=10),
    )
    alone(freed, by=staff)

    made = [one for one in offer_freed_times(now=NOW) if one.entry == visit.entry]

    assert [kind_of(one) for one in made] == [(technique, LONG)] * (minutes == 90)


def test_a_plan_of_the_openings_gives_them_the_same_kind(visit, clinic, staff):
    by_clinic(visit, by=staff)
    draft = planned(by=staff)

    [row] = draft.offers.with_what_is_shown()
    assert (row.therapist, row.ends_at - row.starts_at) == (clinic[0], LONG)
    send_draft(draft=draft, version=draft.version, by=staff, now=NOW)

    made = Appointment.objects.get(status=Status.PROPOSED)
    assert kind_of(made) == (clinic[-1], LONG)


def opened(staff, visit, **asked):
    page = signed_in(staff).get(url("propose", visit.entry_id), asked)
    assert page.status_code == 200
    return page


def test_staff_see_it_and_their_button_gives_it(visit, clinic, staff):
    by_clinic(visit, by=staff)
    page = opened(staff, visit)

    assert "Lymph drainage, 90 minutes" in page.text
    assert "As for the visit that did not take place." in page.text
    opening = page.context["rows"][0]["opening"]
    value = f"{opening.therapist},{opening.starts_at.isoformat()}"
    to, sent = page.wsgi_request.get_full_path(), {"opening": value, "how": "offer"}
    assert page.client.post(to, sent).status_code == 302  # as an older page sends it
    made = Appointment.objects.get(status=Status.PROPOSED)
    assert kind_of(made) == (clinic[-1], LONG)


def test_staff_may_choose_the_usual_again(visit, clinic, staff):
    by_clinic(visit, by=staff)
    page = opened(staff, visit, technique="any", minutes="usual")

    assert "As for the visit that did not take place." not in page.text
    opening = page.context["rows"][0]["opening"]
    assert opening.ends_at - opening.starts_at == USUAL
    sent = {
        "opening": f"{opening.therapist},{opening.starts_at.isoformat()}",
        "how": "book",
        "technique": page.context["treatment"].key or "",
        "minutes": page.context["minutes"],
    }
    assert page.client.post(page.wsgi_request.get_full_path(), sent).status_code == 302
    assert kind_of(Appointment.objects.get(status=Status.BOOKED)) == (None, USUAL)


def test_the_list_of_visits_to_arrange_and_the_caller_s_page_say_it(visit, staff):
    by_clinic(visit, by=staff)
    browser = signed_in(staff)

    [row] = browser.get(url("to_rearrange")).context["rows"]
    assert "Lymph drainage, 90 minutes" in browser.get(url("to_rearrange")).text
    assert row["soonest"]["name"] == visit.therapist.user.name
    caller = browser.get(url("caller", visit.patient_id)).text
    assert "As for the visit that did not take place: Lymph drainage, 90 min" in caller


def test_of_a_visit_missed_by_our_mistake_no_page_says_that_it_was_canceled(
    visit, staff, monkeypatch
):
    missed(visit, by=staff)
    monkeypatch.setattr("django.utils.timezone.now", lambda: visit.ends_at)
    kind = "Lymph drainage, 90 min"

    caller = signed_in(staff).get(url("caller", visit.patient_id)).text
    stands = signed_in(visit.patient.user).get(url("standing", visit.entry_id)).text
    proposed = opened(staff, visit).text

    assert f"As for the visit that did not take place: {kind}" in caller
    assert f"like the one that did not take place: {kind}" in stands
    assert "As for the visit that did not take place." in proposed
    for page in (caller, stands, proposed):
        assert "that was canceled" not in page


def test_the_patient_reads_it_where_they_stand_and_on_the_offer(visit, clinic, staff):
    one, _other, room, _technique = clinic
    by_clinic(visit, by=staff)
    browser = signed_in(visit.patient.user)

    stands = browser.get(url("standing", visit.entry_id)).text
    assert "like the one that did not take place: Lymph drainage, 90 minutes" in stands
    made = actions.offer(
        entry=waiting(visit),
        opening=opening_at(one, room, SATURDAY_9),
        by=staff,
        now=NOW,
        terms=ANY_TURN,
    )
    offered = browser.get(url("offer", made.pk)).text
    assert "· Lymph drainage" in offered
    assert "until 10:30 a.m." in offered
