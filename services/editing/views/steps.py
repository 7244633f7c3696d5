"""The steps of a text: each asks what it needs, calls one action, and answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from django.contrib import messages
from django.forms import BaseForm
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from massage_portal.access import SignedInRequest, requires, requires_any
from services import actions
from services.codes import VersionStatus
from services.editing import forms
from services.editing.difference import difference
from services.editing.views.read import APPROVE, CHANGE, differences, found_text
from services.models import ENGLISH, Article, Version


def _found(pk: int) -> Version:
    return get_object_or_404(Version.objects.with_people(), pk=pk)


def _refuse(form: BaseForm, refusal: actions.Refusal) -> int:
    """Put a refusal where it belongs; return the status of the answer."""
    known = refusal.field in form.fields
    form.add_error(refusal.field if known else None, str(refusal))
    return 422 if known else 409


def _status(form: BaseForm, status: int) -> int:
    return 422 if form.errors and status == 200 else status


@requires(CHANGE)
@require_http_methods(["GET", "HEAD", "POST"])
def new_article(request: SignedInRequest) -> HttpResponse:
    """Begin a page or a condition that is not there yet."""
    form = forms.NewArticle(request.POST if request.method == "POST" else None)
    status = 200
    if form.is_valid():
        given = form.cleaned_data
        try:
            draft = actions.begin_article(
                kind=given["kind"],
                slug=given["slug"],
                texts=form.texts(),
                evidence=given["evidence"] or form.fields["evidence"].initial,
                by=request.user,
                now=timezone.now(),
            )
        except actions.Refusal as refusal:
            status = _refuse(form, refusal)
        else:
            messages.success(request, _("The draft is begun."))
            return redirect("services:edit", draft.pk)
    return render(
        request,
        "services/editing/new_article.html",
        {"form": form},
        status=_status(form, status),
    )


@requires(CHANGE)
@require_POST
def begin_draft(request: SignedInRequest, article: int, language: str) -> HttpResponse:
    """Begin the next version of a text, or its translation."""
    found, language = found_text(article, language)
    return _begun(
        request,
        lambda: actions.begin_draft(
            article=found, language=language, by=request.user, now=timezone.now()
        ),
        found,
        language,
    )


@requires(CHANGE)
@require_POST
def restore(request: SignedInRequest, pk: int) -> HttpResponse:
    """Begin a draft with the words of an older version."""
    old = _found(pk)
    return _begun(
        request,
        lambda: actions.restore(version=old, by=request.user, now=timezone.now()),
        old.article,
        old.language,
    )


def _begun(
    request: SignedInRequest,
    begin: Callable[[], Version],
    article: Article,
    language: str,
) -> HttpResponse:
    """Lead to the draft that was begun, or to the one that was there before."""
    try:
        draft = begin()
    except actions.InWork as refusal:
        messages.info(request, str(refusal))
        return redirect("services:approve", refusal.version.pk)
    except actions.Refusal as refusal:
        messages.error(request, str(refusal))
        return redirect("services:text", article.pk, language)
    return redirect("services:edit", draft.pk)


@requires(CHANGE)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: SignedInRequest, pk: int) -> HttpResponse:
    """Write in a draft; save it, or hand it to a second person as well."""
    version = _found(pk)
    posted = request.method == "POST"
    if version.status != VersionStatus.DRAFT and not posted:
        return redirect("services:approve", pk)
    form = forms.Edit(request.POST if posted else None, version=version)
    status, theirs = 200, None
    if form.is_valid():
        try:
            _save(request, version, form)
        except actions.Stale as refusal:
            form = _again(request, form, refusal)
            mine = form.cleaned_data["body"]
            theirs, status = difference(refusal.version.body, mine), 409
        except actions.Refusal as refusal:
            status = _refuse(form, refusal)
        else:
            to = "services:approve" if _hands_on(request) else "services:edit"
            return redirect(to, pk)
    context = {
        "form": form,
        "version": version,
        "theirs": theirs,
        "english": _english(version),
    }
    return render(
        request, "services/editing/edit.html", context, status=_status(form, status)
    )


def _hands_on(request: SignedInRequest) -> bool:
    return request.POST.get("then") == "submit"


def _save(request: SignedInRequest, version: Version, form: forms.Edit) -> None:
    """Save, and hand on if that button was pressed; what was saved stays saved."""
    by, now = request.user, timezone.now()
    actions.save_draft(
        version=version,
        texts=form.texts(),
        note=form.cleaned_data["note"],
        seen=form.cleaned_data["seen"],
        by=by,
        now=now,
    )
    if _hands_on(request):
        actions.submit(version=version, by=by, now=now)
        messages.success(request, _("A second person can read it now."))
    else:
        messages.success(request, _("The draft is saved."))


def _again(
    request: SignedInRequest, form: forms.Edit, refusal: actions.Stale
) -> forms.Edit:
    """Return the form with what was typed; sent again, it knows what is there now."""
    data = request.POST.copy()
    changed = refusal.version.changed_at
    data["seen"] = changed.isoformat() if changed else ""
    again = forms.Edit(data, version=refusal.version)
    again.is_valid()
    again.add_error(None, str(refusal))
    again.add_error(
        None, _("What you typed is kept below. Save it again to replace theirs.")
    )
    return again


def _english(version: Version) -> Version | None:
    """Return the English that a translation is made from."""
    if version.language == ENGLISH:
        return None
    return version.source or Version.objects.of_text(version.article, ENGLISH).first()


@requires_any(CHANGE, APPROVE)
@require_http_methods(["GET", "HEAD", "POST"])
def approve(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show one version as readers would see it, and what changed; approve it."""
    version = _found(pk)
    now = timezone.now()
    same = Version.objects.active_of(version.article, version.language)
    read = same.exclude(pk=pk).first()
    posted = request.POST if request.method == "POST" else None
    form = forms.Approve(
        posted, today=timezone.localdate(now), version=version, read=read
    )
    status = 200
    if form.is_valid():
        try:
            made = actions.approve(
                version=version, **form.answers(), by=request.user, now=now
            )
        except actions.Refusal as refusal:
            status = _refuse(form, refusal)
            version = _found(pk)
        else:
            _say_when(request, made)
            return redirect("services:editing")
    own = request.user.pk in (version.created_by_id, version.changed_by_id)
    waits = version.status == VersionStatus.IN_REVIEW
    context = {
        "version": version,
        "read": read,
        "parts": differences(read, version) if read and version.is_in_work else [],
        "english": _english(version),
        "own": own,
        "form": form if (waits and not own) or form.errors else None,
    }
    return render(
        request, "services/editing/version.html", context, status=_status(form, status)
    )


