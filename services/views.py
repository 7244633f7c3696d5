"""What everyone may read."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from massage_portal.access import public, unlisted
from massage_portal.navigation import whole
from services import forms, structured
from services.codes import Meaning
from services.markdown import to_html
from services.models import (
    OWN_ADDRESS,
    PRIVACY,
    REFERRAL,
    SAFETY,
    Condition,
    Insurer,
    Location,
    Page,
    Precaution,
    Publication,
    Technique,
)
from services.search import search as find
from services.suitability import Concern, Verdict, judge

INSURERS = 10  # companies shown at once
PUBMED = (
    "https://pubmed.ncbi.nlm.nih.gov/"
    "?term=massage%5BTitle%5D+AND+Mayo+Clinic%5BAffiliation%5D"
)


@public
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Say what the portal is for, and the one next step."""
    context = {
        "search": forms.Search(),
        "conditions": Condition.objects.in_order(),
        "pages": Page.objects.guide(),
    }
    return render(request, "services/home.html", context)


@public
@require_safe
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one page of information; a few have an address of their own."""
    if slug in OWN_ADDRESS:
        return redirect(OWN_ADDRESS[slug], permanent=True)
    return _show(request, slug)


def _show(request: HttpRequest, slug: str, **more: Any) -> HttpResponse:
    """Answer with the page and the others of the guide, in one query."""
    found = get_object_or_404(Page, slug=slug)
    context = {
        "page": found,
        "body": to_html(found.body),
        "guide": Page.objects.guide(),
        "now": timezone.now(),
        "structured": structured.page(found, address=whole(found.get_absolute_url())),
        **more,
    }
    return render(request, "services/page.html", context)


@public
@require_safe
def referral(request: HttpRequest) -> HttpResponse:
    """Tell how to get an appointment: the page that every other one leads to."""
    return _show(request, REFERRAL, last_step=True)


@public
@require_safe
def safety(request: HttpRequest) -> HttpResponse:
    """Say who must wait, who needs clearance, and what to tell the therapist."""
    asked = [one for one in Precaution.objects.asked() if one.plain]
    groups = {
        meaning.name.lower(): [one for one in asked if one.meaning == meaning]
        for meaning in Meaning
    }
    return _show(request, SAFETY, precautions=groups)


@public
@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """Say what is kept about a patient, and who sees it."""
    return _show(request, PRIVACY)


@public
@require_safe
def conditions(request: HttpRequest) -> HttpResponse:
    """List the conditions, and how sure we are about each."""
    context = {"conditions": Condition.objects.in_order()}
    return render(request, "services/conditions.html", context)


@public
@require_safe
def condition(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one condition, how sure we are, and the next step."""
    found = get_object_or_404(Condition, slug=slug)
    others = Condition.objects.exclude(pk=found.pk).in_order()
    context = {
        "condition": found,
        "body": to_html(found.body),
        "others": others,
        "structured": structured.condition(
            found, address=whole(found.get_absolute_url())
        ),
    }
    return render(request, "services/condition.html", context)


@public
@require_safe
def techniques(request: HttpRequest) -> HttpResponse:
    """List the techniques on offer."""
    offered = Technique.objects.offered()
    context = {"techniques": [(one, to_html(one.body)) for one in offered]}
    return render(request, "services/techniques.html", context)


@public
@require_safe
def locations(request: HttpRequest) -> HttpResponse:
    """List the places, how to get there and where to stay; massage is in one."""
    places = Location.objects.in_order()
    context = {
        "locations": [
            (place, to_html(place.transport), to_html(place.lodging))
            for place in places
        ],
        "structured": structured.clinics(
            places, address=whole(request.path), phone=settings.CLINIC_PHONE
        ),
    }
    return render(request, "services/locations.html", context)


@public
@require_safe
def research(request: HttpRequest) -> HttpResponse:
    """List the publications that we know by name."""
    studies = Publication.objects.order_by("-year", "title")
    context = {"publications": studies, "pubmed": PUBMED}
    return render(request, "services/research.html", context)


