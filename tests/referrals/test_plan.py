"""The treatment plan: each change a version, each version signed by two people."""

from __future__ import annotations

import pgtrigger
import pytest
from django.db import IntegrityError, InternalError, transaction
from django.urls import reverse

from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from referrals import actions
from referrals.codes import Status
from referrals.models import TreatmentPlan
from tests.factories import (
    DAY,
    NOW,
    make_provider,
    make_referral,
    make_technique,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def staff(client):
    user = make_user(Role.STAFF, name="Sam Staff-Testwell")
    client.force_login(user)
    return user


@pytest.fixture
def sender():
    return make_user(Role.PROVIDER, name="Rowan Sampleton")


@pytest.fixture
def referral(sender):
    """A referral in force, with the first version of its plan."""
    referral = make_referral(
        provider=make_provider(user=sender), sessions=6, goals="Walk a mile."
    )
    actions.begin_plan(referral=referral, by=None, now=NOW - DAY)
    return referral


def page(referral):
    return reverse("referrals:plan", args=[referral.pk])


def newest(referral):
    return referral.plans.newest_first().first()


def filled(referral, **changes):
    form = {
        "seen": referral.version,
        "sessions": referral.sessions,
        "interval_days": referral.interval_days,
        "technique": "",
        "goals": referral.goals,
        "note": "The patient tires soon.",
    }
    return form | changes


def change(referral, *, by, **said):
    fields = {"technique": None, "sessions": 6, "interval_days": 7, "goals": ""}
    return actions.change_the_plan(
        referral=referral,
        planned=actions.Planned(**fields | said),
        note="Because.",
        seen=referral.version,
        by=by,
        now=NOW,
    )


def sign(plan, by):
    return actions.sign_plan(plan=plan, by=by, now=NOW)


def test_a_change_is_a_new_version_and_the_old_one_stays(client, staff, referral):
    technique = make_technique(name="Slow strokes")

    answer = client.post(
        page(referral), filled(referral, sessions="4", technique=technique.pk)
    )

    assert answer.status_code == 302
    referral.refresh_from_db()
    assert (referral.sessions, referral.technique) == (4, technique)
    assert (referral.version, referral.changed_by) == (2, staff)
    second, first = referral.plans.newest_first()
    assert (first.number, first.sessions, first.technique) == (1, 6, None)
    assert (second.number, second.sessions, second.technique) == (2, 4, technique)
    assert (second.note, second.made_by) == ("The patient tires soon.", staff)


def test_the_trail_names_the_fields_and_not_the_words(client, staff, referral):
    client.post(page(referral), filled(referral, goals="Sleep.", interval_days="14"))

    event = AuditEvent.objects.get(action="plan.changed")
    assert (event.change, event.actor_id) == ("goals,interval_days", staff.pk)
    assert event.patient_id == referral.patient_id


def test_what_changes_nothing_makes_no_version(client, staff, referral):
    answers = [client.post(page(referral), filled(referral)) for _ in range(2)]
    said = client.get(page(referral)).content.decode()
    assert "You changed nothing" in said
    assert "The plan is saved" not in said

    assert [one.status_code for one in answers] == [302, 302]
    assert referral.plans.count() == 1
    assert not AuditEvent.objects.filter(action="plan.changed").exists()


def test_a_referral_without_a_plan_gets_its_first_one(client, staff):
    referral = make_referral()

    client.post(page(referral), filled(referral))

    assert newest(referral).number == 1


def test_a_form_sent_twice_makes_one_version(client, staff, referral):
    form = filled(referral, sessions="3")

    answers = [client.post(page(referral), form).status_code for _ in range(2)]

    assert answers == [302, 302]
    assert referral.plans.count() == 2


def test_the_second_of_two_is_told_who_and_loses_nothing(client, staff, referral):
    form = filled(referral, sessions="3")
    first = make_user(Role.STAFF, name="Ada First-Testwell")
    change(referral, by=first, sessions=9, goals="Walk a mile.")

    answer = client.post(page(referral), form)

    text = answer.content.decode()
    assert answer.status_code == 409
    assert "Ada First-Testwell changed this referral" in text
    assert 'value="3"' in text
    assert newest(referral).sessions == 9
    assert client.post(page(referral), form | {"seen": "2"}).status_code == 302
    assert newest(referral).sessions == 3


@pytest.mark.parametrize("status", ["revoked", "completed", "entered-in-error"])
def test_what_has_ended_keeps_its_plan(client, staff, sender, status):
    referral = make_referral(status=status, provider=make_provider(user=sender))
    actions.begin_plan(referral=referral, by=None, now=NOW)

    assert (
        client.post(page(referral), filled(referral, sessions="3")).status_code == 409
    )
    assert "Save as a new version" not in client.get(page(referral)).content.decode()
    with pytest.raises(actions.Ended, match="has ended"):
        sign(newest(referral), sender)
    assert referral.plans.get().provider_signed_at is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sessions", "0"),
        ("sessions", "61"),
        ("sessions", "many"),
        ("interval_days", "366"),
        ("technique", "999999"),
        ("goals", "g" * 1001),
        ("note", ""),
        ("note", "n" * 301),
        ("seen", "0"),
    ],
)
def test_bad_input_is_refused_and_nothing_is_kept(
    client, staff, referral, field, value
):
    answer = client.post(page(referral), filled(referral, **{field: value}))

    assert answer.status_code == 422
    assert referral.plans.count() == 1


