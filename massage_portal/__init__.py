"""The ground that all apps stand on, and the roof that joins them."""

from __future__ import annotations

from massage_portal.celery import app as celery_app

__all__ = ["celery_app"]
