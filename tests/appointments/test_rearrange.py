"""A therapist stops, falls ill or loses a certificate: what becomes of each visit."""

from __future__ import annotations

import pytest

from appointments import actions
from appointments.actions.capacity import Change, HitsNobodySaw, change_capacity
from appointments.actions.hours import add_time_off
from appointments.codes import Ending, EntryStatus, Status
from appointments.models import Appointment, Policy, Supply
from appointments.models.displaced import displaced, instead
from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from tests.appointments.pages import signed_in, url
from tests.factories import (
    DAY,
    NOW,
    TODAY,
    at,
    certify,
    make_appointment,
    make_clinic,
    make_entry,
    make_referral,
    make_technique,
    make_user,
    opening_at,
)
from tests.turns import ANY_TURN

pytestmark = pytest.mark.django_db
TOMORROW = TODAY + DAY
HOURS = {"hours": ("08:00", "20:00"), "days": range(7)}


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


def to_rearrange():
    return displaced(Appointment.objects.all(), now=NOW)


def ahead():
    return Supply.ahead(now=NOW, policy=Policy.objects.in_force(NOW))


def change(write, *, therapist, keep=(), **what):
    """Make a change of capacity, once its hits were looked at."""
    by = make_user(Role.LEAD)
    asked = {
        "change": Change(
            lambda **who: write(therapist=therapist, **what, **who),
            therapist.location,
            therapist,
        ),
        "keep": keep,
        "by": by,
        "now": NOW,
    }
    with pytest.raises(HitsNobodySaw) as told:
        change_capacity(seen=[], **asked)
    return change_capacity(seen=[hit.key for hit in told.value.hits], **asked)


def test_eight_visits_of_a_therapist_who_falls_ill_each_have_a_next_step():
    _place, (ill, well), (room, other) = make_clinic(therapists=2, rooms=2, **HOURS)
    visits = [
        make_appointment(
            therapist=ill, room=room, starts_at=at(TOMORROW, f"{8 + number:02}:00")
        )
        for number in range(8)
    ]
    busy = at(TOMORROW, "10:00")
    make_appointment(therapist=well, room=other, starts_at=busy)

    settled = change(
        add_time_off,
        therapist=ill,
        starts_at=None,
        ends_at=NOW + 3 * DAY,
        reason="Ill",
    )

    assert (settled.canceled, settled.kept) == (8, 0)
    found = to_rearrange()
    assert [one.visit.pk for one in found] == [one.pk for one in visits]
    assert {one.visit.entry.status for one in found} == {EntryStatus.ACCEPTED}
    supply = ahead()
    for one in found:
        free = instead(one, supply)
        same = [] if one.visit.starts_at == busy else [well.pk]
        assert [opening.therapist for opening in free.same_time] == same
        assert free.soonest.therapist == well.pk

    page = signed_in(make_user(Role.SCHEDULER)).get(url("to_rearrange"))
    text = page.content.decode()
    for visit in visits:
        assert url("propose", visit.entry_id) in text
        assert url("caller", visit.patient_id) in text
    assert text.count("is free at the same time.") == 7
    assert AuditEvent.objects.filter(action="appointment.listed").count() == 8


def test_a_visit_that_is_offered_again_or_booked_again_is_arranged():
    _place, (ill, well), (room, _other) = make_clinic(therapists=2, rooms=2, **HOURS)
    by = make_user(Role.SCHEDULER)
    visits = [
        make_appointment(
            therapist=ill, room=room, starts_at=at(TOMORROW, f"{8 + number:02}:00")
        )
        for number in range(2)
    ]
    for visit in visits:
        actions.cancel(appointment=visit, ending=Ending.BY_CLINIC, by=by, now=NOW)
    first, second = visits
    assert len(to_rearrange()) == 2

    opening = opening_at(well, room, first.starts_at)
    made = actions.offer(entry=first.entry, opening=opening, by=by, now=NOW)
    assert [one.visit for one in to_rearrange()] == [second]

    actions.decline(appointment=made, by=first.patient.user, now=NOW)
    assert [one.visit for one in to_rearrange()] == [first, second]

    opening = opening_at(well, room, second.starts_at)
    actions.book(entry=second.entry, opening=opening, by=by, now=NOW, terms=ANY_TURN)
    assert [one.visit for one in to_rearrange()] == [first]


