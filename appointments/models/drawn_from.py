"""What a plan of offers was drawn from, beside what is so now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from appointments.models.draft import Draft, Why
from appointments.models.waitlist import WaitlistEntry
from massage_portal.audit.models import AuditEvent

# What was under way as the line was read bears an earlier time than the plan.
UNDER_WAY = timedelta(minutes=1)
BEARS_ON = (  # whose changes may open a time to somebody, or close one
    "appointments.waitlistentry",
    "appointments.appointment",
    "referrals.referral",
)
SIGHTS = r"(seen|listed)$"


@dataclass(frozen=True)
class DrawnFrom:
    """Those whom a plan left without a time, as it knew them."""

    targets: dict[int, float]  # by the key of the request
    called: set[int]  # those who were to be called first
    changed: set[int | None]  # patients of whom the trail tells something since

    @classmethod
    def read(cls, draft: Draft) -> Self:
        """Read it back: what was drawn is kept, what was done is in the trail."""
        waits = draft.waits.values_list("entry_id", "target_days", "why")
        rows = list(waits)
        acts = AuditEvent.objects.filter(
            at__gte=draft.made_at - UNDER_WAY, record_type__in=BEARS_ON
        ).exclude(action__regex=SIGHTS)
        return cls(
            targets={entry: target for entry, target, _why in rows},
            called={entry for entry, _target, why in rows if why == Why.CALL},
            changed=set(acts.values_list("patient_id", flat=True)),
        )

    def differs(self, entry: WaitlistEntry, target_days: float) -> bool:
        """
        Say whether the plan does not know one of the line as they are now.

        They came since, their target is another one (need, triage, an overrule that
        began or ended, a target newly in force), somebody has called them, or
        something was changed that says when they can come.
        """
        return (
            self.targets.get(entry.pk) != target_days
            or entry.pk in self.called
            or entry.patient_id in self.changed
        )
