"""
What stands in the calendar's cells, as words.

A page has hundreds of entries: each is put into words here once, and its template has
only to lay them out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from appointments.agenda import WORDS, Entry, Kind
from massage_portal.dates import from_to


@dataclass(frozen=True, slots=True)
class Said:
    """One entry in words; without `address` it is no visit that the reader may see."""

    kind: str
    when: str
    column: str
    what: str  # of a visit, its patient
    note: str = ""  # of a visit, its state
    address: str = ""
    other: str = ""  # the room of a therapist's visit, the therapist of a room's
    mark: str = ""  # why the visit cannot be


class Words:
    """
    Puts entries into the language of the request.

    :param names: of the columns, by key.
    """

    def __init__(self, names: Mapping[int, str], *, by_room: bool) -> None:
        self._names = names
        self._by_room = by_room
        self._kinds = {kind: str(said) for kind, said in WORDS.items()}
        self._all_day = _("All day")
        self._offers = reverse("appointments:offers")
        self._visit = reverse("appointments:visit", args=[0])  # its key is put in

    def of(self, one: Entry) -> Said:
        """Return what is said of `one`."""
        item, visit = one.item, one.item.visit
        when = from_to(one.start, one.end)
        when = self._all_day if one.all_day else when
        column = self._names[item.column]
        if visit is None:
            what = self._kinds[item.kind]
            return Said(item.kind.value, when, column, what, item.note)
        return Said(
            item.kind.value,
            when,
            column,
            what=str(visit.patient),
            note=visit.get_status_display(),
            address=self._visit.replace("/0/", f"/{visit.pk}/")
            if item.kind == Kind.VISIT
            else self._offers,
            other=str(visit.therapist if self._by_room else visit.room),
            mark=str(visit.outside),
        )