def test_staff_see_every_version_with_who_signed_it(client, staff, sender, referral):
    sign(newest(referral), sender)
    change(referral, by=staff, sessions=4)

    text = client.get(page(referral)).content.decode()

    assert text.index("Version 2") < text.index("Version 1")
    assert "Signed by <bdi>Rowan Sampleton</bdi>" in text
    assert text.count("Not signed yet") == 3
    shown = client.get(reverse("referrals:referral", args=[referral.pk]))
    assert "Version 2" in shown.content.decode()
    assert "Version 1" not in shown.content.decode()


def test_who_only_reads_referrals_changes_no_plan(client, referral):
    client.force_login(make_user(Role.SCHEDULER))

    assert client.get(page(referral)).status_code == 200
    answer = client.post(page(referral), filled(referral, sessions="3"))

    assert answer.status_code == 403
    assert referral.plans.count() == 1


def test_provider_and_therapist_each_sign_as_what_they_are(sender, referral):
    therapist = make_user(Role.THERAPIST)

    sign(newest(referral), sender)
    sign(newest(referral), therapist)

    signed = newest(referral)
    assert (signed.provider_signed_by, signed.provider_signed_at) == (sender, NOW)
    assert (signed.therapist_signed_by, signed.therapist_signed_at) == (therapist, NOW)
    events = AuditEvent.objects.filter(action="plan.signed").order_by("pk")
    assert [(one.actor_id, one.change, one.patient_id) for one in events] == [
        (sender.pk, "1 provider", referral.patient_id),
        (therapist.pk, "1 therapist", referral.patient_id),
    ]


def test_signing_twice_is_signing_once(sender, referral):
    for _ in range(2):
        sign(newest(referral), sender)

    assert AuditEvent.objects.filter(action="plan.signed").count() == 1


def test_only_the_newest_version_can_be_signed(staff, sender, referral):
    old = newest(referral)
    change(referral, by=staff, sessions=4)

    with pytest.raises(actions.NewerVersion, match="A newer version exists"):
        sign(old, sender)

    assert not TreatmentPlan.objects.exclude(provider_signed_at=None).exists()


def test_nobody_else_signs(staff, referral):
    other = make_provider(user=make_user(Role.PROVIDER))
    for stranger in (staff, other.user, make_user(Role.SCHEDULER)):
        with pytest.raises(actions.NotTheirs):
            sign(newest(referral), stranger)


