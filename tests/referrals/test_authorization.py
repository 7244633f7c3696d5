"""The insurer's word: kept with its limits, and the second who saves is told."""

from __future__ import annotations

import pytest
from django.urls import reverse

from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from referrals import actions
from referrals.models import Authorization
from tests.factories import (
    DAY,
    NOW,
    TODAY,
    make_insurer,
    make_referral,
    make_user,
)

pytestmark = pytest.mark.django_db
UNTIL = TODAY + 60 * DAY


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def staff(client):
    user = make_user(Role.STAFF)
    client.force_login(user)
    return user


@pytest.fixture
def insurer():
    return make_insurer(name="Fictional Mutual", needs_authorization=True)


def page(referral):
    return reverse("referrals:authorize", args=[referral.pk])


def filled(**changes):
    form = {
        "seen": "0",
        "referral_seen": "1",
        "insurer": "Fictional Mutual",
        "member_number": "M-1",
        "referral_number": "",
        "number": "A-77",
        "visits": "4",
        "valid_until_month": str(UNTIL.month),
        "valid_until_day": str(UNTIL.day),
        "valid_until_year": str(UNTIL.year),
    }
    return form | changes


def test_nothing_can_be_booked_until_the_insurer_has_authorized_it(
    client, staff, insurer
):
    referral = make_referral(insurer=insurer, sessions=6)
    seen = reverse("referrals:referral", args=[referral.pk])
    assert (
        "the insurer must authorize visits first" in client.get(seen).content.decode()
    )

    assert client.post(page(referral), filled()).status_code == 302

    text = client.get(seen).content.decode()
    assert "The insurer pays for 4 visits" in text
    kept = Authorization.objects.get(referral=referral)
    assert (kept.number, kept.visits, kept.valid_until) == ("A-77", 4, UNTIL)
    assert kept.changed_by == staff


def test_the_trail_names_the_fields_and_not_the_numbers(client, staff, insurer):
    referral = make_referral(insurer=insurer)

    client.post(page(referral), filled())

    event = AuditEvent.objects.get(action="referral.authorized")
    assert event.change == "member_number,number,valid_until,visits"
    assert not AuditEvent.objects.filter(change__contains="A-77").exists()


def test_an_insurer_can_be_named_here_for_the_first_time(client, staff, insurer):
    referral = make_referral()

    client.post(page(referral), filled())

    referral.refresh_from_db()
    assert (referral.insurer, referral.version) == (insurer, 2)


def test_the_second_of_two_is_told_and_loses_nothing_that_was_typed(
    client, staff, insurer
):
    referral = make_referral(insurer=insurer)
    first = make_user(Role.STAFF, name="Ada First-Testwell")
    actions.record_authorization(
        referral=referral,
        insurer=insurer,
        word=actions.Word(number="A-11"),
        seen=0,
        referral_seen=1,
        by=first,
        now=NOW - DAY,
    )

    answer = client.post(page(referral), filled(number="A-22"))

    text = answer.content.decode()
    assert answer.status_code == 409
    assert "Ada First-Testwell" in text
    assert "A-11" in text
    assert 'value="A-22"' in text
    assert Authorization.objects.get().number == "A-11"
    assert (
        client.post(page(referral), filled(number="A-22", seen="1")).status_code == 302
    )
    assert Authorization.objects.get().number == "A-22"


def test_what_was_not_changed_is_not_said_to_be_saved(client, staff, insurer):
    referral = make_referral(insurer=insurer)
    client.post(page(referral), filled(number="A-11"))
    client.get(page(referral))  # which says what the first one did

    again = client.post(page(referral), filled(number="A-11", seen="1"), follow=True)

    assert "You changed nothing" in again.content.decode()
    assert "word is saved" not in again.content.decode()


def test_a_form_sent_twice_saves_once(client, staff, insurer):
    referral = make_referral(insurer=insurer)

    answers = [client.post(page(referral), filled()).status_code for _ in range(2)]

    assert answers == [302, 302]
    assert Authorization.objects.get().version == 1
    assert AuditEvent.objects.filter(action="referral.authorized").count() == 1


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("number", "", "Enter the authorization number"),
        ("visits", "0", "visits"),
        ("visits", "many", "visits"),
        ("valid_until_year", "3999", "valid_until"),
        ("insurer", "Nobody's", "No insurer on record"),
        ("number", "9" * 41, "number"),
        ("seen", "-1", ""),
    ],
)
def test_bad_input_is_refused_at_its_field_and_the_rest_is_kept(
    client, staff, insurer, field, value, words
):
    referral = make_referral(insurer=insurer)

    answer = client.post(page(referral), filled(**{field: value}))

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert 'value="M-1"' in answer.content.decode()
    assert not Authorization.objects.exists()
