"""
Figures reckoned a moment ago: they count a year of visits, and seconds change nothing.

Only numbers are kept. A figure that tells of single records is reckoned for each who
asks, for each sight of them leaves a trace, and the cache holds no health data.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.core.cache import caches
from django.utils.translation import get_language

from appointments.figures.figure import Figure

LASTS = 60  # seconds


def lately(key: str, reckon: Callable[..., Figure], *, now: datetime) -> Figure:
    """Return the figure as it was reckoned within LASTS, or reckon it."""
    name = f"figure:{key}:{get_language()}"
    kept: Figure | None = caches["memory"].get(name)
    if kept is not None:
        return kept
    figure = reckon(now=now)
    if not figure.seen:
        caches["memory"].set(name, figure, LASTS)
    return figure
