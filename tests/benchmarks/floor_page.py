"""The least a page of Django's can be: one query, the same rows, the same size."""

from __future__ import annotations

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone

from massage_portal.access import public
from massage_portal.urls import urlpatterns as the_portal
from tests.benchmarks import queue_page


@public
def page(request: HttpRequest) -> HttpResponse:
    """Answer with the 50 rows, made as long as `size` asks."""
    with connection.cursor() as cursor:
        cursor.execute(queue_page.SAME_ROWS, {"now": timezone.now()})  # noqa: TID251
        rows = cursor.fetchall()
    lines = "".join(f"<tr><td>{row}</td></tr>" for row in rows)
    return HttpResponse(f"<table>{lines}</table>".ljust(int(request.GET["size"])))


urlpatterns = [path("floor", page), *the_portal]
