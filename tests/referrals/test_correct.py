"""A referral on record is put right, and the second of two who save is told."""

from __future__ import annotations

import pytest
from django.urls import reverse

from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from referrals import actions
from referrals.codes import Status
from referrals.models import Referral
from tests.factories import (
    DAY,
    NOW,
    TODAY,
    make_diagnosis,
    make_insurer,
    make_provider,
    make_referral,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def staff(client, clock):
    user = make_user(Role.STAFF, name="Sam Staff-Testwell")
    client.force_login(user)
    return user


def page(referral):
    return reverse("referrals:correct", args=[referral.pk])


def date_of(name, day):
    parts = {"month": day.month, "day": day.day, "year": day.year}
    return {f"{name}_{part}": str(value) for part, value in parts.items()}


def filled(referral, **changes):
    """Return the form as the page draws it, with some of it changed."""
    form = {
        "npi": referral.provider.npi,
        "diagnosis": str(referral.diagnosis),
        "code": referral.diagnosis.code,
        "priority": referral.priority,
        "sessions": referral.sessions,
        "interval_days": referral.interval_days,
        "technique": "",
        "insurer": "",
        "reason": referral.reason,
        "goals": referral.goals,
        "seen": referral.version,
    }
    form |= date_of("received_on", referral.received_at.date())
    form |= date_of("valid_from", referral.valid_from)
    form |= date_of("valid_until", referral.valid_until)
    return form | changes


def order(referral, **changes):
    names = actions.Order.__dataclass_fields__
    fields = {name: getattr(referral, name) for name in names}
    return actions.Order(**fields | {"other_diagnoses": ()} | changes)


def test_the_page_shows_what_is_on_record(client, staff):
    insurer = make_insurer(name="Fictional Mutual")
    referral = make_referral(reason="Neck pain.", sessions=4, insurer=insurer)

    text = client.get(page(referral)).content.decode()

    assert f'value="{referral.provider.npi}"' in text
    assert 'value="M79.7 Fibromyalgia"' in text
    assert 'value="Fictional Mutual"' in text
    assert "Neck pain." in text
    assert 'value="4"' in text


def test_a_correction_is_kept_and_its_fields_are_on_the_trail(client, staff):
    referral = make_referral(sessions=4)
    provider = make_provider()
    actions.begin_plan(referral=referral, by=staff, now=NOW)

    answer = client.post(
        page(referral), filled(referral, sessions=6, npi=provider.npi, reason="Back.")
    )

    assert answer.status_code == 302
    referral.refresh_from_db()
    assert (referral.sessions, referral.provider) == (6, provider)
    assert referral.reason == "Back."
    assert (referral.version, referral.changed_by) == (2, staff)
    last = AuditEvent.objects.filter(action="referral.corrected").latest("pk")
    assert {"sessions", "provider", "reason"} <= set(last.change.split(","))
    plans = referral.plans.order_by("number").values_list("number", "sessions")
    assert list(plans) == [(1, 4), (2, 6)]  # what was agreed on is a new version


def test_what_was_not_changed_is_not_said_to_be_saved(client, staff):
    referral = make_referral()
    shown = f"/referrals/{referral.pk}/"

    client.post(page(referral), filled(referral))
    unchanged = client.get(shown).content.decode()
    twice = filled(referral, reason="Back.")
    answers = [client.post(page(referral), twice) for _ in range(2)]
    saved = client.get(shown).content.decode()

    assert "You changed nothing" in unchanged
    assert "The correction is saved" not in unchanged
    assert [one.status_code for one in answers] == [302, 302]
    assert saved.count("The correction is saved") == 1  # though it was sent twice
    assert "You changed nothing" not in saved
    received_at = referral.received_at
    referral.refresh_from_db()
    assert referral.version == 2
    assert referral.received_at == received_at  # the hour too: the clock stays


def test_a_correction_of_what_is_not_of_the_plan_leaves_the_plan(client, staff):
    referral = make_referral()
    actions.begin_plan(referral=referral, by=staff, now=NOW)

    client.post(page(referral), filled(referral, reason="Neck."))

    assert referral.plans.count() == 1


def test_the_second_of_two_is_told_who_changed_what_and_loses_nothing(client, staff):
    referral = make_referral(sessions=4, reason="As it came.")
    drawn = filled(referral, reason="Typed second.", sessions=9)
    first = make_user(Role.STAFF, name="Ada First-Testwell")
    actions.correct_referral(
        referral=referral,
        order=order(referral, reason="Typed first."),
        seen=1,
        by=first,
        now=NOW - DAY,
    )

    answer = client.post(page(referral), drawn)

    text = answer.content.decode()
    assert answer.status_code == 409
    assert "Ada First-Testwell" in text
    assert "Typed first." in text  # what is on record now
    assert text.count("Typed second.") >= 2  # in the field, and beside it
    assert 'value="9"' in text
    referral.refresh_from_db()
    assert referral.reason == "Typed first."

    again = client.post(page(referral), drawn | {"seen": 2})
    assert again.status_code == 302
    referral.refresh_from_db()
    assert (referral.reason, referral.sessions) == ("Typed second.", 9)


def test_a_referral_that_has_ended_is_not_rewritten(client, staff):
    referral = make_referral(status=Status.COMPLETED)

    answer = client.post(page(referral), filled(referral, reason="Late."))

    assert answer.status_code == 422
    assert "has ended" in answer.content.decode()
    referral.refresh_from_db()
    assert referral.reason == ""


def test_two_open_referrals_cannot_be_given_one_diagnosis(client, staff):
    first = make_referral()
    other = make_referral(
        patient=first.patient, diagnosis=make_diagnosis("M54.2", "Cervicalgia")
    )

    answer = client.post(
        page(other), filled(other, diagnosis="M79.7", code="M79.7", reason="Kept.")
    )

    assert answer.status_code == 422
    assert "open referral for this diagnosis" in answer.content.decode()
    assert "Kept." in answer.content.decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sessions", "0"),
        ("sessions", "many"),
        ("npi", "1234567890"),
        ("diagnosis", ""),
        ("reason", "x" * 2001),
        ("seen", "no number"),
        ("valid_until_year", "99999"),
    ],
)
def test_bad_input_is_refused_and_the_rest_is_kept(client, staff, field, value):
    referral = make_referral(reason="Before.")

    answer = client.post(
        page(referral), filled(referral, goals="Sleep better.") | {field: value}
    )

    assert answer.status_code in (409, 422)
    referral.refresh_from_db()
    assert (referral.reason, referral.version) == ("Before.", 1)


