"""The demo is the same whatever keys its rows get: its dice know none."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from massage_portal import demo

MODULES = sorted(Path(demo.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_a_key_is_only_ever_handed_on(module):
    """A key that is reckoned with or assigned would decide what happens."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    keys = {
        id(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in ("pk", "id")
    }
    handed_on = {
        id(word.value)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        for word in call.keywords
    }

    assert keys <= handed_on
