"""The note on a visit: its versions, who signs them, and who may read them."""

from __future__ import annotations

from functools import partial

import pytest
from django.db import IntegrityError, InternalError

from appointments import actions
from appointments.codes import EntryStatus, Status
from appointments.models import Appointment, VisitNote
from massage_portal.accounts.roles import Role
from massage_portal.outbox.models import Message
from tests.appointments.notes import make_note
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    make_appointment,
    make_diagnosis,
    make_entry,
    make_patient,
    make_referral,
    make_therapist,
    make_user,
)
from tests.trail import trail

pytestmark = pytest.mark.django_db
START, LATER = NOW - HOUR, NOW + HOUR
WORDS = "Shoulder looser; avoid the left hip."


def a_visit(patient=None, **fields):
    """Return a visit that began an hour ago, of a new patient if of nobody else."""
    patient = patient or make_patient(account=False)
    code = f"M{Appointment.objects.count():02d}"  # one referral is open for each
    referral = make_referral(patient=patient, diagnosis=make_diagnosis(code))
    entry = make_entry(referral=referral, status=EntryStatus.IN_PROGRESS)
    return make_appointment(entry=entry, **{"starts_at": START} | fields)


def write(visit, words=WORDS, *, sign=False, seen=0, by=None, now=NOW):
    by = by or visit.therapist.user
    who = {"appointment": visit, "by": by, "now": now}
    return actions.write_note(words=words, sign=sign, seen=seen, **who)


def told(note):
    """Return what the trail says of a note: who did what, and whose it is."""
    return [(who, what, whose) for who, what, whose, _change in trail(note)]


def test_a_note_is_written_changed_signed_and_amended_version_by_version():
    visit = a_visit()
    author, patient = visit.therapist.user_id, visit.patient_id

    first = write(visit)
    second = write(visit, "Knee, too.", seen=1)
    signed = write(visit, "Knee, too.", seen=2, sign=True, now=LATER)
    third = write(visit, "The right knee.", seen=2, sign=True, now=LATER)

    assert signed == second
    assert (signed.written_at, signed.signed_at) == (NOW, LATER)
    kept = visit.notes.order_by("number").values_list("number", "words", "signed_at")
    assert list(kept) == [
        (1, WORDS, None),
        (2, "Knee, too.", LATER),
        (3, "The right knee.", LATER),
    ]
    assert told(first) == [(author, "note.written", patient)]
    assert told(signed)[1:] == [(author, "note.signed", patient)]
    amended = [(author, one, patient) for one in ("note.amended", "note.signed")]
    assert told(third) == amended
    assert Message.objects.count() == 0  # a note is in no mail


@pytest.mark.parametrize("sign", [True, False])
def test_a_note_sent_twice_is_kept_once(sign):
    visit = a_visit()

    assert write(visit, sign=sign) == write(visit, sign=sign, now=LATER)
    assert len(told(visit.notes.get())) == 1 + sign


def test_a_page_that_is_stale_saves_nothing_and_is_given_the_newest_version():
    visit = a_visit()
    newest = write(visit)

    with pytest.raises(actions.NoteChanged, match="Nothing that you typed") as refusal:
        write(visit, "Knee, too.")
    assert refusal.value.note == newest
    with pytest.raises(actions.NoteChanged):  # signed there is not what was read here
        write(visit, "Knee, too.", sign=True)
    assert visit.notes.count() == 1


def test_only_the_therapist_of_the_visit_writes():
    visit = a_visit()

    for other in (make_therapist().user, make_user(Role.LEAD)):
        with pytest.raises(actions.NotWritable, match="Only the therapist"):
            write(visit, by=other)


@pytest.mark.parametrize("status", list(Status))
def test_there_is_a_note_only_of_what_took_place(status):
    visit = a_visit(status=status)
    took_place = ["booked", "arrived", "checked-in", "fulfilled"]

    if status in took_place:
        assert write(visit).number == 1
        return
    with pytest.raises(actions.NotWritable):
        write(visit)


def test_there_is_no_note_before_the_visit_begins():
    with pytest.raises(actions.NotWritable, match="once the visit has begun"):
        write(a_visit(starts_at=NOW + HOUR))


