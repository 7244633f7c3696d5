"""FHIR R4 codes of referrals, stored unchanged, and the steps between states."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Status(models.TextChoices):
    """ServiceRequest.status, http://hl7.org/fhir/R4/valueset-request-status.html."""

    DRAFT = "draft", _("Arrived, not yet complete")
    ACTIVE = "active", _("In force")
    ON_HOLD = "on-hold", _("Needs the provider's clearance")
    REVOKED = "revoked", _("Withdrawn")
    COMPLETED = "completed", _("All visits made")
    ENTERED_IN_ERROR = "entered-in-error", _("Entered in error")


SPREADSHEET = "urn:portal:spreadsheet"  # the system of references in a file
OPEN = [Status.ACTIVE, Status.ON_HOLD]
TAKEN_BACK = [Status.REVOKED, Status.ENTERED_IN_ERROR]
TRANSITIONS: dict[Status, set[Status]] = {
    Status.DRAFT: {
        Status.ACTIVE,
        Status.ON_HOLD,
        Status.REVOKED,
        Status.ENTERED_IN_ERROR,
    },
    Status.ACTIVE: {
        Status.ON_HOLD,
        Status.REVOKED,
        Status.COMPLETED,
        Status.ENTERED_IN_ERROR,
    },
    Status.ON_HOLD: {Status.ACTIVE, Status.REVOKED, Status.ENTERED_IN_ERROR},
    Status.REVOKED: {Status.ENTERED_IN_ERROR},
    Status.COMPLETED: {  # its last visit was marked by mistake
        Status.ACTIVE,
        Status.ENTERED_IN_ERROR,
    },
    Status.ENTERED_IN_ERROR: set(),
}


# Who moves a referral by hand, and to where. A visit's record completes it, and the
# provider's clearance, recorded by staff, takes it off hold.
MAY_MOVE: dict[Status, str] = {
    Status.ON_HOLD: "referrals.record_referral",
    Status.REVOKED: "referrals.record_referral",
    Status.ENTERED_IN_ERROR: "referrals.retract_referral",
}


class Priority(models.TextChoices):
    """ServiceRequest.priority, http://hl7.org/fhir/R4/valueset-request-priority.html."""

    ROUTINE = "routine", _("Routine")
    URGENT = "urgent", _("Urgent")
    ASAP = "asap", _("As soon as possible")
    STAT = "stat", _("Immediately")


class Answer(models.TextChoices):
    """A safety question's answer. Not known counts as yes until somebody asks."""

    NO = "no", _("No")
    YES = "yes", _("Yes")
    UNKNOWN = "unknown", _("Not known")


class RenewalAnswer(models.TextChoices):
    """What a provider answers when asked whether a referral shall go on."""

    RENEW = "renew", _("Renew it as it is")
    END = "end", _("Let it end")
    CALL = "call", _("Call me")
