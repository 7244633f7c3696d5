"""What everyone may read."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from massage_portal.access import public
from services.markdown import to_html
from services.models import Condition, Location, Page, Publication, Technique
from services.search import LONGEST
from services.search import search as find


@public
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Say what the portal is for, and the one next step."""
    return render(
        request,
        "services/home.html",
        {
            "conditions": Condition.objects.in_order(),
            "pages": Page.objects.in_order().exclude(slug="privacy"),
        },
    )


@public
@require_safe
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one page of information."""
    found = get_object_or_404(Page, slug=slug)
    context = {"page": found, "body": to_html(found.body)}
    return render(request, "services/page.html", context)


@public
@require_safe
def referral(request: HttpRequest) -> HttpResponse:
    """Tell how to get an appointment: the page that every other one leads to."""
    return page(request, "getting-an-appointment")


@public
@require_safe
def conditions(request: HttpRequest) -> HttpResponse:
    """List the conditions."""
    context = {"conditions": Condition.objects.in_order()}
    return render(request, "services/conditions.html", context)


@public
@require_safe
def condition(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one condition, how sure we are, and the next step."""
    found = get_object_or_404(Condition, slug=slug)
    context = {"condition": found, "body": to_html(found.body)}
    return render(request, "services/condition.html", context)


@public
@require_safe
def techniques(request: HttpRequest) -> HttpResponse:
    """List the techniques on offer."""
    offered = Technique.objects.filter(active=True).in_order()
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
    context = {"publications": Publication.objects.order_by("-year", "citation")}
    return render(request, "services/research.html", context)


@public
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Search everything published."""
    text = request.GET.get("q", "")
    error = ""
    if len(text) > LONGEST:
        error = _("Shorten your search to %(most)d characters.") % {"most": LONGEST}
    context = {
        "q": text[:LONGEST].replace("\0", ""),
        "error": error,
        "hits": [] if error else find(text),
    }
    status = 422 if error else 200
    return render(request, "services/search.html", context, status=status)
