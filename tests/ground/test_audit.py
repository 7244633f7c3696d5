"""The trail of what was done and seen: whole, and beyond anybody's reach to change."""

from __future__ import annotations

import pytest
from django.db import InternalError, connection, transaction
from django.test import Client
from django.urls import reverse

from massage_portal.accounts.roles import Role
from massage_portal.audit.context import NOWHERE, Origin, origin
from massage_portal.audit.models import AuditEvent
from massage_portal.audit.record import event, record, record_all
from tests.factories import (
    DAY,
    NOW,
    PASSWORD,
    make_location,
    make_patient,
    make_referral,
    make_user,
)

pytestmark = pytest.mark.django_db

TABLE = AuditEvent._meta.db_table  # "audit_auditevent", as in the statements below
# What each trigger says when it refuses.
SAID_BY = {
    "append_only": "Cannot update or delete rows from audit_auditevent",
    "never_emptied": "the audit trail is never emptied",
}


@pytest.fixture(name="event")
def one_event():
    """One row of the trail."""
    record("page.seen", make_location(), by=None, at=NOW)
    return AuditEvent.objects.get(action="page.seen")


@pytest.fixture
def from_desk():
    """As if a request came from this address, known to the logs by this id."""
    token = origin.set(Origin(address="192.0.2.7", trace="a" * 32))
    yield
    origin.reset(token)


def raw(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)


ATTEMPTS = [
    pytest.param(
        "append_only",
        lambda: AuditEvent.objects.update(actor="somebody else"),
        id="update of all",
    ),
    pytest.param(
        "append_only",
        lambda: AuditEvent.objects.order_by("pk").last().save(),
        id="save again",
    ),
    pytest.param(
        "append_only",
        lambda: AuditEvent.objects.all().delete(),
        id="delete of all",
    ),
    pytest.param(
        "append_only",
        lambda: raw("UPDATE audit_auditevent SET at = at"),
        id="an update in SQL that changes nothing",
    ),
    pytest.param(
        "append_only", lambda: raw("DELETE FROM audit_auditevent"), id="a delete in SQL"
    ),
    pytest.param(
        "never_emptied", lambda: raw("TRUNCATE audit_auditevent"), id="a truncate"
    ),
    pytest.param(
        "never_emptied",
        lambda: raw("TRUNCATE audit_auditevent RESTART IDENTITY CASCADE"),
        id="a truncate that would take all along",
    ),
]


@pytest.mark.parametrize(("trigger", "attempt"), ATTEMPTS)
def test_the_database_itself_keeps_the_trail_as_it_was_written(event, trigger, attempt):
    before = list(AuditEvent.objects.order_by("pk").values())

    with (
        pytest.raises(InternalError, match=SAID_BY[trigger]) as refusal,
        transaction.atomic(),
    ):
        attempt()

    assert trigger in refusal.value.__cause__.diag.context
    assert list(AuditEvent.objects.order_by("pk").values()) == before != []


def test_rows_are_added_all_the_same(event):
    """So the guards above refuse changes, and not every statement."""
    record("page.seen", make_location(), by=None, at=NOW)
    assert AuditEvent.objects.filter(action="page.seen").count() == 2


def test_the_trail_outlives_what_it_speaks_of():
    """A foreign key would bind the trail to rows that may go."""
    linked = [f.name for f in AuditEvent._meta.get_fields() if f.is_relation]
    assert linked == []
    with connection.cursor() as cursor:
        keys = connection.introspection.get_relations(cursor, TABLE)
    assert keys == {}

    place = make_location()
    record("location.seen", place, by=None, at=NOW)
    key = str(place.pk)
    place.delete()
    assert AuditEvent.objects.get(action="location.seen").record_id == key


def test_a_row_keeps_who_what_whose_when_and_from_where(from_desk):
    staff = make_user(Role.STAFF)
    referral = make_referral()

    record("referral.seen", referral, by=staff, at=NOW, change="active>on-hold")

    kept = AuditEvent.objects.values().get(action="referral.seen")
    del kept["id"]
    assert kept == {
        "at": NOW,
        "actor_id": staff.pk,
        "actor": staff.email,
        "action": "referral.seen",
        "record_type": "referrals.referral",
        "record_id": str(referral.pk),
        "patient_id": referral.patient_id,
        "change": "active>on-hold",
        "address": "192.0.2.7",
        "trace": "a" * 32,
        "by_telephone": False,
        "by_link": False,
    }


