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


def way(hour, *, quiet_from, quiet_until, at_once=False, lasts=48, **more):
    """Return the hour and the channel of a message at an hour of June 1."""
    presses = more.pop("presses", False)
    chosen = Preference(
        channel=Channel.SMS,
        mobile="+15075550100",
        quiet_from=time(quiet_from),
        quiet_until=time(quiet_until),
        time_zone=ZONE.key,
    )
    now = datetime(2026, 6, 1, hour, tzinfo=ZONE)
    found = route(
        Reader(1, chosen, "a@example.org", **more),
        now=now,
        expires_at=now + timedelta(hours=lasts),
        short=True,
        at_once=at_once,
        presses=presses,
    )
    if found is None:
        return None
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


NIGHT = {"quiet_from": 21, "quiet_until": 8}
NO_MAIL = {"stopped": frozenset({(Channel.EMAIL, "a@example.org")})}


@pytest.mark.parametrize("hour", [22, 0, 7])
def test_what_somebody_waits_for_goes_at_night_by_mail_and_makes_no_sound(hour):
    assert way(hour, **NIGHT, at_once=True) == (1, hour, Channel.EMAIL)


@pytest.mark.parametrize("hour", [8, 12, 20])
def test_what_somebody_waits_for_is_a_text_at_any_hour_that_is_not_quiet(hour):
    assert way(hour, **NIGHT, at_once=True) == (1, hour, Channel.SMS)


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("hour", range(24))
@pytest.mark.parametrize("mail", [{}, NO_MAIL], ids=["mail", "texts alone"])
def test_no_text_goes_in_quiet_hours_whatever_it_is(mail, hour, at_once):
    _day, goes_at, channel = way(hour, **NIGHT, at_once=at_once, **mail)
    assert channel == Channel.EMAIL or 8 <= goes_at < 21
    assert mail == {} or channel == Channel.SMS


def test_a_text_that_would_come_late_is_a_mail_if_mail_goes():
    assert way(19, **NIGHT, lasts=15) == (1, 19, Channel.EMAIL)  # of use until 10:00
    assert way(19, **NIGHT, lasts=17) == (2, 9, Channel.SMS)
    assert way(19, **NIGHT, lasts=15, **NO_MAIL) == (2, 9, Channel.SMS)
    assert way(19, **NIGHT, lasts=14, **NO_MAIL) is None  # a call


@pytest.mark.parametrize(
    ("hour", "lasts", "wanted"),
    [
        pytest.param(19, 28, (2, 9, Channel.SMS), id="a half of it is lost"),
        pytest.param(19, 27, (1, 19, Channel.EMAIL), id="more than a half"),
        pytest.param(7, 5, (1, 9, Channel.SMS), id="as the night ends"),
        pytest.param(22, 20, (2, 8, Channel.EMAIL), id="by mail, half of it is quiet"),
        pytest.param(22, 19, (1, 22, Channel.EMAIL), id="and more than a half"),
    ],
)
def test_what_presses_loses_no_more_than_half_of_its_time(hour, lasts, wanted):
    assert way(hour, **NIGHT, lasts=lasts, presses=True) == wanted


def test_what_presses_is_a_text_in_the_end_where_no_mail_goes():
    assert way(19, **NIGHT, lasts=16, presses=True, **NO_MAIL) == (2, 9, Channel.SMS)


def test_by_mail_too_what_presses_does_not_sleep_its_time_away():
    chosen = Preference(quiet_from=time(21), quiet_until=time(8), time_zone=ZONE.key)
    now = datetime(2026, 6, 1, 23, tzinfo=ZONE)
    how = {"now": now, "short": False, "at_once": False, "presses": True}
    reader = Reader(1, chosen, "a@example.org")
    for lasts, wait_until in ((18, now + timedelta(hours=9)), (17, None)):
        expires_at = now + timedelta(hours=lasts)
        assert route(reader, expires_at=expires_at, **how).wait_until == wait_until
