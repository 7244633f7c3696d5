"""What a booking reads and writes by hand is what Django would read and write."""

from __future__ import annotations

from collections import Counter
from functools import partial

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.db.transaction import TransactionManagementError

from appointments import actions
from appointments.actions import Terms, Turn
from appointments.codes import Ending, EntryStatus, Status
from appointments.models import (
    Appointment,
    GivenOutOfTurn,
    Policy,
    Supply,
    WaitlistEntry,
)
from appointments.models.booking import NAMES, add_visit, lock_entry
from appointments.models.rota import rota
from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from massage_portal.outbox.actions import Owed, about, owe_each
from massage_portal.outbox.kinds import kind_of
from massage_portal.outbox.models import Message
from referrals.models import Authorization
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    TODAY,
    make_appointment,
    make_clinic,
    make_entry,
    make_insurer,
    make_message,
    make_patient,
    make_referral,
    make_room,
    make_technique,
    make_user,
    opening_at,
)
from tests.turns import ANY_TURN

pytestmark = pytest.mark.django_db

OF_REFERRAL = ("technique", "insurer", "authorization")


def fields_of(row, names=None):
    """Return what a row holds of its own table; None where there is no row."""
    if row is None:
        return None
    if names is None:
        names = [field.attname for field in row._meta.local_concrete_fields]
    return type(row), {name: getattr(row, name) for name in names}


def parts(entry):
    """Return what is read with an entry, and what it is judged by of all that."""
    referral, patient = entry.referral, entry.patient
    others = [getattr(referral, name, None) for name in OF_REFERRAL]
    rows = (entry, referral, patient, patient.user, *others)
    read = zip(rows, [name for name in NAMES if name != "policy"], strict=True)
    return [fields_of(row, NAMES[name]) for row, name in read], referral.coverage


def insured():
    """Return an entry of a referral with all that a referral may have."""
    referral = make_referral(technique=make_technique(), insurer=make_insurer())
    by = referral.recorded_by
    Authorization.objects.create(
        referral=referral, number="A-77", visits=4, changed_at=NOW, changed_by=by
    )
    return make_entry(referral=referral)


def bare():
    """Return an entry of a patient without account, whose referral says little."""
    return make_entry(referral=make_referral(patient=make_patient(account=False)))


@pytest.mark.parametrize("make", [insured, bare])
def test_an_entry_is_locked_with_all_that_it_is_judged_by(
    make, django_assert_num_queries
):
    entry = make()

    with transaction.atomic():
        locked = lock_entry(entry.pk, now=NOW)

    with django_assert_num_queries(0):
        found = parts(locked)
    assert found == parts(WaitlistEntry.objects.get(pk=entry.pk))
    assert not locked.offer_out


def test_an_entry_with_an_offer_says_so_when_it_is_locked():
    entry = make_appointment(status=Status.PROPOSED).entry

    with transaction.atomic():
        assert lock_entry(entry.pk, now=NOW).offer_out


def test_an_entry_that_is_not_there_cannot_be_locked():
    entry = make_entry()

    with transaction.atomic(), pytest.raises(WaitlistEntry.DoesNotExist):
        lock_entry(entry.pk + 1, now=NOW)


def test_nothing_is_locked_outside_of_a_transaction(monkeypatch):
    entry = make_entry()
    monkeypatch.setattr(connections["default"], "in_atomic_block", False)

    with pytest.raises(TransactionManagementError):
        lock_entry(entry.pk, now=NOW)
    with pytest.raises(TransactionManagementError):
        rota(now=NOW, first=TODAY, last=TODAY, therapists=[1], locked=True)


def test_bookings_go_on_while_a_release_allows_longer_texts():
    entry = insured()
    lock_entry(entry.pk, now=NOW)  # it is prepared from here on

    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE accounts_user ALTER name TYPE varchar(4000)")
        cursor.execute("ALTER TABLE services_insurer ALTER name TYPE varchar(4000)")

    assert lock_entry(entry.pk, now=NOW) == entry


def test_what_is_prepared_is_never_planned_for_one_call():
    entry = insured()

    for _ in range(7):  # PostgreSQL decides after five
        lock_entry(entry.pk, now=NOW)

    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(custom_plans) FROM pg_prepared_statements")
        assert cursor.fetchone() == (0,)
        cursor.execute("SHOW jit")  # which would compile the one plan at each call
        assert cursor.fetchone() == ("off",)


