"""Spanish of the United States: a point before the tenths, as on every bill there."""

from __future__ import annotations

DECIMAL_SEPARATOR = "."
THOUSAND_SEPARATOR = ","
SHORT_DATE_FORMAT = "j b Y"  # 14/10 and 10/14 would be read either way
TIME_FORMAT = "P"  # "a.m.", as all other hours are told
DATETIME_FORMAT = r"j \d\e F \d\e Y, P"
