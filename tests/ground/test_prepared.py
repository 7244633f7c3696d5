"""What is written together is one message, in order, and found by who reads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from django.db import DataError, connection, connections, transaction
from django.db.transaction import TransactionManagementError

from massage_portal.outbox.models import Message
from massage_portal.prepared import (
    Prepared,
    array,
    as_model,
    together,
    unsaved,
    usual,
)

pytestmark = pytest.mark.django_db

ADD = Prepared("tests_add", "INSERT INTO numbers VALUES (%(number)s::int / %(by)s)")
FIELDS = [field.attname for field in Message._meta.concrete_fields]
COUNT = Prepared(
    "tests_count", "SELECT count(*) FROM numbers WHERE number >= %(least)s::int"
)
DOUBLE = Prepared("tests_double", "UPDATE numbers SET number = number * 2")


@pytest.fixture(autouse=True)
def numbers(db):
    """A table to write to."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE numbers (number int) ON COMMIT DROP")


def there():
    with connection.cursor() as cursor:
        cursor.execute("SELECT number FROM numbers ORDER BY number")
        return [number for (number,) in cursor.fetchall()]


def test_what_is_written_together_is_one_message_in_its_order(
    django_assert_num_queries,
):
    with django_assert_num_queries(1), together():
        ADD.run(number=1, by=1)
        DOUBLE.run()
        with together():  # as an action that calls another
            ADD.run(number=3, by=1)

    assert there() == [2, 3]


def test_what_is_prepared_and_reads_takes_what_waits_along(django_assert_num_queries):
    with django_assert_num_queries(1), together():
        ADD.run(number=6, by=2)
        DOUBLE.run()
        assert COUNT.rows(least=4) == [(1,)]

    assert there() == [6]


def test_whoever_reads_meanwhile_finds_it_written():
    with together():
        ADD.run(number=1, by=1)
        assert there() == [1]
        ADD.run(number=2, by=1)
        assert there() == [1, 2]

    assert there() == [1, 2]


def test_a_savepoint_undoes_what_was_written_in_it_and_no_more():
    with together():
        ADD.run(number=1, by=1)
        with transaction.atomic():
            ADD.run(number=2, by=1)
            transaction.set_rollback(True)

    assert there() == [1]


def write_and_divide(by):
    with transaction.atomic(), together():
        ADD.run(number=1, by=1)
        ADD.run(number=1 // by, by=0)


def test_what_the_database_refuses_of_them_undoes_all():
    with pytest.raises(DataError):
        write_and_divide(by=1)

    assert there() == []


def test_an_error_of_ours_sends_nothing():
    with pytest.raises(ZeroDivisionError):
        write_and_divide(by=0)

    ADD.run(number=2, by=1)
    assert there() == [2]


def test_nothing_is_written_together_outside_of_a_transaction(monkeypatch):
    monkeypatch.setattr(connections["default"], "in_atomic_block", False)

    with pytest.raises(TransactionManagementError), together():
        ADD.run(number=1, by=1)


def test_a_row_as_its_model_is_as_django_makes_it(django_assert_num_queries):
    kept = Group.objects.create(name="Readers")

    whole = as_model(Group, {"id": kept.pk, "name": "Readers"})
    part = as_model(Group, {"id": kept.pk})

    found = Group.from_db("default", ["id", "name"], [kept.pk, "Readers"])
    assert whole == found == kept
    assert vars(whole).keys() == vars(found).keys()
    assert vars(whole._state) == vars(found._state)
    assert part.get_deferred_fields() == {"name"}
    with django_assert_num_queries(1):
        assert part.name == "Readers"


def test_a_new_row_is_as_django_makes_it():
    given = {"kind": "outbox.trial", "message_id": uuid4(), "due_at": None}
    made, whole = unsaved(Message, given), Message(**given)

    assert vars(made).keys() == vars(whole).keys()
    assert [vars(made)[one] for one in FIELDS] == [vars(whole)[one] for one in FIELDS]
    assert vars(made._state) == vars(whole._state)


def test_a_new_row_has_a_value_of_its_own_where_each_has_one():
    first, second = (unsaved(Message, {}) for _ in range(2))

    assert first.message_id != second.message_id
    with pytest.raises(KeyError, match="message_id"):  # no statement can say it of all
        usual(Message, but=["id", "attempts", "faults", "unanswered"])


def test_what_a_new_row_has_is_said_as_a_statement_writes_it():
    but = [one for one in FIELDS if one not in ("claim", "channel", "worth_a_call")]

    said = usual(Message, but=but)

    assert said == {"claim": "NULL", "channel": "''", "worth_a_call": "true"}


def test_what_nobody_listens_to_is_answered_as_through_djangos_cursors():
    when = Prepared("tests_when", "SELECT now() - now(), %(at)s::timestamptz, NULL")
    at = datetime(2026, 10, 14, 8, tzinfo=UTC)

    quiet = when.rows(at=at)
    with connection.execute_wrapper(lambda execute, *asked: execute(*asked)):
        listened = when.rows(at=at)

    assert quiet == listened == [(timedelta(0), at, None)]
    assert [type(one) for one in quiet[0]] == [type(one) for one in listened[0]]
    assert quiet[0][1].tzinfo is UTC


def test_a_broken_transaction_takes_no_more_statements():
    with transaction.atomic():
        transaction.set_rollback(True)
        with pytest.raises(TransactionManagementError, match="can't execute queries"):
            DOUBLE.run()


def test_an_error_of_the_driver_is_told_as_djangos():
    with pytest.raises(DataError), transaction.atomic():
        ADD.run(number=1, by=0)


def test_the_session_is_looked_at_before_it_is_told_what_to_prepare(monkeypatch):
    """Of one that was lost, another knows nothing that was prepared there."""
    here, seen = connections["default"], []
    DOUBLE.run()  # it is prepared
    monkeypatch.setattr(here, "close_if_health_check_failed", lambda: seen.append(1))
    monkeypatch.setattr(
        Prepared, "_prepare_once", lambda self, session: seen.append(session)
    )

    DOUBLE.run()

    assert seen[:2] == [1, here.connection]


@pytest.mark.parametrize("numbers", [[], [7], [1, None, -3, 2**62]])
def test_an_array_of_numbers_is_read_as_they_are(numbers):
    sent = Prepared("tests_array", "SELECT %(numbers)s::bigint[]")
    assert sent.rows(numbers=array(numbers)) == [(numbers,)]
