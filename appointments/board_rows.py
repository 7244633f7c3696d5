"""
The rows of the board in words, ready to be drawn.

A template that decided and translated for each of 50 rows took most of the page's time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from appointments.changes import Change
from appointments.codes import EntryStatus
from appointments.explain import sentence
from appointments.line import Row
from appointments.models import Overrule, WaitlistEntry
from referrals.codes import Priority
from referrals.codes import Status as ReferralStatus

Tag = tuple[str, str]  # kind, label


@dataclass
class Drawn:
    """One row: texts, and the numbers of its meter."""

    key: str  # digits, without the separators of a language
    version: str
    rank: int
    patient: str
    category: str
    has_offer: bool
    tags: list[Tag] = field(default_factory=list)
    meter: str = "0"
    per_cent: int = 0
    waited: str = ""
    due: str = ""
    overdue: bool = False
    said: str = ""
    would: str = ""
    overruled: str = ""
    to_triage: str = ""
    to_offer: str = ""


class Asks(NamedTuple):
    """One request to triage, in words."""

    key: str
    version: str
    patient: str
    received: str
    priority: str
    need: str
    state: str
    kind: str  # of the tag that shows the state
    to_triage: str
    news: str  # "" if they told nothing more


def asking(entries: Iterable[WaitlistEntry]) -> list[Asks]:
    """Return the requests to triage in words; each word is looked up once."""
    path = reverse("appointments:triage", args=[0])
    priorities = {str(one): str(one.label) for one in Priority}
    states = {str(one): str(one.label) for one in EntryStatus}
    answered = _("Answered")
    news = _("told us more: read it")
    made = []
    for entry in entries:
        key, state, kind = str(entry.pk), states[entry.status], "waiting"
        if entry.status == EntryStatus.ON_HOLD:
            kind = "due"
        elif entry.reply:
            state, kind = answered, "info"
        one = Asks(
            key=key,
            version=str(entry.version),
            patient=str(entry.patient),
            received=date_format(timezone.localtime(entry.received_at)),
            priority=priorities[entry.referral.priority],
            need=str(entry.need_score),
            state=state,
            kind=kind,
            to_triage=path.replace("0", key, 1),
            news=news if entry.told_more else "",
        )
        made.append(one)
    return made


def drawn(rows: list[Row], *, today: date) -> list[Drawn]:
    """Return the rows in words; `today` is local."""
    # Each path is looked up once: the rows differ in their keys alone.
    to_triage, to_offer = (
        reverse(f"appointments:{name}", args=[0]) for name in ("triage", "propose")
    )
    made = []
    for row in rows:
        one = _drawn(row, today=today)
        one.to_triage = to_triage.replace("0", one.key, 1)
        one.to_offer = to_offer.replace("0", one.key, 1)
        made.append(one)
    return made


def _drawn(row: Row, *, today: date) -> Drawn:
    entry, why = row.entry, row.why
    made = Drawn(
        key=str(entry.pk),
        version=str(entry.version),
        rank=row.rank,
        patient=str(entry.patient),
        category=str(entry.category),
        has_offer=entry.has_offer,
        tags=_tags(entry, today=today),
    )
    if why is None:
        made.said = _("The target of this category has not begun: others come first.")
        return made
    made.meter = f"{min(why.share, 1):.3f}"
    made.per_cent = why.per_cent
    made.waited = _("%(waited)s of %(target)s days") % {
        "waited": number_format(why.waited_days, 1),
        "target": number_format(why.target_days, 1),
    }
    made.due = date_format(timezone.localtime(why.due_at), _("M j"))
    made.overdue = why.overdue
    made.said = sentence(why)
    made.would = would_change(row.would)
    if row.overrule:
        made.overruled = overruled(row.overrule)
    return made


def _tags(entry: WaitlistEntry, *, today: date) -> list[Tag]:
    tags: list[Tag] = []
    if entry.told_more:
        tags.append(("due", _("told us more: read it")))
    if entry.not_taken > 1:
        words = _("call: %(number)d offers not taken")
        tags.append(("due", words % {"number": entry.not_taken}))
    if entry.missed:
        missed = ngettext(
            "call: %(number)d visit missed or canceled late",
            "call: %(number)d visits missed or canceled late",
            entry.missed,
        )
        tags.append(("due", missed % {"number": entry.missed}))
    referral = entry.referral
    if referral.status == ReferralStatus.ON_HOLD:
        tags.append(("bad", _("referral on hold")))
    elif referral.status != ReferralStatus.ACTIVE or referral.valid_until < today:
        tags.append(("bad", _("referral ended")))
    return tags


def overruled(one: Overrule) -> str:
    """Say who moved an entry, whither, through which day and why."""
    if one.is_up:
        words = _("Moved up by %(name)s through %(day)s: %(reason)s")
    else:
        words = _("Moved down by %(name)s through %(day)s: %(reason)s")
    last = one.ends_at - timedelta(seconds=1)  # it ends with a day, at midnight
    day = date_format(timezone.localtime(last), _("M j"))
    return words % {"name": one.by.name, "day": day, "reason": one.reason}


def would_change(would: Change) -> str:
    """Say what would move an entry up; "" if nothing can be told."""
    said = []
    if would.need_score is not None:
        few = ngettext(
            "A need score of %(need)d would put them %(places)d place higher.",
            "A need score of %(need)d would put them %(places)d places higher.",
            would.places,
        )
        many = ngettext(
            "A need score of %(need)d would move them up at least %(places)d place.",
            "A need score of %(need)d would move them up at least %(places)d places.",
            would.places,
        )
        numbers = {"need": would.need_score, "places": would.places}
        said.append((many if would.at_least else few) % numbers)
    if would.days is not None:
        words = ngettext(
            "In %(days)d day they pass the one before them.",
            "In %(days)d days they pass the one before them.",
            would.days,
        )
        said.append(words % {"days": would.days})
    return " ".join(said)
