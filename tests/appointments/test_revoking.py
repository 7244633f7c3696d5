"""A referral taken back while a time is given: whoever comes first decides."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.db import OperationalError, transaction

from appointments import actions
from appointments.codes import Ending, Status
from massage_portal.accounts.roles import Role
from referrals import actions as referrals
from referrals.codes import Status as ReferralStatus
from referrals.models import Referral
from tests.factories import (
    DAY,
    NOW,
    TODAY,
    at,
    make_clinic,
    make_entry,
    make_policy,
    make_user,
    opening_at,
)
from tests.referrals.test_actions import clear
from tests.threads import errors, together

OFFER = import_module("appointments.actions.offer")  # the action hides its module
BOOK = import_module("appointments.actions.book")
pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def waiting():
    """One who waits, and an opening for them."""
    make_policy()
    _place, [therapist], [room] = make_clinic()
    return make_entry(), opening_at(therapist, room, at(TODAY + 2 * DAY, "08:00"))


def referral_locked_during(monkeypatch, module, name, act):
    """Run `act`; return what happens to another who wants the referral meanwhile."""
    met = []
    inner = getattr(module, name)

    @transaction.atomic
    def want(pk):
        return Referral.objects.select_for_update(nowait=True).get(pk=pk)

    def watched(*args, **kwargs):
        entry = kwargs.get("entry") or args[1]
        met.extend(errors(together(lambda: want(entry.referral_id))))
        return inner(*args, **kwargs)

    monkeypatch.setattr(module, name, watched)
    act()
    return met


def test_nobody_revokes_a_referral_while_an_offer_is_made(monkeypatch, waiting):
    entry, opening = waiting

    def give():
        actions.offer(entry=entry, opening=opening, by=None, now=NOW)

    [met] = referral_locked_during(monkeypatch, OFFER, "send", give)

    assert isinstance(met, OperationalError)


def test_nobody_revokes_a_referral_while_an_offer_is_accepted(monkeypatch, waiting):
    entry, opening = waiting
    made = actions.offer(entry=entry, opening=opening, by=None, now=NOW)

    def accept():
        actions.accept(appointment=made, by=entry.patient.user, now=NOW)

    [met] = referral_locked_during(monkeypatch, BOOK, "book_held", accept)

    assert isinstance(met, OperationalError)
    made.refresh_from_db()
    assert made.status == Status.BOOKED


def test_an_offer_of_a_revoked_referral_is_not_accepted(waiting):
    entry, opening = waiting
    made = actions.offer(entry=entry, opening=opening, by=None, now=NOW)
    referrals.revoke(referral=entry.referral, by=make_user(Role.STAFF), now=NOW)

    with pytest.raises(actions.OfferGone, match="does not cover"):
        actions.accept(appointment=made, by=entry.patient.user, now=NOW)


def test_a_hold_and_an_acceptance_at_once_end_in_one_true_state(waiting):
    """Whoever comes first decides; neither waits for the other for ever."""
    entry, opening = waiting
    lead = make_user(Role.LEAD, Role.STAFF)
    words = {"reason": "As told.", "by": lead, "now": NOW}
    hold = {"to": ReferralStatus.ON_HOLD, "seen": "active"}
    for _turn in range(6):
        made = actions.offer(entry=entry, opening=opening, by=None, now=NOW)
        failed = errors(
            together(
                lambda: referrals.move(referral=entry.referral, **hold, **words),
                lambda one=made: actions.accept(
                    appointment=one, by=entry.patient.user, now=NOW
                ),
            )
        )
        made.refresh_from_db()
        assert all(isinstance(one, actions.OfferGone) for one in failed), failed
        assert (made.status == Status.BOOKED) == (not failed)
        clear(entry.referral, by=lead)
        if made.status == Status.BOOKED:
            ending = Ending.BY_CLINIC
            actions.cancel(appointment=made, ending=ending, by=lead, now=NOW)


def test_an_end_and_a_withdrawal_at_once_wait_for_each_other(waiting):
    entry, opening = waiting
    staff, user = make_user(Role.STAFF), entry.patient.user
    actions.offer(entry=entry, opening=opening, by=None, now=NOW)

    failed = errors(
        together(
            lambda: referrals.revoke(referral=entry.referral, by=staff, now=NOW),
            lambda: actions.withdraw(entry=entry, by=user, now=NOW),
        )
    )

    entry.refresh_from_db()
    assert failed == []
    assert entry.status == "cancelled"


def test_each_step_of_an_offer_replaces_the_last_one_in_a_calendar(waiting):
    entry, opening = waiting
    user = entry.patient.user
    made = actions.offer(entry=entry, opening=opening, by=None, now=NOW)
    declined = actions.decline(appointment=made, by=user, now=NOW)
    again = actions.offer(entry=entry, opening=opening, by=None, now=NOW)
    booked = actions.accept(appointment=again, by=user, now=NOW)

    assert (made.sequence, declined.sequence) == (0, 1)
    assert (again.sequence, booked.sequence) == (0, 1)
