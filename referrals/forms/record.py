"""The provider's order and the safety questions, as staff type them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from crispy_forms.layout import HTML, Fieldset, Layout
from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from massage_portal import forms as parts
from referrals.codes import Priority
from referrals.forms.insurer import insurer_field, insurer_on_record
from referrals.forms.screen import Screening
from referrals.models import DiagnosisCode, Provider
from referrals.npi import validate_npi
from services.models import Insurer, Precaution, Technique

ALIKE = 5  # codes named where several fit
MATCHES = 12  # codes shown at once
OTHERS = 5  # diagnoses beside the main one


class RecordReferral(Screening):
    """Check a provider's order and the answers to the safety questions."""

    submit = _("Record referral")
    key = parts.SubmissionKey()
    npi = parts.Text(
        label=_("Provider's NPI"),
        help_text=_("Ten digits. Type a name to choose from the list."),
        max_length=100,
        widget=forms.TextInput(
            attrs={"list": "providers", "class": "input--medium", "autocomplete": "off"}
        ),
    )
    diagnosis = parts.Text(
        label=_("Diagnosis"),
        help_text=_("An ICD-10-CM code, like M79.7, or words, like fibromyalgia."),
        max_length=100,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "data-hx-get": reverse_lazy("referrals:diagnoses"),
                "data-hx-trigger": "input changed delay:250ms",
                "data-hx-target": "#codes-found",
                "data-hx-swap": "outerHTML",
            }
        ),
    )
    code = forms.CharField(required=False, max_length=8)
    other_diagnoses = parts.Text(
        label=_("Other diagnoses"),
        help_text=_("One code on each line, or commas between them. Five at most."),
        max_length=600,
        lines=2,
        required=False,
    )
    insurer = insurer_field()
    priority = forms.ChoiceField(
        label=_("Priority the provider gave"),
        choices=Priority,
        initial=Priority.ROUTINE,
        widget=forms.RadioSelect(attrs={"class": "choices--inline"}),
    )
    received_on = parts.ThreePartDate(
        label=_("Received on"),
        help_text=_("The patient's clock starts on this day."),
    )
    valid_from = parts.ThreePartDate(label=_("Valid from"))
    valid_until = parts.ThreePartDate(label=_("Valid until"))
    sessions = parts.WholeNumber(
        label=_("Visits authorized"), min_value=1, max_value=60
    )
    interval_days = parts.WholeNumber(
        label=_("Days between visits"), min_value=1, max_value=365, initial=7
    )
    technique = forms.ModelChoiceField(
        label=_("Technique"),
        queryset=Technique.objects.none(),
        empty_label=_("The therapist decides"),
        required=False,
    )
    reason = parts.Text(
        label=_("Reason, in the provider's words"),
        max_length=2000,
        lines=4,
        required=False,
    )
    goals = parts.Text(
        label=_("Goals"),
        help_text=_("What the patient should be able to do again."),
        max_length=1000,
        lines=2,
        required=False,
    )

    def __init__(
        self,
        *args: Any,
        today: date,
        precautions: Sequence[Precaution],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.matches: list[DiagnosisCode] = []
        self.fields["technique"].queryset = Technique.objects.filter(  # type: ignore[attr-defined]
            active=True
        ).in_order()
        received = self.fields["received_on"]
        received.initial = received.latest = today  # type: ignore[attr-defined]
        received.earliest = today - timedelta(days=730)  # type: ignore[attr-defined]
        self.fields["valid_from"].initial = today
        for name in ("valid_from", "valid_until"):
            field = self.fields[name]
            field.earliest = today - timedelta(days=730)  # type: ignore[attr-defined]
            field.latest = today + timedelta(days=1100)  # type: ignore[attr-defined]
        # Sent, the order itself says what applies: `clean` knows it. Until then "*",
        # which is no technique, leaves only what everyone is asked.
        self.ask(precautions, codes=(), slug="*" if self.is_bound else "")

    def layout(self) -> Layout:
        """Group the questions as the letter does."""
        return Layout(
            Fieldset(
                _("The order"),
                "npi",
                "diagnosis",
                HTML(
                    '{% include "referrals/_matches.html" with matches=form.matches %}'
                ),
                "other_diagnoses",
                "priority",
                "received_on",
                "reason",
                "goals",
            ),
            Fieldset(
                _("What is authorized"),
                "valid_from",
                "valid_until",
                "sessions",
                "interval_days",
                "technique",
                "insurer",
            ),
            Fieldset(_("Safety"), *self.asked_names()),
        )

    def clean_npi(self) -> Provider:
        """Return the provider on record; say what to do if there is none."""
        npi: str = self.cleaned_data["npi"]
        validate_npi(npi)
        provider = Provider.objects.may_refer(self.today).filter(npi=npi).first()
        if provider is None:
            raise ValidationError(
                _(
                    "No provider on record has this NPI, so they cannot refer yet. "
                    "Check the letter, or ask the clinical lead to add them."
                )
            )
        return provider

    def clean_insurer(self) -> Insurer | None:
        """Return the insurer on record; name those alike if there is none."""
        return insurer_on_record(self.cleaned_data["insurer"])

    def clean_other_diagnoses(self) -> tuple[DiagnosisCode, ...]:
        """Return the codes on record, each once; name those that fit if one is none."""
        typed = self.cleaned_data["other_diagnoses"].replace(",", "\n").split("\n")
        found = dict.fromkeys(_the_code(one) for one in typed if one.strip())
        if len(found) > OTHERS:
            raise ValidationError(_("Write five codes at most."))
        return tuple(found)

    def clean(self) -> dict[str, Any]:
        """Settle the diagnoses and what is asked; see that the period runs forward."""
        checked: dict[str, Any] = super().clean() or {}
        if checked.get("diagnosis"):
            self._settle_diagnosis(checked)
        first, last = checked.get("valid_from"), checked.get("valid_until")
        if first and last and last < first:
            self.add_error(
                "valid_until", _("Enter a date on or after the day it is valid from.")
            )
        main = checked.get("code")
        others = checked.get("other_diagnoses") or ()
        if main in others:
            self.add_error(
                "other_diagnoses", _("The main diagnosis is here too. Take it out.")
            )
        if isinstance(main, DiagnosisCode) and "technique" not in self.errors:
            technique = checked.get("technique")
            self.settle_questions(
                codes=[main.code, *(one.code for one in others)],
                slug=technique.slug if technique else "",
            )
        else:
            self.show_answered()
        return checked

    def _settle_diagnosis(self, checked: dict[str, Any]) -> None:
        typed = checked["diagnosis"]
        chosen = checked.get("code") or typed
        fitting = DiagnosisCode.objects.matching(typed)
        self.matches = list(fitting[:MATCHES])
        # A code chosen before the words were changed counts no more.
        exact = fitting.filter(code__iexact=chosen.strip()).first()
        if exact is None and len(self.matches) == 1:
            exact = self.matches[0]
        if exact is not None:
            checked["code"] = exact
        elif self.matches:
            self.add_error("diagnosis", _("Choose one of the codes found."))
        else:
            self.add_error(
                "diagnosis",
                _("No code fits. Check the spelling, or use fewer words."),
            )


def _the_code(typed: str) -> DiagnosisCode:
    """Return the one code that fits what was typed; name some if several do."""
    fitting = DiagnosisCode.objects.matching(typed)
    exact = fitting.filter(code__iexact=typed.strip()).first()
    found = [exact] if exact else list(fitting[:ALIKE])
    if len(found) == 1:
        return found[0]
    if found:
        raise ValidationError(
            _("“%(typed)s” fits several codes. Write one of them: %(codes)s."),
            params={"typed": typed.strip(), "codes": ", ".join(c.code for c in found)},
        )
    raise ValidationError(
        _("No code fits “%(typed)s”. Check the spelling."),
        params={"typed": typed.strip()[:40]},
    )
