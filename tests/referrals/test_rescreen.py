"""The safety questions are asked again: all rounds are kept, the newest one counts."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, InternalError, transaction
from django.test import Client
from django.urls import reverse

from appointments import actions as appointments
from appointments.codes import Status as Visit
from appointments.models import Appointment, Policy, Supply
from massage_portal.accounts.roles import Role
from referrals import actions
from referrals.codes import Answer, Status
from referrals.models import Referral, ScreeningAnswer
from services.models import Precaution
from tests.factories import (
    DAY,
    NOW,
    TODAY,
    at,
    make_appointment,
    make_clinic,
    make_entry,
    make_patient,
    make_policy,
    make_precaution,
    make_referral,
    make_user,
    opening_at,
)
from tests.referrals.test_actions import an_order, clear, refer
from tests.trail import owed, trail

pytestmark = pytest.mark.django_db
YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
LATER = NOW + 3 * DAY


@pytest.fixture
def staff():
    return make_user(Role.STAFF)


@pytest.fixture
def thinners():
    return make_precaution(meaning="clearance", question="Blood thinners?")


@pytest.fixture
def fever():
    return make_precaution(meaning="not-now", question="Fever?", advice="Do not book.")


def referred(staff):
    """A referral on record, for which every question there is was answered with no."""
    order = an_order(technique=None)
    referral = refer(make_patient(), by=staff, order=order)
    assert referral.status == Status.ACTIVE
    return referral


def again(referral, answers, *, by, now=LATER):
    asked = dict.fromkeys(Precaution.objects.asked(), NO)
    return actions.screen_again(
        referral=referral, answers=asked | answers, by=by, now=now
    )


def newest(referral):
    rows = referral.screening_answers.newest_round()
    return {one.precaution: one.answer for one in rows}


def test_each_round_is_kept_and_the_newest_counts(staff, thinners):
    referral = referred(staff)

    again(referral, {thinners: YES}, by=staff)

    rows = referral.screening_answers.order_by("round")
    assert [(one.round, one.answer, one.asked_at) for one in rows] == [
        (1, NO, NOW),
        (2, YES, LATER),
    ]
    assert newest(referral) == {thinners: YES}
    assert [one.answer for one in referral.screening_answers.earlier_rounds()] == [NO]
    shown = Referral.objects.with_all().get(pk=referral.pk)
    assert [one.answer for one in shown.screening_answers.all()] == [YES]


@pytest.mark.parametrize("answer", [YES, UNKNOWN])
def test_a_new_yes_puts_the_referral_on_hold_at_once(answer, staff, thinners):
    referral = referred(staff)

    again(referral, {thinners: answer}, by=staff)

    referral.refresh_from_db()
    assert referral.status == Status.ON_HOLD
    assert [row[1:] for row in trail(referral)[-2:]] == [
        ("referral.screened", referral.patient_id, "1>2"),
        ("referral.held", referral.patient_id, "active>on-hold"),
    ]


def test_nothing_new_leaves_it_in_force(staff, thinners):
    referral = referred(staff)
    other = make_user(Role.STAFF)

    again(referral, {}, by=other)

    referral.refresh_from_db()
    assert referral.status == Status.ACTIVE
    assert referral.screening_answers.count() == 2


def test_what_the_provider_cleared_needs_no_second_clearance(staff, thinners, fever):
    referral = referred(staff)
    again(referral, {thinners: YES}, by=staff)
    clear(referral, by=staff, on=LATER.date())

    again(referral, {thinners: YES}, by=make_user(Role.STAFF))

    referral.refresh_from_db()
    assert (referral.status, referral.clearance_on) == (Status.ACTIVE, LATER.date())


def test_a_clearance_ends_with_what_it_did_not_know_of(staff, thinners):
    bones = make_precaution(meaning="clearance")
    referral = referred(staff)
    again(referral, {thinners: YES}, by=staff)
    clear(referral, by=staff, on=LATER.date())

    again(referral, {thinners: YES, bones: YES}, by=staff)

    referral.refresh_from_db()
    assert (referral.status, referral.clearance_by) == (Status.ON_HOLD, "")
    ended = [row[3] for row in trail(referral) if row[1] == "referral.clearance_ended"]
    assert ended == [f"Dr. Rowan Sampleton, {LATER.date()}"]


def test_a_changed_question_needs_a_clearance_of_its_own(staff, thinners):
    referral = referred(staff)
    again(referral, {thinners: YES}, by=staff)
    clear(referral, by=staff, on=LATER.date())
    Precaution.objects.filter(pk=thinners.pk).update(question="Any?", version=2)
    thinners.refresh_from_db()

    again(referral, {thinners: YES}, by=staff)

    referral.refresh_from_db()
    assert referral.status == Status.ON_HOLD


def test_what_nobody_knew_is_lifted_once_it_is_known(staff, fever):
    referral = referred(staff)
    again(referral, {fever: UNKNOWN}, by=staff)
    before = len(owed(referral))

    again(referral, {fever: NO}, by=staff)

    referral.refresh_from_db()
    assert referral.status == Status.ACTIVE
    assert trail(referral)[-1][1] == "referral.resumed"
    assert len(owed(referral)) >= before


def test_a_yes_is_not_talked_away(staff, thinners):
    referral = referred(staff)
    again(referral, {thinners: YES}, by=staff)

    again(referral, {thinners: NO}, by=staff)

    referral.refresh_from_db()
    assert referral.status == Status.ON_HOLD
    assert clear(referral, by=staff, on=LATER.date()).status == Status.ACTIVE


def test_what_staff_hold_by_hand_stays_on_hold(staff, thinners):
    referral = referred(staff)
    actions.move(
        referral=referral,
        to=Status.ON_HOLD,
        reason="The provider must say more.",
        seen="active",
        by=staff,
        now=NOW,
    )

    again(referral, {}, by=make_user(Role.STAFF))

    referral.refresh_from_db()
    assert referral.status == Status.ON_HOLD


def test_a_red_flag_that_comes_later_stops_it_for_good(staff, fever):
    referral = referred(staff)
    again(referral, {fever: YES}, by=staff)

    with pytest.raises(actions.NotClearable, match="A red flag was answered"):
        clear(referral, by=staff, on=LATER.date())
    with pytest.raises(actions.NotClearable, match="A red flag stopped"):
        again(referral, {}, by=staff)

    referral.refresh_from_db()
    assert referral.status == Status.ON_HOLD


def test_a_round_sent_twice_is_kept_once(staff, thinners):
    referral = referred(staff)

    for _ in range(2):
        again(referral, {thinners: YES}, by=staff)

    assert referral.screening_answers.count() == 2


def test_a_round_answers_all_that_applies(staff, thinners):
    referral = referred(staff)

    with pytest.raises(actions.ScreeningIncomplete):
        actions.screen_again(referral=referral, answers={}, by=staff, now=LATER)

    assert referral.screening_answers.count() == 1


@pytest.mark.parametrize(
    "status",
    [Status.DRAFT, Status.REVOKED, Status.COMPLETED, Status.ENTERED_IN_ERROR],
)
def test_only_an_open_referral_is_asked_about_again(status, staff, thinners):
    with pytest.raises(actions.NotClearable, match="Nobody can be asked"):
        again(make_referral(status=status), {}, by=staff)


@pytest.fixture
def waiting(staff, thinners, fever):
    """One in force who waits, and an opening for them."""
    make_policy()
    _place, [therapist], [room] = make_clinic()
    entry = make_entry(referral=referred(staff))
    return entry, opening_at(therapist, room, at(TODAY + 2 * DAY, "08:00"))


@pytest.fixture(params=["an open clearance", "a red flag"])
def ill(request, staff, thinners, fever):
    """What stops a referral when its patient is asked again."""
    about = fever if request.param == "a red flag" else thinners
    return lambda referral: again(referral, {about: YES}, by=staff, now=NOW)


def test_nothing_is_offered_or_booked_by_staff_meanwhile(waiting, ill, staff):
    entry, opening = waiting
    ill(entry.referral)

    for give in (appointments.offer, appointments.book):
        with pytest.raises(appointments.NotWaiting, match="does not cover"):
            give(entry=entry, opening=opening, by=staff, now=NOW)

    assert not Appointment.objects.exists()


def test_an_offer_made_before_is_not_accepted_any_more(waiting, ill):
    entry, opening = waiting
    made = appointments.offer(entry=entry, opening=opening, by=None, now=NOW)
    ill(entry.referral)

    with pytest.raises(appointments.OfferGone, match="does not cover"):
        appointments.accept(appointment=made, by=entry.patient.user, now=NOW)

    made.refresh_from_db()
    assert (made.status, made.reoffer_owed) == (Visit.CANCELLED, True)


def test_the_patient_keeps_their_place_and_is_passed_over(waiting, ill):
    entry, _opening = waiting
    ahead = Supply.ahead(now=NOW, policy=Policy.objects.in_force(NOW))
    assert ahead.next_proposal().entry == entry
    ill(entry.referral)

    ahead = Supply.ahead(now=NOW, policy=Policy.objects.in_force(NOW))

    assert ahead.next_proposal() is None
    entry.refresh_from_db()
    assert entry.status == "accepted"


def test_nobody_asks_for_a_visit_meanwhile(staff, ill):
    referral = referred(staff)
    ill(referral)

    with pytest.raises(appointments.ReferralNotInForce):
        appointments.ask(
            referral=referral,
            availability=appointments.Availability(),
            need=appointments.NeedAnswers(3, 3, 3, "none", 3),
            by=referral.patient.user,
            now=NOW,
            today=TODAY,
        )


def test_the_therapist_and_the_scheduler_read_the_newest_round(staff, thinners):
    referral = referred(staff)
    booked = make_appointment(entry=make_entry(referral=referral))
    again(referral, {thinners: YES}, by=staff)
    clear(referral, by=staff, on=LATER.date())

    visit = Appointment.objects.with_precautions().get(pk=booked.pk)

    assert [one.question for one in visit.precautions] == ["Blood thinners?"]
    assert [one.answer for one in visit.precautions] == [YES]


@pytest.fixture
def desk(staff, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    client = Client()
    client.force_login(staff)
    return client


def page_of(name, referral):
    return reverse(f"referrals:{name}", args=[referral.pk])


def test_the_page_asks_again_and_shows_what_was_said_before(desk, staff, thinners):
    referral = referred(staff)
    own, url = page_of("referral", referral), page_of("screen", referral)
    assert f'href="{url}"' in desk.get(own).content.decode()
    assert "Earlier safety answers" not in desk.get(own).content.decode()
    assert thinners.question in desk.get(url).content.decode()

    empty = desk.post(url, {})
    done = desk.post(url, {f"precaution_{thinners.pk}": "yes"})

    assert empty.status_code == 422
    assert (done.status_code, done["Location"]) == (302, own)
    page = desk.get(own).content.decode()
    assert "Earlier safety answers" in page
    assert "The provider must clear this first" in page


def test_a_visit_already_booked_is_shown_where_the_path_stops(desk, staff, fever):
    referral = referred(staff)
    visit = make_appointment(entry=make_entry(referral=referral), starts_at=NOW + DAY)
    again(referral, {fever: YES}, by=staff)

    page = desk.get(page_of("referral", referral)).content.decode()

    assert visit.status == Visit.BOOKED
    assert "Stop: a red flag was answered with yes. Do not treat." in page
    assert desk.get(page_of("screen", referral)).status_code == 200
    refused = desk.post(page_of("screen", referral), {f"precaution_{fever.pk}": "no"})
    assert refused.status_code == 422


def test_a_question_is_asked_once_in_a_round(staff, thinners):
    referral = referred(staff)
    row = referral.screening_answers.get()
    row.pk = None

    with (
        pytest.raises(IntegrityError, match="screening_asks_each_question_once"),
        transaction.atomic(),
    ):
        row.save(force_insert=True)
    row.round = 2
    row.save(force_insert=True)


def test_an_answer_is_never_changed_or_deleted(staff, thinners):
    """The trigger screening_answer_is_kept says so."""
    referral = referred(staff)

    for spoil in (
        lambda: ScreeningAnswer.objects.update(answer=YES),
        lambda: ScreeningAnswer.objects.all().delete(),
    ):
        with pytest.raises(InternalError, match="Cannot"), transaction.atomic():
            spoil()
    assert referral.screening_answers.get().answer == NO
