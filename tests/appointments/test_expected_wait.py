"""The expected wait: a range, how sure, from past waits or a simulation, or honest."""

from __future__ import annotations

from statistics import quantiles as sample_quantiles

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from appointments.actions import expect, reckon_waits
from appointments.codes import EntryStatus, Status
from appointments.models import ExpectedWait
from appointments.models.expected import KEPT, expected, past_waits
from appointments.standing import SHARES, Range, range_in_words, still_to_wait
from appointments.tasks import reckon_waits as task
from tests.appointments.pages import signed_in, url
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    make_appointment,
    make_category,
    make_clinic,
    make_diagnosis,
    make_entry,
    make_overrule,
    make_patient,
    make_referral,
)

EVEN = [5.0 * number for number in range(21)]  # 0 to 100 days, all alike
TEN_TO_HUNDRED = [10.0 * number for number in range(1, 11)]


# --- The rule -------------------------------------------------------------------------


def test_who_has_just_begun_to_wait_is_told_what_lies_between_the_tenths():
    assert still_to_wait(EVEN, people=100, waited=0) == pytest.approx((10, 90))


def test_of_those_who_have_waited_only_they_count_who_waited_as_long():
    """Half are gone after 50 days; a tenth of the others go in 5, nine in 45."""
    assert still_to_wait(EVEN, people=100, waited=50) == pytest.approx((5, 45))


@pytest.mark.parametrize(("people", "waited"), [(9, 0), (19, 50), (1000, 100)])
def test_too_few_who_waited_as_long_tell_nothing(people, waited):
    assert still_to_wait(EVEN, people=people, waited=waited) is None


def test_a_clock_that_lies_ahead_is_waited_for_first():
    assert still_to_wait(EVEN, people=100, waited=-7) == pytest.approx((17, 97))


def test_people_who_were_all_seen_on_one_day_are_no_fault():
    alike = [3.0] * len(SHARES)
    assert still_to_wait(alike, people=10, waited=0) == (3, 3)
    assert still_to_wait(alike, people=10, waited=4) is None


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (14, 28, "in 2 to 4 weeks"),
        (20.9, 21.1, "in 2 to 4 weeks"),
        (3.9, 22, "within 4 weeks"),
        (3.5, 8.2, "in 3 to 9 days"),
        (3, 3, "in 3 to 4 days"),
        (0.2, 0.4, "within 1 day"),
        (0, 5.5, "within 6 days"),
    ],
)
def test_the_words_are_never_narrower_than_the_range(low, high, words):
    assert range_in_words(Range(low, high)) == words


# --- Past waits -----------------------------------------------------------------------


def seen(category, waits, *, session=1, at=NOW - 30 * DAY, status=Status.FULFILLED):
    """Make people who were seen after so many days each."""
    _place, (therapist,), (room,) = make_clinic()
    for number, days in enumerate(waits):
        referral = make_referral(
            patient=make_patient(account=False),
            diagnosis=make_diagnosis(),
            sessions=2,
        )
        starts_at = at - number * HOUR
        entry = make_entry(
            referral=referral,
            category=category,
            session=session,
            status=EntryStatus.IN_PROGRESS,
            received_at=starts_at - days * DAY,
        )
        make_appointment(
            entry=entry,
            status=status,
            therapist=therapist,
            room=room,
            starts_at=starts_at,
        )


@pytest.mark.django_db
def test_postgresql_reckons_the_tenths_of_past_waits_as_textbooks_do():
    category = make_category()
    seen(category, TEN_TO_HUNDRED)

    [row] = past_waits(now=NOW)

    assert (row["category"], row["people"]) == (category.pk, 10)
    tenths = sample_quantiles(TEN_TO_HUNDRED, n=20, method="inclusive")
    assert row["days"] == pytest.approx([10, *tenths, 100])


@pytest.mark.django_db
@pytest.mark.parametrize(
    "fields",
    [
        {"at": NOW - 91 * DAY},
        {"session": 2},
        {"status": Status.NOSHOW},
    ],
    ids=["long ago", "later visits of a plan", "missed"],
)
def test_others_do_not_count_and_nine_people_are_too_few(fields):
    category = make_category()
    seen(category, TEN_TO_HUNDRED[:9])
    seen(category, [5], **fields)

    assert not past_waits(now=NOW)


# --- Kept, and told -------------------------------------------------------------------


def told(entry, *, now=NOW):
    found = expected(entry, now=now)
    return found and (found["words"], found["source"])


