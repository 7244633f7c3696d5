"""What changes while a sender holds a message that it has not begun."""

from __future__ import annotations

import pytest

from appointments.codes import Status
from massage_portal.outbox import actions
from massage_portal.outbox.carriers.email import EmailCarrier
from massage_portal.outbox.kinds import Mail
from massage_portal.outbox.models import Message, Preference
from referrals.actions.states import change_status
from referrals.codes import Status as ReferralStatus
from tests.factories import DAY, NOW, make_message, make_user
from tests.letters import marked_visit
from tests.sending import send_all, words

pytestmark = pytest.mark.django_db
OPTIONAL = "tests.optional"


def between(monkeypatch, change):
    """Have something happen after a batch was written, as its first mail goes."""
    deliver = EmailCarrier.send

    def changed(self, *args, **how):
        change()
        return deliver(self, *args, **how)

    monkeypatch.setattr(EmailCarrier, "send", changed)


def test_what_was_turned_off_while_it_was_held_does_not_go(server, render, monkeypatch):
    render(words, kind=OPTIONAL, optional=True)
    user = make_user()
    make_message()
    unwanted = make_message(kind=OPTIONAL, to=user)
    off = {"user": user, "optional": False, "by": user, "now": NOW}
    between(monkeypatch, lambda: actions.set_optional(**off))

    send_all()
    unwanted.refresh_from_db()
    assert (unwanted.sent_at, unwanted.claim, len(server.caught)) == (None, None, 1)

    send_all()
    unwanted.refresh_from_db()
    assert (unwanted.voided_at, len(server.caught)) == (NOW, 1)


def test_what_comes_due_later_is_kept_for_whoever_turns_it_on_again(server, render):
    render(words, kind=OPTIONAL, optional=True)
    user = make_user()
    times = {"due_at": NOW + DAY, "expires_at": NOW + 2 * DAY}
    later = make_message(kind=OPTIONAL, to=user, **times)
    for wanted in (False, True):
        actions.set_optional(user=user, optional=wanted, by=user, now=NOW)
    later.refresh_from_db()
    assert later.voided_at is None


@pytest.mark.parametrize("to", [ReferralStatus.ON_HOLD, ReferralStatus.REVOKED])
def test_no_reminder_goes_of_a_referral_that_stopped_while_it_was_held(
    to, server, monkeypatch
):
    visit = marked_visit(Status.BOOKED)
    make_message()
    reminder = make_message(
        kind="appointments.reminder", subject=visit, to=visit.patient.user
    )
    by = make_user()
    done = []

    def stops():
        if not done:
            done.append(to)
            change_status(visit.entry.referral, to, "referral.x", by=by, now=NOW)

    between(monkeypatch, stops)
    send_all()
    send_all()
    reminder.refresh_from_db()
    assert (reminder.sent_at, done != []) == (None, True)
    assert Message.objects.filter(sent_at__isnull=False).count() == 1


def test_whoever_named_no_zone_has_the_hours_of_the_place(server, render):
    of_hawaii = Mail("A", "a", "<p>a</p>", zone="Pacific/Honolulu")
    render(lambda message: of_hawaii, at_once=False)
    named, silent = make_user(), make_user()
    Preference.objects.create(user=named, time_zone="America/Chicago")
    Preference.objects.create(user=silent)  # NOW is 10:00 in Chicago, 5:00 in Hawaii
    both = [make_message(to=named), make_message(to=silent)]
    send_all()
    for one in both:
        one.refresh_from_db()
    assert [one.sent_at for one in both] == [NOW, None]
