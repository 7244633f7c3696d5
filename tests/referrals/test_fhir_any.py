"""Whatever another system sends, the answer is an order that is kept, or an outcome."""

from __future__ import annotations

import json

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from referrals import fhir
from referrals.models import Referral
from tests.factories import NOW, TODAY, ZONE
from tests.referrals.fhir_examples import (
    a_resource,
    issues,
    make_rules,
    make_system,
    put,
    send,
)

GOOD_NPI = "1000000004"
LONG = "n" * 10_000


@pytest.fixture(autouse=True)
def at_noon(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def world(db):
    return make_system(), make_rules()


def places(value, path=()):
    """Yield the path of every place in a resource."""
    steps = value.items() if isinstance(value, dict) else enumerate(value)
    for step, inner in steps:
        yield (*path, step)
        if isinstance(inner, dict | list):
            yield from places(inner, (*path, step))


PLACES = list(places(a_resource(GOOD_NPI)))
ODD = st.sampled_from(
    [
        *(None, True, 0, -1, 1e300, 10**30, "", " ", "x", LONG, "\x00", "\ud800"),
        *([], {}, [[]], [None], {"": 1}, {"resourceType": "Bundle"}, "2026-02-30"),
        *(["x"], {"x": "y"}, [{}], "9999-12-31T23:59:59-12:00", {"\ud800": 1}),
        *("#", "#who", "|", "\u202e"),
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=8,
)


def mutated(resource, changes):
    for path, kind, value in changes:
        try:
            if kind == "drop":
                where = resource
                for step in path[:-1]:
                    where = where[step]
                del where[path[-1]]
            else:
                resource = put(resource, path, value)
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    return resource


CHANGES = st.lists(
    st.tuples(st.sampled_from(PLACES), st.sampled_from(["drop", "put"]), ODD | JSON),
    min_size=1,
    max_size=3,
)


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(changes=CHANGES)
def test_whatever_is_broken_the_answer_is_an_order_kept_or_an_outcome(world, changes):
    secret, provider = world
    with transaction.atomic():
        answer = send(secret, mutated(a_resource(provider.npi), changes))
        kept = Referral.objects.count()
        transaction.set_rollback(True)

    if answer.status_code == 201:
        assert kept == 1
        assert answer.json()["resourceType"] == "ServiceRequest"
    else:
        assert answer.status_code in (400, 413, 422)
        assert kept == 0
        issues(answer)


@settings(max_examples=200, deadline=None)
@given(body=st.binary(max_size=200) | JSON.map(lambda one: json.dumps(one).encode()))
def test_any_bytes_are_read_or_refused(body):
    try:
        found = fhir.parse(body)
    except fhir.NotJson as refusal:
        found = refusal.faults
    else:
        found = fhir.read(found, today=TODAY, zone=ZONE)
    assert isinstance(found, list)
    assert found