def test_who_treats_the_patient_later_and_the_lead_read_what_is_signed_and_no_more():
    visit = a_visit(status=Status.FULFILLED)
    later = a_visit(visit.patient, starts_at=NOW + 7 * DAY).therapist
    earlier = a_visit(visit.patient, starts_at=NOW - 7 * DAY).therapist
    gone = a_visit(
        visit.patient, starts_at=NOW + 9 * DAY, status=Status.CANCELLED
    ).therapist
    lead = make_user(Role.LEAD)
    draft = make_note(visit)

    def readers(note):
        people = {
            "author": visit.therapist.user,
            "later": later.user,
            "earlier": earlier.user,
            "gone": gone.user,
            "stranger": make_therapist().user,
            "lead": lead,
        }
        people |= {role: make_user(role) for role in Role if role != Role.LEAD}
        people["patient's own"] = visit.patient.user or make_user(Role.PATIENT)
        seen = VisitNote.objects.filter(pk=note.pk)
        return {name for name, one in people.items() if seen.visible_to(one).exists()}

    assert readers(draft) == {"author"}
    signed = make_note(visit, signed_at=NOW)
    assert readers(signed) == {"author", "later", "lead"}
    assert readers(draft) == {"author"}


def test_the_last_note_before_a_visit_is_found_for_each_in_two_queries(
    django_assert_num_queries,
):
    first = a_visit(status=Status.FULFILLED, starts_at=NOW - 9 * DAY)
    second = a_visit(first.patient, status=Status.FULFILLED, starts_at=NOW - 2 * DAY)
    third = a_visit(first.patient, starts_at=NOW + DAY)
    wrong = a_visit(first.patient, status=Status.ENTERED_IN_ERROR, starts_at=NOW - DAY)
    make_note(a_visit(), signed_at=NOW)
    make_note(wrong, signed_at=NOW)
    make_note(first)
    kept = {one: make_note(one, signed_at=NOW) for one in (first, second)}
    readable = VisitNote.objects.visible_to(make_user(Role.LEAD))

    with django_assert_num_queries(2):
        found = readable.before([first, second, third])

    assert found == {second.pk: kept[first], third.pk: kept[second]}


def test_notes_to_sign_are_ones_own_whose_newest_version_is_not_signed():
    visit = a_visit()
    author = visit.therapist.user
    to_sign = partial(VisitNote.objects.to_sign, author)
    make_note(a_visit())
    make_note(visit, signed_at=NOW)
    assert list(to_sign()) == []

    amendment = make_note(visit, words="Knee, too.")

    assert list(to_sign()) == [amendment]
    amendment.signed_at = NOW
    amendment.save(update_fields=["signed_at"])
    assert list(to_sign()) == []


def test_notes_go_where_the_patient_goes_when_records_are_merged_and_parted():
    visit = a_visit(status=Status.FULFILLED)
    note = make_note(visit, signed_at=NOW)
    kept, merged = make_patient(account=False), visit.patient
    later = a_visit(kept, starts_at=NOW + 7 * DAY)
    readable = partial(VisitNote.objects.visible_to, later.therapist.user)
    assert not readable().exists()

    who = {"by": make_user(Role.LEAD), "now": NOW}
    merge = actions.merge_patients(kept=kept, merged=merged, reason="Twins", **who)

    assert readable().before([later]) == {later.pk: note}
    assert VisitNote.objects.get().patient_id == kept.pk
    actions.unmerge(merge=merge, **who)
    assert VisitNote.objects.get().patient_id == merged.pk
    assert not readable().exists()


# --- what the database itself refuses -------------------------------------------------


def test_two_versions_do_not_have_one_number():
    visit = make_note(a_visit()).appointment

    with pytest.raises(IntegrityError, match="note_number_is_unique"):
        make_note(visit, number=1)


def test_a_note_says_something():
    with pytest.raises(IntegrityError, match="note_has_words"):
        make_note(a_visit(), words="")


def test_a_note_is_never_deleted():
    assert "notes_are_never_deleted"
    make_note(a_visit())

    with pytest.raises(InternalError, match="Cannot delete"):
        VisitNote.objects.all().delete()


@pytest.mark.parametrize(
    "change",
    [
        *({"words": "Other."}, {"number": 2}, {"written_at": LATER}),
        *({"written_by": make_user}, {"appointment": make_appointment}),
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_a_version_says_stays(change):
    assert "note_words_stay"
    make_note(a_visit())
    new = {name: one() if callable(one) else one for name, one in change.items()}

    with pytest.raises(InternalError, match="Cannot update"):
        VisitNote.objects.update(**new)


@pytest.mark.parametrize("signed_at", [None, LATER])
def test_a_signature_stays(signed_at):
    assert "note_signature_stays"
    make_note(a_visit(), signed_at=NOW)

    with pytest.raises(InternalError, match="Cannot update"):
        VisitNote.objects.update(signed_at=signed_at)
