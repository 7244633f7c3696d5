"""The therapist writes, signs and amends the note on a visit."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from appointments.actions.refusal import Refusal
from appointments.actions.visit import lock_visit
from appointments.codes import Status
from appointments.models import Appointment, VisitNote
from massage_portal.accounts.models import User
from massage_portal.audit.record import record


class NotWritable(Refusal):
    """The visit is another therapist's, has not begun, or did not take place."""


class NoteChanged(Refusal):
    """Another version was written since the page was drawn; it carries the newest."""

    def __init__(self, words: object, note: VisitNote) -> None:
        super().__init__(words)
        self.note = note


@transaction.atomic
def write_note(
    *,
    appointment: Appointment,
    words: str,
    sign: bool,
    seen: int,
    by: User,
    now: datetime,
) -> VisitNote:
    """
    Keep what the therapist of the visit wrote, and sign it if they say so.

    Other words make a new version; the same words may be signed as they are. What was
    signed stays: a version after it amends it. Sent twice, it counts once.

    :param words: 1 to 2,000 characters.
    :param seen: the number of the version that the page showed; 0 for none.
    :raises NotWritable: if it is not `by`'s visit, or there is nothing to write on.
    :raises NoteChanged: if another version was written since.
    """
    visit, _entry = lock_visit(appointment)
    _refuse(visit, by=by, now=now)
    newest = visit.notes.newest_first().first()
    same = newest is not None and newest.words == words
    if newest is not None and same and (newest.number == seen or _sent(newest, sign)):
        return _sign(newest, by=by, now=now) if sign else newest
    if newest is not None and newest.number != seen:
        raise NoteChanged(_changed_words(newest), newest)
    number = newest.number + 1 if newest else 1
    note = VisitNote.objects.create(
        appointment=visit, number=number, words=words, written_at=now, written_by=by
    )
    amends = newest is not None and newest.signed_at is not None
    action = "note.amended" if amends else "note.written"
    record(action, note, by=by, at=now, change=f"{seen}>{number}")
    return _sign(note, by=by, now=now) if sign else note


def _refuse(visit: Appointment, *, by: User, now: datetime) -> None:
    if visit.therapist.user_id != by.pk:
        raise NotWritable(_("Only the therapist of the visit writes its note."))
    begun_in_error = visit.status == Status.ENTERED_IN_ERROR and visit.notes.exists()
    if not visit.takes_a_note(now) and not begun_in_error:  # that one is still signed
        raise NotWritable(
            _("A note is written once the visit has begun, if it was not missed.")
        )


def _sent(newest: VisitNote, sign: bool) -> bool:
    """Say whether the newest version may be this very request, sent once before."""
    return sign == (newest.signed_at is not None)


def _sign(note: VisitNote, *, by: User, now: datetime) -> VisitNote:
    if note.signed_at is None:
        note.signed_at = now
        note.save(update_fields=["signed_at"])
        record("note.signed", note, by=by, at=now)
    return note


def _changed_words(newest: VisitNote) -> str:
    when = timezone.localtime(newest.written_at)
    return _(
        "Version %(number)s was saved on %(when)s, while you were typing. Compare "
        "below, then save again if yours is right. Nothing that you typed is lost."
    ) % {"number": newest.number, "when": date_format(when, "DATETIME_FORMAT")}
