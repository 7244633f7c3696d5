"""Which free times a page lists for one patient: those that fit, or those chosen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.http import HttpRequest

from appointments.models import Appointment, Supply, Therapist, WaitlistEntry
from appointments.openings import Opening
from appointments.views.treatments import tokens

CHOICES = 8  # at once
MOST_PAGES = 500


@dataclass(frozen=True)
class Chosen:
    """What the address asks for; then times are shown that the patient did not wish."""

    day: date | None = None
    therapist: int | None = None
    page: int = 1
    technique: str = ""  # as `treatments.tokens`
    minutes: str = ""

    @property
    def is_narrow(self) -> bool:
        """Whether a day or a therapist was chosen."""
        return self.day is not None or self.therapist is not None

    def query(self, **changes: Any) -> str:
        """Return the query of the same page with some of it changed."""
        values: dict[str, Any] = {
            "day": self.day.isoformat() if self.day else "",
            "therapist": self.therapist or "",
            "technique": self.technique,
            "minutes": self.minutes,
            "page": self.page if self.page > 1 else "",
        }
        return urlencode({key: one for key, one in (values | changes).items() if one})

    @property
    def fitting(self) -> str:
        """The query of the same page without day and therapist."""
        return self.query(day="", therapist="", page="")


class Times(NamedTuple):
    """One page of them, and whether there are more."""

    openings: list[Opening]
    more: bool


def chosen(request: HttpRequest) -> Chosen:
    """Read the address; anything odd in it is as if it were not there."""
    try:
        day = date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        day = None
    therapist, page = _number(request, "therapist"), _number(request, "page")
    return Chosen(day, therapist or None, page or 1, **tokens(request.GET))


def _number(request: HttpRequest, name: str) -> int:
    said = request.GET.get(name, "")
    digits = said.isascii() and said.isdigit() and len(said) < 18
    number = int(said) if digits else 0
    return min(number, MOST_PAGES) if name == "page" else number


def times(
    entry: WaitlistEntry, supply: Supply, visit: Appointment | None, asked: Chosen
) -> Times:
    """
    Return the openings to choose from; none that the patient has had before.

    :param supply: that is asked about this entry alone.
    :param visit: the one that is booked, for which another time is looked for.
    """
    if visit is None and not entry.is_waiting:
        return Times([], more=False)
    had = supply.had
    first, last = CHOICES * (asked.page - 1), CHOICES * asked.page
    if asked.is_narrow:
        found: Iterable[Opening] = supply.openings_for(entry)
    else:
        found = supply.for_entry(entry, most=last + 1 + len(had))
    some = [
        one
        for one in found
        if (one.therapist, one.starts_at) not in had
        and asked.day in (None, one.local_start.date())
        and asked.therapist in (None, one.therapist)
    ]
    return Times(some[first:last], more=len(some) > last)


def days_and_therapists(
    entry: WaitlistEntry, supply: Supply
) -> tuple[list[date], list[Therapist]]:
    """Return the days on which there is free time, and with whom, to choose from."""
    some = supply.slots(supply.technique_for(entry))
    days = sorted({one.local_start.date() for one in some})
    who = Therapist.objects.filter(
        pk__in={key for one in some for key in one.therapists}
    )
    return days, list(who.select_related("user").order_by("user__name", "pk"))
