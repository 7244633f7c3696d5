"""How we reach you: for whoever is signed in, and for whoever holds a mail's link."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from phonenumber_field.phonenumber import to_python

from massage_portal.access import SignedInRequest, by_link, requires
from massage_portal.audit.context import by_a_link
from massage_portal.outbox import actions
from massage_portal.outbox.actions.preference import CODE_KIND
from massage_portal.outbox.codes import Channel, Mended
from massage_portal.outbox.forms.preferences import Code, Reach
from massage_portal.outbox.links import whose
from massage_portal.outbox.models import Message, Preference, Stop

DONE = 0  # no status of HTTP: the view redirects


@requires("")
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: SignedInRequest) -> HttpResponse:
    """Show how the user is reached, and let them change it."""
    user, now = request.user, timezone.now()
    form, status = reach(sent(request), user=user, by=user, now=now)
    if status == DONE:
        if Preference.objects.of(user).asked_number:
            return redirect("outbox:code")
        messages.success(request, _("Saved. This is how we reach you from now on."))
        return redirect("outbox:preferences")
    waits = of_code(user, now=now)
    context = {"form": form, "stops": stops_of(user), "text_to": our_number(), **waits}
    return render(request, "outbox/preferences.html", context, status=status)


@requires("")
@require_http_methods(["GET", "HEAD", "POST"])
def code(request: SignedInRequest) -> HttpResponse:
    """Take the code that was sent to a new number."""
    user, now = request.user, timezone.now()
    if not Preference.objects.of(user).asked_number:  # done, or never asked
        return redirect("outbox:preferences")
    form, status = confirm(sent(request), user=user, by=user, now=now)
    if status == DONE:
        messages.success(request, _("Thank you. Texts go to this number from now on."))
        return redirect("outbox:preferences")
    context = {"form": form, **of_code(user, now=now)}
    return render(request, "outbox/code.html", context, status=status)


@requires("")
@require_POST
def another_code(request: SignedInRequest) -> HttpResponse:
    """Send a new code to the number that waits for one."""
    user = request.user
    send_again(request, user=user, now=timezone.now())
    return redirect("outbox:code")


@requires("")
@require_POST
def start_again(request: SignedInRequest, pk: int) -> HttpResponse:
    """Use one's own stopped address again."""
    own = Stop.objects.filter(user=request.user).select_related("user")
    found = get_object_or_404(own, pk=pk)
    with suppress(actions.AlreadyLifted):  # pressed twice: what was wanted holds
        actions.lift_stop(
            stop=found, because=Mended.OWNER, by=request.user, now=timezone.now()
        )
    again = _("We write to %(address)s again.") % {"address": found.shown}
    messages.success(request, again)
    return redirect("outbox:preferences")


@by_link
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """
    Stop what need not be sent, for whoever holds the link of a mail.

    A GET changes nothing: mail scanners fetch links. The POST may come from a mail
    program's own button, which knows no cookie of ours (RFC 8058).
    """
    users = get_user_model()._default_manager
    user: Any = users.filter(pk=whose(token)).first()
    if user is None:
        return render(request, "outbox/stop_unknown.html", status=404)
    if request.method == "POST":
        with by_a_link():
            actions.set_optional(user=user, optional=False, by=user, now=timezone.now())
    optional = Preference.objects.of(user).optional
    return render(request, "outbox/stop.html", {"optional": optional})


# Only the token opens it and no cookie counts: a forged form could borrow nothing.
stop.csrf_exempt = True  # type: ignore[attr-defined]


# --- What staff's pages about a patient do alike --------------------------------------


def sent(request: HttpRequest) -> QueryDict | None:
    """Return what was sent, if anything was."""
    return request.POST if request.method == "POST" else None


def reach(
    typed: QueryDict | None, *, user: Any, by: Any, now: datetime
) -> tuple[Reach, int]:
    """
    Keep what was chosen, if it was sent and is right.

    What was typed stays. Whoever sent a stale page may send it again after reading it.

    :returns: the form, and DONE or the status of the page.
    """
    preference = Preference.objects.of(user)
    preference.user = user
    form = Reach(typed, preference=preference)
    if typed is None:
        return form, 200
    if not form.is_valid():
        return form, 422
    try:
        actions.change_preference(
            user=user,
            chosen=form.chosen(),
            version=form.cleaned_data["version"],
            by=by,
            now=now,
        )
    except actions.Refusal as refusal:
        form.add_error(refusal.field or None, str(refusal))
        again = typed.copy()
        again["version"] = str(Preference.objects.of(user).version)
        form.data = again
        return form, 409
    return form, DONE


def confirm(
    typed: QueryDict | None, *, user: Any, by: Any, now: datetime
) -> tuple[Code, int]:
    """Take the code, if it was sent and is right; as `reach`."""
    form = Code(typed)
    if typed is None:
        return form, 200
    if not form.is_valid():
        return form, 422
    try:
        actions.confirm_mobile(
            user=user, code=form.cleaned_data["code"], by=by, now=now
        )
    except actions.Refusal as refusal:
        form.add_error(refusal.field or None, str(refusal))
        return form, 409
    return form, DONE


def send_again(request: SignedInRequest, *, user: Any, now: datetime) -> None:
    """Send another code to the user's new number, or say why not."""
    try:
        actions.send_another_code(user=user, by=request.user, now=now)
    except actions.Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("A new code is on its way. The old one is void."))


def of_code(user: Any, *, now: datetime) -> dict[str, Any]:
    """Return what the page of a code shows: the number, and whether the text went."""
    preference = Preference.objects.of(user)
    ours = Message.objects.filter(recipient=user, kind=CODE_KIND)
    lost = ours.filter(key__endswith=f":{preference.code_seed}")
    return {
        "number": preference.asked_mobile,
        "holds": actions.code_holds(preference, now=now),
        "lost": lost.filter(failed_at__isnull=False).exists(),
    }


def stops_of(user: Any) -> list[Stop]:
    """Return the user's stopped addresses that are still theirs."""
    preference = Preference.objects.of(user)
    numbers = {preference.number, preference.asked_number} - {""}
    ours = {(Channel.EMAIL, user.email), *((Channel.SMS, one) for one in numbers)}
    standing = Stop.objects.standing().filter(user=user).order_by("stopped_at", "pk")
    return [one for one in standing if (one.channel, one.address) in ours]


def our_number() -> str:
    """Return the number from which our texts come; "" where it is not one alone."""
    gateway = settings.SMS_GATEWAY
    kind, number = gateway.sender if gateway else ("", "")
    return str(to_python(number)) if kind == "From" else ""
