"""
The rows of the board in words, ready to be drawn.

A template that decided and translated for each of 50 rows took most of the page's time;
as texts alone they can fill a stencil.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, get_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from appointments.changes import Change
from appointments.codes import EntryStatus
from appointments.explain import sentence
from appointments.line import Row
from appointments.lost_wish import Lost
from appointments.models import Overrule
from appointments.models.board_page import Face
from massage_portal.phrases import Phrases
from referrals.codes import Priority
from referrals.codes import Status as ReferralStatus

Tag = tuple[str, str]  # kind, label
ANY = "9" * 18  # a key that no row has, nor any path
LOST = {
    Lost.DAY: gettext_noop("their last day is over"),
    Lost.THERAPIST: gettext_noop("their therapist gives no massage"),
    Lost.PLACE: gettext_noop("their place gives no massage"),
    Lost.APART: gettext_noop("their therapist works at another place"),
}


@dataclass
class Drawn:
    """One row: texts, "" where there is nothing to say."""

    key: str  # digits, without the separators of a language
    version: str
    rank: str
    patient: str
    category: str
    has_offer: bool
    tags: tuple[Tag, ...]
    to_triage: str
    to_offer: str
    meter: str = "0"
    per_cent: str = "0"
    waited: str = ""
    due: str = ""
    overdue: bool = False
    said: str = ""
    would: str = ""
    overruled: str = ""


@dataclass
class Asks:
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


class Words(Phrases):
    """What rows share: the words, the clock on the wall, and where rows lead."""

    def __init__(self, *, today: date) -> None:
        """Take them in the language that is set; `today` is local."""
        super().__init__()
        self.today = today
        self.zone = timezone.get_current_timezone()
        # The rows differ in their keys alone.
        self.to_triage, self.to_offer = (
            reverse(f"appointments:{name}", args=[ANY])
            for name in ("triage", "propose")
        )
        self.point = get_format("DECIMAL_SEPARATOR")

    def local(self, moment: datetime) -> date:
        """Return the day that a calendar on the wall shows then."""
        return moment.astimezone(self.zone).date()

    def days(self, days: float) -> str:
        """Return days with one place, rounded as `explain.sentence` rounds them."""
        return f"{days:.1f}".replace(".", self.point)


def asking(faces: Iterable[Face], words: Words) -> list[Asks]:
    """Return the requests to triage in words."""
    _, made = words.say, []
    priorities, states = words.labels(Priority), words.labels(EntryStatus)
    for face in faces:
        key, state, kind = str(face.pk), states[face.status], "waiting"
        if face.status == EntryStatus.ON_HOLD:
            kind = "due"
        elif face.reply:
            state, kind = _("Answered"), "info"
        one = Asks(
            key=key,
            version=str(face.version),
            patient=face.name,
            received=words.date(words.local(face.received_at)),
            priority=priorities[face.priority],
            need=str(face.need_score),
            state=state,
            kind=kind,
            to_triage=words.to_triage.replace(ANY, key),
            news=_("told us more: read it") if face.told_more else "",
        )
        made.append(one)
    return made


def drawn(rows: Iterable[Row], words: Words, *, marked: str) -> list[Drawn]:
    """Return the rows in words; the one with the key `marked` was just triaged."""
    return [_drawn(row, words, marked=marked) for row in rows]


def _drawn(row: Row, words: Words, *, marked: str) -> Drawn:
    _, face, why, key = words.say, row.face, row.why, str(row.face.pk)
    made = Drawn(
        key=key,
        version=str(face.version),
        rank=str(row.rank),
        patient=face.name,
        category=face.category or "",
        has_offer=face.has_offer,
        tags=_tags(face, words, marked=key == marked),
        to_triage=words.to_triage.replace(ANY, key),
        to_offer=words.to_offer.replace(ANY, key),
    )
    if why is None:
        made.said = _("The target of this category has not begun: others come first.")
        return made
    made.meter = f"{min(why.share, 1):.3f}"
    made.per_cent = str(why.per_cent)
    made.waited = _("%(waited)s of %(target)s days") % {
        "waited": words.days(why.waited_days),
        "target": words.days(why.target_days),
    }
    made.due = words.day(words.local(why.due_at))
    made.overdue = why.overdue
    made.said = sentence(why, words.say)
    made.would = would_change(row.would, words)
    if row.overrule:
        made.overruled = overruled(row.overrule)
    return made


def _tags(face: Face, words: Words, *, marked: bool) -> tuple[Tag, ...]:
    _, ngettext = words.say, words.count
    tags: list[Tag] = []
    if marked:
        tags.append(("info", _("just triaged")))
    if face.told_more:
        tags.append(("due", _("told us more: read it")))
    if face.not_taken > 1:
        said = _("call: %(number)d offers not taken")
        tags.append(("due", said % {"number": face.not_taken}))
    if face.missed:
        missed = ngettext(
            "call: %(number)d visit missed or canceled late",
            "call: %(number)d visits missed or canceled late",
            face.missed,
        )
        tags.append(("due", missed % {"number": face.missed}))
    if face.referral_status == ReferralStatus.ON_HOLD:
        tags.append(("bad", _("referral on hold")))
    elif (
        face.referral_status != ReferralStatus.ACTIVE or face.valid_until < words.today
    ):
        tags.append(("bad", _("referral ended")))
    elif face.is_beyond_cover:
        tags.append(("bad", _("referral ends before their first day")))
    if (lost := face.lost(words.today)) is not None:
        tags.append(("bad", words.say(LOST[lost])))
    elif face.nobody_gives(words.today):
        tags.append(("bad", _("no certified therapist")))
    return tuple(tags)


def overruled(one: Overrule) -> str:
    """Say who moved an entry, whither, through which day and why."""
    if one.is_up:
        words = _("Moved up by %(name)s through %(day)s: %(reason)s")
    else:
        words = _("Moved down by %(name)s through %(day)s: %(reason)s")
    last = one.ends_at - timedelta(seconds=1)  # it ends with a day, at midnight
    day = date_format(timezone.localtime(last), _("M j"))
    return words % {"name": one.by.name, "day": day, "reason": one.reason}


def would_change(would: Change, words: Words) -> str:
    """Say what would move an entry up; "" if nothing can be told."""
    ngettext, said = words.count, []
    if would.need_score is not None and would.at_least:
        higher = ngettext(
            "A need score of %(need)d would move them up at least %(places)d place.",
            "A need score of %(need)d would move them up at least %(places)d places.",
            would.places,
        )
    elif would.need_score is not None:
        higher = ngettext(
            "A need score of %(need)d would put them %(places)d place higher.",
            "A need score of %(need)d would put them %(places)d places higher.",
            would.places,
        )
    if would.need_score is not None:
        said.append(higher % {"need": would.need_score, "places": would.places})
    if would.days is not None:
        sooner = ngettext(
            "In %(days)d day they pass the one before them.",
            "In %(days)d days they pass the one before them.",
            would.days,
        )
        said.append(sooner % {"days": would.days})
    return " ".join(said)
