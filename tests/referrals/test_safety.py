"""Nobody gets round a safety answer, a clearance, or the insurer's word."""

from __future__ import annotations

import pytest
from django.urls import reverse

from appointments import actions as appointments
from appointments.models import WaitlistEntry
from massage_portal.accounts.roles import Role
from massage_portal.tokens import sign
from referrals import actions
from referrals.actions import renewal as module
from referrals.codes import Answer, Status
from referrals.models import Authorization, Referral
from tests.factories import (
    DAY,
    NOW,
    TODAY,
    at,
    make_clinic,
    make_diagnosis,
    make_entry,
    make_insurer,
    make_policy,
    make_precaution,
    make_provider,
    make_referral,
    make_renewal,
    make_user,
    opening_at,
)
from tests.referrals.test_actions import clear
from tests.referrals.test_correct import order
from tests.trail import trail

pytestmark = pytest.mark.django_db
YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def staff():
    return make_user(Role.STAFF)


@pytest.fixture
def thinners():
    return make_precaution(meaning="clearance", question="Blood thinners?")


@pytest.fixture
def fever():
    return make_precaution(meaning="not-now", question="Fever?")


def screen(referral, answers, *, by, now=NOW):
    return actions.screen_again(referral=referral, answers=answers, by=by, now=now)


def correct(referral, by, **changes):
    referral = Referral.objects.get(pk=referral.pk)
    return actions.correct_referral(
        referral=referral,
        order=order(referral, **changes),
        seen=referral.version,
        by=by,
        now=NOW,
    )


# --- A draft --------------------------------------------------------------------------


def test_a_draft_is_not_held_by_hand_and_so_not_cleared_without_an_answer(
    client, staff
):
    draft = make_referral(status=Status.DRAFT)
    client.force_login(staff)
    address = reverse("referrals:move", args=[draft.pk])

    assert 'value="on-hold"' not in client.get(address).content.decode()
    with pytest.raises(actions.Moved):
        actions.move(
            referral=draft,
            to=Status.ON_HOLD,
            reason="By hand.",
            seen="draft",
            by=staff,
            now=NOW,
        )

    draft.refresh_from_db()
    assert draft.status == Status.DRAFT


# --- A yes ----------------------------------------------------------------------------


@pytest.mark.parametrize("later", [[NO, NO], [UNKNOWN, NO], [NO, UNKNOWN, NO]])
def test_a_yes_is_not_talked_away_by_any_number_of_rounds(staff, thinners, later):
    referral = make_referral()
    screen(referral, {thinners: YES}, by=staff)

    for answer in later:
        screen(referral, {thinners: answer}, by=make_user(Role.STAFF))

    referral.refresh_from_db()
    assert referral.status == Status.ON_HOLD


# --- A clearance ----------------------------------------------------------------------


def test_a_clearance_of_a_page_that_is_out_of_date_is_refused(client, staff, thinners):
    other = make_precaution(meaning="clearance", question="Low platelets?")
    referral = make_referral()
    screen(referral, {thinners: YES, other: NO}, by=staff)
    seen = Referral.objects.get(pk=referral.pk).version
    actions.move(
        referral=referral,
        to=Status.REVOKED,
        reason="Taken back.",
        seen="on-hold",
        by=staff,
        now=NOW,
    )
    held = make_referral(patient=referral.patient, status=Status.ON_HOLD, version=3)
    client.force_login(staff)
    day = {"month": TODAY.month, "day": TODAY.day, "year": TODAY.year}
    typed = {"cleared_by": "Dr. Testwell", "seen": seen}
    typed |= {f"cleared_on_{part}": number for part, number in day.items()}

    answer = client.post(reverse("referrals:referral", args=[held.pk]), typed)

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "changed" in page
    assert 'value="Dr. Testwell"' in page
    assert 'name="seen" value="3"' in page  # sent once more, it is saved
    held.refresh_from_db()
    assert (held.status, held.clearance_by) == (Status.ON_HOLD, "")


def test_a_clearance_from_before_the_answers_it_is_for_is_refused(staff, thinners):
    referral = make_referral()
    screen(referral, {thinners: NO}, by=staff, now=NOW - 9 * DAY)
    screen(referral, {thinners: YES}, by=staff)

    with pytest.raises(actions.NotClearable, match="asked again"):
        clear(referral, by=staff, on=TODAY - DAY)

    assert clear(referral, by=staff, on=TODAY).status == Status.ACTIVE


def test_a_clearance_that_came_with_the_letter_is_taken(staff, thinners):
    referral = make_referral()
    screen(referral, {thinners: YES}, by=staff)

    assert clear(referral, by=staff, on=TODAY - 9 * DAY).status == Status.ACTIVE


def test_why_a_referral_was_held_is_forgotten_once_it_is_cleared(staff):
    referral = make_referral(status=Status.ON_HOLD, status_reason="Fever last week.")

    assert clear(referral, by=staff).status_reason == ""


# --- A red flag -----------------------------------------------------------------------


