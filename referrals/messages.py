"""The words of referrals' mail. They say nothing of what the patient is treated for."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from massage_portal.accounts.models import Invitation
from massage_portal.outbox.kinds import Mail, Person, knows, renders
from massage_portal.outbox.links import stop_address
from massage_portal.outbox.models import Message
from massage_portal.tokens import sign
from referrals.codes import Status
from referrals.models import Patient, Referral, Renewal


def _mail(name: str, subject: str, context: dict[str, Any], short: str = "") -> Mail:
    """Return the mail of a name; `short` is the same as a text, without its link."""
    context = {"phone": settings.CLINIC_PHONE, "subject": subject, **context}
    return Mail(
        short=f"{short} {context['link']}" if short else "",
        subject=subject,
        text=render_to_string(f"referrals/mail/{name}.txt", context),
        html=render_to_string(f"referrals/mail/{name}.html", context),
    )


def first_name(message: Message) -> str:
    """Return the recipient's given name: the only name that a mail may carry."""
    patient = getattr(message.recipient, "patient", None)
    return patient.given_name if patient else ""


@renders("referrals.invitation", gettext_lazy("Link to a first password"), at_once=True)
def invitation(message: Message) -> Mail | None:
    """Write the link by which a patient chooses a first password."""
    found = Invitation.objects.usable(message.due_at).filter(pk=message.subject_key)
    link = found.first()
    if link is None:
        return None
    path = reverse("accounts:invitation", args=[sign("invitation", link.pk)])
    return _mail(
        "invitation",
        _("Your account at the clinic"),
        {
            "name": first_name(message),
            "link": settings.PORTAL_ORIGIN + path,
            "until": link.expires_at,
        },
    )


@renders("referrals.recorded", gettext_lazy("News of a referral"), worth_a_call=False)
def recorded(message: Message) -> Mail | None:
    """Tell a patient who can sign in that there is something new."""
    in_force = Referral.objects.filter(status=Status.ACTIVE)
    if not in_force.filter(pk=message.subject_key).exists():
        return None
    return _mail(
        "recorded",
        _("There is news for you at the clinic"),
        {
            "name": first_name(message),
            "link": settings.PORTAL_ORIGIN + reverse("start"),
        },
        _("Clinic: there is news for you. Sign in to read it:"),
    )


@renders("referrals.expiring", gettext_lazy("Referral that ends soon"), optional=True)
def expiring(message: Message) -> Mail | None:
    """Tell a patient that a referral ends soon; nothing once it is renewed."""
    today = timezone.localdate(message.due_at)
    ending = Referral.objects.to_warn_of(today).filter(pk=message.subject_key).first()
    if ending is None:
        return None
    return _mail(
        "expiring",
        _("Your referral ends soon"),
        {
            "name": first_name(message),
            "link": settings.PORTAL_ORIGIN + reverse("start"),
            "until": ending.coverage.until,
            "stop": stop_address(message.recipient) if message.recipient else "",
        },
        _("Clinic: your referral ends on %(day)s. What you can do:")
        % {"day": date_format(ending.coverage.until, _("M j"))},
    )


@renders("referrals.renewal", gettext_lazy("Question to a provider about a referral"))
def renewal(message: Message) -> Mail | None:
    """Ask a provider whether a referral shall go on; the link is the answer's page."""
    questions = Renewal.objects.open(message.due_at).select_related("referral")
    question = questions.filter(pk=message.subject_key).first()
    if question is None or question.referral.status != Status.ACTIVE:
        return None
    token = sign("renewal", question.pk)
    return _mail(
        "renewal",
        _("A referral of yours ends soon"),
        {
            "link": settings.PORTAL_ORIGIN
            + reverse("referrals:answer_renewal", args=[token]),
            "ends": question.referral.valid_until,
            "until": question.expires_at,
        },
    )


@knows("referrals.referral")
def of_referrals(keys: list[int]) -> dict[int, Person]:
    """Return the patients of referrals."""
    rows = Referral.objects.filter(pk__in=keys).select_related("patient")
    return {
        one.pk: _person(one.patient, reverse("referrals:referral", args=[one.pk]))
        for one in rows
    }


@knows("referrals.renewal")
def of_renewals(keys: list[int]) -> dict[int, Person]:
    """Return the providers who are asked; the page is that of the referral."""
    rows = Renewal.objects.filter(pk__in=keys).select_related("referral__provider")
    return {
        one.pk: Person(
            str(one.referral.provider),
            address=reverse("referrals:referral", args=[one.referral_id]),
        )
        for one in rows
    }


@knows("accounts.invitation")
def of_invitations(keys: list[int]) -> dict[int, Person]:
    """Return the patients who are to choose a first password; staff are no patients."""
    rows = Invitation.objects.filter(pk__in=keys, user__patient__isnull=False)
    found = {}
    for one in rows.select_related("user__patient"):
        patient = one.user.patient
        page = reverse("referrals:patient", args=[patient.pk])
        found[one.pk] = _person(patient, page)
    return found


def _person(patient: Patient, page: str) -> Person:
    return Person(str(patient), str(patient.phone), page, patient.pk)
