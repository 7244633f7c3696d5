"""A reason for tests in which it does not matter whose turn it is."""

from __future__ import annotations

from appointments.actions import Turn
from appointments.codes import OutOfTurn

ANY_TURN = Turn(OutOfTurn.NOT_REACHED)
