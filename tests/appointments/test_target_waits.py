"""What everyone may see of the waits: targets, and medians that point at nobody."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from django.template import Context, Template
from django.urls import reverse
from django.utils import translation

from appointments.codes import EntryStatus, Status
from appointments.models import WaitlistEntry
from appointments.models.waitlist import FEWEST_SHOWN, LOOK_BACK
from appointments.templatetags.appointments import target_waits
from tests.content import open_guide
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    make_appointment,
    make_category,
    make_clinic,
    make_diagnosis,
    make_entry,
    make_patient,
    make_referral,
)

pytestmark = pytest.mark.django_db
SEEN = NOW - 30 * DAY


@pytest.fixture
def see():
    """Return a function that makes people who were seen after so many days each."""
    _place, (therapist,), (room,) = make_clinic()
    numbers = itertools.count()

    def seen(
        category, waits, *, status=Status.FULFILLED, at=SEEN, patient=None, session=1
    ):
        entries = []
        for days in waits:
            number = next(numbers)
            starts_at = at - number * HOUR
            referral = make_referral(
                patient=patient or make_patient(account=False),
                diagnosis=make_diagnosis(f"M{number}"),
                sessions=2,
            )
            entries.append(
                make_entry(
                    referral=referral,
                    category=category,
                    session=session,
                    status=EntryStatus.IN_PROGRESS,
                    received_at=starts_at - timedelta(days=days),
                )
            )
            make_appointment(
                entry=entries[-1],
                therapist=therapist,
                room=room,
                status=status,
                starts_at=starts_at,
            )
        return entries

    return seen


def medians():
    found = WaitlistEntry.objects.median_waits(now=NOW)
    return dict(found.values_list("category", "days"))


def test_the_median_is_the_wait_that_half_did_not_exceed(see):
    urgent, soon = make_category(), make_category()
    see(urgent, [1, 2, 3, 4, 5, 5, 6, 7, 8, 90])
    see(soon, range(11))

    assert medians() == {urgent.pk: pytest.approx(5), soon.pk: pytest.approx(5)}


def test_a_group_smaller_than_ten_is_not_told(see):
    category = make_category()
    see(category, [7] * (FEWEST_SHOWN - 1))
    assert FEWEST_SHOWN == 10
    assert medians() == {}

    see(category, [7])
    assert medians() == {category.pk: pytest.approx(7)}


def test_one_person_seen_often_is_still_one_person(see):
    category, often = make_category(), make_patient(account=False)
    see(category, [7] * FEWEST_SHOWN, patient=often)

    assert medians() == {}


@pytest.mark.parametrize("status", [Status.BOOKED, Status.FULFILLED])
def test_a_visit_made_or_booked_and_not_yet_recorded_ends_a_wait(see, status):
    category = make_category()
    see(category, [7] * FEWEST_SHOWN, status=status)

    assert medians() == {category.pk: pytest.approx(7)}


@pytest.mark.parametrize("status", [Status.PROPOSED, Status.CANCELLED, Status.NOSHOW])
def test_an_offer_or_a_visit_canceled_or_missed_ends_no_wait(see, status):
    see(make_category(), [7] * FEWEST_SHOWN, status=status)

    assert medians() == {}


def test_a_visit_entered_in_error_does_not_end_a_wait_but_the_next_one_does(see):
    category = make_category()
    for entry in see(category, [7] * FEWEST_SHOWN, status=Status.ENTERED_IN_ERROR):
        first = entry.appointments.get()
        make_appointment(
            entry=entry,
            therapist=first.therapist,
            room=first.room,
            status=Status.FULFILLED,
            starts_at=first.starts_at + 20 * DAY,
        )

    assert medians() == {category.pk: pytest.approx(27)}


@pytest.mark.parametrize(
    ("at", "told"),
    [
        pytest.param(NOW - HOUR, True, id="an hour ago"),
        pytest.param(NOW - LOOK_BACK + DAY, True, id="89 days ago"),
        pytest.param(NOW - LOOK_BACK, False, id="90 days ago"),
        pytest.param(NOW + 2 * DAY, False, id="still to come"),
    ],
)
def test_only_the_last_90_days_count(see, at, told):
    see(make_category(), [7] * FEWEST_SHOWN, at=at)

    assert bool(medians()) is told


def test_later_visits_of_a_plan_wait_for_a_planned_day_and_do_not_count(see):
    see(make_category(), [7] * FEWEST_SHOWN, session=2)

    assert medians() == {}


def test_the_table_shows_the_categories_in_use_in_two_queries(
    see, django_assert_max_num_queries
):
    slow, quick = make_category(target_days=84), make_category(target_days=3)
    make_category(active=False)
    see(slow, [7.2] * FEWEST_SHOWN)

    with django_assert_max_num_queries(1):
        waits = target_waits(NOW)

    assert waits == [(quick, None), (slow, 8)]  # in days, rounded up


def test_the_page_tells_the_rule_the_targets_and_no_figure_of_too_few(
    client, see, monkeypatch
):
    open_guide()
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    see(make_category(name="Soon", target_days=14), [9] * FEWEST_SHOWN)
    see(make_category(name="Standard", target_days=28), [21] * (FEWEST_SHOWN - 1))

    page = client.get(reverse("services:page", args=["who-comes-first"]))

    text = page.content.decode()
    assert "prioritized on the basis of medical need" in text
    assert "14 days" in text
    assert "28 days" in text
    assert "9 days" in text
    assert "21 days" not in text
    assert "Too few to show" in text


def test_where_no_target_is_set_the_page_says_so():
    template = Template("{% include 'services/_target_waits.html' %}")

    with translation.override("en"):
        text = template.render(Context({"now": NOW}))

    assert "as soon as our clinical lead has set them" in text
    assert "<table" not in text
