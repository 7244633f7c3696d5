"""What this app says when a place is to give massage no longer."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import ngettext

from appointments.models import Therapist
from appointments.models.outside import could_be_hit
from services.models import Location
from services.objections import objects_to_stopping


@objects_to_stopping
def visits_are_ahead(place: Location, /, *, now: datetime) -> str:
    """
    Object while visits are booked or offered there: nobody would see whom it hits.

    The place and then its therapists are locked, as for a change of its hours, so that
    the two never deadlock: who books meanwhile waits, and reads then whether the place
    gives massage.
    """
    here = Location.objects.filter(pk=place.pk)
    list(here.select_for_update(of=("self",), no_key=True).values_list("pk"))
    there = Therapist.objects.filter(location=place).order_by("pk")
    list(there.select_for_update(of=("self",), no_key=True).values_list("pk"))
    number = could_be_hit(now).filter(therapist__location=place).count()
    if not number:
        return ""
    words = ngettext(
        "%(number)d visit is still booked or offered here. Have a closure "
        "entered under Capacity first: that shows whom it hits, and tells them.",
        "%(number)d visits are still booked or offered here. Have a closure "
        "entered under Capacity first: that shows whom it hits, and tells them.",
        number,
    )
    return words % {"number": number}