def test_what_nobody_asked_for_is_the_systems_own_and_from_nowhere():
    record("page.seen", make_location(), by=None, at=NOW)

    kept = AuditEvent.objects.get(action="page.seen")

    assert origin.get() == NOWHERE
    assert (kept.actor_id, kept.actor) == (None, "system")
    assert (kept.address, kept.trace) == (None, "")


def test_a_patients_own_record_is_theirs_and_a_place_is_nobodys():
    patient, place = make_patient(), make_location()

    record("patient.seen", patient, by=None, at=NOW)
    record("place.seen", place, by=None, at=NOW)

    whose = dict(AuditEvent.objects.values_list("action", "patient_id"))
    assert whose["patient.seen"] == patient.pk
    assert whose["place.seen"] is None


def test_a_list_that_was_seen_leaves_a_row_for_each_in_one_statement(
    from_desk, django_assert_num_queries
):
    patients = [make_patient(account=False) for _ in range(3)]
    staff = make_user(Role.STAFF)

    with django_assert_num_queries(1):
        record_all("patient.listed", patients, by=staff, at=NOW)

    kept = AuditEvent.objects.filter(action="patient.listed", actor_id=staff.pk)
    assert {one.patient_id for one in kept} == {one.pk for one in patients}
    assert {one.address for one in kept} == {"192.0.2.7"}


def test_a_row_written_by_hand_is_the_row_that_django_would_save(from_desk):
    of = {"by": make_user(Role.STAFF), "at": NOW, "change": "proposed>booked"}
    patient = make_patient()

    record("patient.seen", patient, **of)
    saved = event("patient.seen", patient, **of)
    saved.save()

    rows = AuditEvent.objects.filter(action="patient.seen").values()
    [one, other] = [row | {"id": None} for row in rows]
    assert one == other


def test_a_change_that_is_too_long_is_cut_rather_than_lost():
    record("page.seen", make_location(), by=None, at=NOW, change="x" * 201)
    assert AuditEvent.objects.get(action="page.seen").change == "x" * 200


def test_a_row_is_kept_or_lost_together_with_what_it_speaks_of():
    with transaction.atomic():
        record("page.seen", make_location(), by=None, at=NOW)
        transaction.set_rollback(True)

    assert not AuditEvent.objects.filter(action="page.seen").exists()


def test_reading_the_trail_leaves_a_row_with_the_address_it_was_read_from():
    auditor = make_user(Role.AUDITOR)
    client = Client(REMOTE_ADDR="192.0.2.9")
    client.force_login(auditor)

    assert client.get(reverse("audit:trail"), {"patient": "7"}).status_code == 200

    kept = AuditEvent.objects.get(action="audit.read")
    assert (kept.actor_id, kept.actor) == (auditor.pk, auditor.email)
    assert (kept.patient_id, kept.address) == (7, "192.0.2.9")


def test_the_auditor_finds_rows_by_patient_person_deed_and_day():
    auditor, staff = make_user(Role.AUDITOR), make_user(Role.STAFF)
    first, second = make_patient(account=False), make_patient(account=False)
    record("patient.seen", first, by=staff, at=NOW)
    record("patient.added", second, by=None, at=NOW - DAY)
    client = Client()
    client.force_login(auditor)

    def found(**filters):
        page = client.get(reverse("audit:trail"), filters).context["page"]
        rows = page.object_list
        return {row.action for row in rows if row.action.startswith("patient.")}

    assert found() == {"patient.seen", "patient.added"}
    assert found(patient=first.pk) == {"patient.seen"}
    assert found(who=staff.email.upper(), what="patient") == {"patient.seen"}
    assert found(what="patient.add") == {"patient.added"}
    assert found(day="2026-10-13") == {"patient.added"}
    assert found(day="2026-10-14", what="patient") == {"patient.seen"}


@pytest.mark.parametrize(
    "filters",
    [
        {"day": "yesterday"},
        {"patient": "9" * 30},
        {"who": "x" * 10_000},
        {"what": "\0"},
    ],
)
def test_a_filter_that_makes_no_sense_is_an_error_on_the_page_and_is_recorded(filters):
    client = Client()
    client.force_login(make_user(Role.AUDITOR))

    assert client.get(reverse("audit:trail"), filters).status_code == 422

    assert AuditEvent.objects.filter(action="audit.read").count() == 1


def test_no_password_and_no_name_ever_enters_the_trail():
    patient = make_patient(given_name="Juniper", family_name="Canary-of-the-trail")
    record("patient.added", patient, by=patient.user, at=NOW)

    text = str(list(AuditEvent.objects.values()))

    assert "Canary-of-the-trail" not in text
    assert PASSWORD not in text
