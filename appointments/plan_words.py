"""What a plan of offers says of its rows, in words for staff. Pure but for gettext."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

SAME = 1 / 48  # half an hour, in days: less is no difference
TELLING = 0.05  # days: less would be told as 0.0


@dataclass(frozen=True)
class Balance:
    """What a plan comes to, beside what the line alone would give."""

    offers: int
    without: int
    harm: float
    line_harm: float
    in_time: int
    line_in_time: int
    gain: int  # who is seen sooner than by the line alone, or at all
    wait: int  # who is seen later, or not at all though the line would give them a time
    left: int = 0  # offers of which nobody has said yet what became of them

    @property
    def gone(self) -> int:
        """Offers that went out, or of which it is known why they did not."""
        return self.offers - self.left

    @property
    def people(self) -> int:
        """How many the plan was drawn up for."""
        return self.offers + self.without

    @property
    def share(self) -> int:
        """The share within target, in whole per cent, rounded down."""
        return 100 * self.in_time // self.people if self.people else 0

    @property
    def line_share(self) -> int:
        """The same, by the line alone."""
        return 100 * self.line_in_time // self.people if self.people else 0


def why_then(*, moved: bool, same_therapist: bool, sooner_days: float | None) -> str:
    """
    Say why a row has its time.

    :param sooner_days: than by the line alone; below zero if later; None if the line
        alone would give nothing.
    """
    if moved:
        return _("Moved by hand.")
    if sooner_days is None:
        said = _("By the line alone they would get no time.")
    elif SAME < sooner_days < TELLING:
        said = _("A little sooner than by the line alone.")
    elif sooner_days > SAME:
        said = _("%(days).1f days sooner than by the line alone.") % {
            "days": sooner_days
        }
    elif -TELLING < sooner_days < -SAME:
        said = _(
            "A little later than by the line alone: the sooner time goes to somebody "
            "whom waiting harms more."
        )
    elif sooner_days < -SAME:
        said = _(
            "%(days).1f days later than by the line alone: the sooner time goes to "
            "somebody whom waiting harms more."
        ) % {"days": -sooner_days}
    else:
        said = _("The time that the line alone would give.")
    if same_therapist:
        said = f"{said} {_('With the therapist of their last visit.')}"
    return said
