"""The private address for a patient's own calendar, and the buttons that make it."""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from appointments import actions, ical
from appointments.models import Appointment, CalendarFeed
from appointments.views.patient import OWN
from massage_portal.access import SignedInRequest, by_link, requires


@by_link
@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """
    Give the visits of the account that the secret address belongs to.

    Every address that does not work gets one answer, whatever the reason.
    """
    found = CalendarFeed.objects.opened_by(token)
    if found is None or not found.user.has_perm(OWN):
        return render(request, "accounts/link_spent.html", status=404)
    now = timezone.now()
    try:
        actions.look_at_calendar(feed=found, now=now)
    except actions.TooOften as refusal:
        wait = {"Retry-After": "3600", "Content-Type": "text/plain; charset=utf-8"}
        return HttpResponse(str(refusal), status=429, headers=wait)
    visits = Appointment.objects.for_calendar(found.user, now=now).with_place()
    with translation.override(found.user.language):
        content = ical.feed(visits)
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8")
    response["ETag"] = f'"{hashlib.sha256(content).hexdigest()}"'
    answer = get_conditional_response(request, etag=response["ETag"], response=response)
    return answer or response


@requires(OWN)
@require_POST
def renew(request: SignedInRequest) -> HttpResponse:
    """Make a new address and show it, this once: only its hash is kept."""
    secret = actions.renew_calendar(by=request.user, now=timezone.now())
    address = settings.PORTAL_ORIGIN + reverse("calendar_feed", args=[secret])
    context = {"address": address}
    return render(request, "appointments/patient/calendar_address.html", context)


@requires(OWN)
@require_POST
def end(request: SignedInRequest) -> HttpResponse:
    """Switch the address off."""
    actions.end_calendar(by=request.user, now=timezone.now())
    messages.success(request, _("Your calendar address is switched off."))
    return redirect("appointments:mine")