@public
@unlisted
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Search everything published."""
    form = forms.Search(request.GET if "q" in request.GET else None)
    typed = form.typed()
    context = {"form": form, "typed": typed, "found": find(typed)}
    status = 422 if form.errors else 200
    return render(request, "services/search.html", context, status=status)


@public
@require_safe
@vary_on_headers("HX-Request")  # one address, two bodies
def insurance(request: HttpRequest) -> HttpResponse:
    """Find an insurance company, and say what it needs. HTMX asks for the hits."""
    form = forms.FindInsurer(request.GET if "q" in request.GET else None)
    typed = form.typed()
    hits = list(Insurer.objects.matching(typed)[: INSURERS + 1])
    swapped = "HX-Request" in request.headers
    context = {
        "form": form,
        "typed": typed,
        "found": hits[:INSURERS],
        "more": len(hits) > INSURERS,
        "swapped": swapped,
    }
    template = "_insurers.html" if swapped else "insurance.html"
    status = 422 if form.errors else 200
    return render(request, f"services/{template}", context, status=status)


@public
@csrf_exempt  # it changes nothing and knows nobody: a token would only need a cookie
@cache_control(no_store=True)
@require_http_methods(["GET", "HEAD", "POST"])
def check(request: HttpRequest) -> HttpResponse:
    """
    Ask, one question a page, whether something speaks against massage.

    The answers travel in the form, and each page reads all of them again: what is
    missing or made up is simply asked. Nothing of them is kept anywhere.
    """
    concerns = [
        Concern(one.code, one.meaning, one.plain)
        for one in Precaution.objects.asked()
        if one.plain
    ]
    conditions = list(Condition.objects.in_order())
    hopes = [(one.slug, one.name) for one in conditions]
    asked = forms.questions(conditions=hopes, concerns=concerns)
    sent = _sent(request)
    if request.method != "POST" or "to" in sent:  # a beginning, or a step back
        there = [one for one in asked if one.name == sent.get("to")]
        return _ask(request, asked, [*there, asked[0]][0], sent)

    checked: list[str] = []
    for number, question in enumerate(asked, start=1):
        form = forms.Check(question, sent)
        if not form.is_valid():
            return _ask(request, asked, question, sent, form)
        checked += form.checked()
        if judge(concerns, checked).stops or number == len(asked):
            break
        if question.name == sent.get("step"):
            return _ask(request, asked, asked[number], sent)
    hope = [one for one in conditions if one.slug == sent.get(forms.HOPE)]
    return _answer(request, asked[:number], sent, judge(concerns, checked), hope)


def _sent(request: HttpRequest) -> QueryDict:
    """Return the form; an empty one for what cannot be read."""
    try:
        return request.POST
    except (BadRequest, MultiPartParserError):
        return QueryDict()


def _ask(
    request: HttpRequest,
    asked: list[forms.Question],
    question: forms.Question,
    sent: QueryDict,
    refused: forms.Check | None = None,
) -> HttpResponse:
    """Show one question, as it was answered before, and carry the other answers."""
    number = asked.index(question)
    initial = {question.name: question.known(sent)}
    context = {
        "form": refused or forms.Check(question, initial=initial),
        "question": question,
        "previous": asked[number - 1] if number else None,
        "carried": _carried([one for one in asked if one != question], sent),
        "number": number + 1,
        "of": len(asked),
    }
    status = 422 if refused else 200
    return render(request, "services/check.html", context, status=status)


def _answer(
    request: HttpRequest,
    answered: list[forms.Question],
    sent: QueryDict,
    verdict: Verdict,
    hope: list[Condition],
) -> HttpResponse:
    """Show the outcome, to be read, printed and taken along."""
    context = {
        "verdict": verdict,
        "condition": hope[0] if hope else None,
        "previous": answered[-1],
        "carried": _carried(answered, sent),
    }
    return render(request, "services/check_result.html", context)


def _carried(questions: list[forms.Question], sent: QueryDict) -> list[tuple[str, str]]:
    return [(one.name, value) for one in questions for value in one.known(sent)]
