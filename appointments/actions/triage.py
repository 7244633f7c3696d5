"""A scheduler judges a request: how soon, or not yet, or not at all."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from appointments.actions.hold import end_offers
from appointments.actions.refusal import Refusal
from appointments.actions.tell import tell
from appointments.codes import IN_LINE, EntryStatus
from appointments.models import Appointment, TriageCategory, WaitlistEntry
from massage_portal.accounts.models import User
from massage_portal.audit.models import AuditEvent
from massage_portal.audit.record import record
from massage_portal.outbox import actions as outbox
from referrals.actions.locks import lock_patient_of

ANSWER_WITHIN = timedelta(days=14)  # after that the message would only confuse


class NotTriageable(Refusal):
    """The request is booked, declined, withdrawn or over."""


class ChangedMeanwhile(Refusal):
    """Somebody changed the request after this page was opened."""


def changed_meanwhile(entry: WaitlistEntry) -> ChangedMeanwhile:
    """Return the refusal of a page that is out of date: it says by whom, and when."""
    last = AuditEvent.objects.last_change_of(entry)
    if last is None:
        return ChangedMeanwhile(
            _(
                "Somebody changed this request after you opened the page. Here it is "
                "as it stands now; please judge again."
            )
        )
    user = User.objects.filter(pk__in=[last.actor_id]).first()  # None: nobody
    at = date_format(timezone.localtime(last.at), _("D, M j, P T"))
    return ChangedMeanwhile(
        _(
            "Changed by %(name)s, %(at)s, after you opened the page. Here it is as it "
            "stands now; please judge again."
        )
        % {"name": user.name if user else _("the portal itself"), "at": at}
    )


def _lock(
    entry: WaitlistEntry, *, version: int, by: User, did: dict[str, Any]
) -> tuple[WaitlistEntry, bool]:
    """
    Lock the entry and see that it is as the scheduler saw it.

    :param did: how the entry stands once the act is done.
    :returns: the entry, and whether the same scheduler has just done the same: a
        button pressed twice is one act.
    :raises ChangedMeanwhile: if it is not.
    :raises NotTriageable: if it is past triage.
    """
    lock_patient_of(WaitlistEntry.objects.all(), pk=entry.pk)
    WaitlistEntry.objects.select_for_update(no_key=True).get(pk=entry.pk)
    locked = WaitlistEntry.objects.select_related("patient__user", "category").get(
        pk=entry.pk
    )
    if locked.version == version + 1 and _just_did(locked, by=by, did=did):
        return locked, True
    if locked.version != version:
        raise changed_meanwhile(locked)
    if locked.status not in IN_LINE:
        raise NotTriageable(
            _("This request can no longer be triaged: %(state)s.")
            % {"state": locked.get_status_display()}
        )
    return locked, False


def _just_did(entry: WaitlistEntry, *, by: User, did: dict[str, Any]) -> bool:
    acts = AuditEvent.objects.filter(
        record_type=entry._meta.label_lower, record_id=str(entry.pk)
    ).exclude(change="")
    last = acts.order_by("-pk").first()
    stands = all(getattr(entry, name) == value for name, value in did.items())
    return stands and last is not None and last.actor_id == by.pk


def _move(
    entry: WaitlistEntry, to: EntryStatus, action: str, *, by: User, now: datetime
) -> None:
    """Save the entry in its new state, leave the trail, and tell the patient."""
    before, entry.status = entry.status, to
    entry.version += 1
    entry.save(
        update_fields=["status", "version", "category", "triaged_at", "note", "reply"]
    )
    record(action, entry, by=by, at=now, change=f"{before}>{to}")
    outbox.void(entry, now=now)  # what was told, or not yet, of where it stood
    tell(
        f"appointments.{to}",
        entry,
        patient=entry.patient,
        now=now,
        expires_at=now + ANSWER_WITHIN,
        key=str(entry.version),
    )


@transaction.atomic
def triage(
    *,
    entry: WaitlistEntry,
    category: TriageCategory,
    version: int,
    by: User,
    now: datetime,
) -> WaitlistEntry:
    """
    Accept the request into a category, or move it to another one.

    :param version: of the entry that the scheduler saw.
    :raises ChangedMeanwhile: if it has changed since.
    :raises NotTriageable: if it is booked or over.
    """
    did = {"status": EntryStatus.ACCEPTED, "category": category}
    entry, again = _lock(entry, version=version, by=by, did=did)
    if again:
        return entry
    entry.category = category
    entry.triaged_at = now
    entry.note = ""
    if entry.status == EntryStatus.ACCEPTED:
        entry.version += 1
        entry.save(update_fields=["category", "triaged_at", "version", "note"])
        record("request.retriaged", entry, by=by, at=now, change=category.name)
    else:
        _move(entry, EntryStatus.ACCEPTED, "request.triaged", by=by, now=now)
    return entry


@transaction.atomic
def ask_information(
    *, entry: WaitlistEntry, question: str, version: int, by: User, now: datetime
) -> WaitlistEntry:
    """
    Ask the patient something; they keep their place while we wait for the answer.

    :raises ChangedMeanwhile, NotTriageable: as `triage`.
    """
    did = {"status": EntryStatus.ON_HOLD, "note": question}
    entry, again = _lock(entry, version=version, by=by, did=did)
    if again:
        return entry
    if entry.status == EntryStatus.ON_HOLD:
        raise NotTriageable(_("A question is already open on this request."))
    end_offers(Appointment.objects.filter(entry=entry), by=by, now=now)
    entry.note = question
    entry.reply = ""
    _move(entry, EntryStatus.ON_HOLD, "request.questioned", by=by, now=now)
    return entry


@transaction.atomic
def reject(
    *, entry: WaitlistEntry, reason: str, version: int, by: User, now: datetime
) -> WaitlistEntry:
    """
    Decline the request, with a reason that the patient reads.

    :raises ChangedMeanwhile, NotTriageable: as `triage`.
    """
    did = {"status": EntryStatus.REJECTED, "note": reason}
    entry, again = _lock(entry, version=version, by=by, did=did)
    if again:
        return entry
    end_offers(Appointment.objects.filter(entry=entry), by=by, now=now)
    entry.note = reason
    _move(entry, EntryStatus.REJECTED, "request.rejected", by=by, now=now)
    return entry