# --- Moving it ------------------------------------------------------------------------


def steps(referral):
    return reverse("referrals:move", args=[referral.pk])


def moved(referral, to, **changes):
    form = {"to": to, "reason": "The provider called.", "seen": referral.status}
    return form | changes


@pytest.mark.parametrize(
    ("before", "to"),
    [
        (Status.ACTIVE, Status.ON_HOLD),
        (Status.ACTIVE, Status.REVOKED),
        (Status.ON_HOLD, Status.REVOKED),
        (Status.DRAFT, Status.REVOKED),
        (Status.ACTIVE, Status.ENTERED_IN_ERROR),
        (Status.COMPLETED, Status.ENTERED_IN_ERROR),
        (Status.REVOKED, Status.ENTERED_IN_ERROR),
    ],
)
def test_staff_move_a_referral_with_a_reason_and_nothing_is_deleted(
    client, staff, before, to
):
    referral = make_referral(status=before)

    answer = client.post(steps(referral), moved(referral, to))

    assert answer.status_code == 302
    referral.refresh_from_db()
    assert (referral.status, referral.status_reason) == (to, "The provider called.")
    assert AuditEvent.objects.filter(change=f"{before}>{to}").count() == 1
    seen = client.get(reverse("referrals:referral", args=[referral.pk]))
    assert "The provider called." in seen.content.decode()


def test_a_reason_is_required(client, staff):
    referral = make_referral()

    answer = client.post(steps(referral), moved(referral, Status.REVOKED, reason=" "))

    assert answer.status_code == 422
    referral.refresh_from_db()
    assert referral.status == Status.ACTIVE


@pytest.mark.parametrize("to", ["active", "completed", "draft", "gone", ""])
def test_no_other_step_is_taken_by_hand(client, staff, to):
    referral = make_referral(status=Status.ON_HOLD)

    assert client.post(steps(referral), moved(referral, to)).status_code == 422
    referral.refresh_from_db()
    assert referral.status == Status.ON_HOLD


def test_a_button_pressed_twice_moves_it_once(client, staff):
    referral = make_referral()
    form = moved(referral, Status.REVOKED)

    answers = [client.post(steps(referral), form).status_code for _ in range(2)]

    assert answers == [302, 409]
    assert AuditEvent.objects.filter(action="referral.revoked").count() == 1


def test_a_stale_page_moves_nothing_and_says_how_it_stands(client, staff):
    referral = make_referral()
    drawn = moved(referral, Status.ON_HOLD, reason="Typed.")
    other = make_user(Role.STAFF, name="Ada First-Testwell")
    actions.move(
        referral=referral,
        to=Status.REVOKED,
        reason="Done.",
        seen="active",
        by=other,
        now=NOW,
    )

    answer = client.post(steps(referral), drawn)

    assert answer.status_code == 409
    referral.refresh_from_db()
    assert referral.status == Status.REVOKED


def test_only_who_may_retract_can_say_that_it_was_an_error():
    referral = make_referral()
    scheduler = make_user(Role.SCHEDULER)

    with pytest.raises(actions.NotAllowed):
        actions.move(
            referral=referral,
            to=Status.ENTERED_IN_ERROR,
            reason="x",
            seen="active",
            by=scheduler,
            now=NOW,
        )


def test_a_patient_sees_no_referral_that_was_entered_in_error(client, staff):
    referral = make_referral(valid_until=TODAY + DAY)
    client.post(steps(referral), moved(referral, Status.ENTERED_IN_ERROR))

    assert not Referral.objects.visible_to(referral.patient.user).exists()
