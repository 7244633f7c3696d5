"""Make two records of one patient one, and part them again, with nothing lost."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from appointments.actions.hold import end_offers
from appointments.codes import Ending
from appointments.models import Appointment, WaitlistEntry
from massage_portal.accounts.models import User
from massage_portal.audit.record import record
from referrals.actions.merge import (
    REFERRALS,
    NotMergeable,
    NotPartable,
    join_accounts,
    lock_two,
    move_referrals,
    part_accounts,
    refuse_two,
    two_open,
    with_renewals,
)
from referrals.models import Patient, PatientMerge, Referral

ENTRIES, VISITS = "appointments.waitlistentry", "appointments.appointment"
Keys = dict[str, list[int]]


@transaction.atomic
def merge_patients(
    *, kept: Patient, merged: Patient, reason: str, by: User, now: datetime
) -> PatientMerge:
    """
    Give all that `merged` has to `kept`, and write down what it was.

    Merging the same two twice is no fault: the button was pressed twice.

    :raises NotMergeable: for the same record, one merged already, visits at the same
        time, two open referrals for one diagnosis, or the account of somebody who
        works here. Its text says which, and what to do.
    """
    kept, merged = lock_two(kept, merged)
    before = refuse_two(kept, merged)
    if before is not None:
        return before
    _end_lapsed_offers(kept, merged, now=now)
    _refuse_two_places(kept, merged)
    moved = _rows_of(merged)
    try:
        with transaction.atomic():
            _move(moved, to=kept)
    except IntegrityError as fault:
        raise _kindly(fault) from fault
    moved |= join_accounts(kept, merged, now=now)
    merged.merged_into = kept
    merged.save(update_fields=["merged_into"])
    merge = PatientMerge.objects.create(
        kept=kept, merged=merged, moved=moved, reason=reason, at=now, by=by
    )
    _note("patient.merged", merge, by=by, now=now)
    return merge


@transaction.atomic
def unmerge(*, merge: PatientMerge, by: User, now: datetime) -> PatientMerge:
    """
    Part two records again: what was moved goes back, and what hangs on it.

    That is the visits of a referral that goes back, and the referrals that carry it on.
    What else was recorded since the merge stays with the kept record.

    :raises NotPartable: if the kept record was itself merged since: part that first.
    """
    kept, merged = lock_two(merge.kept, merge.merged)
    merge = PatientMerge.objects.select_for_update(no_key=True).get(pk=merge.pk)
    if merge.undone_at is not None:
        return merge  # pressed twice
    if kept.merged_into_id:
        raise NotPartable(
            _("The kept record was itself merged into another one. Part those first.")
        )
    merged.merged_into = None
    merged.save(update_fields=["merged_into"])
    merge.undone_at, merge.undone_by = now, by
    merge.save(update_fields=["undone_at", "undone_by"])
    back = _rows_under(with_renewals(merge.moved[REFERRALS]))
    _move(back, to=merged)
    abouts = [f"{label}:{key}" for label, keys in back.items() for key in keys]
    part_accounts(merge, kept, merged, abouts=abouts)
    _note("patient.parted", merge, by=by, now=now)
    return merge


def _rows_of(patient: Patient) -> Keys:
    """Return the keys of all that is the patient's, locked in the order of locks."""
    referrals = Referral.objects.filter(patient=patient)
    return _rows_under(list(referrals.order_by("pk").values_list("pk", flat=True)))


def _rows_under(referrals: list[int]) -> Keys:
    """Return the keys of these referrals and all their visits, locked in order."""
    entries = WaitlistEntry.objects.filter(referral__in=referrals)
    visits = Appointment.objects.filter(entry__referral__in=referrals)
    for rows in (entries, visits, Referral.objects.filter(pk__in=referrals)):
        locked = rows.select_for_update(of=("self",), no_key=True)
        list(locked.order_by("pk").values_list("pk"))
    return {  # read again: one may have come before its referral was locked
        REFERRALS: referrals,
        ENTRIES: list(entries.order_by("pk").values_list("pk", flat=True)),
        VISITS: list(visits.order_by("pk").values_list("pk", flat=True)),
    }


def _move(keys: Keys, *, to: Patient) -> None:
    """Give the rows to `to`, from the top: triggers compare each with the one above."""
    move_referrals(keys[REFERRALS], to=to)
    WaitlistEntry.objects.filter(pk__in=keys[ENTRIES]).update(patient=to)
    Appointment.objects.filter(pk__in=keys[VISITS]).update(patient=to)


def _end_lapsed_offers(kept: Patient, merged: Patient, *, now: datetime) -> None:
    """End what holds time only in the eyes of the constraint."""
    lapsed = Appointment.objects.offers_lapsed(now).filter(patient__in=[kept, merged])
    end_offers(lapsed, by=None, now=now, ending=Ending.LAPSED)


def _refuse_two_places(kept: Patient, merged: Patient) -> None:
    """Refuse visits or offers of both at one time: nobody is in two places."""
    holding = Appointment.objects.holding_time()
    theirs = holding.filter(
        patient=merged,
        starts_at__lt=OuterRef("blocked_until"),
        blocked_until__gt=OuterRef("starts_at"),
    )
    clash = holding.filter(Exists(theirs), patient=kept).order_by("starts_at").first()
    if clash is not None:
        raise _two_places(date_format(clash.local_start, "DATETIME_FORMAT"))


def _two_places(when: str) -> NotMergeable:
    return NotMergeable(
        _(
            "Both records have a visit or an offer at the same time (%(when)s). Cancel "
            "one of the two first."
        )
        % {"when": when}
    )


def _kindly(fault: IntegrityError) -> Exception:
    """Return the words for a constraint that somebody else's act ran into meanwhile."""
    text = str(fault)
    if "referral_one_open_per_diagnosis" in text:
        return two_open(_("recorded just now"))
    if "appointment_patient_is_in_one_place" in text:
        return _two_places(_("booked just now"))
    return fault


def _note(action: str, merge: PatientMerge, *, by: User, now: datetime) -> None:
    """Leave a row on both records; both versions go up, for what is open elsewhere."""
    both = [merge.kept_id, merge.merged_id]
    Patient.objects.filter(pk__in=both).update(version=F("version") + 1)
    change = f"{merge.merged_id}>{merge.kept_id}"
    for patient in Patient.objects.filter(pk__in=both).order_by("pk"):
        record(action, patient, by=by, at=now, change=change)
