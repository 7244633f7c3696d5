"""What machines ask: does the process live, and is it ready for work?"""

from __future__ import annotations

from typing import Any

from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from massage_portal.access import public
from massage_portal.outbox import health
from massage_portal.outbox.models import Message


@public
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200 while the process lives."""
    return JsonResponse({"status": "alive"})


@public
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """
    Answer 200 when the database answers and is migrated, 503 otherwise.

    How messages fare is told beside it: pages work without them.
    """
    try:
        executor = MigrationExecutor(connection)
        behind = executor.migration_plan(executor.loader.graph.leaf_nodes())
        messages = {} if behind else _messages()
    except (DatabaseError, InterfaceError):
        return JsonResponse({"status": "no database"}, status=503)
    if behind:
        return JsonResponse({"status": "not migrated"}, status=503)
    return JsonResponse({"status": "ready", "messages": messages})


def _messages() -> dict[str, Any]:
    """Say how many are late, and whether the background gives a sign of life."""
    now = timezone.now()  # noqa: TID251 - this is a view
    silent = health.is_silent(health.last_pulse(), now)
    late = Message.objects.late(now).count()
    return {"late": late, "beat": "silent" if silent else "heard"}
