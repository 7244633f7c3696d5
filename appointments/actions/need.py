"""A patient who waits says that it got worse."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from appointments.actions.ask import NeedAnswers, NotAskable
from appointments.codes import IN_LINE
from appointments.models import NeedReport, WaitlistEntry
from appointments.need import assess
from massage_portal.accounts.models import User
from massage_portal.audit.record import record
from referrals.actions.locks import lock_patient_of


@transaction.atomic
def report_need(
    *, entry: WaitlistEntry, need: NeedAnswers, by: User, now: datetime
) -> WaitlistEntry:
    """
    Keep new answers, and let them shorten the target: they never lengthen it.

    Whoever has the request open for triage is told that it changed. The same answers
    sent twice are kept once.

    :raises NotAskable: if the visit is booked, or the request is over.
    """
    lock_patient_of(WaitlistEntry.objects.all(), pk=entry.pk)
    entry = WaitlistEntry.objects.select_for_update(of=("self",), no_key=True).get(
        pk=entry.pk
    )
    if entry.status not in IN_LINE:
        raise NotAskable(
            _("This request does not wait any more. If it got worse, please call us.")
        )
    said = asdict(need)
    newest = entry.need_reports.order_by("-reported_at", "-pk").first()
    if newest and all(getattr(newest, name) == said[name] for name in said):
        return entry
    NeedReport.objects.create(entry=entry, reported_at=now, reported_by=by, **said)
    before = entry.need_score
    entry.need_score = max(before, assess(**said).score)
    entry.told_more_at = now
    entry.version += 1
    entry.save(update_fields=["need_score", "told_more_at", "version"])
    change = f"{before}>{entry.need_score}"
    record("request.need_reported", entry, by=by, at=now, change=change)
    return entry
