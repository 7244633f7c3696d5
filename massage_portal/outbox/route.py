"""
By which channel a message goes, and how long it waits. Pure: no clock, no database.

1. The channel is the one that the person chose, if the kind has words for it, nothing
   stops the address, and the number of texts leaves room; else email, unless that is
   stopped; else none: somebody calls.
2. In quiet hours everything waits until they end, but what somebody waits for. That,
   and what would be of no use by then, goes by email, which makes no sound. Whom no
   email reaches is sent the text as they end.
3. Texts go between 9:00 and 18:00 only, at most one a day and three a week, as health
   systems do. What would then be of use for less than two hours goes by email, and so
   does all to whoever is quiet the whole of that time.
4. What presses waits for none of these hours if more than half of the time in which it
   is of use would be lost: then it goes by email at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import NamedTuple

from massage_portal.nights import Quiet, night_at
from massage_portal.outbox.codes import Channel
from massage_portal.outbox.models import Preference
from massage_portal.outbox.models.preference import zone_named

NO_TEXTS = Quiet(time(18, 0), time(9, 0))
MOST_WAITS = 4  # one after the other, of quiet hours and those without texts
LEFT = timedelta(hours=2)  # to read a text that waited, and to answer it
MOST_TEXTS = ((timedelta(days=1), 1), (timedelta(days=7), 3))


class Route(NamedTuple):
    """The way that a message takes, or until when it waits."""

    channel: Channel
    address: str
    wait_until: datetime | None = None


@dataclass(frozen=True)
class Reader:
    """What the way depends on: whom a message is for, as they are at this moment."""

    user: int
    preference: Preference
    email: str
    stopped: frozenset[tuple[str, str]] = frozenset()  # (channel, address)
    texts: tuple[datetime, ...] = ()  # when the last texts went to them
    where: str = ""  # the zone that is theirs unless they named one; "" the clinic's

    def may_use(self, channel: Channel, address: str) -> bool:
        """Say whether there is such an address, and nothing stops it."""
        return bool(address) and (channel, address) not in self.stopped

    def without(self, way: Route) -> Reader:
        """Return the same reader once an address has been stopped."""
        stopped = self.stopped | {(way.channel, way.address)}
        return replace(self, stopped=stopped)

    def at(self, zone: str) -> Reader:
        """Return the same reader, in a zone that is theirs unless they named one."""
        return replace(self, where=zone) if zone else self

    def end_of(self, quiet: Quiet, moment: datetime) -> datetime | None:
        """Return when the quiet hours end in which `moment` lies, if it does."""
        zone = zone_named(self.preference.time_zone or self.where)
        night = night_at(moment, zone=zone, quiet=quiet)
        return night.end if night else None

    def after_text(self, sent_at: datetime) -> Reader:
        """Return the same reader once a text went to them."""
        return replace(self, texts=(*self.texts, sent_at))


def route(
    reader: Reader,
    *,
    now: datetime,
    expires_at: datetime,
    short: bool,
    at_once: bool,
    presses: bool = False,
) -> Route | None:
    """
    Return the way of a message at `now`; None if no channel reaches its reader.

    :param short: whether its kind has words for a text message.
    :param at_once: whether somebody waits for it, whatever the hour.
    :param presses: whether it is to be answered before it expires.
    """
    last = now + (expires_at - now) / 2 if presses else expires_at
    chosen = reader.preference
    until = None if at_once else reader.end_of(chosen.quiet, now)
    mail = reader.may_use(Channel.EMAIL, reader.email)
    if short and chosen.channel == Channel.SMS:
        text = _by_text(reader, now=now, at_once=at_once)
        if text and _is_in_time(text, expires_at, last, at_once=at_once, mail=mail):
            return text
    if not mail:
        return None
    late = until is not None and (until >= expires_at or until > last)
    return Route(Channel.EMAIL, reader.email, None if late else until)


def _is_in_time(
    text: Route, expires_at: datetime, last: datetime, *, at_once: bool, mail: bool
) -> bool:
    """
    Say whether a text is as good as a mail; where none goes, late is in time too.

    :param last: until when it may wait where a mail goes.
    """
    if text.wait_until is None:
        return True
    if not mail:
        return text.wait_until < expires_at
    in_time = text.wait_until + LEFT < expires_at and text.wait_until <= last
    return in_time and not at_once


def _by_text(reader: Reader, *, now: datetime, at_once: bool) -> Route | None:
    """Return the way of a text message, if one may go to this reader at all."""
    number = reader.preference.number
    if not reader.may_use(Channel.SMS, number):
        return None
    for period, most in MOST_TEXTS:
        if sum(now - period < sent for sent in reader.texts) >= most:
            return None
    if at_once and reader.end_of(reader.preference.quiet, now) is None:
        return Route(Channel.SMS, number)
    first = _first_for_texts(reader, now)
    if first is None:
        return None
    return Route(Channel.SMS, number, first if first > now else None)


def _first_for_texts(reader: Reader, now: datetime) -> datetime | None:
    """
    Return from when on a text may go; None if each wait ends in another one.

    Whoever works at night is quiet by day: a text to them would wait for ever.
    """
    moment = now
    for _wait in range(MOST_WAITS):
        hours = (reader.preference.quiet, NO_TEXTS)
        ends = [reader.end_of(quiet, moment) for quiet in hours]
        found = [end for end in ends if end is not None]
        if not found:
            return moment
        moment = max(found)
    return None
