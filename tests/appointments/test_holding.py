"""How long an offer holds: as long as policy says, shorter as time nears, no nights."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from appointments.holding import SHORTEST, hold_until
from massage_portal.nights import Quiet, awake_since, night_at
from tests.factories import DAY, HOUR, NOW, TODAY, ZONE, at

NIGHT = Quiet(time(21, 0), time(8, 0))
NO_NIGHT = Quiet(time(0, 0), time(0, 0))
MINUTE = timedelta(minutes=1)
ZONES = st.sampled_from(
    [ZONE, *map(ZoneInfo, ("Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata"))]
)
MOMENTS = st.integers(0, 3 * 365 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + minutes * MINUTE
)
AHEAD = st.timedeltas(MINUTE, 40 * DAY)
CLOCKS = st.times().map(lambda clock: clock.replace(second=0, microsecond=0))
QUIETS = st.one_of(st.just(NIGHT), st.builds(Quiet, CLOCKS, CLOCKS))
RULES = st.fixed_dictionaries(
    {
        "hold": st.timedeltas(HOUR, 7 * DAY),
        "notice": st.timedeltas(timedelta(0), 2 * DAY),
        "zone": ZONES,
        "quiet": QUIETS,
    }
)
SPRING, AUTUMN = date(2026, 3, 8), date(2026, 11, 1)


def until(starts_at, *, now=NOW, quiet=NIGHT, hold=DAY, notice=4 * HOUR, zone=ZONE):
    return hold_until(
        now=now, starts_at=starts_at, zone=zone, hold=hold, notice=notice, quiet=quiet
    )


@pytest.mark.parametrize(
    ("now", "starts_at", "ends"),
    [
        pytest.param("Wed 10:00", "Mon 09:00", "Thu 10:00", id="a day"),
        pytest.param("Wed 10:00", "Wed 19:00", "Wed 15:00", id="until the notice"),
        pytest.param("Wed 10:00", "Wed 13:00", "Wed 10:30", id="half an hour at least"),
        pytest.param("Wed 10:00", "Wed 10:10", "Wed 10:10", id="never past the start"),
        pytest.param("Wed 22:00", "Mon 09:00", "Fri 08:00", id="from night to morning"),
        pytest.param("Wed 18:00", "Thu 13:00", "Thu 08:00", id="the morning suffices"),
        pytest.param("Wed 10:00", "Thu 09:00", "Wed 21:00", id="or the evening before"),
        pytest.param("Wed 20:45", "Thu 09:00", "Thu 08:00", id="too late for that"),
        pytest.param("Wed 22:00", "Thu 07:00", "Thu 07:00", id="a visit in the night"),
        pytest.param("Wed 22:00", "Thu 20:00", "Thu 16:00", id="counted from morning"),
        pytest.param("Wed 23:00", "Thu 13:00", "Thu 09:00", id="until the notice then"),
        pytest.param("Thu 02:00", "Thu 09:00", "Thu 08:30", id="as short then"),
    ],
)
def test_a_hold_ends_by_the_rule(now, starts_at, ends):
    days = {"Wed": 0, "Thu": 1, "Fri": 2, "Mon": 5}

    def moment(words):
        day, clock = words.split()
        return at(TODAY + days[day] * DAY, clock)

    assert until(moment(starts_at), now=moment(now)) == moment(ends)


@pytest.mark.parametrize(
    ("now", "ends"),
    [
        pytest.param(
            at(SPRING - DAY, "20:00"), at(SPRING, "08:00"), id="a short night"
        ),
        pytest.param(at(AUTUMN - DAY, "20:00"), at(AUTUMN, "08:00"), id="a long night"),
    ],
)
def test_the_morning_comes_by_the_clock_on_the_wall(now, ends):
    assert until(now + 3 * DAY, now=now, hold=3 * HOUR) == ends


def test_an_hour_that_comes_twice_is_night_in_both_comings_or_in_none():
    quiet = Quiet(time(22, 0), time(1, 30))
    one_thirty = at(AUTUMN, "01:30")  # its first coming

    assert night_at(one_thirty + 59 * MINUTE, zone=ZONE, quiet=quiet) is not None
    assert night_at(one_thirty + HOUR, zone=ZONE, quiet=quiet) is None


def shown(moment, zone):
    return moment.astimezone(zone).time()


def in_the_night(clock, quiet):
    """Say whether a clock shows a time within the night, by its face alone."""
    if quiet.begin <= quiet.end:
        return quiet.begin < clock < quiet.end
    return clock > quiet.begin or clock < quiet.end


@given(now=MOMENTS, ahead=AHEAD, rules=RULES)
@example(  # the night of a clock change
    now=at(AUTUMN - DAY, "20:00"),
    ahead=2 * DAY,
    rules={"hold": 6 * HOUR, "notice": HOUR, "zone": ZONE, "quiet": NIGHT},
)
def test_a_hold_keeps_within_its_bounds_and_never_ends_at_night(now, ahead, rules):
    starts_at = now + ahead

    ends = until(starts_at, now=now, **rules)

    assert now < ends <= starts_at
    assert ends - now >= min(SHORTEST, ahead)
    quiet, zone = rules["quiet"], rules["zone"]
    if ends != starts_at and quiet.begin != quiet.end:
        assert not in_the_night(shown(ends, zone), quiet)
    asleep = night_at(now, zone=zone, quiet=quiet)
    told = asleep.end if asleep and asleep.end < starts_at else now
    left = starts_at - told
    longest = max(min(rules["hold"], left * 2 / 3, left - rules["notice"]), SHORTEST)
    night = night_at(told + longest, zone=zone, quiet=quiet)
    if night is None:
        assert ends == min(told + longest, starts_at)
    assert ends - told >= min(SHORTEST, left)


@given(now=MOMENTS, ahead=AHEAD, more=AHEAD, rules=RULES)
def test_the_nearer_the_visit_the_sooner_the_hold_ends(now, ahead, more, rules):
    near = until(now + ahead, now=now, **rules)
    far = until(now + ahead + more, now=now, **rules)

    assert near <= far
    by_day = rules | {"quiet": NO_NIGHT}
    at_most = [until(now + one, now=now, **by_day) for one in (ahead, ahead + more)]
    assert at_most[0] - now <= at_most[1] - now


@given(since=MOMENTS, later=st.timedeltas(timedelta(0), 5 * DAY), zone=ZONES, q=QUIETS)
def test_what_happened_at_night_is_told_as_the_night_ends(since, later, zone, q):
    now = since + later

    awake = awake_since(since, now, zone=zone, quiet=q)

    assert since <= awake <= now
    asleep = [since + number * HOUR / 2 for number in range(int(2 * later / HOUR) + 1)]
    free = [one for one in asleep if night_at(one, zone=zone, quiet=q) is None]
    if free and night_at(now, zone=zone, quiet=q) is None:
        last_night = [one for one in asleep if one not in free]
        assert awake >= max(last_night, default=since)
