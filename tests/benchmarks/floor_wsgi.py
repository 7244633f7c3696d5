"""The portal as it is served, and the plain page beside it, by the same workers."""

from __future__ import annotations

from django.conf import settings

from massage_portal.wsgi import application

settings.ROOT_URLCONF = "tests.benchmarks.floor_page"  # looked at with each request

__all__ = ["application"]
