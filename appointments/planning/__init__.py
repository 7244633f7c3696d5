"""Which opening each waiting patient should have, so that total harm is least."""

from __future__ import annotations
