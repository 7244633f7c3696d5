"""Spanish, as it is written in the United States."""

from __future__ import annotations
