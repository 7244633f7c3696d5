"""What a referral and its insurer allow together: the rule, and the same in SQL."""

from __future__ import annotations

from itertools import product

import pytest
from django.db import IntegrityError

from referrals.codes import Status
from referrals.coverage import Allowed, Coverage, Limit, Needs, coverage
from referrals.models import Authorization, Referral
from tests.factories import DAY, NOW, TODAY, make_insurer, make_referral

LATER = TODAY + 60 * DAY
SOONER = TODAY + 20 * DAY


def judged(needs=(), **allowed):
    return coverage(
        sessions=6, valid_until=LATER, needs=Needs(*needs), allowed=Allowed(**allowed)
    )


@pytest.mark.parametrize(
    ("needs", "allowed", "expected"),
    [
        pytest.param((), {}, (LATER, 6, Limit.REFERRAL), id="no insurer"),
        pytest.param(
            (False, True), {}, (LATER, 0, Limit.NO_AUTHORIZATION), id="not authorized"
        ),
        pytest.param(
            (True, False), {}, (LATER, 0, Limit.NO_REFERRAL_NUMBER), id="no number"
        ),
        pytest.param(
            (True, True),
            {"referral_number": "R", "number": "A"},
            (LATER, 6, Limit.REFERRAL),
            id="all there, no limits",
        ),
        pytest.param(
            (False, True),
            {"number": "A", "visits": 4, "valid_until": SOONER},
            (SOONER, 4, Limit.INSURER),
            id="fewer and sooner",
        ),
        pytest.param(
            (False, True),
            {"number": "A", "visits": 9, "valid_until": LATER + DAY},
            (LATER, 6, Limit.REFERRAL),
            id="an insurer never widens the order",
        ),
    ],
)
def test_the_narrower_of_order_and_authorization_counts(needs, allowed, expected):
    assert judged(needs, **allowed) == Coverage(*expected)


def make_authorization(referral, **fields):
    values = {"changed_at": NOW, "changed_by": referral.recorded_by}
    return Authorization.objects.create(referral=referral, **values | fields)


@pytest.mark.django_db
def test_sql_and_the_rule_say_the_same():
    insurers = [None] + [
        make_insurer(needs_referral=one, needs_authorization=other)
        for one, other in product([False, True], repeat=2)
    ]
    words = [None, {}, {"referral_number": "R"}]
    words += [
        {"number": "A", "visits": visits, "valid_until": until}
        for visits, until in product([None, 2, 9], [None, SOONER, LATER + DAY])
    ]
    words += [one | {"referral_number": "R"} for one in words[3:]]
    for insurer, word in product(insurers, words):
        referral = make_referral(insurer=insurer, sessions=6, valid_until=LATER)
        if word is not None:
            make_authorization(referral, **word)

    rows = list(Referral.objects.with_coverage().with_all())
    assert len(rows) == len(insurers) * len(words)
    for row in rows:
        rule = row.coverage
        assert (row.covered_until, row.covered_visits) == (rule.until, rule.visits)
        for day in (TODAY, SOONER, SOONER + DAY, LATER, LATER + DAY):
            in_force = Referral.objects.in_force_on(day).filter(pk=row.pk).exists()
            assert in_force == (bool(rule.visits) and day <= rule.until)


@pytest.mark.django_db
@pytest.mark.parametrize("status", sorted(set(Status) - {Status.ACTIVE}))
def test_only_an_active_referral_is_in_force(status):
    make_referral(status=status)
    assert not Referral.objects.in_force_on(TODAY).exists()


@pytest.mark.django_db
@pytest.mark.parametrize("visits", [0, 61])
def test_an_authorization_is_for_1_to_60_visits(visits):
    kept = make_authorization(make_referral(), number="A", visits=60)
    assert kept.visits == 60

    with pytest.raises(IntegrityError, match='"authorization_is_for_1_to_60_visits"'):
        make_authorization(make_referral(), number="A", visits=visits)


@pytest.mark.django_db
@pytest.mark.parametrize("limit", [{"visits": 4}, {"valid_until": LATER}])
def test_a_limit_belongs_to_a_number(limit):
    assert make_authorization(make_referral(), number="A", **limit).pk

    with pytest.raises(IntegrityError, match='"authorization_limits_have_a_number"'):
        make_authorization(make_referral(), **limit)
