"""Address of the audit trail."""

from __future__ import annotations

from django.urls import path

from massage_portal.audit import views

app_name = "audit"

urlpatterns = [path("", views.trail, name="trail")]
