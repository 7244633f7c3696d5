"""Whether the times of a plan are still with those whom waiting harms most."""

from __future__ import annotations

from collections.abc import Sequence

from appointments.models.draft import Draft, DraftOffer
from appointments.models.drawn_from import DrawnFrom
from appointments.models.planner import Planner, target_of
from appointments.models.waitlist import WaitlistEntry
from appointments.planning.drawing import LEAST_GAIN
from appointments.planning.gains import Held, Times


def passed_over(planner: Planner, draft: Draft, rows: Sequence[DraftOffer]) -> set[int]:
    """
    Return the keys of those who would gain more by a row's time than its patient.

    The plan was drawn from the line as it was. So asked is, of those who are not as
    they were or came since, any row; and of everybody, the rows whose own patient's
    target has changed, and those whose time the plan did not give: it was found when
    the patient was taken in again, and nobody else was asked. What a row was moved to
    by hand, and who was struck, is left to the scheduler.
    """
    return Weighed(planner, draft, rows).passed_over()


class Weighed:
    """The rows that no hand has moved, beside those who wait."""

    def __init__(
        self, planner: Planner, draft: Draft, rows: Sequence[DraftOffer]
    ) -> None:
        self._planner, self._draft = planner, draft
        self._targets = {one.pk: target_of(one) for one in planner.line}
        self._out = {row.entry_id for row in rows} | planner.to_call
        struck = draft.offers.filter(struck=True)
        self._out |= set(struck.values_list("entry_id", flat=True))
        self._rows = [row for row in rows if not row.moved]
        self._held = [self._held_by(row) for row in self._rows]
        self._times = Times(
            self._held,
            ends_at=draft.ends_at,
            exponent=float(planner.policy.harm_exponent),
            margin=float(planner.policy.same_therapist_harm) + LEAST_GAIN,
        )

    def passed_over(self) -> set[int]:
        """Return the keys of them."""
        drawn = DrawnFrom.read(self._draft)
        asked = (one for one in self._planner.line if one.pk not in self._out)
        passed = {one.pk for one in asked if self._passes(one, drawn)}
        if not any(held.of_all for held in self._held):
            return passed  # no two rows are to be compared
        numbers = range(len(self._rows))
        return passed | {self._rows[n].entry_id for n in numbers if self._is_late(n)}

    def _passes(self, entry: WaitlistEntry, drawn: DrawnFrom) -> bool:
        """Say whether somebody without a row would gain more by one."""
        target = self._targets[entry.pk]
        anew = drawn.differs(entry, target)
        some = (
            self._held[n] for n in self._times.better_for(entry.received_at, target)
        )
        return any(
            (anew or row.of_all) and self._could_have(entry, row) for row in some
        )

    def _is_late(self, number: int) -> bool:
        """
        Say whether a row's patient would gain more by an earlier one than both lose.

        They change places if the other can, who is left without a time if not. Of two
        rows that are as the plan was drawn, it has weighed that.
        """
        row, held = self._rows[number], self._held[number]
        if row.entry_id not in self._targets or row.entry_id in self._planner.to_call:
            return False
        for earlier, also_if_none in self._times.better_than(number):
            theirs, other = self._held[earlier], self._rows[earlier]
            if (
                (held.of_all or theirs.of_all)
                and self._could_have(row.entry, theirs)
                and (also_if_none or self._could_have(other.entry, held))
            ):
                return True
        return False

    def _held_by(self, row: DraftOffer) -> Held:
        """Return the row's time with its patient, by the target that counts now."""
        target = self._targets.get(row.entry_id) or row.target_days
        return Held(
            therapist=row.therapist_id,
            starts_at=row.starts_at,
            ends_at=row.starts_at + self._planner.length_of(row),
            of_all=row.unweighed or target != row.target_days,
            received_at=row.entry.received_at,
            target_days=target,
        )

    def _could_have(self, entry: WaitlistEntry, held: Held) -> bool:
        """Say whether the entry could have a row's time: it suits, and is no longer."""
        place = (held.therapist, held.starts_at)
        opening = self._planner.opening_for(entry, place)
        if opening is None or opening.ends_at > held.ends_at:
            return False
        return self._planner.can_have(entry, opening)
