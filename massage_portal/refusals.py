"""Pages for refusals that no view of ours makes."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from massage_portal.access import public

SECRET_FIELDS = ("password", "token", "csrf")
MOST_FIELDS = 60


@public
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """
    Refuse a form whose token does not fit, and keep what was typed where that is safe.

    A page left open too long is the common cause: then the form came from our own
    origin, and its fields are shown, to be sent again with a fresh token. A form
    from elsewhere is shown nothing.
    """
    from_here = request.headers.get("Origin") == settings.PORTAL_ORIGIN
    typed = []
    if from_here and urlsplit(request.path).path == request.path:
        typed = [
            (name, value)
            for name, values in request.POST.lists()
            if not any(word in name.lower() for word in SECRET_FIELDS)
            for value in values
        ][:MOST_FIELDS]
    return render(
        request, "403_csrf.html", {"typed": typed, "path": request.path}, status=403
    )
