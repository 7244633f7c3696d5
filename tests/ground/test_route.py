"""When a message may go, and by which way, whatever hours its reader keeps."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from massage_portal.nights import Quiet, night_at
from massage_portal.outbox.codes import Channel
from massage_portal.outbox.models import Preference
from massage_portal.outbox.route import Reader, route

ZONE = ZoneInfo("America/Chicago")


@pytest.mark.parametrize(
    ("day", "ends"),
    [
        pytest.param(7, datetime(2026, 3, 7, 8, tzinfo=UTC), id="any day"),
        # No clock shows 2:00: the night lasts until they show 3:00.
        pytest.param(8, datetime(2026, 3, 8, 8, tzinfo=UTC), id="clocks go forward"),
    ],
)
def test_a_night_that_ends_at_an_hour_that_does_not_come_ends_no_sooner(day, ends):
    quiet = Quiet(time(21), time(2))
    asleep = datetime(2026, 3, day, 1, 30, tzinfo=ZONE)

    assert night_at(asleep, zone=ZONE, quiet=quiet).end == ends


def way(hour, *, quiet_from, quiet_until):
    """Return the hour and the channel of a message at an hour of June 1."""
    chosen = Preference(
        channel=Channel.SMS,
        mobile="+15075550100",
        quiet_from=time(quiet_from),
        quiet_until=time(quiet_until),
        time_zone=ZONE.key,
    )
    now = datetime(2026, 6, 1, hour, tzinfo=ZONE)
    found = route(
        Reader(1, chosen, "a@example.org"),
        now=now,
        expires_at=now + timedelta(days=2),
        short=True,
        at_once=False,
    )
    at = (found.wait_until or now).astimezone(ZONE)
    return at.day, at.hour, found.channel


@pytest.mark.parametrize("hour", [8, 9, 17, 18, 20])
def test_who_is_quiet_whenever_texts_go_gets_mail_as_soon_as_the_quiet_ends(hour):
    asleep = 9 <= hour < 18
    assert way(hour, quiet_from=9, quiet_until=18) == (
        1,
        18 if asleep else hour,
        Channel.EMAIL,
    )


@pytest.mark.parametrize(
    ("hour", "quiet", "wanted"),
    [
        pytest.param(10, (21, 8), (1, 10), id="by day"),
        pytest.param(22, (21, 8), (2, 9), id="at night"),
        pytest.param(19, (21, 8), (2, 9), id="in the evening"),
        pytest.param(7, (8, 12), (1, 12), id="quiet as texts begin"),
        pytest.param(19, (23, 10), (2, 10), id="a long night"),
        pytest.param(17, (17, 8), (2, 9), id="an early evening"),
        pytest.param(20, (0, 0), (2, 9), id="no quiet hours"),
    ],
)
def test_a_text_goes_at_the_first_hour_that_is_neither_quiet_nor_without_texts(
    hour, quiet, wanted
):
    first, last = quiet
    found = way(hour, quiet_from=first, quiet_until=last)
    assert found == (*wanted, Channel.SMS)
