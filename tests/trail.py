"""What an action leaves besides its own rows: an audit trail, and messages owed."""

from __future__ import annotations

from massage_portal.audit.models import AuditEvent
from massage_portal.outbox.actions import about
from massage_portal.outbox.models import Message


def trail(subject):
    """Return what was done to `subject`, oldest first: who, what, whose, change."""
    rows = AuditEvent.objects.filter(
        record_type=subject._meta.label_lower, record_id=str(subject.pk)
    )
    return list(
        rows.order_by("pk").values_list("actor_id", "action", "patient_id", "change")
    )


def owed(subject):
    """Return what is still to be sent about `subject`: kind and when, soonest first."""
    unsent = Message.objects.unsent().filter(about=about(subject))
    return list(unsent.order_by("due_at", "pk").values_list("kind", "due_at"))


def voided(subject):
    """Return the kinds of the messages about `subject` that were withdrawn."""
    gone = Message.objects.filter(about=about(subject), voided_at__isnull=False)
    return list(gone.order_by("pk").values_list("kind", flat=True))
