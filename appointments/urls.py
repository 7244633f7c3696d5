"""Addresses of the waiting list, offers and visits."""

from __future__ import annotations

from django.urls import URLPattern

app_name = "appointments"

# What patients use.
patient: list[URLPattern] = []

# What schedulers and therapists use.
staff: list[URLPattern] = []

urlpatterns = patient + staff
