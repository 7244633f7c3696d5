"""What everyone may read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from massage_portal.access import public, unlisted
from massage_portal.navigation import whole
from services import forms, structured
from services.cache import kept
from services.codes import ArticleKind, Meaning
from services.models import (
    OWN_ADDRESS,
    PRIVACY,
    REFERRAL,
    SAFETY,
    Insurer,
    Precaution,
    Publication,
    Version,
)
from services.search import search as find
from services.suitability import Concern, Verdict, judge

INSURERS = 10  # companies shown at once
PUBMED = (
    "https://pubmed.ncbi.nlm.nih.gov/"
    "?term=massage%5BTitle%5D+AND+Mayo+Clinic%5BAffiliation%5D"
)


class Moved(Exception):
    """The article is read under another address now, which is the first argument."""


def follows(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Send a reader who comes by a former address to where the article is now."""

    @wraps(view)
    def shown(*args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(*args, **kwargs)
        except Moved as moved:
            answer = redirect(moved.args[0], permanent=True)
            answer["Cache-Control"] = "max-age=3600"  # another article may take it
            return answer

    return shown


@public
@require_safe
@kept
def home(request: HttpRequest) -> HttpResponse:
    """Say what the portal is for, and the one next step."""
    conditions = _texts(ArticleKind.CONDITION)
    pages = list(Version.objects.guide(get_language()))
    context = {
        "search": forms.Search(),
        "conditions": conditions,
        "pages": pages,
        "untranslated": _untranslated([*conditions, *pages]),
    }
    return render(request, "services/home.html", context)


def _texts(kind: str) -> list[Version]:
    """Return what readers of this language are shown of a kind, in order."""
    return list(Version.objects.of_kind(kind).read_in(get_language()))


def _text(kind: str, slug: str) -> Version:
    """
    Return the text of one article.

    :raises Moved: if it is read under another address now.
    :raises Http404: if none is published.
    """
    texts = Version.objects.of_kind(kind).read_in(get_language())
    found = texts.filter(article__slug=slug).first()
    if found is not None:
        return found
    moved = texts.filter(
        article__former_addresses__kind=kind, article__former_addresses__slug=slug
    ).first()
    if moved is None:
        raise Http404
    raise Moved(moved.get_absolute_url())


def _untranslated(texts: Iterable[Version | Concern]) -> bool:
    """Say whether one of the texts is not in the reader's language."""
    return any(text.language != get_language() for text in texts)


@public
@require_safe
@kept
@follows
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one page of information; a few have an address of their own."""
    if slug in OWN_ADDRESS:
        return redirect(OWN_ADDRESS[slug], permanent=True)
    return _show(request, slug)


def _show(request: HttpRequest, slug: str, **more: Any) -> HttpResponse:
    """Answer with the page and the others of the guide, in two queries."""
    found = _text(ArticleKind.PAGE, slug)
    context = {
        "text": found,
        "untranslated": _untranslated([found]),
        "guide": Version.objects.guide(get_language()),
        "now": timezone.now(),
        "structured": structured.page(found, address=whole(found.get_absolute_url())),
        **more,
    }
    return render(request, "services/page.html", context)


@public
@require_safe
@kept
def referral(request: HttpRequest) -> HttpResponse:
    """Tell how to get an appointment: the page that every other one leads to."""
    return _show(request, REFERRAL, last_step=True)


@public
@require_safe
@kept
def safety(request: HttpRequest) -> HttpResponse:
    """Say who must wait, who needs clearance, and what to tell the therapist."""
    told = list(Precaution.objects.for_patients(get_language()))
    groups = {
        meaning.name.lower(): [one for one in told if one.meaning == meaning]
        for meaning in Meaning
    }
    return _show(request, SAFETY, precautions=groups)


@public
@require_safe
@kept
def privacy(request: HttpRequest) -> HttpResponse:
    """Say what is kept about a patient, and who sees it."""
    return _show(request, PRIVACY)


@public
@require_safe
@kept
def conditions(request: HttpRequest) -> HttpResponse:
    """List the conditions, and how sure we are about each."""
    found = _texts(ArticleKind.CONDITION)
    context = {"conditions": found, "untranslated": _untranslated(found)}
    return render(request, "services/conditions.html", context)


@public
@require_safe
@kept
@follows
def condition(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one condition, how sure we are, and the next step."""
    found = _text(ArticleKind.CONDITION, slug)
    context = {
        "text": found,
        "untranslated": _untranslated([found]),
        "condition": found.article.condition,
        "others": Version.objects.beside(found, get_language()),
        "structured": structured.condition(
            found, address=whole(found.get_absolute_url())
        ),
    }
    return render(request, "services/condition.html", context)


@public
@require_safe
@kept
def techniques(request: HttpRequest) -> HttpResponse:
    """List the techniques on offer."""
    found = _texts(ArticleKind.TECHNIQUE)
    context = {"techniques": found, "untranslated": _untranslated(found)}
    return render(request, "services/techniques.html", context)


@public
@require_safe
@kept
def locations(request: HttpRequest) -> HttpResponse:
    """List the places, how to get there and where to stay; massage is in one."""
    found = _texts(ArticleKind.LOCATION)
    context = {
        "locations": found,
        "untranslated": _untranslated(found),
        "structured": structured.clinics(
            [text.article.location for text in found],
            address=whole(request.path),
            phone=settings.CLINIC_PHONE,
        ),
    }
    return render(request, "services/locations.html", context)


@public
@require_safe
@kept
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
    context = {"form": form, "typed": typed, "found": find(typed, get_language())}
    status = 422 if form.errors else 200
    return render(request, "services/search.html", context, status=status)


@public
@require_safe
@vary_on_headers("HX-Request")  # one address, two bodies
@kept
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
    told = Precaution.objects.for_patients(get_language())
    concerns = [Concern(one.code, one.meaning, one.told, one.told_in) for one in told]
    conditions = _texts(ArticleKind.CONDITION)
    asked = forms.questions(conditions=conditions, concerns=concerns)
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
    hope = [one for one in conditions if one.article.slug == sent.get(forms.HOPE)]
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
    hope: list[Version],
) -> HttpResponse:
    """Show the outcome, to be read, printed and taken along."""
    context = {
        "verdict": verdict,
        "hope": hope[0] if hope else None,
        "untranslated": _untranslated([*verdict.because, *verdict.tell]),
        "previous": answered[-1],
        "carried": _carried(answered, sent),
    }
    return render(request, "services/check_result.html", context)


def _carried(questions: list[forms.Question], sent: QueryDict) -> list[tuple[str, str]]:
    return [(one.name, value) for one in questions for value in one.known(sent)]
