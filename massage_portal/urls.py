"""Every address of the portal. English has no prefix; Spanish lies under /es/."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views import defaults

from appointments.views.calendar import feed
from massage_portal.health import healthz, readyz
from massage_portal.metrics import metrics
from massage_portal.outbox.views.machines import mail_events, sms_incoming, sms_status
from massage_portal.start import start
from referrals.views.fhir import not_answered, service_request, service_requests
from services.machines import robots, sitemap

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("robots.txt", robots, name="robots"),
    path("sitemap.xml", sitemap, name="sitemap"),
    path("fhir/ServiceRequest", service_requests, name="service_requests"),
    path("fhir/ServiceRequest/<int:pk>", service_request, name="service_request"),
    path("calendar/<str:token>.ics", feed, name="calendar_feed"),
    path("messages/sms/status", sms_status, name="sms_status"),
    path("messages/sms/incoming", sms_incoming, name="sms_incoming"),
    path("messages/mail/events", mail_events, name="mail_events"),
    path("admin/", admin.site.urls),
    *i18n_patterns(
        path("", include("services.urls")),
        path("", include("referrals.urls")),
        path("", include("appointments.urls")),
        path("audit/", include("massage_portal.audit.urls")),
        path("messages/", include("massage_portal.outbox.urls")),
        path("accounts/", include("massage_portal.accounts.urls")),
        path("start/", start, name="start"),
        prefix_default_language=False,
    ),
]


def refusal(
    status: int, page: Callable[..., HttpResponse]
) -> Callable[..., HttpResponse]:
    """Return what answers where no view does: under /fhir/ other systems read it."""

    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.path_info.split("/")[1:2] == ["fhir"]:
            return not_answered(status)
        return page(request, *args, **kwargs)

    return answer


handler400 = refusal(400, defaults.bad_request)
handler404 = refusal(404, defaults.page_not_found)
handler500 = refusal(500, defaults.server_error)
