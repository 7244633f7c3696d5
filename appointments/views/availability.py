"""From what a form checked to what an action takes: when a patient can come."""

from __future__ import annotations

from typing import Any

from appointments import actions
from appointments.forms.ask import TIMES, chosen


def said(cleaned: dict[str, Any]) -> actions.Availability:
    """Return the availability of `When` and `Preferences`, both checked."""
    from_time, to_time = TIMES[cleaned["times"]]
    return actions.Availability(
        weekdays=chosen(cleaned["weekdays"]),
        from_time=from_time,
        to_time=to_time,
        earliest=cleaned["earliest"],
        latest=cleaned["latest"],
        therapist=cleaned["therapist"],
        notice_hours=cleaned["notice_hours"],
    )
