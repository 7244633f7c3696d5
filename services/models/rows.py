"""What all content has in common: a place in a list, and a time of its last change."""

from __future__ import annotations

from typing import Self, TypeVar

from django.db import models
from django.utils.translation import gettext_lazy as _

Row = TypeVar("Row", bound=models.Model)


class OrderedQuerySet(models.QuerySet[Row]):
    """Reads of what an editor puts in order."""

    def in_order(self) -> Self:
        """As the editor placed them; ties by key."""
        return self.order_by("position", "pk")


class Dated(models.Model):
    """Content that says when it last changed: who saves it says the time."""

    # Null: nobody said so. Machines are then told no date, rather than a wrong one.
    updated_at = models.DateTimeField(_("last changed"), null=True, editable=False)

    class Meta:
        abstract = True
