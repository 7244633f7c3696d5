"""Legal steps between the states of a record, kept by the database itself."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import TypeVar

import pgtrigger
from django.db.models import TextChoices

State = TypeVar("State", bound=TextChoices)


def only_legal_steps(name: str, steps: Mapping[State, Set[State]]) -> pgtrigger.Trigger:
    """
    Return a trigger that refuses every step of `status` but those in the table.

    A condition tells what to refuse: to call its function takes longer than the rest
    of a small UPDATE, and is left to the steps that are not to be.

    :param name: what the trigger is called; one of its own in each table.
    :param steps: from each state, those that may follow it.
    """
    legal = [(old, new) for old, news in steps.items() for new in sorted(news)]
    known = ", ".join(f"'{old.value}>{new.value}'" for old, new in legal)
    return pgtrigger.FSM(
        name=name,
        field="status",
        transitions=[(old.value, new.value) for old, new in legal],
        separator=">",
        condition=pgtrigger.Condition(
            f"OLD.status <> NEW.status AND OLD.status || '>' || NEW.status"
            f" NOT IN ({known})"
        ),
    )
