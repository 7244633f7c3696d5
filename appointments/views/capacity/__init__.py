"""Pages with which the clinical lead and schedulers keep capacity."""

from __future__ import annotations

MAY_CHANGE = "appointments.change_capacity"
