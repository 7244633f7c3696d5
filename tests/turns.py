"""Times given out of turn: a reason for where it does not matter, and such a visit."""

from __future__ import annotations

from dataclasses import replace

from appointments.actions import Terms, Turn
from appointments.codes import OutOfTurn
from appointments.models import GivenOutOfTurn
from massage_portal.accounts.roles import Role
from tests.factories import NOW, make_appointment, make_user

ANY_TURN = Terms(turn=Turn(OutOfTurn.NOT_REACHED))
AGREED = replace(ANY_TURN, agreed=True)


def make_out_of_turn(**fields) -> GivenOutOfTurn:
    """Return a visit that somebody was given past one in greater need."""
    if "appointment" not in fields:
        fields["appointment"] = make_appointment()
    if "by" not in fields:
        fields["by"] = make_user(Role.SCHEDULER)
    values = {"reason": OutOfTurn.PLAN, "passed_over": 1, "at": NOW}
    return GivenOutOfTurn.objects.create(**values | fields)
