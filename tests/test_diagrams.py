"""The READMEs show the states as the code has them."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.db import models

from massage_portal.diagrams import redraw, state_diagram
from massage_portal.management.commands.diagrams import READMES


class Light(models.TextChoices):
    RED = "red", "Stop"
    RED_AMBER = "red-amber", "Get ready"
    GREEN = "green", "Go"
    DARK = "dark", "Out of order"


STEPS = {
    Light.RED: {Light.RED_AMBER},
    Light.RED_AMBER: {Light.GREEN},
    Light.GREEN: set(),
    Light.DARK: set(),
}


def test_a_diagram_shows_each_step_where_it_begins_and_where_it_ends():
    drawn = state_diagram(STEPS, begins_in={Light.RED}).splitlines()

    assert drawn[1:] == [
        "stateDiagram-v2",
        '    state "red: Stop" as red',
        '    state "red-amber: Get ready" as red_amber',
        '    state "green: Go" as green',
        "    [*] --> red",
        "    red --> red_amber",
        "    red_amber --> green",
        "    green --> [*]",
        "```",
    ]


def test_a_diagram_replaces_only_what_stands_between_its_marks():
    text = "before\n<!-- states: light -->\nold\n<!-- end -->\nafter <!-- end -->\n"

    once = redraw(text, {"light": "new"})

    assert once == text.replace("old", "new")
    assert redraw(once, {"light": "new"}) == once
    with pytest.raises(LookupError, match="heavy"):
        redraw(text, {"heavy": "new"})


@pytest.mark.parametrize("path", READMES, ids=str)
def test_a_readme_shows_the_states_as_they_are(path):
    text = (settings.BASE_DIR / path).read_text()

    assert redraw(text, READMES[path]) == text, "run: manage.py diagrams"


@pytest.mark.parametrize(
    "app",
    [
        *["massage_portal/audit", "massage_portal/outbox", "massage_portal/accounts"],
        *["services", "referrals", "appointments"],
    ],
)
def test_every_app_says_its_purpose_words_states_and_decisions(app):
    text = (settings.BASE_DIR / app / "README.md").read_text()

    for part in ("**Purpose.**", "**Words.**", "**States.**", "## Decisions"):
        assert part in text, part
