"""What a visitor may type."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from crispy_forms.helper import FormHelper
from django import forms
from django.http import QueryDict
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from massage_portal import forms as parts
from massage_portal.templatetags.portal import in_language
from services.codes import Meaning
from services.models import Version
from services.suitability import EMERGENCY, LEADS_TO, Concern


class Search(parts.Form):
    """Check the words of a search; none at all is fine, and finds nothing."""

    method = "get"
    submit = _("Search")
    q = parts.Text(
        label=_("Search by condition, technique or question"),
        max_length=100,
        required=False,
    )

    def typed(self) -> str:
        """Return what was typed, as it may be searched for; "" if it may not."""
        return self.cleaned_data.get("q", "") if self.is_valid() else ""


class FindInsurer(parts.Form):
    """Check the name of an insurance company; none at all finds none."""

    method = "get"
    submit = _("Search")
    q = parts.Text(
        label=_("Name of your insurance company"),
        help_text=_("Type it as it is on your insurance card."),
        max_length=100,
        required=False,
    )

    def typed(self) -> str:
        """Return the name, as it may be searched for; "" if it may not."""
        return self.cleaned_data.get("q", "") if self.is_valid() else ""


HOPE, NONE = "hope", "*none"  # no code of a precaution begins with a star
_EACH = _("Check each one that you have, or are not sure about.")
WORDS = {  # by question: its heading, and what to do
    HOPE: (
        _("What do you hope massage will help with?"),
        _("Choose the answer that fits best."),
    ),
    Meaning.NOT_NOW: (_("Do you have any of these right now?"), _EACH),
    Meaning.CLEARANCE: (_("Do you have, or have you had, any of these?"), _EACH),
    Meaning.TELL: (_("Is there anything your therapist should know?"), _EACH),
}


@dataclass(frozen=True)
class Question:
    """One page of the guided check: its name, and its answers with their words."""

    name: str
    choices: Sequence[tuple[str, Any]]

    def known(self, sent: QueryDict) -> list[str]:
        """Return those of the answers that were sent, whatever else was."""
        given = set(sent.getlist(self.name))
        return [value for value, _words in self.choices if value in given]


def questions(
    *, conditions: Iterable[Version], concerns: Sequence[Concern]
) -> list[Question]:
    """
    Return what the guided check asks, in order; never nothing at all.

    :param conditions: the texts about them.
    """
    hopes = [
        (text.article.slug, _said(text.title, text.language)) for text in conditions
    ]
    asked = [Question(HOPE, [*hopes, (NONE, _("Something else"))])] if hopes else []
    for meaning in LEADS_TO:
        choices: list[tuple[str, Any]] = [
            (one.code, _said(capfirst(one.plain), one.language))
            for one in concerns
            if one.meaning == meaning
        ]
        if meaning == Meaning.NOT_NOW:
            signs = _("A drooping face, a weak arm, trouble speaking, or chest pain")
            choices.insert(0, (EMERGENCY, signs))
        if choices:
            asked.append(Question(meaning, [*choices, (NONE, _("None of these"))]))
    return asked


def _said(words: str, language: str) -> str:
    """Return the words, marked where they are not in the reader's language."""
    return format_html("<span{}>{}</span>", in_language(language), words)


class Check(parts.Form):
    """Check the answer to one question of the guided check; the page draws the rest."""

    submit = ""

    def __init__(self, question: Question, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.question = question
        self.heading, label = WORDS[question.name]
        field = (
            forms.ChoiceField(widget=forms.RadioSelect, choices=question.choices)
            if question.name == HOPE
            else forms.MultipleChoiceField(
                widget=forms.CheckboxSelectMultiple, choices=question.choices
            )
        )
        field.label = label
        parts.say_kindly(field)
        self.fields[question.name] = field

    @property
    def helper(self) -> FormHelper:
        """Return what crispy needs to draw the field alone, without a token."""
        helper = super().helper
        helper.form_tag = False
        helper.disable_csrf = True
        return helper

    def clean(self) -> None:
        """Refuse "none of these" beside one of them."""
        given = self.cleaned_data.get(self.question.name, [])
        if self.question.name != HOPE and NONE in given and len(given) > 1:
            self.add_error(
                self.question.name,
                _("Choose “None of these” by itself, or the ones that you have."),
            )

    def checked(self) -> list[str]:
        """Return the codes of what the visitor has or is not sure about."""
        if self.question.name == HOPE:
            return []
        return [one for one in self.cleaned_data[self.question.name] if one != NONE]
