"""Every named rule of the database is really there, and has a test that names it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pgtrigger
import pytest
from django.apps import apps
from django.db import connection

from tests.conftest import OURS

TESTS = Path(__file__).parent
MODELS = sorted(
    (model for label in OURS for model in apps.get_app_config(label).get_models()),
    key=lambda model: model._meta.label,
)
CONSTRAINTS = [
    (model, constraint) for model in MODELS for constraint in model._meta.constraints
]
# pgtrigger keeps the triggers of every model beside the model.
TRIGGERS = [
    (model, trigger) for model, trigger in pgtrigger.registered() if model in MODELS
]
NAMES = [rule.name for _, rule in [*CONSTRAINTS, *TRIGGERS]]


def words_of(path):
    """Return every text in a test file that is code: comments do not test."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    texts = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    return " ".join(texts)


def named_in(texts, name):
    """Say whether the whole name stands in `texts`, not as a part of a longer one."""
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", texts) is not None


@pytest.fixture(scope="module")
def other_tests():
    """The texts of every test file but this one."""
    mine = Path(__file__)
    return " ".join(
        words_of(path) for path in sorted(TESTS.rglob("test_*.py")) if path != mine
    )


def test_the_rules_are_found_at_all():
    assert len(CONSTRAINTS) >= 50
    assert {trigger.name for _, trigger in TRIGGERS} >= {"append_only", "never_emptied"}


def test_each_name_is_given_once():
    """A refusal is told by its name alone."""
    assert sorted(NAMES) == sorted(set(NAMES))


@pytest.mark.parametrize("name", NAMES)
def test_each_rule_has_a_test_that_names_it(other_tests, name):
    assert named_in(other_tests, name), f"no test names {name}"


def test_a_name_that_no_test_gives_would_be_noticed(other_tests):
    missing = "_".join(["a", "rule", "that", "is", "not", "there"])
    assert not named_in(other_tests, missing)
    assert not named_in("entry_status_is_known_too", "entry_status_is_known")
    assert named_in('match="entry_status_is_known"', "entry_status_is_known")


def ask(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


@pytest.mark.django_db
def test_each_constraint_is_in_the_database_and_holds_for_old_rows_too():
    checked = ask("SELECT conname FROM pg_constraint WHERE convalidated")
    # A unique rule with a condition or an expression is an index there.
    unique = ask(
        "SELECT indexrelid::regclass::text FROM pg_index "
        "WHERE indisunique AND indisvalid"
    )

    there = {name for (name,) in checked + unique}

    assert {rule.name for _, rule in CONSTRAINTS} - there == set()


@pytest.mark.django_db
def test_each_trigger_is_in_the_database_and_switched_on():
    enabled = ask(
        "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'O'"
    )
    wanted = {trigger.get_pgid(model) for model, trigger in TRIGGERS}

    assert wanted - {name for (name,) in enabled} == set()


@pytest.mark.django_db
def test_the_database_has_no_rule_of_ours_that_the_models_do_not_know():
    kept = ask(
        "SELECT conname FROM pg_constraint "
        "WHERE contype IN ('c', 'x') AND conrelid::regclass::text = ANY(%s)",
        [model._meta.db_table for model in MODELS],
    )
    # Django's own keep a number from being negative: table_column_hash_check.
    named = {name for (name,) in kept if not name.endswith("_check")}

    assert named - set(NAMES) == set()
    assert named
