"""
What a patient's own pages say to them, in words for staff who do it for them.

The deeds, their forms and their refusals are the same on both sets of pages, and are
worded for the patient. What speaks to them stands here a second time, as staff read it.
"""

from __future__ import annotations

from typing import Any, TypeVar

from django.forms import Form
from django.utils.translation import gettext, gettext_noop

from massage_portal.forms import Scale

_ = gettext_noop
AnyForm = TypeVar("AnyForm", bound=Form)

TITLES = {
    _("Ask us a question"): _("Note a question"),
    _("Change when you can come"): _("Change when they can come"),
    _("It got worse"): _("Report that it got worse"),
    _("Withdraw your request?"): _("Withdraw the request?"),
}
BUTTONS = {
    _("Save my answers"): _("Save the answers"),
    _("Send my answer"): _("Send the answer"),
    _("Send my answers"): _("Send the answers"),
    _("Send my question"): _("Note the question"),
    _("Withdraw my request"): _("Withdraw the request"),
}
QUESTIONS = {
    _("Your answer"): _("The patient's answer"),
    _("Your question"): _("The patient's question"),
    _("When would suit you better?"): _("When would suit them better?"),
    _("You may leave this empty. Please do not write about your health."): _(
        "This may stay empty. Write nothing about their health."
    ),
    _("Days that suit you"): _("Days that suit them"),
    _("Leave empty if you can come at once."): _(
        "Leave empty if they can come at once."
    ),
    _("How soon could you come if a time comes free?"): _(
        "How soon could they come if a time comes free?"
    ),
    _("A short notice gives you more chances."): _(
        "A short notice gives them more chances."
    ),
    _("How strong was your pain, on average?"): _(
        "How strong was their pain, on average?"
    ),
    _("pain as bad as you can imagine"): _("pain as bad as they can imagine"),
    _("How much did pain get in the way of your everyday activity?"): _(
        "How much did pain get in the way of their everyday activity?"
    ),
    _("Is your ability to work, to care for others or to live on your own at risk?"): _(
        "Is their ability to work, to care for others or to live on their own at risk?"
    ),
    _("How much does it disturb your sleep?"): _(
        "How much does it disturb their sleep?"
    ),
    _("I hardly sleep"): _("they hardly sleep"),
}
REFUSALS = {
    _(
        "Nothing is canceled yet. While this page was open, it became late to cancel "
        "this visit. Please read what that means, and then decide."
    ): _(
        "Nothing is canceled yet. While this page was open, it became late to cancel "
        "this visit. Tell the patient what that means, and ask them again."
    ),
    _("This offer has ended, so the time is no longer held for you."): _(
        "This offer has ended, so the time is no longer held."
    ),
    _(
        "This offer has ended, so the time is no longer held for you. You have kept "
        "your place, and we will offer you another time."
    ): _(
        "This offer has ended, so the time is no longer held. The patient has kept "
        "their place, and is offered another time."
    ),
    _("This referral cannot be used now. Please call the clinic."): _(
        "This referral cannot be used now."
    ),
    _("This request does not wait any more. If it got worse, please call us."): _(
        "This request does not wait any more, so there is nothing to change."
    ),
    _("This request is over. If you have a question, call us."): _(
        "This request is over. Answer the question on the telephone."
    ),
    _("This visit can no longer be canceled here. Please call the clinic."): _(
        "This visit can no longer be canceled."
    ),
    _("This visit can no longer be moved here. Please call the clinic."): _(
        "This visit can no longer be moved."
    ),
    _(
        "We cannot give you this time any more: our hours have changed. You have kept "
        "your place, and we will offer you another time."
    ): _(
        "This time cannot be given any more: our hours have changed. The patient has "
        "kept their place, and is offered another time."
    ),
    _("You already have a time for this visit."): _(
        "The patient already has a time for this visit."
    ),
    _("You have already asked for this visit."): _(
        "This visit has been asked for already."
    ),
    _("You have asked several questions that we must answer first. Call us."): _(
        "Several questions of this patient wait for an answer. Answer them first."
    ),
    _("You have used all the visits that this referral allows."): _(
        "All the visits that this referral allows are used."
    ),
    _("Your insurer must agree first. The clinic asks it; you need do nothing."): _(
        "The insurer must agree first. The clinic asks it."
    ),
    _("Your referral does not cover that day any more. Please call the clinic."): _(
        "The referral does not cover that day any more."
    ),
    _(
        "Your request changed after you opened this page. Look at your answers once "
        "more, and send them again."
    ): _(
        "The request changed after this page was opened. Look at the answers once "
        "more, and send them again."
    ),
    _("Your request is withdrawn."): _("The request is withdrawn."),
}
WORDS = TITLES | BUTTONS | QUESTIONS | REFUSALS


def to_staff(words: object) -> str:
    """Return what staff read in place of words for a patient; others stay as is."""
    said = str(words)
    found = {gettext(theirs): ours for theirs, ours in WORDS.items()}
    return gettext(found[said]) if said in found else said


def form_for_staff(form: AnyForm) -> AnyForm:
    """Put the form's questions and its button into staff's words; return it."""
    ours: Any = form
    if hasattr(ours, "submit"):
        ours.submit = to_staff(ours.submit)
    for field in form.fields.values():
        if field.label:
            field.label = to_staff(field.label)
        field.help_text = to_staff(field.help_text)
        if isinstance(field, Scale):
            field.low, field.high = to_staff(field.low), to_staff(field.high)
    return form
