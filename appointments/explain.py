"""What an entry says, in words for staff. Pure: no database, no clock, no settings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time

from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext as _

from appointments.matching import LETTERS
from appointments.priority import Explanation
from massage_portal.dates import from_to

NOON = time(12, 0)
ALL_DAY = (time(0, 0), time(23, 59))


def sentence(why: Explanation, say: Callable[[str], str] = gettext) -> str:
    """
    Say, for staff, why an entry stands where it stands.

    :param say: looks a word up in the language that is set.
    """
    _ = say
    numbers = {
        "share": why.per_cent,
        "target": f"{why.target_days:.1f}",
        "category": why.category_days,
        "need": why.need_score,
        "adds": f"{why.day_adds:.2f}" if why.day_adds >= 0.1 else f"{why.day_adds:.4f}",
        "computed": f"{why.computed_days:.1f}",
    }
    if why.overruled_days is not None:
        return (
            _(
                "%(share)d%% of %(target)s days used (set by a person; computed are "
                "%(computed)s); one more day adds %(adds)s to the harm."
            )
            % numbers
        )
    if why.need_score:
        return (
            _(
                "%(share)d%% of %(target)s days used (need %(need)d shortens the "
                "category's %(category)d); one more day adds %(adds)s to the harm."
            )
            % numbers
        )
    return (
        _(
            "%(share)d%% of the category's %(category)d days used; one more day adds "
            "%(adds)s to the harm."
        )
        % numbers
    )


def days(weekdays: str) -> str:
    """Return days of the week in words, by their letters."""
    if weekdays == LETTERS:
        return _("Any day")
    return ", ".join(str(WEEKDAYS[LETTERS.index(letter)]) for letter in weekdays)


def availability(
    *,
    weekdays: str,
    from_time: time,
    to_time: time,
    earliest: date | None,
    latest: date | None,
    place: str = "",
    therapist: str = "",
) -> list[str]:
    """
    Return when a patient can come, a phrase for each limit that they set.

    :param weekdays: letters of MTWRFSU, in the order of the week.
    :param place: the only one they want; "" is any. So with `therapist`.
    """
    said = [days(weekdays)]
    if (from_time, to_time) == ALL_DAY:
        said.append(_("any time"))
    elif (from_time, to_time) == (ALL_DAY[0], NOON):
        said.append(_("before noon"))
    elif (from_time, to_time) == (NOON, ALL_DAY[1]):
        said.append(_("after noon"))
    else:
        said.append(from_to(from_time, to_time))
    if earliest:
        said.append(_("not before %(day)s") % {"day": date_format(earliest)})
    if latest:
        said.append(_("not after %(day)s") % {"day": date_format(latest)})
    if place:
        said.append(_("only in %(place)s") % {"place": place})
    if therapist:
        said.append(_("only with %(name)s") % {"name": therapist})
    return said
