"""Does the trail tell only legal steps, and end in the state that the record is in?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set

from django.db import models

from massage_portal.audit.models import AuditEvent
from massage_portal.invariants import Found, ask
from massage_portal.states import State

# A step is "old>new" in the names of states, which hold no digits; a new record's is
# ">new". What changes something else may use the arrow, too: see `no_steps`.
STEPS = """
    SELECT id, record_id, split_part(change, '>', 1) AS before,
           split_part(change, '>', 2) AS after
      FROM audit_auditevent
     WHERE record_type = %s AND change ~ '^[a-z-]*>[a-z-]+$' AND action <> ALL(%s)
"""
ILLEGAL = f"""
    SELECT id, record_id, told, before, after
      FROM (SELECT *, lag(after) OVER one AS told
              FROM ({STEPS}) steps
            WINDOW one AS (PARTITION BY record_id ORDER BY id)) steps
     WHERE before || '>' || after <> ALL(%s)
        OR told || '>' || before <> ALL(%s)
     ORDER BY id
"""  # noqa: S608 - the words are ours
UNTOLD = """
    SELECT told.record_id, told.after, kept.status
      FROM (SELECT DISTINCT ON (record_id) record_id, after
              FROM ({steps}) steps ORDER BY record_id, id DESC) told
      LEFT JOIN {table} kept ON kept.id::text = told.record_id
     WHERE kept.id IS NULL OR told.after || '>' || kept.status <> ALL(%s)
     ORDER BY told.record_id
"""
NOT_MADE = "its trail does not tell that it was made"
UNBEGUN = """
    SELECT kept.id
      FROM {table} kept
      LEFT JOIN (SELECT DISTINCT record_id FROM ({steps}) steps
                  WHERE before = '') begun ON begun.record_id = kept.id::text
     WHERE begun.record_id IS NULL
       AND kept.{made_at} > (SELECT min(at) FROM audit_auditevent)
     ORDER BY kept.id
"""


def histories(
    model: type[models.Model],
    *,
    steps: Mapping[State, Set[State]],
    begin: Iterable[State],
    made_at: str,
    elsewhere: Iterable[tuple[State, State]] = (),
    no_steps: Iterable[str] = (),
) -> Found:
    """
    Judge every history of one kind of record, as the trail tells it.

    A trail may begin late: a record that is older than its first row need have none.

    :param steps: from each state, those that may follow it.
    :param begin: the states in which a record may be made.
    :param made_at: the column that says when a record was made.
    :param elsewhere: steps that the trail of another record tells.
    :param no_steps: actions whose change looks like a step and is none.
    """
    names = {state.value for state in steps}
    legal = [f"{old.value}>{new.value}" for old, news in steps.items() for new in news]
    legal += [f">{state.value}" for state in begin]
    silent = {(old.value, new.value) for old, new in elsewhere}
    follows = sorted(_reached(names, silent))
    label, table = model._meta.label_lower, model._meta.db_table
    noun = model._meta.verbose_name
    asked = (label, list(no_steps))
    faults = [
        f"{noun} {record}: its trail says {told or 'nothing'}, then {before}>{after} "
        f"(audit event {event})"
        for event, record, told, before, after in ask(ILLEGAL, *asked, legal, follows)
    ]
    untold = ask(UNTOLD.format(steps=STEPS, table=table), *asked, follows)
    for record, told, state in untold:
        is_now = f"it is {state}" if state else "it is not there"
        faults.append(f"{noun} {record}: its trail ends in {told}, and {is_now}")
    unbegun = ask(UNBEGUN.format(steps=STEPS, table=table, made_at=made_at), *asked)
    faults += [f"{noun} {record}: {NOT_MADE}" for (record,) in unbegun]
    return Found(_judged(label), faults)


def _judged(label: str) -> int:
    """Return of how many records of this kind the trail tells."""
    told = AuditEvent.objects.filter(record_type=label)
    return told.values("record_id").distinct().count()


def _reached(names: Set[str], silent: Set[tuple[str, str]]) -> set[str]:
    """Return "a>b" for each b that is a, or reached from it by silent steps."""
    pairs = {(name, name) for name in names}
    while (
        more := {
            (first, last)
            for first, middle in pairs
            for begin, last in silent
            if begin == middle
        }
        - pairs
    ):
        pairs |= more
    return {f"{first}>{last}" for first, last in pairs}
