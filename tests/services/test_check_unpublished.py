"""The guided check of a clinic that has published nothing."""

from __future__ import annotations

from tests.services.test_check import heading, walk


def test_a_clinic_that_has_published_nothing_still_asks_for_emergencies(db, client):
    answer, seen = walk(client)

    assert seen == ["not-now"]
    assert heading(answer) == "Ask your provider for a referral"
