"""What tests of referrals share."""

from __future__ import annotations

import pytest

from referrals.models.letter import private_storage
from tests.factories import NOW


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Letters of a test lie in a folder of its own, and the clock stands at NOW."""
    monkeypatch.setitem(private_storage().__dict__, "location", str(tmp_path))
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    return tmp_path
