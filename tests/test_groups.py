"""Tests that share what is costly, or must not meet, stay with one worker."""

from __future__ import annotations

import pytest


@pytest.mark.xdist_group("groups")
def test_a_test_of_a_group_carries_its_name_to_whoever_deals_the_tests_out(request):
    if not hasattr(request.config, "workerinput"):
        pytest.skip("one process runs all tests: there is nobody to deal them out")
    assert request.node.nodeid.endswith("@groups")
