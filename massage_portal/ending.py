"""
Whether this worker is asked to end, and until when it may still wait for anything.

Celery's first process hears the signal and its children do not, so what it hears is
written into memory that they share: the moment, by the clock that never jumps and that
all processes of a machine have in common.
"""

from __future__ import annotations

import mmap
import struct
import time

# Whoever asks a worker to end kills it after 30 seconds. It waits for nothing once
# these are over. A hand-over that is on takes 20 at the most, and one try to mark it 4.
GRACE = 15.0  # seconds
_moment = mmap.mmap(-1, 8)  # shared with every process that is forked from here


def begin() -> None:
    """Remember that the worker was asked to end; the first time counts."""
    if not is_near():
        struct.pack_into("d", _moment, 0, time.monotonic())


def is_near() -> bool:
    """Say whether the worker was asked to end."""
    return _asked_at() > 0


def is_here() -> bool:
    """Say whether it may wait no longer."""
    return is_near() and time.monotonic() > _asked_at() + GRACE


def _asked_at() -> float:
    (moment,) = struct.unpack_from("d", _moment, 0)
    return float(moment)
