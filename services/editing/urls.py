"""Addresses of the editors' pages."""

from __future__ import annotations

from django.urls import path

from services.editing import views

TEXT = "text/<int:article>/<slug:language>/"

urlpatterns = [
    path("", views.editing, name="editing"),
    path("new/", views.new_article, name="new_article"),
    path(TEXT, views.text, name="text"),
    path(f"{TEXT}compare/", views.compare, name="compare"),
    path(f"{TEXT}begin/", views.begin_draft, name="begin_draft"),
    path("move/<int:article>/", views.move, name="move"),
    path("<int:pk>/", views.approve, name="approve"),
    path("<int:pk>/edit/", views.edit, name="edit"),
    path("<int:pk>/preview/", views.preview, name="preview"),
    path("<int:pk>/restore/", views.restore, name="restore"),
    path("<int:pk>/medical-review/", views.record_review, name="record_review"),
    path("<int:pk>/send-back/", views.reasoned, {"name": "send_back"}, "send_back"),
    path("<int:pk>/give-up/", views.reasoned, {"name": "discard"}, "discard"),
    path("<int:pk>/take-back/", views.reasoned, {"name": "retire"}, "retire"),
]
