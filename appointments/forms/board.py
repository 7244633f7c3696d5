"""
What a scheduler asks of the board.

What narrows it stands in the address, so no names do.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from appointments.models import TriageCategory
from appointments.models.board import Narrowing
from appointments.models.board_page import Around
from massage_portal import stencils

MOST_CHOSEN = 100  # two pages' worth
FLAGS = ("overdue", "to_call", "worse")


class Narrow(forms.Form):
    """Read the filters of an address; what is none of them filters nothing."""

    place = forms.ChoiceField(label=_("Place"), required=False)
    technique = forms.ChoiceField(label=_("Technique"), required=False)
    category = forms.ChoiceField(label=_("Category"), required=False)
    overdue = forms.BooleanField(label=_("Only overdue"), required=False)
    to_call = forms.BooleanField(label=_("Only those to call"), required=False)
    worse = forms.BooleanField(label=_("Only those who told us more"), required=False)

    def __init__(self, *args: Any, around: Around, **kwargs: Any) -> None:
        kwargs["auto_id"] = "%s"
        super().__init__(*args, **kwargs)
        techniques = pgettext_lazy("techniques", "All")
        categories = pgettext_lazy("categories", "All")
        self.choices = {
            "place": [("", _("All")), *around.places],
            "technique": [("", techniques), *around.techniques],
            "category": [("", categories), *around.categories],
        }
        for name, choices in self.choices.items():
            field: Any = self.fields[name]
            field.choices = choices

    @property
    def drawn(self) -> SafeString:
        """Return the fields, which are the same until a choice is another."""
        lists = tuple(
            (
                name,
                str(self.fields[name].label),
                tuple(
                    (str(key), str(label), str(key) == self[name].value())
                    for key, label in choices
                ),
            )
            for name, choices in self.choices.items()
        )
        flags = tuple(
            (name, str(self.fields[name].label), bool(self[name].value()))
            for name in FLAGS
        )
        context = {"lists": lists, "flags": flags}
        return SafeString(stencils.render("appointments/staff/_filters.html", context))

    def narrowing(self) -> Narrowing:
        """Return what to narrow by."""
        self.is_valid()
        chosen: dict[str, Any] = {
            name: self.cleaned_data.get(name) for name in self.fields
        }
        for name, one in chosen.items():
            chosen[name] = bool(one) if name in FLAGS else int(one) if one else None
        return Narrowing(**chosen)


class TriageChosen(forms.Form):
    """Several requests, each as it was seen, and the one category for them."""

    chosen = forms.Field(label=_("Those you chose"), required=False)  # see `clean`
    category = forms.ModelChoiceField(
        TriageCategory.objects.none(),
        error_messages={
            "required": _("Choose a category."),
            "invalid_choice": _("Choose a category that is in use."),
        },
    )

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["category"]
        field.queryset = TriageCategory.objects.offered(now)

    @property
    def categories(self) -> list[tuple[int, str]]:
        """Return the categories that may be chosen: key and name."""
        field: Any = self.fields["category"]
        return [(one.pk, str(one)) for one in field.queryset]

    def clean(self) -> dict[str, Any]:
        """Read the requests as the boxes carry them: key and version."""
        checked: dict[str, Any] = super().clean() or {}
        data: Any = self.data
        chosen: dict[int, int] = {}
        for text in data.getlist("chosen")[: MOST_CHOSEN + 1]:
            key, _colon, version = text.partition(":")
            if _is_key(key) and _is_key(version):
                chosen[int(key)] = int(version)
        if not chosen:  # the page then has no field of the category
            self.errors.pop("category", None)
            self.add_error("chosen", _("Choose at least one request."))
        if len(chosen) > MOST_CHOSEN:
            words = _("Choose %(most)d requests at most.") % {"most": MOST_CHOSEN}
            self.add_error("chosen", words)
        checked["chosen"] = chosen
        return checked


def read_version(text: str) -> int:
    """Return the version that a hidden field carries; 0, which none has, if it is none.

    Thousands of digits are no version, and Python would refuse to read them.
    """
    return int(text) if _is_key(text) else 0


def _is_key(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 9