def test_a_red_flag_holds_all_that_the_patient_has_in_force(staff, fever):
    make_policy()
    _place, [therapist], [room] = make_clinic()
    ill = make_referral()
    other = make_referral(patient=ill.patient, diagnosis=make_diagnosis("M54.2", "X"))
    another_patient = make_referral()
    entry = make_entry(referral=other)

    screen(ill, {fever: YES}, by=staff)

    other.refresh_from_db()
    another_patient.refresh_from_db()
    assert other.status == Status.ON_HOLD
    assert str(ill.pk) in other.status_reason
    assert another_patient.status == Status.ACTIVE
    with pytest.raises(appointments.NotWaiting):
        appointments.book(
            entry=entry,
            opening=opening_at(therapist, room, at(TODAY + 2 * DAY, "08:00")),
            by=staff,
            now=NOW,
        )
    assert clear(other, by=staff).status == Status.ACTIVE


# --- The insurer ----------------------------------------------------------------------


@pytest.fixture
def authorized(staff):
    """A referral whose insurer authorized six visits."""
    insurer = make_insurer(name="First Mutual", needs_authorization=True)
    referral = make_referral(insurer=insurer, sessions=6)
    actions.record_authorization(
        referral=referral,
        insurer=insurer,
        word=actions.Word(number="A-1", visits=6),
        seen=0,
        referral_seen=1,
        by=staff,
        now=NOW,
    )
    return referral


def test_another_insurer_does_not_inherit_the_word_of_the_first(staff, authorized):
    second = make_insurer(name="Second Mutual", needs_authorization=True)

    correct(authorized, staff, insurer=second)

    kept = Authorization.objects.get(referral=authorized)
    assert (kept.number, kept.visits) == ("", None)
    assert not Referral.objects.in_force_on(TODAY).filter(pk=authorized.pk).exists()
    assert "referral.authorization_ended" in [row[1] for row in trail(authorized)]


def test_nor_does_that_of_a_draft_that_is_completed(staff, authorized):
    second = make_insurer(name="Second Mutual", needs_authorization=True)
    draft = make_referral(status=Status.DRAFT, insurer=authorized.insurer)
    Authorization.objects.filter(referral=authorized).update(referral=draft)

    actions.complete_draft(
        referral=draft, answers={}, insurer=second, by=staff, now=NOW
    )

    assert not Referral.objects.in_force_on(TODAY).filter(pk=draft.pk).exists()


def test_the_insurer_of_another_is_not_undone_in_silence(client, staff):
    referral = make_referral()
    strict = make_insurer(name="Strict Mutual", needs_authorization=True)
    correct(referral, staff, insurer=strict)
    client.force_login(staff)
    address = reverse("referrals:authorize", args=[referral.pk])
    typed = {"seen": 0, "referral_seen": 1, "insurer": "", "member_number": "M-7"}

    answer = client.post(address, typed)

    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Strict Mutual" in page
    assert 'value="M-7"' in page
    assert client.post(address, typed | {"referral_seen": 2}).status_code == 302


def test_nothing_is_authorized_once_a_referral_has_ended(staff):
    ended = make_referral(status=Status.REVOKED)

    with pytest.raises(actions.Ended):
        actions.record_authorization(
            referral=ended,
            insurer=None,
            word=actions.Word(number="A-1"),
            seen=0,
            referral_seen=1,
            by=staff,
            now=NOW,
        )


def test_a_visit_that_the_plan_no_longer_has_is_not_proposed(authorized):
    Authorization.objects.filter(referral=authorized).update(visits=12)
    Referral.objects.filter(pk=authorized.pk).update(sessions=2)
    make_entry(referral=authorized, session=3)

    assert not WaitlistEntry.objects.covered(NOW).exists()


# --- The link of a renewal ------------------------------------------------------------


def link(question):
    return reverse("referrals:answer_renewal", args=[sign("renewal", question.pk)])


def test_who_sent_it_no_more_cannot_answer_for_who_does(client, staff):
    question = make_renewal()
    successor = make_provider(user=make_user(Role.PROVIDER))

    correct(question.referral, staff, provider=successor)

    assert "This link has ended" in client.get(link(question)).content.decode()
    client.post(link(question), {"answer": "renew"})
    assert not Referral.objects.filter(renews=question.referral).exists()


def test_a_referral_that_is_taken_back_is_shown_to_nobody(client):
    lead = make_user(Role.LEAD)
    question = make_renewal()

    actions.move(
        referral=question.referral,
        to=Status.ENTERED_IN_ERROR,
        reason="Wrong patient.",
        seen="active",
        by=lead,
        now=NOW,
    )

    page = client.get(link(question)).content.decode()
    assert str(question.referral.patient.birth_date.year) not in page
    assert "<h1>" in page


def test_one_referral_at_fault_keeps_no_other_from_its_warning(monkeypatch):
    ending = [make_referral(valid_until=TODAY + 20 * DAY) for _ in "123"]
    inner = module.lock

    def fails_once(referral):
        if referral.pk == ending[0].pk:
            raise RuntimeError("at fault")
        return inner(referral)

    monkeypatch.setattr(module, "lock", fails_once)

    assert actions.warn_of_expiry(now=NOW) == 2


# --- The same again -------------------------------------------------------------------


def test_a_correction_sent_twice_is_one(staff):
    referral = make_referral(sessions=6)
    fields = {"referral": referral, "seen": 1, "by": staff, "now": NOW}
    once = actions.correct_referral(order=order(referral, sessions=3), **fields)

    again = actions.correct_referral(order=order(referral, sessions=3), **fields)

    assert (once.version, again.version) == (2, 2)
