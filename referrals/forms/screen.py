"""The safety questions on a form: those that apply, each in the version shown."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from crispy_forms.layout import Fieldset, Layout
from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import gettext_lazy as _

from massage_portal import forms as parts
from referrals.codes import Answer
from referrals.models import Referral
from services.models import Precaution

_CHANGED = _(
    "This question was changed while the page was open. Read it and answer it again."
)
_ALSO = _("Answer this question as well: it is asked for this diagnosis.")


class ShownVersionBoundField(BoundField):
    def value(self) -> Any:
        """Return the version that this page shows, not the one that was sent."""
        return self.initial


class ShownVersion(forms.IntegerField):
    """Which version of a question the page showed; hidden."""

    widget = forms.HiddenInput
    bound_field_class = ShownVersionBoundField


class Screening(parts.Form):
    """
    Check the answers to the safety questions.

    All that may apply have a field; `shown` says which are asked. An answer to an older
    version of a question is taken off the form, and the staff are told why.
    """

    precautions: Sequence[Precaution]
    shown: list[Precaution]

    def ask(
        self, precautions: Sequence[Precaution], *, codes: Collection[str], slug: str
    ) -> None:
        """Add the fields; show those that apply to these codes and this technique."""
        self.precautions = precautions
        self.shown = self._applying(codes, slug)
        for one in precautions:
            name, always = self.name_of(one), one in self.shown
            version = f"{name}_version"
            self.fields[version] = ShownVersion(initial=one.version, required=False)
            self.fields[name] = forms.ChoiceField(
                label=one.question,
                help_text=one.help_text,
                choices=Answer,
                required=always,
                widget=forms.RadioSelect(attrs={"class": "choices--inline"}),
            )
            # Asked later or not at all, but never at will: no "(optional)" beside it.
            self.fields[name].conditional = True  # type: ignore[attr-defined]
            parts.say_kindly(self.fields[name])
            if self.is_bound and self._stale(version, one):
                self.data = {k: v for k, v in self.data.items() if k != name}
                self.fields[name].error_messages["required"] = _CHANGED

    def _stale(self, version: str, precaution: Precaution) -> bool:
        sent = self.data.get(version, "")
        return bool(sent) and sent != str(precaution.version)

    def _applying(self, codes: Collection[str], slug: str) -> list[Precaution]:
        return [
            one for one in self.precautions if one.applies(codes=codes, technique=slug)
        ]

    @staticmethod
    def name_of(precaution: Precaution) -> str:
        """Return the name of the field that asks this question."""
        return f"precaution_{precaution.pk}"

    def settle_questions(self, *, codes: Collection[str], slug: str) -> None:
        """Show the questions that apply, now that the order is known."""
        self.shown = self._applying(codes, slug)
        for one in self.shown:
            name = self.name_of(one)
            if name not in self.errors and not self.cleaned_data.get(name):
                changed = self.fields[name].error_messages["required"] is _CHANGED
                self.add_error(name, _CHANGED if changed else _ALSO)

    def show_answered(self) -> None:
        """Where the order is not known yet, lose no answer that was given."""
        self.shown = [
            one
            for one in self.precautions
            if one in self.shown or self.data.get(self.name_of(one))
        ]

    def asked_names(self) -> list[str]:
        """Return the fields that the page shows, in order."""
        return [self.name_of(one) for one in self.shown]

    def answers(self) -> dict[Precaution, Answer]:
        """Return the answer to each question that applies, once the form is valid."""
        return {one: Answer(self.cleaned_data[self.name_of(one)]) for one in self.shown}


class Screen(Screening):
    """Ask the safety questions about a referral that is on record."""

    submit = _("Save the answers")

    def __init__(self, *args: Any, referral: Referral, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = referral.other_diagnoses.all()
        codes = [referral.diagnosis.code, *(one.code for one in others)]
        slug = referral.technique.slug if referral.technique else ""
        asked = Precaution.objects.asked().with_limits()
        applying = [one for one in asked if one.applies(codes=codes, technique=slug)]
        self.ask(applying, codes=codes, slug=slug)

    def layout(self) -> Layout:
        """Group the questions."""
        return Layout(Fieldset(_("Safety"), *self.asked_names()))