def test_one_person_who_is_both_signs_as_the_provider_only():
    both = make_user(Role.PROVIDER, Role.THERAPIST)
    referral = make_referral(provider=make_provider(user=both))
    actions.begin_plan(referral=referral, by=None, now=NOW)

    for _ in range(2):
        sign(newest(referral), both)

    signed = newest(referral)
    assert (signed.provider_signed_by, signed.therapist_signed_by) == (both, None)


def test_who_signed_as_therapist_cannot_sign_as_provider_later():
    both = make_user(Role.PROVIDER, Role.THERAPIST)
    referral = make_referral()
    actions.begin_plan(referral=referral, by=None, now=NOW)
    sign(newest(referral), both)
    referral.provider = make_provider(user=both)
    referral.save(update_fields=["provider"])

    with pytest.raises(actions.NotTheirs, match="have signed this version"):
        sign(newest(referral), both)


def test_another_provider_is_asked_to_sign_anew(staff, sender, referral):
    """A signature of who is not the referral's provider must not count."""
    sign(newest(referral), sender)
    names = actions.Order.__dataclass_fields__
    said = {name: getattr(referral, name) for name in names}
    said |= {"provider": make_provider(), "other_diagnoses": ()}
    actions.correct_referral(
        referral=referral, order=actions.Order(**said), seen=1, by=staff, now=NOW
    )

    assert (newest(referral).number, newest(referral).provider_signed_at) == (2, None)


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("plan_number_is_unique", {"number": 1}),
        ("plan_has_1_to_60_sessions", {"sessions": 0}),
        ("plan_has_1_to_60_sessions", {"sessions": 61}),
        ("plan_interval_is_1_to_365_days", {"interval_days": 0}),
        ("plan_interval_is_1_to_365_days", {"interval_days": 366}),
        ("plan_provider_signature_is_whole", {"provider_signed_at": NOW}),
        ("plan_provider_signature_is_whole", {"provider_signed_by": "one"}),
        ("plan_therapist_signature_is_whole", {"therapist_signed_at": NOW}),
        ("plan_therapist_signature_is_whole", {"therapist_signed_by": "one"}),
        (
            "plan_is_signed_by_two",
            {
                "provider_signed_at": NOW,
                "provider_signed_by": "one",
                "therapist_signed_at": NOW,
                "therapist_signed_by": "one",
            },
        ),
    ],
)
def test_the_database_refuses_a_plan_that_cannot_be(referral, sender, name, fields):
    fields = {key: sender if value == "one" else value for key, value in fields.items()}
    said = {"number": 2, "sessions": 6, "interval_days": 7, "made_at": NOW}

    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        TreatmentPlan.objects.create(referral=referral, **said | fields)

    assert referral.plans.count() == 1


def test_no_version_is_ever_deleted(referral):
    plans = TreatmentPlan.objects.all()
    with pytest.raises(InternalError, match="Cannot delete"), transaction.atomic():
        plans.delete()

    with pgtrigger.ignore("referrals.TreatmentPlan:plan_is_kept"):
        assert plans.delete()[0] == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number", 5),
        ("sessions", 5),
        ("interval_days", 5),
        ("goals", "Other goals."),
        ("note", "Another note."),
        ("made_at", NOW + DAY),
    ],
)
def test_what_a_version_says_is_never_changed(referral, field, value):
    plans = TreatmentPlan.objects.all()
    with pytest.raises(InternalError, match="Cannot update"), transaction.atomic():
        plans.update(**{field: value})

    with pgtrigger.ignore("referrals.TreatmentPlan:plan_words_are_kept"):
        assert plans.update(**{field: value}) == 1


def test_what_a_version_belongs_to_is_never_changed(staff, referral):
    fields = {"referral": make_referral(), "technique": make_technique()}
    for field, value in (fields | {"made_by": staff}).items():
        with pytest.raises(InternalError, match="Cannot update"), transaction.atomic():
            TreatmentPlan.objects.update(**{field: value})


def test_a_version_on_hold_can_be_signed(sender, referral):
    referral.status = Status.ON_HOLD
    referral.save(update_fields=["status"])

    assert sign(newest(referral), sender).provider_signed_by == sender
