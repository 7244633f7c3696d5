"""
Referrals from other systems: POST /fhir/ServiceRequest, and read what was sent.

FHIR R4, https://hl7.org/fhir/R4/http.html. Every answer is a ServiceRequest or an
OperationOutcome, in English: the address has no other language.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

from django.conf import settings
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.urls import reverse
from django.utils import timezone

from massage_portal.access import by_secret, by_system
from massage_portal.accounts.actions import note_use
from massage_portal.accounts.models import ClientSystem, Scope
from referrals import actions, fhir
from referrals.fhir import Fault
from referrals.models import Referral

MEDIA_TYPE = "application/fhir+json"
TAKEN = (MEDIA_TYPE, "application/json")
NOT_KEPT = {"Cache-Control": "no-store"}
# What a submission's key is made from; the words are our own.
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "massage-portal:fhir:ServiceRequest")


class Refused(Exception):
    """The request itself is not taken: a status, and what is wrong."""

    def __init__(self, status: int, *faults: Fault) -> None:
        super().__init__(status)
        self.status, self.faults = status, list(faults)


def answer(body: dict[str, Any], status: int, **headers: str) -> HttpResponse:
    """Return a resource."""
    return HttpResponse(
        json.dumps(body), status=status, content_type=MEDIA_TYPE, headers=headers
    )


def refuse(status: int, faults: Sequence[Fault], **headers: str) -> HttpResponse:
    """Return an OperationOutcome."""
    return answer(fhir.outcome(faults), status, **headers)


def stranger(request: HttpRequest) -> HttpResponse:
    """Answer whoever bears no secret that is in use."""
    words = "Send Authorization: Bearer and the secret that the clinic gave you."
    return refuse(
        401, [Fault("login", "", words)], **{"WWW-Authenticate": 'Bearer realm="FHIR"'}
    )


sender = by_secret(Scope.REFERRALS)


def other_method(request: HttpRequest, allowed: str) -> HttpResponse:
    """Answer methods that are not taken."""
    words = f"Only {allowed} is taken at this address."
    return refuse(405, [Fault("not-supported", "", words)], Allow=allowed)


def unread(status: int) -> HttpResponse:
    """Answer what is too large, packed, without a length, or met no database."""
    if status == 413:
        words = f"Send at most {settings.DATA_UPLOAD_MAX_MEMORY_SIZE} bytes: one order."
        return refuse(413, [Fault("too-long", "", words)], **NOT_KEPT)
    if status == 503:
        words = "The portal cannot answer now. Send the same again in a while."
        return refuse(503, [Fault("transient", "", words)], **NOT_KEPT)
    words = "Send the body as it is and tell its Content-Length: without "
    words += "Content-Encoding, without Transfer-Encoding."
    return refuse(status, [Fault("not-supported", "", words)], **NOT_KEPT)


NOT_ANSWERED = {
    400: ("invalid", "The request itself is broken: look at its host and its headers."),
    404: ("not-found", "Nothing is here. Orders are sent to /fhir/ServiceRequest."),
    500: ("exception", "The portal failed. Send the same again in a while."),
}


def not_answered(status: int) -> HttpResponse:
    """Answer what no view did: 400, 404 or 500."""
    code, words = NOT_ANSWERED[status]
    return refuse(status, [Fault(code, "", words)], **NOT_KEPT)


@by_system(
    "POST", stranger=stranger, other_method=other_method, unread=unread, known=sender
)
def service_requests(request: HttpRequest, system: ClientSystem) -> HttpResponse:
    """Take in one order: 201 with it; 200 if it was taken in before."""
    now = timezone.now()
    note_use(system=system, now=now)
    try:
        unless = _unless(request)
        sent = _sent(request)
        before = actions.arrived_before(
            unless=unless,
            identifier=fhir.called(sent),
            submission=_submission(sent, system),
            by=system,
            now=now,
        )
        if before is not None:
            return _shown(before, 200)
        arrival = fhir.read(
            sent,
            today=timezone.localdate(now),
            zone=timezone.get_current_timezone(),
        )
        if isinstance(arrival, list):
            raise Refused(422, *arrival)
        referral, new = actions.arrive(
            arrival=arrival,
            submission=_submission(sent, system),
            techniques=_techniques(),
            by=system,
            now=now,
            unless=unless,
        )
    except Refused as refusal:
        return _refused(refusal.status, refusal.faults, system)
    except actions.NotTaken as refusal:
        return _refused(422, refusal.faults, system)
    except actions.OtherContent as refusal:
        fault = Fault("duplicate", "ServiceRequest.identifier[0]", str(refusal))
        return _refused(409, [fault], system)
    return _shown(referral, 201 if new else 200)


@by_system(
    "GET", stranger=stranger, other_method=other_method, unread=unread, known=sender
)
def service_request(
    request: HttpRequest, system: ClientSystem, pk: int
) -> HttpResponse:
    """Show a system what it sent itself, and how that stands."""
    note_use(system=system, now=timezone.now())
    referral = Referral.objects.sent_by(system).filter(pk=pk).first()
    if referral is None:
        words = "No ServiceRequest that you sent has this id."
        return refuse(404, [Fault("not-found", "", words)])
    actions.see_arrival(referral=referral, by=system, now=timezone.now())
    return _shown(referral, 200)


def _shown(referral: Referral, status: int) -> HttpResponse:
    where = reverse("service_request", args=[referral.pk])
    body = fhir.service_request(referral, techniques=_techniques())
    return answer(body, status, Location=settings.PORTAL_ORIGIN + where)


def _refused(status: int, faults: list[Fault], system: ClientSystem) -> HttpResponse:
    actions.refuse_arrival(faults=faults, status=status, by=system, now=timezone.now())
    return refuse(status, faults)


def _techniques() -> str:
    """Return the system of our codes of techniques: the page that tells of them."""
    return settings.PORTAL_ORIGIN + reverse("services:techniques")


def _submission(sent: Any, system: ClientSystem) -> uuid.UUID:
    """Return a key of what was sent, without what a sender may set anew each time."""
    told = sent
    if isinstance(sent, dict):
        told = {k: v for k, v in sent.items() if k not in ("id", "meta", "text")}
    return uuid.uuid5(NAMESPACE, f"{system.pk} {json.dumps(told, sort_keys=True)}")


def _sent(request: HttpRequest) -> Any:
    """Return the JSON of the body, or refuse what this is not, or not wholly."""
    if request.content_type not in TAKEN or _charset(request) != "utf-8":
        words = f"Send the body as {MEDIA_TYPE}, in UTF-8."
        raise Refused(415, Fault("not-supported", "", words))
    if not any(map(request.accepts, TAKEN)) and not _accepts_json(request):
        words = f"The answer is {MEDIA_TYPE}: accept it."
        raise Refused(406, Fault("not-supported", "", words))
    return _json(request)


def _accepts_json(request: HttpRequest) -> bool:
    """Say whether JSON is accepted with a parameter, as fhirVersion=4.0 is one."""
    asked = [f"{one.main_type}/{one.sub_type}" for one in request.accepted_types]
    return any(one in TAKEN for one in asked)


def _json(request: HttpRequest) -> Any:
    try:
        body = request.body
    except UnreadablePostError:
        words = "The body broke off. Send it again."
        raise Refused(400, Fault("structure", "", words)) from None
    try:
        return fhir.parse(body)
    except fhir.NotJson as refusal:
        raise Refused(400, *refusal.faults) from None


def _charset(request: HttpRequest) -> str:
    return (request.content_params or {}).get("charset", "utf-8").lower()


def _unless(request: HttpRequest) -> tuple[str, str] | None:
    """Return the identifier of If-None-Exist; None where there is no such header."""
    header = request.headers.get("If-None-Exist")
    if header is None:
        return None
    try:
        asked = parse_qsl(
            header.removeprefix("?"), strict_parsing=True, errors="strict"
        )
    except ValueError:
        asked = []
    if len(asked) == 1 and asked[0][0] == "identifier":
        system, _, value = asked[0][1].partition("|")
        if system and value and "|" not in value and "\0" not in system + value:
            return system, value
    words = "Send If-None-Exist: identifier=system|value, percent-encoded."
    raise Refused(400, Fault("value", "", words))
