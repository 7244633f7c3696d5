"""Pages: one module for each of those who use them."""

from __future__ import annotations
