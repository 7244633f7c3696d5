"""Somebody called whom messages did not reach, or has an address used again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from massage_portal.audit.record import record
from massage_portal.outbox.actions.again import go_again
from massage_portal.outbox.codes import Mended
from massage_portal.outbox.models import Message, Stop
from massage_portal.outbox.patients import tell_whose


class NotToCall(Exception):
    """Nobody need be called about this; the text says why."""


class AlreadyLifted(Exception):
    """The address is in use again already."""


@transaction.atomic
def handle_messages(
    *, messages: Sequence[int], stops: Sequence[int] = (), by: Any, now: datetime
) -> int:
    """
    Record that `by` called about these; return how many that settled.

    What they settled themselves before is left as it is, so that a button pressed
    twice is one call.

    :param messages: keys of messages that reached nobody.
    :param stops: keys of addresses that are stopped.
    :raises NotToCall: if somebody else has called about all of it, or there is no use.
    """
    found = [*_locked(Message, messages), *_locked(Stop, stops)]
    open_ones = {
        (type(one), one.pk)
        for one in [
            *Message.objects.to_call(now).filter(pk__in=messages),
            *Stop.objects.to_call().filter(pk__in=stops),
        ]
    }
    ours = [one for one in found if (type(one), one.pk) in open_ones]
    if not ours:
        _refuse_others(found, by=by)
        return 0
    tell_whose(
        [one for one in ours if isinstance(one, Message)],
        [one for one in ours if isinstance(one, Stop)],
    )
    for one in ours:
        one.handled_at, one.handled_by = now, by
        one.save(update_fields=["handled_at", "handled_by"])
        record(f"{one._meta.model_name}.handled", one, by=by, at=now)
    return len(ours)


def _locked(model: Any, keys: Sequence[int]) -> list[Any]:
    """Return the rows, locked in the order of their keys, so nobody deadlocks."""
    rows = model.objects.select_for_update(of=("self",), no_key=True)
    return list(rows.filter(pk__in=keys).select_related("handled_by").order_by("pk"))


def _refuse_others(found: Sequence[Message | Stop], *, by: Any) -> None:
    """Raise NotToCall, unless the caller did it all before."""
    handled = [one for one in found if one.handled_at is not None]
    if not handled:
        raise NotToCall(_("Nobody need be called about this any more."))
    first = handled[0]
    if first.handled_by_id == by.pk:
        return
    assert first.handled_at is not None  # noqa: S101 - chosen by it
    when = date_format(localtime(first.handled_at), _("D, M j, P T"))
    raise NotToCall(
        _("%(name)s has called already, on %(when)s.")
        % {"name": first.handled_by, "when": when}
    )


@transaction.atomic
def lift_stop(*, stop: Stop, because: Mended, by: Any, now: datetime) -> int:
    """
    Use an address again; what found no way to its owner meanwhile goes after all.

    :param because: why it is right now.
    :returns: how many messages are owed again.
    :raises AlreadyLifted: if somebody was quicker.
    """
    standing = Stop.objects.standing().select_for_update(of=("self",), no_key=True)
    found = standing.select_related("user").filter(pk=stop.pk).first()
    if found is None:
        raise AlreadyLifted(_("Somebody has done this already."))
    found.lifted_at, found.lifted_by, found.lifted_because = now, by, because
    found.save(update_fields=["lifted_at", "lifted_by", "lifted_because"])
    tell_whose([], [found])
    record("stop.lifted", found, by=by, at=now, change=f">{because}")
    return go_again(user=found.user, now=now)
