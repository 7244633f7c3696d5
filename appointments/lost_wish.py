"""
What a patient wished and nobody can give any more. Pure: no database, no clock.

Such a patient is offered nothing by itself, however long they wait, and no day of
theirs brings a change. So a person must hear of it.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum


class Lost(StrEnum):
    """What of a wish is over, in the order in which it is told."""

    DAY = "day"  # the last day that suited
    THERAPIST = "therapist"  # gives no massage any more
    PLACE = "place"  # gives no massage any more
    APART = "apart"  # the therapist works elsewhere by now than at the place


def lost_wish(
    *,
    latest: date | None,
    therapist_gives: bool | None,
    place_gives: bool | None,
    therapist_there: bool | None,
    today: date,
) -> Lost | None:
    """
    Return what of a wish is over; None if times may come that fit.

    :param latest: the last day that suits, itself included; None is any.
    :param therapist_gives: whether the one asked for gives massage; None is any.
    :param place_gives: the same of the place.
    :param therapist_there: whether that therapist works at that place; None is any.
    """
    if latest is not None and latest < today:
        return Lost.DAY
    if therapist_gives is False:
        return Lost.THERAPIST
    if place_gives is False:
        return Lost.PLACE
    if therapist_there is False:
        return Lost.APART
    return None
