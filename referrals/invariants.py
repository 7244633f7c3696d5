"""What must hold of referrals and their letters, whatever happened."""

from __future__ import annotations

from datetime import datetime

from massage_portal.audit.histories import histories
from massage_portal.invariants import Found, Invariant, ask, count
from referrals.actions import sweep_letters
from referrals.codes import TRANSITIONS, Status
from referrals.models import Letter, Referral


def legal_referrals(now: datetime) -> Found:
    """Referrals went through legal states only, by their trail."""
    return histories(
        Referral,
        steps=TRANSITIONS,
        begin=[Status.DRAFT, Status.ACTIVE, Status.ON_HOLD],
        made_at="recorded_at",
        no_steps=["referral.renewal_answered"],
    )


def letters(now: datetime) -> Found:
    """Each letter's file is there, and is what came."""
    swept = sweep_letters(now=now)
    faults = [f"letter {pk}: its file is missing" for pk in swept.missing]
    faults += [f"letter {pk}: its file is not what came" for pk in swept.altered]
    return Found(Letter.objects.count(), faults)


def merged_records(now: datetime) -> Found:
    """A record that was merged into another keeps no referral of its own."""
    rows = ask(
        """
        SELECT patient.id, patient.merged_into_id, referral.id
          FROM referrals_patient patient
          JOIN referrals_referral referral ON referral.patient_id = patient.id
         WHERE patient.merged_into_id IS NOT NULL ORDER BY referral.id
        """
    )
    faults = [
        f"referral {referral}: it is with patient {merged}, who is now patient {kept}"
        for merged, kept, referral in rows
    ]
    merged = "SELECT count(*) FROM referrals_patient WHERE merged_into_id IS NOT NULL"
    return Found(count(merged), faults)


INVARIANTS = [
    Invariant("referrals went through legal states only", legal_referrals),
    Invariant("records merged into another hold no referral", merged_records),
    Invariant("each letter's file is there and as it came", letters),
]
