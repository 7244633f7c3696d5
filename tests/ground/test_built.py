"""What querysets make is prepared once, and says what they say."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import Q, Value
from django.test.utils import CaptureQueriesContext

from massage_portal.accounts.models import User
from massage_portal.built import Built, whole
from tests.factories import NOW, make_user

pytestmark = pytest.mark.django_db


def of(users):
    return users.order_by("pk").values_list("pk", "name").query.sql_with_params()


def since(*, since, name="Per%cent 'quoted'"):
    return of(User.objects.filter(date_joined__gt=since, name=name))


def test_it_reads_what_the_queryset_reads_and_is_compiled_once(monkeypatch):
    before, after = (
        make_user(date_joined=NOW + timedelta(hours=hours), name="Per%cent 'quoted'")
        for hours in (-1, 1)
    )
    make_user(date_joined=NOW + timedelta(hours=1), name="Per%cent")
    asked = Built("tests_since", since, since=type(NOW))

    assert asked.rows(since=NOW) == [(after.pk, after.name)]
    monkeypatch.delattr("django.db.models.sql.query.Query.sql_with_params")
    assert asked.rows(since=NOW - timedelta(days=1)) == [
        (before.pk, before.name),
        (after.pk, after.name),
    ]


def test_any_number_of_keys_is_one_value():
    some = [make_user().pk for _ in range(3)]
    asked = Built(
        "tests_keys",
        lambda keys: of(User.objects.filter(pk__any_of=keys)),
        keys=list,
    )
    for keys in ([], some[:1], some):
        with CaptureQueriesContext(connection) as queries:
            assert [key for key, _name in asked.rows(keys=keys)] == keys
        sent = ",".join(str(key) for key in keys)
        (statement,) = (one["sql"].replace(" ", "") for one in queries)
        assert f"{{{sent}}}" in statement


def test_a_statement_may_hold_several():
    one, two = make_user(name="Clover"), make_user(name="Aspen")
    named = User.objects.filter(name=Value("Clover")).values("pk")

    def build(least):
        later = User.objects.filter(pk__gte=least).values("pk")
        return whole(
            "SELECT (SELECT count(*) FROM ({later}) later), ({named}), '100%%'",
            named=named,
            later=later,
        )

    asked = Built("tests_several", build, least=int)
    assert asked.rows(least=one.pk) == [(2, one.pk, "100%")]
    assert asked.rows(least=two.pk) == [(1, one.pk, "100%")]


@pytest.mark.parametrize(
    "build",
    [
        # made of the value, and it would stay what the example made of it
        lambda least: of(User.objects.filter(pk__gte=least + 1)),
        # looked at, and the statement would stay what the example made it
        lambda least: of(User.objects.filter(Q(pk=1) if least % 2 else Q(name=""))),
        lambda least: of(User.objects.filter(pk__in=range(least))),
    ],
)
def test_a_statement_that_the_values_change_is_refused(build):
    with pytest.raises(ValueError, match="tests_changed"):
        Built("tests_changed", build, least=int).rows(least=3)
