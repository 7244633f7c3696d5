"""
How messages fare, for whoever watches over the portal: Prometheus' text format.

Numbers only, of nobody. Each is read when it is asked for, so all processes tell the
same; what is counted is bounded by a day, so it costs the same in ten years.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from massage_portal.access import by_secret, by_system
from massage_portal.accounts.actions import note_use
from massage_portal.accounts.models import ClientSystem, Scope
from massage_portal.outbox import health
from massage_portal.outbox.codes import Channel, State
from massage_portal.outbox.models import Message

NO_CHANNEL = "none"  # it has not been handed over yet


class Messages(Collector):
    """Reads what stands in the tables at one moment."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def collect(self) -> Iterator[Metric]:
        """Yield each figure."""
        yield self._by_state()
        waiting = health.waiting(self.now)
        yield gauge(
            "waiting",
            "Messages of use that should have gone, and have not.",
            waiting[0],
        )
        yield gauge(
            "oldest_due_seconds",
            "How long the oldest of them is past due; 0 if none waits.",
            self._since(waiting.oldest),
        )
        late = Message.objects.late(self.now).count()
        yield gauge("late", "Those of them that are 15 minutes past due.", late)
        yield self._attempts()
        yield self._failing()
        yield self._unread()
        pulse = health.last_pulse()
        yield gauge(
            "sender_silent_seconds",
            "Since when beat, broker and workers gave no sign of life; -1: never.",
            self._since(pulse) if pulse else -1,
        )
        yield gauge(
            "to_call",
            "Messages that reached nobody, whose readers should be called.",
            Message.objects.to_call(self.now).count(),
        )

    def _since(self, moment: datetime | None) -> float:
        return (self.now - moment).total_seconds() if moment else 0

    def _by_state(self) -> Metric:
        found = GaugeMetricFamily(
            "portal_messages",
            "Messages that came due in the last 24 hours, by state and channel.",
            labels=["state", "channel"],
        )
        day = Message.objects.due_between(self.now - health.DAY, self.now)
        for state in State:
            some = day.in_state(state).order_by().values_list("channel")
            counts = dict(some.annotate(n=Count("pk")))
            for channel in [*Channel.values, ""]:
                labels = [state.value, channel or NO_CHANNEL]
                found.add_metric(labels, counts.get(channel, 0))
        return found

    def _attempts(self) -> Metric:
        day = Message.objects.due_between(self.now - health.DAY, self.now)
        tried = day.aggregate(tried=Sum("attempts"))["tried"]
        words = "How often messages that came due in the last 24 hours were tried."
        return gauge("attempts", words, tried or 0)

    def _failing(self) -> Metric:
        found = GaugeMetricFamily(
            "portal_messages_channel_failing_seconds",
            "Since when a channel takes nothing; 0 if it works.",
            labels=["channel"],
        )
        broken = {one.channel: one.failing_since for one in health.failing()}
        for channel in Channel.values:
            found.add_metric([channel], self._since(broken.get(channel)))
        return found

    @staticmethod
    def _unread() -> Metric:
        found = GaugeMetricFamily(
            "portal_messages_channel_unread",
            "1 if a channel takes messages, and answers what nobody can read.",
            labels=["channel"],
        )
        odd = {one.channel for one in health.unread()}
        for channel in Channel.values:
            found.add_metric([channel], channel in odd)
        return found


def gauge(name: str, words: str, value: float) -> Metric:
    """Return one figure."""
    return GaugeMetricFamily(f"portal_messages_{name}", words, value=value)


def _refuse(status: int, words: str, **headers: str) -> HttpResponse:
    return HttpResponse(
        f"{words}\n", status=status, content_type="text/plain", headers=headers
    )


def stranger(request: HttpRequest) -> HttpResponse:
    """Answer whoever bears no secret that is in use."""
    words = "Send Authorization: Bearer and the secret that the clinic gave you."
    return _refuse(401, words, **{"WWW-Authenticate": 'Bearer realm="metrics"'})


def other_method(request: HttpRequest, allowed: str) -> HttpResponse:
    """Answer methods that are not taken."""
    return _refuse(405, f"Only {allowed} is taken here.", Allow=allowed)


def unread(status: int) -> HttpResponse:
    """Answer what nobody reads, and what met no database."""
    return _refuse(status, "Not now." if status == 503 else "Send no body.")


@by_system(
    "GET",
    stranger=stranger,
    other_method=other_method,
    unread=unread,
    known=by_secret(Scope.METRICS),
)
def metrics(request: HttpRequest, system: ClientSystem) -> HttpResponse:
    """Show the figures of this moment to a system that bears a secret."""
    now = timezone.now()  # noqa: TID251 - this is a view
    note_use(system=system, now=now)
    registry = CollectorRegistry()
    registry.register(Messages(now))
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