@pytest.mark.parametrize(
    ("ending", "days_ago", "listed"),
    [
        (Ending.BY_CLINIC, 29, True),
        (Ending.BY_CLINIC, 31, False),
        (Ending.BY_PATIENT, 1, False),
    ],
)
def test_only_what_the_clinic_canceled_lately_is_listed(ending, days_ago, listed):
    make_appointment(
        status=Status.CANCELLED,
        entry=make_entry(),
        ending=ending,
        ended_at=NOW - days_ago * DAY,
    )

    assert len(to_rearrange()) == listed


def test_a_visit_kept_outside_of_hours_stays_listed_as_booked():
    _place, (ill, well), (room, _other) = make_clinic(therapists=2, rooms=2, **HOURS)
    visit = make_appointment(therapist=ill, room=room, starts_at=at(TOMORROW, "08:00"))

    change(
        add_time_off,
        therapist=ill,
        keep=[visit.pk],
        starts_at=None,
        ends_at=NOW + 3 * DAY,
        reason="Ill",
    )

    [one] = to_rearrange()
    assert (one.visit, one.is_booked) == (visit, True)
    assert str(one.why) == "The therapist is off then."
    free = instead(one, ahead())
    assert free.same_time == []  # the patient is booked then
    assert free.soonest.therapist == well.pk


def test_who_stops_giving_massage_and_whose_certificate_ends_are_listed_with_why():
    technique = make_technique()
    _place, (one, two), (room, other) = make_clinic(therapists=2, rooms=2, **HOURS)
    certificate = certify(two, technique)
    stopped = make_appointment(
        therapist=one, room=room, starts_at=at(TOMORROW, "08:00")
    )
    ended = make_appointment(
        therapist=two,
        room=other,
        starts_at=at(TOMORROW, "09:00"),
        technique=technique,
        entry=make_entry(referral=make_referral(technique=technique)),
    )
    assert to_rearrange() == []

    one.active = False
    one.save(update_fields=["active"])
    certificate.valid_until = TODAY
    certificate.save(update_fields=["valid_until"])

    assert [(each.visit, str(each.why)) for each in to_rearrange()] == [
        (stopped, "The therapist or the place gives no massage any more."),
        (ended, "The therapist's certificate has ended by then."),
    ]


def test_where_no_time_fits_the_page_says_to_call():
    _place, [therapist], [room] = make_clinic(**HOURS)
    visit = make_appointment(
        therapist=therapist, room=room, starts_at=at(TOMORROW, "08:00")
    )
    therapist.active = False
    therapist.save(update_fields=["active"])

    page = signed_in(make_user(Role.SCHEDULER)).get(url("to_rearrange"))

    text = page.content.decode()
    assert "No free time fits. Call, and ask what else would suit." in text
    assert url("propose", visit.entry_id) not in text
    assert url("caller", visit.patient_id) in text


def test_the_page_asks_as_many_questions_for_many_as_for_few(
    django_assert_max_num_queries,
):
    _place, (ill, _well), (room, _other) = make_clinic(therapists=2, rooms=2, **HOURS)
    browser = signed_in(make_user(Role.SCHEDULER))
    for number in range(30):
        starts_at = at(TOMORROW + (number // 10) * DAY, f"{8 + number % 10:02}:00")
        make_appointment(therapist=ill, room=room, starts_at=starts_at)
    ill.active = False
    ill.save(update_fields=["active"])

    with django_assert_max_num_queries(32):
        page = browser.get(url("to_rearrange"))

    assert len(page.context["rows"]) == 25
    assert len(browser.get(url("to_rearrange"), {"page": 2}).context["rows"]) == 5


@pytest.mark.parametrize("name", ["queue", "capacity"])
def test_queue_and_capacity_lead_to_it(name):
    page = signed_in(make_user(Role.SCHEDULER)).get(url(name))

    assert f'href="{url("to_rearrange")}"' in page.content.decode()
