"""What everyone may read."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from massage_portal.access import public
from services import forms
from services.codes import Meaning
from services.markdown import to_html
from services.models import (
    OWN_ADDRESS,
    PRIVACY,
    REFERRAL,
    SAFETY,
    Condition,
    Location,
    Page,
    Precaution,
    Publication,
    Technique,
)
from services.search import search as find

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
    context = {"condition": found, "body": to_html(found.body), "others": others}
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
    context = {
        "locations": [
            (place, to_html(place.transport), to_html(place.lodging))
            for place in Location.objects.in_order()
        ]
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
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Search everything published."""
    form = forms.Search(request.GET if "q" in request.GET else None)
    typed = form.typed()
    context = {"form": form, "typed": typed, "found": find(typed)}
    status = 422 if form.errors else 200
    return render(request, "services/search.html", context, status=status)
