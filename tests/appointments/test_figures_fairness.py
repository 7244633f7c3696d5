"""Waits by what must not matter: of those who were seen, and of those who wait."""

from __future__ import annotations

import pytest

from appointments.codes import EntryStatus, Status
from appointments.figures import fairness
from appointments.models.waitlist import FEWEST_SHOWN
from massage_portal.accounts.roles import Role
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    make_appointment,
    make_category,
    make_clinic,
    make_entry,
    make_insurer,
    make_patient,
    make_referral,
    make_user,
)

pytestmark = pytest.mark.django_db
UNKNOWN = ["-"] * 4


def some_patient(*, insurer=None, language=""):
    """Return the referral of a patient; with a language, they have an account."""
    account = {"account": False}
    if language:
        account = {"user": make_user(Role.PATIENT, language=language)}
    return make_referral(patient=make_patient(**account), insurer=insurer)


def seen_after(days, numbers, **who):
    """Let some patients be seen after so many days."""
    _place, [therapist], [room] = make_clinic()
    for number in numbers:
        starts_at = NOW - (number + 1) * 2 * HOUR
        entry = make_entry(
            referral=some_patient(**who),
            status=EntryStatus.IN_PROGRESS,
            received_at=starts_at - days * DAY,
        )
        make_appointment(
            status=Status.FULFILLED,
            entry=entry,
            starts_at=starts_at,
            therapist=therapist,
            room=room,
        )


def waits_for(days, number, **fields):
    """Let some patients wait since so many days."""
    who = {name: fields.pop(name) for name in ("insurer", "language") if name in fields}
    category = make_category(target_days=14)
    for _one in range(number):
        make_entry(
            referral=some_patient(**who), waited_days=days, category=category, **fields
        )


def test_those_who_wait_now_stand_beside_those_who_were_seen():
    seen_after(8, range(10), language="en")
    waits_for(13, 6, language="es")
    waits_for(15, 6, language="es")
    waits_for(3, 11, language="en")

    figure = fairness.by_language(now=NOW)

    assert figure.rows == [
        ["English", "10", "8.0", "8.0", "100%", "11", "3.0", "3.0", "100%"],
        ["Spanish", *UNKNOWN, "12", "14.0", "15.0", "50%"],
    ]
    english, spanish = figure.bars
    assert (english.value, english.said, english.mark) == (8, "8.0", 3)
    assert (spanish.value, spanish.said, spanish.mark) == (0, "-", 14)
    assert "fewer than" not in figure.about


def test_a_kind_of_insurer_whom_the_clinic_sees_late_is_told_while_they_wait():
    inside, outside = (make_insurer(in_network=one) for one in (True, False))
    waits_for(2, 10, insurer=inside)
    waits_for(40, 10, insurer=outside)

    rows = fairness.by_insurer(now=NOW).rows

    assert rows == [
        ["In our network", *UNKNOWN, "10", "2.0", "2.0", "100%"],
        ["Not in our network", *UNKNOWN, "10", "40.0", "40.0", "0%"],
    ]


def test_waits_by_insurer_hide_groups_of_few_people():
    inside = make_insurer(in_network=True)
    seen_after(8, range(FEWEST_SHOWN), insurer=inside)
    seen_after(8, [FEWEST_SHOWN])  # one has none on record
    waits_for(5, FEWEST_SHOWN - 1, insurer=inside)

    figure = fairness.by_insurer(now=NOW)

    assert figure.rows == [["In our network", "10", "8.0", "8.0", "100%", *UNKNOWN]]
    assert "fewer than 10" in figure.about
    languages = fairness.by_language(now=NOW)
    assert [row[:3] for row in languages.rows] == [["No account", "11", "8.0"]]


def test_who_waits_for_the_next_visit_of_a_plan_or_a_day_to_come_is_left_out():
    waits_for(5, FEWEST_SHOWN, session=2)
    waits_for(-5, FEWEST_SHOWN)
    waits_for(5, FEWEST_SHOWN, status=EntryStatus.ON_HOLD)

    assert fairness.by_language(now=NOW).rows == []
