"""Addresses about messages: the staff's desk, and what patients choose."""

from __future__ import annotations

from django.urls import path

from massage_portal.outbox.views import desk, preferences

app_name = "outbox"

for_staff = [
    path("", desk.messages, name="messages"),
    path("<int:pk>/", desk.message, name="message"),
    path("calls/", desk.calls, name="calls"),
    path("calls/called/", desk.called, name="called"),
    path("calls/stops/<int:pk>/use-again/", desk.use_again, name="use_again"),
    path("health/", desk.state, name="health"),
]

for_readers = [
    path("preferences/", preferences.preferences, name="preferences"),
    path("preferences/code/", preferences.code, name="code"),
    path("preferences/code/again/", preferences.another_code, name="another_code"),
    path(
        "preferences/stops/<int:pk>/start-again/",
        preferences.start_again,
        name="start_again",
    ),
    path("stop/<str:token>/", preferences.stop, name="stop"),
]

urlpatterns = [*for_staff, *for_readers]
