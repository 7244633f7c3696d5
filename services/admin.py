"""The editor's door: published content."""

from __future__ import annotations

from django.contrib import admin

from massage_portal.windows import Door
from services.models import (
    Condition,
    Location,
    Page,
    Precaution,
    Publication,
    Technique,
)


@admin.register(Page, Condition, Technique, Location)
class InOrder(Door):
    """Content with a place in a list."""

    list_display = ("__str__", "slug", "position")
    ordering = ("position", "pk")
    search_fields = ("slug",)


@admin.register(Precaution)
class PrecautionAdmin(Door):
    """The clinical lead's safety questions."""

    list_display = ("question", "meaning", "active", "position")
    ordering = ("position", "pk")


@admin.register(Publication)
class PublicationAdmin(Door):
    """What our researchers published."""

    list_display = ("citation", "year", "pmid")
    ordering = ("-year", "citation")
