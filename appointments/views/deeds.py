"""
What a patient can do about a request or a visit, here and at the telephone.

A deed is a form and one action, with the words around them. The patient's own pages and
those of staff who do it for them take the same deeds, and so the same rules.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from appointments import actions
from appointments.codes import Ending
from appointments.forms.ask import Worse
from appointments.forms.patient import AskQuestion, AskToMove, ChangeWhen, Reply
from appointments.models import Appointment, Policy, Therapist, WaitlistEntry
from appointments.views import too_late
from appointments.views.availability import said
from appointments.views.staff_words import form_for_staff, to_staff
from appointments.views.too_late import TooLate
from appointments.wishes import in_words
from massage_portal.access import SignedInRequest
from massage_portal.forms import Form

DONE = 0  # no status of HTTP: the view redirects
Act = Callable[..., Any]


class Confirm(Form):
    """A button that needs no answers."""

    def __init__(self, *args: Any, words: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.submit = words  # type: ignore[misc]


class CancelVisit(Form):
    """The button that cancels, on a page that said whether that is late, or did not."""

    submit = _("Cancel this visit")
    late = forms.BooleanField(required=False, widget=forms.HiddenInput)


class Accept(Form):
    """The button that accepts for a patient; what is not as they asked is told."""

    submit = _("Accept this time")
    agreed = forms.BooleanField(label=_("The patient agreed to this"), required=False)

    def __init__(self, *args: Any, unwished: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if unwished:
            said = _("It is not what they asked for: %(what)s.") % {"what": unwished}
            self.fields["agreed"].help_text = said
        else:
            del self.fields["agreed"]


class Deed(NamedTuple):
    """One thing that can be done; `subject` is a request or a visit."""

    title: Any
    lead: Any
    done: Any  # what is said afterwards, to whoever did it
    form: Callable[[Any, Any, datetime], Form]  # of the subject, what was sent, now
    act: Act
    what: Callable[[Any, dict[str, Any]], dict[str, Any]]  # what the action takes
    too_late: TooLate


def shut(request: SignedInRequest, deed: Deed, subject: Any, now: datetime) -> str:
    """
    Say why the deed's page has no form to fill in; "" while it has.

    What is sent is always tried: a button pressed twice finds what it did.
    """
    return "" if request.method == "POST" else deed.too_late(subject, now)


def attempt(
    form: Form,
    act: Act,
    what: Callable[[dict[str, Any]], Any],
    *,
    say: Callable[[object], str] = str,
) -> int:
    """
    Do it if the form was sent and is right; return DONE or the status of the page.

    What was typed stays. Whoever sent a stale page may send it again after reading it.

    :param say: puts a refusal into the words of whoever reads it.
    """
    if not form.is_bound:
        return 200
    if not form.is_valid():
        return 422
    try:
        act(**what(form.cleaned_data))
    except actions.Refusal as refusal:
        form.add_error(None, say(refusal))
        return 409
    return DONE


def perform(
    request: SignedInRequest,
    deed: Deed,
    subject: Any,
    *,
    now: datetime,
    act: Act | None = None,
    for_staff: bool = False,
) -> tuple[Form, int]:
    """
    Do the deed if its form was sent; return the form, and DONE or the page's status.

    :param act: does it in place of the deed's own action, as at the telephone.
    :param for_staff: whether staff read the page, who do it for the patient.
    """
    sent = request.POST if request.method == "POST" else None
    form = deed.form(subject, sent, now)
    if for_staff:
        form_for_staff(form)
    say = to_staff if for_staff else str

    def what(cleaned: dict[str, Any]) -> dict[str, Any]:
        return {**deed.what(subject, cleaned), "by": request.user, "now": now}

    status = attempt(form, act or deed.act, what, say=say)
    if status == 409 and sent is not None:
        again = sent.copy()  # what is shown now is what is sent next
        if "version" in form.fields:
            subject.refresh_from_db(fields=["version"])
            again["version"] = str(subject.version)
        if "late" in form.fields:
            again["late"] = str(terms(subject, now)["late"])
        form.data = again
    return form, status


def terms(visit: Appointment, now: datetime) -> dict[str, Any]:
    """Return the `policy` that counts for a visit, and if canceling is `late` now."""
    policy = Policy.objects.agreed(visit.booked_at, now=now)
    ahead = visit.is_booked_ahead(now)
    return {"policy": policy, "late": ahead and policy.is_late(visit.starts_at, now)}


def _confirm(words: Any) -> Callable[[Any, Any, datetime], Form]:
    return lambda _subject, sent, _now: Confirm(sent, words=words)


def _bare(form: type[Form]) -> Callable[[Any, Any, datetime], Form]:
    return lambda _subject, sent, _now: form(sent)


def _accept(visit: Appointment, sent: Any, now: datetime) -> Form:
    policy = Policy.objects.in_force(now)
    some = actions.unwished(visit, visit.entry, policy=policy)
    return Accept(sent, unwished=in_words(some))


def _when(entry: WaitlistEntry, sent: Any, now: datetime) -> Form:
    today = timezone.localdate(now)
    return ChangeWhen(
        sent,
        entry=entry,
        planned=actions.planned_day(entry.received_at, now=now),
        today=today,
        until=entry.referral.coverage.until,
        therapists=Therapist.objects.who_can(entry.referral.technique, on=today),
    )


def _new_when(entry: WaitlistEntry, cleaned: dict[str, Any]) -> dict[str, Any]:
    version = cleaned["version"]
    return {"entry": entry, "availability": said(cleaned), "version": version}


def _with_words(entry: WaitlistEntry, cleaned: dict[str, Any]) -> dict[str, Any]:
    return {"entry": entry, "words": cleaned["words"]}


def _the_visit(visit: Appointment, _cleaned: dict[str, Any]) -> dict[str, Any]:
    return {"appointment": visit}


OF_REQUEST = {
    "reply": Deed(
        _("Answer our question"),
        _("The request goes on to a scheduler with the answer."),
        _("Thank you. We have your answer."),
        _bare(Reply),
        actions.reply,
        _with_words,
        too_late.asked_nothing,
    ),
    "worse": Deed(
        _("It got worse"),
        _(
            "Tell us how it has been in the past week. Your answers can make your "
            "target wait shorter. They never make it longer."
        ),
        _("Thank you. A scheduler will read it."),
        _bare(Worse),
        actions.report_need,
        lambda entry, cleaned: {
            "entry": entry,
            "need": actions.NeedAnswers(**cleaned),
        },
        too_late.waits_no_more,
    ),
    "when": Deed(
        _("Change when you can come"),
        _("You keep your place. An offer that we have sent stays until you answer it."),
        _("Thank you. We look for times that suit you now."),
        _when,
        actions.change_availability,
        _new_when,
        too_late.waits_no_more,
    ),
    "question": Deed(
        _("Ask us a question"),
        _("A scheduler answers it. You keep your place."),
        _("Thank you. You find our answer on this page."),
        _bare(AskQuestion),
        actions.ask_question,
        _with_words,
        too_late.is_over,
    ),
    "withdraw": Deed(
        _("Withdraw your request?"),
        _(
            "You will leave the waiting list. If you ask again later, your clock "
            "still starts on the day we received your referral."
        ),
        _("Your request is withdrawn."),
        _confirm(_("Withdraw my request")),
        actions.withdraw,
        lambda entry, _cleaned: {"entry": entry},
        too_late.cannot_be_withdrawn,
    ),
}
OF_VISIT = {
    "accept": Deed(
        _("Accept this time?"),
        _("The visit is booked at once."),
        _("The visit is booked."),
        _accept,
        actions.accept,
        lambda visit, cleaned: {
            "appointment": visit,
            "agreed": cleaned.get("agreed", False),
        },
        too_late.is_no_offer,
    ),
    "decline": Deed(
        _("Decline this time?"),
        _("The time goes to somebody else. The place in line is kept."),
        _("The offer is declined."),
        _confirm(_("Decline this time")),
        actions.decline,
        _the_visit,
        too_late.is_no_offer,
    ),
    "cancel": Deed(
        _("Cancel this visit?"),
        _(
            "You keep your place on the waiting list. The time goes to another "
            "patient at once, so you cannot have it back."
        ),
        _("Your visit is canceled. You have kept your place."),
        lambda visit, sent, now: CancelVisit(
            sent, initial={"late": terms(visit, now)["late"]}
        ),
        actions.cancel,
        lambda visit, cleaned: {
            "appointment": visit,
            "ending": Ending.BY_PATIENT,
            "late_is_known": cleaned["late"],
        },
        too_late.cannot_be_canceled,
    ),
    "move": Deed(
        _("Ask for another time"),
        _(
            "This visit stays booked. When we find another time, we offer it to you, "
            "and only if you accept it does this one go to somebody else."
        ),
        _("We look for another time. Until then this visit stays."),
        lambda visit, sent, _now: AskToMove(sent, initial={"words": visit.move_words}),
        actions.ask_to_move,
        lambda visit, cleaned: {"appointment": visit, "words": cleaned["words"]},
        too_late.cannot_be_moved,
    ),
    "keep": Deed(
        _("Keep this time after all?"),
        _("We look for no other time any more, and this visit stays."),
        _("You keep this time."),
        _confirm(_("Keep this time")),
        actions.keep_time,
        _the_visit,
        too_late.cannot_be_moved,
    ),
}
