"""Addresses of the public pages."""

from __future__ import annotations

from django.urls import include, path

from services import machines, views

app_name = "services"

urlpatterns = [
    path("", views.home, name="home"),
    path("about/<slug:slug>/", views.page, name="page"),
    path("safety/", views.safety, name="safety"),
    path("getting-an-appointment/", views.referral, name="referral"),
    path("privacy/", views.privacy, name="privacy"),
    path("conditions/", views.conditions, name="conditions"),
    path("conditions/<slug:slug>/", views.condition, name="condition"),
    path("techniques/", views.techniques, name="techniques"),
    path("locations/", views.locations, name="locations"),
    path("research/", views.research, name="research"),
    path("search/", views.search, name="search"),
    path("insurance/", views.insurance, name="insurance"),
    path("changes.atom", machines.changes, name="changes"),
    path("is-massage-right-for-me/", views.check, name="check"),
    path("editing/", include("services.editing.urls")),
]
