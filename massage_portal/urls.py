"""Every address of the portal. English has no prefix; Spanish lies under /es/."""

from __future__ import annotations

from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.urls import include, path

from appointments.views.calendar import feed
from massage_portal.health import healthz, readyz
from massage_portal.metrics import metrics
from massage_portal.outbox.views.machines import mail_events, sms_incoming, sms_status
from massage_portal.start import start
from referrals.views.fhir import service_request, service_requests
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
