"""Forms check and never save: one module for each of those who fill them in."""

from __future__ import annotations
