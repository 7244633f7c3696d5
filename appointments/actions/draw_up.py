"""A plan of offers is asked for by a press, and drawn up by the worker."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, time
from typing import NamedTuple

import structlog
from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from appointments.actions.draft import drop, lock_draft
from appointments.actions.triage import ChangedMeanwhile
from appointments.models import Draft, DraftOffer, DraftWait, Policy
from appointments.models.draft import Why
from appointments.models.planner import Drawn, Planner
from appointments.planning.problem import Outcome
from appointments.priority import DAY
from massage_portal import ending
from massage_portal.accounts.models import User
from massage_portal.audit.record import record

log = structlog.get_logger(__name__)
LOCK = 4_747_003  # any number of our own: two makers would leave two plans at work


class ClaimLost(Exception):
    """The plan was thrown away while it was drawn up, or another worker has it."""


class AskedToEnd(Exception):
    """This worker is to end: another one draws the plan up."""


class Reckoned(NamedTuple):
    """
    What was reckoned, and which of the rows that were moved still stand.

    :param kept: when each of them ends as such visits last now, by its key.
    """

    drawn: Drawn
    kept: dict[int, datetime]


@transaction.atomic
def ask_for_draft(*, weeks: int, by: User | None, now: datetime) -> Draft:
    """
    Ask for a plan of offers for the coming weeks; `draw_up` makes it.

    Plans that were made before and not sent are thrown away: times would be in two.
    While one for the same weeks is on its way, it is that one: the button was pressed
    twice.

    :param weeks: 1 or more, today's included.
    :param by: None if the command asks, to which nobody signs in.
    """
    _one_at_a_time()
    last = Planner.of_weeks(weeks, now=now, policy=Policy.objects.in_force(now)).last
    for old in Draft.objects.at_work().select_for_update(no_key=True):
        if old.is_on_its_way and old.last_day == last:
            return old
        drop(old, by=by, now=now)
    draft = Draft.objects.create(
        made_at=now,
        made_by=by,
        first_day=now.date(),
        last_day=last,
        ends_at=datetime.combine(last + DAY, time(0), UTC),  # until it is drawn up
        asked_at=now,
    )
    record("plan_of_offers.asked_for", draft, by=by, at=now)
    return draft


def _one_at_a_time() -> None:
    """Let a second maker wait, so that they find the first's plan."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


@transaction.atomic
def ask_anew(*, draft: Draft, version: int, by: User, now: datetime) -> Draft:
    """
    Ask for the plan anew, around the rows that were struck or moved.

    Pressed twice, it is asked for once.

    :raises ChangedMeanwhile: if it is not as it was when it was read.
    """
    plans = Draft.objects.at_work().select_for_update(no_key=True, of=("self",))
    asked = plans.filter(pk=draft.pk, version=version + 1).first()
    if asked is not None and asked.is_on_its_way:
        return asked
    locked = lock_draft(draft, version)
    if locked.is_on_its_way:
        raise ChangedMeanwhile(_("This plan is being drawn up. Wait until it is here."))
    locked.version += 1
    locked.asked_at, locked.failed_at, locked.tries = now, None, 0
    locked.save(update_fields=["version", "asked_at", "failed_at", "tries"])
    record("plan_of_offers.asked_for", locked, by=by, at=now)
    return locked


def draw_up(
    *, pk: int, now: datetime, clock: Callable[[], datetime] | None = None
) -> Draft | None:
    """
    Draw up a plan that was asked for; None if there was nothing to do, or it failed.

    One worker has it at a time; one that is asked to end gives it back, and another
    begins anew. What takes seconds is done outside of a transaction;
    whatever became of the plan meanwhile stands. If it goes wrong, the plan says so.

    :param clock: what time it is by now: by it the lease is renewed while it works.
    """
    Draft.objects.filter(pk=pk).give_up(now)
    claim = Draft.objects.claim(pk, now=now)
    if claim is None:
        return None
    mine = Draft.objects.filter(pk=pk, claim=claim)
    try:
        lease = _Lease(pk, claim, clock or (lambda: now), until=now)
        reckoned = _reckon(Draft.objects.get(pk=pk), now=now, step=lease.renew)
        return _keep(pk, claim, reckoned, now=now)
    except ClaimLost:
        return None
    except AskedToEnd:  # which is no fault of the plan: it is as if nobody had tried
        mine.update(claim=None, claimed_until=None, tries=F("tries") - 1)
        return None
    except Exception:  # whatever it was, the scheduler must not wait forever
        log.exception("plan_not_drawn_up", draft=pk)
        mine.update(failed_at=now, claim=None, claimed_until=None)
        return None