def test_a_visit_inserted_by_hand_is_the_row_that_django_would_save():
    saved = make_appointment()
    made = Appointment(**fields_of(saved)[1] | {"room_id": None})
    saved.delete()

    with transaction.atomic():
        assert add_visit(made, [saved.room_id])

    again = Appointment.objects.get(pk=made.pk)
    assert fields_of(again) == fields_of(made)
    assert again.room_id == saved.room_id
    made.save()  # it knows that it has been saved
    assert Appointment.objects.count() == 1


def unsaved(**fields):
    """Return a booked visit that is not saved, and has no room yet."""
    saved = make_appointment(**fields)
    made = Appointment(**fields_of(saved)[1] | {"room_id": None})
    saved.delete()
    return made


def test_a_room_that_was_given_since_it_was_found_free_is_passed_over():
    first = make_room()
    second = make_room(location=first.location)
    made = unsaved(room=first)
    make_appointment(room=first)

    with transaction.atomic():
        assert add_visit(made, [first.pk, second.pk])

    assert made.room_id == second.pk


def test_where_every_room_was_given_since_nothing_is_inserted():
    room = make_room()
    made = unsaved(room=room)
    make_appointment(room=room)

    with transaction.atomic():
        assert not add_visit(made, [room.pk])


def test_a_visit_may_begin_as_the_one_before_leaves_the_room():
    there = make_appointment()
    made = unsaved(room=there.room, starts_at=there.blocked_until)

    with transaction.atomic():
        assert add_visit(made, [there.room_id])


def test_the_policy_that_a_locked_entry_brings_is_the_one_in_force():
    entry = make_entry()
    for hours in (48, 12, 7):  # to come, from now on, and until now
        Policy.objects.create(in_force_from=NOW + (hours - 12) * HOUR, hold_hours=hours)

    with transaction.atomic():
        locked = lock_entry(entry.pk, now=NOW)

    assert fields_of(locked.policy) == fields_of(Policy.objects.in_force(NOW))
    assert locked.policy.hold_hours == 12


def test_messages_owed_by_hand_are_the_rows_that_django_would_save():
    entry = make_entry()
    kept = make_message(kind="appointments.accepted")
    owed = Owed(kept.kind, kept.expires_at, due_at=NOW + HOUR, key="new")
    user = entry.patient.user

    owe_each(owed, owed, subject=entry, to=user, now=NOW)  # the same fact, twice
    owe_each(subject=entry, to=user, now=NOW)

    [added] = Message.objects.exclude(pk=kept.pk)
    given = {"key": f"{kept.kind}:{entry.pk}:new", "recipient": user}
    given |= {"about": f"appointments.waitlistentry:{entry.pk}", "created_at": NOW}
    given |= dict.fromkeys(("due_at", "try_at"), NOW + HOUR)
    given["worth_a_call"] = kind_of(kept.kind).worth_a_call
    like = Message(kind=kept.kind, expires_at=kept.expires_at, pk=added.pk, **given)
    like.message_id = added.message_id
    assert fields_of(added) == fields_of(like)


@pytest.mark.parametrize("act", [actions.book, actions.offer])
def test_a_time_that_is_given_is_kept_as_it_was_made(act):
    """What a statement says once for all visits is what these are made with."""
    _, [therapist], [room] = make_clinic()
    technique = make_technique()
    therapist.certifications.create(technique=technique)
    entry = make_entry(referral=make_referral(technique=technique))
    opening = opening_at(therapist, room, NOW + 2 * DAY)

    made = act(entry=entry, opening=opening, by=make_user(Role.SCHEDULER), now=NOW)

    assert fields_of(Appointment.objects.get(pk=made.pk)) == fields_of(made)
    assert made.technique == technique
    assert made.entry == entry
    assert made.replaces is None


@pytest.mark.parametrize("sent", [True, False])
@pytest.mark.parametrize("of_use", [True, False])
def test_a_locked_entry_says_whether_there_are_words_to_withdraw(sent, of_use):
    entry = make_entry()
    made = make_message(subject=entry, kind="appointments.accepted")
    Message.objects.filter(pk=made.pk).update(
        worth_a_call=True,
        due_at=NOW - DAY,
        expires_at=NOW + HOUR if of_use else NOW - HOUR,
        sent_at=NOW - 2 * HOUR if sent else None,
    )

    with transaction.atomic():
        told_of = lock_entry(entry.pk, now=NOW).told_of
        Message.objects.void(about=made.about, now=NOW)

    made.refresh_from_db()
    assert told_of == (of_use or not sent)
    assert told_of == (made.voided_at is not None or not made.worth_a_call)


