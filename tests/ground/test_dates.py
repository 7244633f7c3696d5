"""Dates in words break where they may, also on a phone with wide letters."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.template import engines
from django.utils import timezone
from django.utils.translation import override

from massage_portal.templatetags.dates import unbroken


@pytest.mark.parametrize(
    ("language", "style", "lines"),
    [
        ("en", "l, F j", ["Wednesday,", "December_2"]),
        ("en", "l, F j, Y", ["Wednesday,", "December_2,", "2026"]),
        ("en", "l, F j, P T", ["Wednesday,", "December_2,", "8_a.m.", "CST"]),
        ("es", "l, F j", ["miércoles", "2_de", "diciembre"]),
        ("es", "l, F j, Y", ["miércoles", "2_de", "diciembre", "de_2026"]),
    ],
)
def test_a_date_breaks_after_its_weekday_and_beside_no_number(language, style, lines):
    page = engines["django"].from_string(
        '{% load i18n dates %}{{ day|date:_("' + style + '")|unbroken }}'
    )
    day = datetime(2026, 12, 2, 8, tzinfo=ZoneInfo("America/Chicago"))

    with timezone.override(day.tzinfo), override(language):
        said = page.render({"day": day})

    assert said.replace("\N{NO-BREAK SPACE}", "_").split(" ") == lines


def test_what_is_no_date_is_left_alone():
    assert [unbroken(one) for one in ("", "Wednesday")] == ["", "Wednesday"]