def _say_when(request: SignedInRequest, version: Version) -> None:
    if version.status == VersionStatus.APPROVED:
        messages.success(request, _("Approved. It is published when its time comes."))
    else:
        messages.success(request, _("Published. Readers see it now."))


class Step(NamedTuple):
    """A step that asks for a reason: its words, its form, and where it may begin."""

    title: Any
    lead: Any
    form: type[forms.Reason]
    begins_in: set[VersionStatus]
    done: Any


REASONED = {
    "send_back": Step(
        gettext_lazy("Send it back"),
        gettext_lazy("It becomes a draft again, and nothing of it is published."),
        forms.SendBack,
        {VersionStatus.IN_REVIEW, VersionStatus.APPROVED},
        gettext_lazy("It is a draft again."),
    ),
    "discard": Step(
        gettext_lazy("Give it up"),
        gettext_lazy("Its words are kept: it can be restored later."),
        forms.Discard,
        {VersionStatus.DRAFT, VersionStatus.IN_REVIEW},
        gettext_lazy("It is given up."),
    ),
    "retire": Step(
        gettext_lazy("Take it back now"),
        gettext_lazy(
            "Readers will not see it any more, from this moment on. With an English "
            "text go its translations."
        ),
        forms.Retire,
        {VersionStatus.ACTIVE},
        gettext_lazy("It is taken back. Readers do not see it any more."),
    ),
}


@requires(APPROVE)
@require_http_methods(["GET", "HEAD", "POST"])
def reasoned(request: SignedInRequest, pk: int, name: str) -> HttpResponse:
    """Ask why, and take one of the steps back."""
    version, step = _found(pk), REASONED[name]
    posted = request.method == "POST"
    if version.status not in step.begins_in and not posted:
        return redirect("services:approve", pk)
    form = step.form(request.POST if posted else None)
    status = 200
    if form.is_valid():
        act: Any = getattr(actions, name)
        try:
            act(
                version=version,
                **form.cleaned_data,
                by=request.user,
                now=timezone.now(),
            )
        except actions.Refusal as refusal:
            status = _refuse(form, refusal)
        else:
            messages.success(request, str(step.done))
            return redirect("services:text", version.article_id, version.language)
    context = {"form": form, "version": version, "title": step.title, "lead": step.lead}
    return render(
        request, "services/editing/step.html", context, status=_status(form, status)
    )


@requires(APPROVE)
@require_http_methods(["GET", "HEAD", "POST"])
def record_review(request: SignedInRequest, pk: int) -> HttpResponse:
    """Record that a clinician has read a published text again."""
    version = _found(pk)
    posted = request.POST if request.method == "POST" else None
    if version.status != VersionStatus.ACTIVE and posted is None:
        return redirect("services:approve", pk)
    now = timezone.now()
    form = forms.MedicalReview(posted, today=timezone.localdate(now))
    status = 200
    if form.is_valid():
        try:
            actions.record_review(
                version=version, review=form.review(), by=request.user, now=now
            )
        except actions.Refusal as refusal:
            status = _refuse(form, refusal)
        else:
            messages.success(request, _("The review is recorded. Readers see it now."))
            return redirect("services:text", version.article_id, version.language)
    context = {
        "form": form,
        "version": version,
        "title": _("Record a medical review"),
        "lead": _("Read the text first, with the clinician whose name it will carry."),
    }
    return render(
        request, "services/editing/step.html", context, status=_status(form, status)
    )


@requires(CHANGE)
@require_http_methods(["GET", "HEAD", "POST"])
def move(request: SignedInRequest, article: int) -> HttpResponse:
    """Give an article another address; the old one leads there."""
    found = get_object_or_404(Article, pk=article)
    posted = request.POST if request.method == "POST" else None
    form = forms.Move(posted, initial={"slug": found.slug})
    status = 200
    if form.is_valid():
        try:
            actions.move(
                article=found,
                slug=form.cleaned_data["slug"],
                by=request.user,
                now=timezone.now(),
            )
        except actions.Refusal as refusal:
            status = _refuse(form, refusal)
        else:
            messages.success(request, _("It is moved. The old address leads here."))
            return redirect("services:text", article, ENGLISH)
    context = {"form": form, "article": found}
    return render(
        request, "services/editing/move.html", context, status=_status(form, status)
    )
