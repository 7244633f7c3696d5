"""What tests of referrals share."""

from __future__ import annotations

import pytest

from referrals.models import Letter
from referrals.models.letter import private_storage
from tests.factories import NOW


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Letters of a test lie in a folder of its own, and the clock stands at NOW."""
    # Two where a test before had other settings: the field keeps the one it began with.
    for storage in (private_storage(), Letter._meta.get_field("file").storage):
        monkeypatch.setitem(storage.__dict__, "location", str(tmp_path))
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    return tmp_path
