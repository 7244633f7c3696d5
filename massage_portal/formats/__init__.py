"""Numbers and dates where ours differ from those that Django has for a language."""

from __future__ import annotations