@pytest.mark.parametrize("waited", [9, 1])
def test_a_booking_is_two_messages_to_the_database(waited, django_assert_num_queries):
    """Each waits for an answer, and therapist and room are locked all that time."""
    _, [therapist], [room] = make_clinic()
    make_entry(waited_days=5)
    made = partial(actions.book, by=make_user(Role.SCHEDULER), now=NOW, terms=ANY_TURN)
    first, second = (opening_at(therapist, room, NOW + n * DAY) for n in (2, 3))
    made(entry=make_entry(waited_days=1), opening=first)  # from here on all is prepared
    entry = make_entry(waited_days=waited)

    with django_assert_num_queries(4):  # with the savepoint of the test around it
        made(entry=entry, opening=second)


@pytest.mark.parametrize("act", [actions.book, actions.offer])
def test_what_goes_ahead_of_a_visit_is_written_once_though_its_room_is_refused(act):
    """A lapsed offer has the room still, and nobody looks first: the database says."""
    _, [therapist], [room] = make_clinic()
    opening = opening_at(therapist, room, NOW + 2 * DAY)
    lapsed = make_appointment(
        room=room,
        therapist=therapist,
        status=Status.PROPOSED,
        starts_at=opening.starts_at,
        held_until=NOW,
    )
    make_entry(waited_days=20)
    entry = make_entry(waited_days=5)

    by = make_user(Role.SCHEDULER)
    made = act(entry=entry, opening=opening, by=by, now=NOW, terms=ANY_TURN)

    lapsed.refresh_from_db()
    assert lapsed.ending == Ending.LAPSED
    events = AuditEvent.objects.filter(
        record_type="appointments.appointment", record_id=str(made.pk)
    )
    said = Counter(events.values_list("action", flat=True))
    state = {actions.book: "booked", actions.offer: "offered"}[act]
    assert said == {"appointment.out_of_turn": 1, f"appointment.{state}": 1}
    assert GivenOutOfTurn.objects.get().appointment == made
    keys = Counter(Message.objects.filter(about=about(made)).values_list("key"))
    assert set(keys.values()) == {1}
    entry.refresh_from_db()
    assert entry.version == (2 if act is actions.book else 1)


def test_of_a_visit_that_no_room_is_left_for_nothing_is_written(monkeypatch):
    _, [therapist], [room] = make_clinic()
    opening = opening_at(therapist, room, NOW + 2 * DAY)
    entry, by = make_entry(), make_user(Role.SCHEDULER)
    monkeypatch.setattr(Supply, "rooms_for", lambda *_asked: [room.pk])
    make_appointment(room=room, starts_at=opening.starts_at)

    with pytest.raises(actions.TimeTaken):
        actions.book(entry=entry, opening=opening, by=by, now=NOW)

    entry.refresh_from_db()
    assert entry.status == EntryStatus.ACCEPTED
    assert not Message.objects.exists()
    assert not AuditEvent.objects.filter(action="appointment.booked").exists()


def test_what_is_refused_ahead_of_a_visit_is_told_by_its_own_name():
    """No room is looked for then: the visit itself was not refused."""
    _, [therapist], [room] = make_clinic()
    make_entry(waited_days=20)
    what = {"entry": make_entry(waited_days=5), "by": make_user(Role.SCHEDULER)}
    unknown = Terms(agreed=True, turn=Turn("unknown", "said"))

    with pytest.raises(IntegrityError, match="out_of_turn_reason_is_known"):
        actions.book(
            opening=opening_at(therapist, room, NOW + 2 * DAY),
            now=NOW,
            terms=unknown,
            **what,
        )


def test_an_offer_is_sent_with_all_that_speaks_of_it(django_assert_num_queries):
    _, [therapist], [room] = make_clinic()
    given = partial(actions.offer, by=make_user(Role.SCHEDULER), now=NOW)
    first, second = (opening_at(therapist, room, NOW + n * DAY) for n in (2, 3))
    given(entry=make_entry(), opening=first)  # from here on all is prepared
    entry = make_entry()

    with django_assert_num_queries(4):  # with the savepoint of the test around it
        given(entry=entry, opening=second)
