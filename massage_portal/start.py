"""The first page after signing in: each role's own."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from massage_portal.access import SignedInRequest, requires

FIRST_PAGES = [  # the first that the user may open
    ("appointments.triage_waitlistentry", "appointments:queue"),
    ("referrals.record_referral", "referrals:worklist"),
    ("appointments.view_own_day", "appointments:day"),
    ("referrals.view_sent_referral", "appointments:sent"),
    ("audit.view_auditevent", "audit:trail"),
    ("services.change_version", "services:editing"),
    ("appointments.ask_for_own_appointment", "appointments:mine"),
]


@requires("")
@require_safe
def start(request: SignedInRequest) -> HttpResponse:
    """Send whoever signed in to where their work begins."""
    for permission, page in FIRST_PAGES:
        if request.user.has_perm(permission):
            return redirect(page)
    if request.user.is_staff:
        return redirect("admin:index")
    return redirect("services:home")
