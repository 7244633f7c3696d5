"""Every write of services."""

from __future__ import annotations

from services.actions.content import BadContent, load_content
from services.actions.insurers import Imported, import_insurers

__all__ = ["BadContent", "Imported", "import_insurers", "load_content"]