@pytest.mark.django_db
def test_what_was_reckoned_is_told_until_it_is_out_of_date(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    category, other = make_category(), make_category()
    seen(category, TEN_TO_HUNDRED)
    fresh = make_entry(category=category, waited_days=0)
    assert told(fresh) is None

    task()

    assert told(fresh) == ("in 2 to 13 weeks", "past")
    assert told(fresh, now=NOW + KEPT) is None
    assert told(make_entry(category=other)) is None


@pytest.mark.django_db
def test_a_wait_is_kept_once_however_often_it_is_reckoned_and_forgotten_with_its_end():
    seen(make_category(), TEN_TO_HUNDRED)

    assert [reckon_waits(now=NOW), reckon_waits(now=NOW + HOUR)] == [1, 1]
    assert ExpectedWait.objects.get().reckoned_at == NOW + HOUR
    assert reckon_waits(now=NOW + 100 * DAY) == 0
    assert not ExpectedWait.objects.exists()


@pytest.mark.django_db
def test_where_past_waits_are_too_few_the_clinics_own_rates_are_simulated():
    """Nobody of the rare category was seen; the mix of all who came is known."""
    common, rare = make_category(), make_category(target_days=3)
    seen(common, [1.0] * 12, at=NOW - 2 * DAY)
    for number in range(8):
        make_entry(category=rare, waited_days=14 + number % 5)

    reckon_waits(now=NOW)

    sources = ExpectedWait.objects.values_list("category", "source")
    assert sorted(sources) == sorted(
        [(common.pk, "past"), (common.pk, "simulated"), (rare.pk, "simulated")]
    )
    simulated = ExpectedWait.objects.get(category=rare)
    assert simulated.people >= 10
    assert simulated.days == sorted(simulated.days)
    _words, source = told(make_entry(category=rare, waited_days=0))
    assert source == "simulated"


@pytest.mark.django_db
def test_rates_of_fewer_than_ten_people_are_not_simulated():
    category = make_category()
    seen(category, [1.0] * 9, at=NOW - DAY)  # they came on a Monday

    assert reckon_waits(now=NOW) == 0


def test_the_simulations_shares_are_reckoned_as_postgresql_reckons_them():
    from collections import Counter

    found = expect.quantiles(Counter(TEN_TO_HUNDRED))
    tenths = sample_quantiles(TEN_TO_HUNDRED, n=20, method="inclusive")
    assert found == pytest.approx([10, *tenths, 100])


# --- The page -------------------------------------------------------------------------


@pytest.fixture
def waiting(db, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    return make_entry(waited_days=0)


def page(entry):
    answer = signed_in(entry.patient.user).get(url("standing", entry.pk))
    assert answer.status_code == 200
    return answer.content.decode()


def keep(entry, source="past", **fields):
    values = {"people": 50, "days": EVEN, "reckoned_at": NOW}
    row = {"category": entry.category, "source": source}
    return ExpectedWait.objects.create(**row, **values | fields)


def test_the_page_tells_the_range_and_how_sure_and_where_it_comes_from(waiting):
    assert "We cannot say yet" in page(waiting)
    keep(waiting, "simulated")
    assert "how much time our therapists have" in page(waiting)
    keep(waiting)

    said = page(waiting)

    assert "<strong>in 1 to 13 weeks</strong>, for 8 of 10 people like you" in said
    assert "seen in the last 90 days" in said


def test_the_page_runs_no_simulation_and_few_queries(waiting, monkeypatch):
    monkeypatch.setattr(expect, "serve", None)
    monkeypatch.setattr(expect, "clinic_rates", None)
    keep(waiting)

    client = signed_in(waiting.patient.user)

    with CaptureQueriesContext(connection) as asked:
        client.get(url("standing", waiting.pk))

    assert len(asked) <= 22


def test_who_was_overruled_is_like_nobody_else(waiting):
    keep(waiting)
    make_overrule(waiting, 3)

    said = page(waiting)
    assert "a person here has set the target of this request" in said
    assert "too few people" not in said


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("expected_wait_one_of_a_source", {}),
        ("expected_wait_source_is_known", {"source": "guess"}),
        ("expected_wait_is_of_10_people", {"source": "simulated", "people": 9}),
        ("expected_wait_is_whole", {"source": "simulated", "days": EVEN[:20]}),
    ],
)
def test_the_database_keeps_only_whole_waits(waiting, name, fields):
    keep(waiting)
    with pytest.raises(IntegrityError, match=name):
        keep(waiting, **{"source": "past"} | fields)