class _Lease:
    """A claim that is renewed as the work goes on, now and then."""

    def __init__(
        self,
        pk: int,
        claim: uuid.UUID,
        clock: Callable[[], datetime],
        *,
        until: datetime,
    ) -> None:
        self._pk, self._claim, self._clock = pk, claim, clock
        self._renewed_at = until

    def renew(self) -> None:
        """
        Renew the claim, if that was not done just before.

        :raises AskedToEnd: if the worker is to end.
        :raises ClaimLost: if it is ours no more.
        """
        if ending.is_near():
            raise AskedToEnd
        now, plans = self._clock(), Draft.objects.all()
        if now - self._renewed_at < plans.RENEWED_AFTER:
            return
        if not plans.renew(self._pk, self._claim, now=now):
            raise ClaimLost
        self._renewed_at = now


def _reckon(draft: Draft, *, now: datetime, step: Callable[[], None]) -> Reckoned:
    """
    Reckon who should have which time, around the rows that were struck or moved.

    A moved row whose time is gone, or lies in an earlier one's since visits last longer
    than they did, is planned like any other.
    """
    planner = Planner.around(draft, now=now)
    rows = draft.offers.with_what_is_shown()
    struck = set(rows.filter(struck=True).values_list("entry_id", flat=True))
    moved, kept = [], {}
    until: dict[int, datetime] = {}  # when each therapist is free again
    for row in rows.filter(moved=True, struck=False):  # by their start
        opening = planner.opening_of(row)
        if opening is None or not planner.has(row):
            continue
        if opening.starts_at >= until.get(opening.therapist, opening.starts_at):
            until[opening.therapist] = opening.blocked_until
            kept[row.pk] = opening.ends_at
            moved.append(row)
    return Reckoned(planner.draw(struck=struck, moved=moved, step=step), kept)


@transaction.atomic
def _keep(
    pk: int, claim: uuid.UUID, reckoned: Reckoned, *, now: datetime
) -> Draft | None:
    """Keep the plan, if it is still ours and wanted."""
    plans = Draft.objects.select_for_update(no_key=True, of=("self",))
    locked = plans.filter(pk=pk, claim=claim).first()
    if locked is None:  # thrown away, or the lease was over
        return None
    locked.offers.exclude(pk__in=reckoned.kept).exclude(struck=True).delete()
    locked.offers.filter(struck=True).update(unweighed=True)  # of the plan before
    _set_ends(locked, reckoned.kept)
    locked.waits.all().delete()
    locked.made_at, locked.ends_at = now, reckoned.drawn.ends_at
    locked.asked_at, locked.tries = None, 0
    locked.claim = locked.claimed_until = None
    locked.save(
        update_fields=[
            *("made_at", "ends_at", "asked_at", "tries", "claim", "claimed_until")
        ]
    )
    _write(locked, reckoned.drawn)
    record("plan_of_offers.drawn_up", locked, by=None, at=now)
    return locked


def _set_ends(draft: Draft, kept: dict[int, datetime]) -> None:
    """Have the kept rows last as such visits do now; the shortened ones come first."""
    rows = list(draft.offers.filter(pk__in=kept))
    for row in sorted(rows, key=lambda one: kept[one.pk] - one.ends_at):
        if row.ends_at != kept[row.pk]:
            row.ends_at = kept[row.pk]
            row.save(update_fields=["ends_at"])


def _write(draft: Draft, drawn: Drawn) -> None:
    """Keep what becomes of each of the line."""
    DraftOffer.objects.bulk_create(
        DraftOffer(
            draft=draft,
            entry_id=one.asking.key,
            therapist_id=one.opening.therapist,
            starts_at=one.opening.starts_at,
            ends_at=one.opening.ends_at,
            same_therapist=one.same_therapist,
            **_judged(one),
        )
        for one in drawn.outcomes
        if one.opening is not None
    )
    left = [(one, _why(one)) for one in drawn.outcomes if one.opening is None]
    left += [(one, Why.CALL) for one in drawn.to_call]
    DraftWait.objects.bulk_create(
        DraftWait(draft=draft, entry_id=one.asking.key, why=why, **_judged(one))
        for one, why in left
    )


def _why(one: Outcome) -> Why:
    if one.left_out:
        return Why.MORE
    return Why.LESS if one.suits else Why.NONE


def _judged(one: Outcome) -> dict[str, object]:
    alone = one.line_opening
    return {
        "target_days": one.asking.target_days,
        "harm": one.harm,
        "line_starts_at": alone.starts_at if alone else None,
        "line_harm": one.line_harm,
    }
