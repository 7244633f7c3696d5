"""An insurer, by the name that was typed."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from massage_portal import forms as parts
from services.models import Insurer

ALIKE = 5  # insurers named in place of one that is not on record


def insurer_field() -> parts.Text:
    """Return the field that names an insurer on record, or none."""
    return parts.Text(
        label=_("Insurance company"),
        help_text=_("Type part of the name and choose. Leave empty if not known."),
        max_length=150,
        required=False,
        widget=forms.TextInput(
            attrs={
                "list": "insurers",
                "autocomplete": "off",
                "data-hx-get": reverse_lazy("referrals:insurers"),
                "data-hx-trigger": "input changed delay:250ms",
                "data-hx-target": "#insurers",
            }
        ),
    )


def insurer_on_record(typed: str) -> Insurer | None:
    """
    Return the insurer on record of this whole name; None if nothing was typed.

    :raises ValidationError: if there is none; it names those alike.
    """
    insurer = Insurer.objects.named(typed).first() if typed else None
    if insurer is not None or not typed:
        return insurer
    alike = [one.name for one in Insurer.objects.matching(typed)[:ALIKE]]
    if alike:
        raise ValidationError(
            _("Write one of these names in full: %(names)s. Or leave it empty."),
            params={"names": "; ".join(alike)},
        )
    raise ValidationError(
        _(
            "No insurer on record has this name. Check the spelling, leave it "
            "empty, or ask an editor to add the insurer."
        )
    )
