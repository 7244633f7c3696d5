"""A patient asks for an appointment: one question a page, then a look at them all."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

from django import forms as django_forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from appointments import actions, explain
from appointments.codes import RoleThreat
from appointments.forms import ask as forms
from appointments.models import Therapist, WaitlistEntry
from appointments.views.availability import said
from massage_portal.access import SignedInRequest, requires
from massage_portal.audit.record import record
from referrals.models import Referral
from services.models import Location

OWN = "appointments.ask_for_own_appointment"


class Step(NamedTuple):
    """One page of the journey."""

    name: str
    form: type[Any]
    short: Any  # its name on the page that shows all answers


STEPS = [
    Step("when", forms.When, gettext_lazy("When you can come")),
    Step("preferences", forms.Preferences, gettext_lazy("What you prefer")),
    Step("pain", forms.Pain, gettext_lazy("The past week")),
    Step("daily-life", forms.DailyLife, gettext_lazy("Daily life")),
]
NAMES = [step.name for step in STEPS]


def _referral(request: SignedInRequest, pk: int) -> Referral:
    """Return the patient's own referral, or 404: existence is itself private."""
    mine = Referral.objects.filter(patient__user=request.user)
    return get_object_or_404(
        mine.visible_to(request.user).select_related("technique", "patient"), pk=pk
    )


def _key(referral: Referral) -> str:
    return f"ask:{referral.pk}"


@requires(OWN)
@require_safe
def ask(request: SignedInRequest, pk: int) -> HttpResponse:
    """Say what will be asked, and begin."""
    referral = _referral(request, pk)
    entry = referral.waitlist_entries.open_one()
    if entry is not None:
        return redirect("appointments:standing", entry.pk)
    record("referral.seen", referral, by=request.user, at=timezone.now())
    return render(request, "appointments/patient/ask.html", {"referral": referral})


@requires(OWN)
@require_http_methods(["GET", "HEAD", "POST"])
def ask_step(request: SignedInRequest, pk: int, step: str) -> HttpResponse:
    """Ask one question; keep the answer in the session until all are sent."""
    referral = _referral(request, pk)
    if step not in NAMES:
        raise Http404
    answers: dict[str, Any] = request.session.get(_key(referral), {})
    missing = next((name for name in NAMES if name not in answers), None)
    if missing and NAMES.index(step) > NAMES.index(missing):
        return redirect("appointments:ask_step", pk, missing)
    posted = request.POST if request.method == "POST" else None
    form = _form(step, posted, referral, initial=answers.get(step))
    if form.is_valid():
        request.session[_key(referral)] = answers | {step: _plain(form.cleaned_data)}
        following = next((n for n in NAMES if n not in answers and n != step), None)
        if following:
            return redirect("appointments:ask_step", pk, following)
        return redirect("appointments:ask_check", pk)
    place = NAMES.index(step)
    context = {
        "referral": referral,
        "form": form,
        "number": place + 1,
        "of": len(STEPS) + 1,
        "previous": NAMES[place - 1] if place else "",
    }
    status = 422 if form.errors else 200
    return render(request, "appointments/patient/ask_step.html", context, status=status)


@requires(OWN)
@require_http_methods(["GET", "HEAD", "POST"])
def ask_check(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show all answers; on the button, put the visit on the waiting list."""
    referral = _referral(request, pk)
    entry = referral.waitlist_entries.open_one()
    if entry is not None:  # sent before: a double click, a second tab, Back
        return redirect("appointments:standing", entry.pk)
    answers: dict[str, Any] = request.session.get(_key(referral), {})
    checked: dict[str, dict[str, Any]] = {}
    for name in NAMES:
        form = _form(name, None, referral, initial=answers.get(name))
        if name not in answers or not (cleaned := _reread(form, answers[name])):
            return redirect("appointments:ask_step", pk, name)
        checked[name] = cleaned
    form = forms.Send(request.POST if request.method == "POST" else None)
    status = 200
    if form.is_valid():
        try:
            entry = _send(request, referral, checked)
        except actions.AlreadyAsked as refusal:
            entry = refusal.entry
        except actions.Refusal as refusal:
            form.add_error(None, str(refusal))
            status = 409
        if entry is not None:
            request.session.pop(_key(referral), None)
            messages.success(request, _("We have your request."))
            return redirect("appointments:standing", entry.pk)
    context = {
        "referral": referral,
        "form": form,
        "answers": _in_words(checked),
        "of": len(STEPS) + 1,
    }
    return render(
        request, "appointments/patient/ask_check.html", context, status=status
    )


def _form(name: str, data: Any, referral: Referral, *, initial: Any = None) -> Any:
    """Return the form of one step."""
    kwargs: dict[str, Any] = {}
    if initial:
        kwargs["initial"] = _read(initial)
    if name == "when":
        kwargs["today"] = timezone.localdate()
        kwargs["until"] = referral.coverage.until
    if name == "preferences":
        today = timezone.localdate()
        kwargs["therapists"] = Therapist.objects.who_can(referral.technique, on=today)
    return dict(zip(NAMES, [s.form for s in STEPS], strict=True))[name](data, **kwargs)


def _plain(cleaned: dict[str, Any]) -> dict[str, Any]:
    """Return the answers as the session keeps them: JSON's types only."""
    return {
        name: value.isoformat()
        if isinstance(value, date)
        else value.pk
        if isinstance(value, Therapist | Location)
        else value
        for name, value in cleaned.items()
    }


def _read(kept: dict[str, Any]) -> dict[str, Any]:
    """Return kept answers as initial values of a form."""
    return {
        name: date.fromisoformat(value)
        if name in ("earliest", "latest") and value
        else value
        for name, value in kept.items()
    }


def _reread(form: Any, kept: dict[str, Any]) -> dict[str, Any]:
    """
    Return the kept answers as values, checked once more; empty if one no longer holds.

    A therapist may have left, and a day may have passed, since they were given.
    """
    values: dict[str, Any] = {}
    for name, field in form.fields.items():
        value = _read(kept).get(name)
        try:
            values[name] = field.clean(value)
        except django_forms.ValidationError:
            return {}
    return values


def _send(
    request: SignedInRequest, referral: Referral, checked: dict[str, dict[str, Any]]
) -> WaitlistEntry:
    return actions.ask(
        referral=referral,
        availability=said(checked["when"] | checked["preferences"]),
        need=actions.NeedAnswers(**checked["pain"], **checked["daily-life"]),
        by=request.user,
        now=timezone.now(),
        today=timezone.localdate(),
    )


def _in_words(checked: dict[str, dict[str, Any]]) -> list[tuple[Any, str, list[Any]]]:
    """Return, for each step, its name and its answers as a reader says them."""
    words = []
    for step in STEPS:
        lines = []
        for name, field in step.form.base_fields.items():
            if name not in checked[step.name]:
                continue  # there was nothing to choose
            value = checked[step.name][name]
            choices = {str(k): v for k, v in getattr(field, "choices", ()) or ()}
            if isinstance(value, list):
                said = explain.days(forms.chosen(value))
            elif isinstance(value, RoleThreat):
                said = str(value.label)
            elif name in ("pain", "enjoyment", "activity", "sleep"):
                said = _("%(number)d of 10") % {"number": value}
            else:
                said = choices.get(str(value), value)
            lines.append((field.label, said if value not in (None, "") else _("Any")))
        words.append((step.short, step.name, lines))
    return words
