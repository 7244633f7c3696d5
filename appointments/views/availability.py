"""When a patient can come: from a form to an action, and in words."""

from __future__ import annotations

from typing import Any

from appointments import actions
from appointments.explain import availability
from appointments.forms.ask import TIMES, chosen
from appointments.models import WaitlistEntry


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
        location=cleaned.get("location"),  # asked where there is a choice
        notice_hours=cleaned["notice_hours"],
    )


def can_come(entry: WaitlistEntry) -> list[str]:
    """Return when, where and with whom a patient can come, a phrase for each limit."""
    return availability(
        weekdays=entry.weekdays,
        from_time=entry.from_time,
        to_time=entry.to_time,
        earliest=entry.earliest,
        latest=entry.latest,
        place=str(entry.location or ""),
        therapist=str(entry.therapist or ""),
    )
