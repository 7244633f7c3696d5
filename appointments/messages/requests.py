"""The words of messages about a request: what moved is read after signing in."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appointments.codes import EntryStatus
from appointments.messages.words import address, mail
from appointments.models import Policy, Question, WaitlistEntry
from appointments.models.expected import expected
from massage_portal.outbox.kinds import Mail, renders
from massage_portal.outbox.models import Message


def _news(
    message: Message, state: EntryStatus, subject: str, short: str
) -> Mail | None:
    """Tell that a request has moved, if it is still in that state."""
    entries = WaitlistEntry.objects.select_related("patient")
    entry = entries.filter(pk=message.subject_key, status=state).first()
    if entry is None:
        return None
    return mail(
        state.name.lower(),
        subject,
        to=entry.patient.given_name,
        link=address("standing", entry.pk),
        short=short,
    )


@renders(
    "appointments.requested", gettext_lazy("A request received"), worth_a_call=False
)
def requested(message: Message) -> Mail | None:
    """Say that a request has come in, and what happens next."""
    return _news(
        message,
        EntryStatus.REQUESTED,
        _("We have your request"),
        _("Clinic: we have your request for an appointment. See where it stands:"),
    )


@renders(
    "appointments.accepted", gettext_lazy("On the waiting list"), worth_a_call=False
)
def accepted(message: Message) -> Mail | None:
    """Tell that a request is on the waiting list."""
    return _news(
        message,
        EntryStatus.ACCEPTED,
        _("You are on our waiting list"),
        _("Clinic: you are on our waiting list. See where you stand:"),
    )


@renders("appointments.on-hold", gettext_lazy("A question about a request"))
def on_hold(message: Message) -> Mail | None:
    """Tell that the clinic has a question."""
    return _news(
        message,
        EntryStatus.ON_HOLD,
        _("We have a question for you"),
        _("Clinic: we have a question before we can find you a time. Please answer:"),
    )


@renders("appointments.rejected", gettext_lazy("A request declined"))
def rejected(message: Message) -> Mail | None:
    """Tell that a request was declined; why is read after signing in."""
    return _news(
        message,
        EntryStatus.REJECTED,
        _("News about your request"),
        _("Clinic: there is news about your request. Sign in to read it:"),
    )


@renders("appointments.waiting", gettext_lazy("A wait longer than its target"))
def waiting(message: Message) -> Mail | None:
    """
    Say honestly that the wait is longer than it should be, why, and what can be done.

    Not if an offer came meanwhile, or the target that counts now has not passed.
    """
    entries = WaitlistEntry.objects.with_plan()
    at, waits = message.due_at, EntryStatus.ACCEPTED
    entry = entries.filter(pk=message.subject_key, status=waits).first()
    if entry is None or entry.appointments.offers_open(at).exists():
        return None
    exponent = float(Policy.objects.in_force(at).harm_exponent)
    why = entry.explain(now=at, exponent=exponent)
    if why is None or not why.overdue:
        return None
    told = expected(entry, now=at) if why.overruled_days is None else None
    return mail(
        "waiting",
        _("Your wait is longer than we aim for"),
        to=entry.patient.given_name,
        link=address("standing", entry.pk),
        short=_(
            "Clinic: your wait is longer than we aim for. We are sorry. What you can "
            "do:"
        ),
        expected=told["words"] if told else "",
    )


@renders("appointments.wish_lost", gettext_lazy("A wish that cannot be met any more"))
def wish_lost(message: Message) -> Mail | None:
    """
    Ask a patient to say anew when they can come; which wish it is, is read signed in.

    Not if it can be met by now, or an offer came meanwhile, or they lack more by now.
    """
    entries = WaitlistEntry.objects.with_lost_wish(message.due_at)
    entry = entries.select_related("patient").filter(pk=message.subject_key).first()
    if entry is None:
        return None
    return mail(
        "wish_lost",
        _("Tell us when you can come"),
        to=entry.patient.given_name,
        link=address("standing", entry.pk),
        short=_(
            "Clinic: we cannot offer you a time as you asked for it. Tell us again "
            "when you can come:"
        ),
    )


@renders("appointments.question_answered", gettext_lazy("Answer to a question"))
def question_answered(message: Message) -> Mail | None:
    """Tell that a question was answered; question and answer are read signed in."""
    answered = Question.objects.filter(answered_at__isnull=False)
    answered = answered.select_related("entry__patient")
    found = answered.filter(pk=message.subject_key).first()
    if found is None:
        return None
    return mail(
        "question",
        _("There is an answer for you"),
        to=found.entry.patient.given_name,
        link=address("standing", found.entry_id),
        short=_("Clinic: we have answered your question. Sign in to read it:"),
    )
