"""
What two records of one patient are, as far as referrals and accounts go.

The visits stand above: `appointments.actions.merge` calls these, in its transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from massage_portal.accounts.models import User
from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from massage_portal.outbox import actions as outbox
from massage_portal.outbox.models import Message
from referrals.actions.refusal import Refusal
from referrals.codes import OPEN
from referrals.models import Patient, PatientMerge, Referral

REFERRALS = "referrals.referral"
ACCOUNT, SWITCHED_OFF = "accounts.user", "accounts.user switched off"
MESSAGES, VOIDED = "outbox.message", "outbox.message withdrawn"


class NotMergeable(Refusal):
    """These two cannot be made one, for a reason that its text gives."""


class NotPartable(Refusal):
    """These two cannot be parted now."""


def lock_two(first: Patient, second: Patient) -> tuple[Patient, Patient]:
    """Return both rows, locked in the order of their keys, so nobody deadlocks."""
    keys = [first.pk, second.pk]
    rows = Patient.objects.select_for_update(of=("self",), no_key=True)
    found = {row.pk: row for row in rows.filter(pk__in=keys).order_by("pk")}
    return found[first.pk], found[second.pk]


def refuse_two(kept: Patient, merged: Patient) -> PatientMerge | None:
    """
    Raise NotMergeable where the two cannot be made one; return a merge made before.

    :returns: the open merge of just these two: the button was pressed twice.
    """
    if kept.pk == merged.pk:
        raise NotMergeable(_("This is the same record. Choose another one."))
    if merged.merged_into_id == kept.pk:
        return PatientMerge.objects.get(merged=merged, undone_at=None)
    if kept.merged_into_id or merged.merged_into_id:
        raise NotMergeable(
            _(
                "One of these records was merged into another one already. Search for "
                "the record that was kept."
            )
        )
    twins = _open(kept) & _open(merged)
    if twins:
        raise two_open(", ".join(sorted(twins)))
    if kept.user and merged.user and _works_here(merged.user):
        raise NotMergeable(
            _(
                "The account of the other record belongs to somebody who works here, "
                "so it must stay. Open that record and merge this one into it."
            )
        )
    return None


def two_open(codes: str) -> NotMergeable:
    """Return the refusal of two open referrals for one diagnosis."""
    return NotMergeable(
        _(
            "Both records have an open referral for the same diagnosis (%(codes)s). "
            "Withdraw one of the two referrals first."
        )
        % {"codes": codes}
    )


def _open(patient: Patient) -> set[str]:
    found = patient.referrals.filter(status__in=OPEN)
    return set(found.values_list("diagnosis__code", flat=True))


def _works_here(user: User) -> bool:
    roles = user.groups.exclude(name=Role.PATIENT.value)
    return user.is_staff or user.is_superuser or roles.exists()


def move_referrals(keys: Sequence[int], *, to: Patient) -> None:
    """Give the referrals with these keys to `to`."""
    Referral.objects.filter(pk__in=keys).update(patient=to)


def with_renewals(keys: Iterable[int]) -> list[int]:
    """Return the keys, and those of all that carry these referrals on."""
    found, new = set(keys), set(keys)
    while new:
        renewals = Referral.objects.filter(renews__in=new)
        new = set(renewals.values_list("pk", flat=True)) - found
        found |= new
    return sorted(found)


def join_accounts(
    kept: Patient, merged: Patient, *, now: datetime
) -> dict[str, list[int]]:
    """
    Leave one account that is in use; return what was done, by what it was done to.

    An account that only the merged record has moves to the kept one. Of two, the kept
    record's stays; the other is switched off, which ends its sessions, and the messages
    that it was still owed go to the one that stays. A link to a password does not.
    """
    user = merged.user
    if user is None:
        return {}
    if kept.user is None:
        merged.user = None
        merged.save(update_fields=["user"])
        kept.user = user
        kept.save(update_fields=["user"])
        outbox.give_to(user, patient=kept.pk, now=now)
        return {ACCOUNT: [user.pk]}
    done: dict[str, list[int]] = {}
    if user.is_active:
        User.objects.filter(pk=user.pk).update(is_active=False)
        done[SWITCHED_OFF] = [user.pk]
    unsent = Message.objects.unsent().filter(recipient=user)
    links = unsent.filter(about__startswith="accounts.")
    done[VOIDED] = list(links.values_list("pk", flat=True))
    links.update(voided_at=now)
    done[MESSAGES] = list(unsent.values_list("pk", flat=True))
    unsent.let_go()
    unsent.update(recipient=kept.user)
    return done


def part_accounts(
    merge: PatientMerge, kept: Patient, merged: Patient, *, abouts: list[str]
) -> None:
    """
    Give back what `join_accounts` did.

    Nobody is written to about the other one's care: what is unsent about the rows that
    go back goes with them. Where there is no account to write to, it is a call, if it
    is worth one, or withdrawn.

    An account that was given another address since is the kept record's: whoever reads
    mail there must not read of the other one.

    :param abouts: of the rows that go back, as messages name them.
    """
    moved: Mapping[str, list[int]] = merge.moved
    shared = kept.user
    at, at_first = merge.undone_at, merge.at
    moved_here = shared is not None and shared.pk in moved.get(ACCOUNT, [])
    if shared and moved_here and not _address_changed(kept, since=at_first):
        _give_account_back(kept, merged, shared, abouts=abouts, at=at)
        return
    User.objects.filter(pk__in=moved.get(SWITCHED_OFF, [])).update(is_active=True)
    withdrawn = Message.objects.filter(pk__in=moved.get(VOIDED, []))
    withdrawn.filter(voided_at=merge.at).update(voided_at=None)
    if shared is None:
        return
    going = Message.objects.unsent().filter(recipient=shared)
    going = going.filter(about__in=abouts) | going.filter(
        pk__in=moved.get(MESSAGES, [])
    )
    if merged.user is None:
        going.let_go()
        going.filter(worth_a_call=True).update(recipient=None)
        going.filter(recipient=shared).update(voided_at=at)
    else:
        going.let_go()
        going.update(recipient=merged.user)


def _give_account_back(
    kept: Patient,
    merged: Patient,
    shared: User,
    *,
    abouts: list[str],
    at: datetime | None | None,
) -> None:
    """Let the account go to the merged record, without what is unsent of the kept."""
    kept.user = None
    kept.save(update_fields=["user"])
    merged.user = shared
    merged.save(update_fields=["user"])
    stays = Message.objects.unsent().filter(recipient=shared)
    stays = stays.exclude(about__in=abouts).exclude(about__startswith="accounts.")
    stays.let_go()
    stays.filter(worth_a_call=True).update(recipient=None)
    stays.update(voided_at=at)


def _address_changed(patient: Patient, *, since: datetime) -> bool:
    """Say by the trail whether staff gave the patient's account another address."""
    rows = AuditEvent.objects.filter(
        record_type=patient._meta.label_lower,
        record_id=str(patient.pk),
        action="patient.corrected",
        at__gte=since,
    )
    changes = rows.values_list("change", flat=True)
    return any("email" in names.split(",") for names in changes)
