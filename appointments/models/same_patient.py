"""A guard of rows that keep the patient of the row to which they point."""

from __future__ import annotations

import pgtrigger


def same_patient(name: str, *, through: str, table: str) -> pgtrigger.Trigger:
    """
    Refuse a row whose patient is not the patient of the row that `through` points to.

    The patient is kept on the row for its constraints, which would hold nothing if it
    could be another one. The database reports it like a broken constraint of that name.
    """
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.UpdateOf("patient_id", f"{through}_id"),
        func=f"""
            IF NEW.patient_id <>
               (SELECT patient_id FROM {table} WHERE id = NEW.{through}_id)
            THEN RAISE EXCEPTION 'violates "{name}"'
                 USING ERRCODE = 'check_violation', CONSTRAINT = '{name}';
            END IF;
            RETURN NEW;
        """,  # noqa: S608 - the names are ours
    )
