"""A person's judgment against the computed order, for a while."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from appointments.actions.refusal import Refusal
from appointments.actions.triage import NotTriageable, changed_meanwhile
from appointments.models import Overrule, WaitlistEntry
from appointments.models.overrule import LONGEST
from massage_portal.accounts.models import User
from massage_portal.audit.record import record
from referrals.actions.locks import lock_patient_of

TENTH = Decimal("0.1")


class ChangesNothing(Refusal):
    """The target is the computed one: there is nothing to overrule."""


class TooLong(Refusal):
    """It would not end within LONGEST, or ends at once."""


def computed_days(entry: WaitlistEntry, *, now: datetime) -> Decimal:
    """
    Return the entry's target at `now` as the formula says it, in tenths of a day.

    :raises NotTriageable: before triage.
    """
    why = entry.explain(now=now, exponent=1.0)
    if why is None:
        raise NotTriageable(_("Triage this request first."))
    return Decimal(why.computed_days).quantize(TENTH, ROUND_HALF_UP)


@transaction.atomic
def overrule(
    *,
    entry: WaitlistEntry,
    target_days: Decimal,
    reason: str,
    ends_at: datetime,
    version: int,
    by: User,
    now: datetime,
) -> Overrule:
    """
    Let `target_days` count in place of the computed target until `ends_at`.

    The one before it, if any, ends now. The clock is not touched.

    :param target_days: 1 to 730, in tenths; a shorter one moves the entry up.
    :param version: of the entry that was seen.
    :raises ChangedMeanwhile: if it has changed since.
    :raises NotTriageable: if it does not wait for a time.
    :raises ChangesNothing, TooLong: as they say.
    """
    entry = _lock(entry)
    said: dict[str, Any] = {"target_days": target_days, "reason": reason}
    said |= {"ends_at": ends_at, "by": by}
    before = entry.overrule_on(now)
    if entry.version == version + 1 and before and _says(before, said):
        return before  # a button pressed twice is one act
    _see(entry, version=version)
    computed = _judge(entry, target_days=target_days, ends_at=ends_at, now=now)
    _end(before, now=now)
    made = Overrule.objects.create(
        entry=entry, computed_days=computed, starts_at=now, **said
    )
    _bump(entry)
    change = f"{computed}>{target_days} until {ends_at.astimezone(UTC):%Y-%m-%dT%H:%MZ}"
    record("request.overruled", entry, by=by, at=now, change=change)
    return made


@transaction.atomic
def end_overrule(
    *, entry: WaitlistEntry, version: int, by: User, now: datetime
) -> WaitlistEntry:
    """
    Let the computed target count again from now on; ended twice is ended once.

    :raises ChangedMeanwhile: if the request has changed since it was seen.
    """
    entry = _lock(entry)
    found = entry.overrule_on(now)
    if found is None:
        return entry
    if entry.version != version:
        raise changed_meanwhile(entry)
    _end(found, now=now)
    _bump(entry)
    change = f"{found.target_days}>{computed_days(entry, now=now)}"
    record("request.overrule_ended", entry, by=by, at=now, change=change)
    return entry


def _lock(entry: WaitlistEntry) -> WaitlistEntry:
    lock_patient_of(WaitlistEntry.objects.all(), pk=entry.pk)
    WaitlistEntry.objects.select_for_update(no_key=True).get(pk=entry.pk)
    return WaitlistEntry.objects.select_related("category").get(pk=entry.pk)


def _see(entry: WaitlistEntry, *, version: int) -> None:
    """See that the entry is as it was seen, and waits."""
    if entry.version != version:
        raise changed_meanwhile(entry)
    if not entry.is_waiting:
        raise NotTriageable(
            _("This request does not wait for a time: %(state)s.")
            % {"state": entry.get_status_display()}
        )


def _judge(
    entry: WaitlistEntry, *, target_days: Decimal, ends_at: datetime, now: datetime
) -> Decimal:
    """Return the computed target, if another one may take its place until then."""
    computed = computed_days(entry, now=now)
    if target_days == computed:
        raise ChangesNothing(
            _("%(days)s days is the computed target: this would change nothing.")
            % {"days": computed}
        )
    if not now < ends_at <= now + LONGEST:
        raise TooLong(
            _("Choose an end within the next %(days)d days.") % {"days": LONGEST.days}
        )
    return computed


def _says(made: Overrule, said: dict[str, Any]) -> bool:
    return all(getattr(made, name) == value for name, value in said.items())


def _end(found: Overrule | None, *, now: datetime) -> None:
    if found is not None:
        found.ends_at = now
        found.save(update_fields=["ends_at"])


def _bump(entry: WaitlistEntry) -> None:
    entry.version += 1
    entry.save(update_fields=["version"])
