"""The words in which messages are kept: channels, states, why one failed or stopped."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Channel(TextChoices):
    """How a message travels; FHIR's ContactPoint.system."""

    EMAIL = "email", _("email")
    SMS = "sms", _("text message")


class State(TextChoices):
    """Where a message stands. It is told from its moments, and never stored."""

    OWED = "owed", _("not sent yet")
    SENDING = "sending", _("being sent")
    SENT = "sent", _("sent")
    RETURNED = "returned", _("sent, and came back")
    FAILED = "failed", _("given up")
    VOIDED = "voided", _("withdrawn")


class Failure(TextChoices):
    """Why a message was given up."""

    REFUSED = "refused", _("the address was refused")
    REJECTED = "rejected", _("the mail server did not take the message")
    UNWRITABLE = "unwritable", _("the portal could not write it")
    EXPIRED = "expired", _("it could not be sent in time")
    UNANSWERED = "unanswered", _("it may have arrived: the server never answered")
    UNREACHABLE = "unreachable", _("there is no address to which it may go")
    INACTIVE = "inactive", _("the account is switched off")
    WITHHELD = "withheld", _("it would not be true as things are")


class Mended(TextChoices):
    """Why an address is written to again."""

    OWNER = "owner", _("they say that it is right")
    REPAIRED = "repaired", _("what was wrong with it is mended")
    STARTED = "started", _("they asked us to start again")
    OURS = "ours", _("the server had refused everybody")


class Halt(TextChoices):
    """Why an address is written to no more."""

    REFUSED = "refused", _("the address was refused")
    BOUNCED = "bounced", _("a message came back")
    COMPLAINED = "complained", _("a message was reported as unwanted")
    OPTED_OUT = "opted-out", _("they asked us to stop")
