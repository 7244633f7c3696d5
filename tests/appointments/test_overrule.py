"""A person moves somebody up or down: for a while, with a reason, and in the open."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from appointments import actions
from appointments.models import Overrule, Policy, Supply, WaitlistEntry
from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    make_category,
    make_clinic,
    make_entry,
    make_overrule,
    make_target,
    make_user,
)

pytestmark = pytest.mark.django_db
QUEUE = reverse("appointments:queue")


@pytest.fixture
def staff(client, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    client.force_login(make_user(Role.SCHEDULER, name="Teasel Timewell"))
    return client


def line(now=NOW):
    """Return the line by SQL, after seeing that Python and the reads agree with it."""
    ranked = list(
        WaitlistEntry.objects.waiting().in_order_of_need(now=now, exponent=3.0)
    )
    for place, entry in enumerate(ranked):
        fresh = WaitlistEntry.objects.get(pk=entry.pk)
        why = fresh.explain(now=now, exponent=3.0)
        assert entry.explain(now=now, exponent=3.0) == why
        assert entry.day_adds == pytest.approx(why.day_adds, rel=1e-9)
        same = {"now": now, "exponent": 3.0}
        assert WaitlistEntry.objects.ahead_of(fresh, **same) == place
        adds = entry.day_adds
        assert WaitlistEntry.objects.before(fresh, day_adds=adds, **same) == place
    return [entry.pk for entry in ranked]


def set_aside(entry, days, *, by=None, until=NOW + 7 * DAY, version=1, **more):
    values = {"reason": "Surgery next week.", "now": NOW} | more
    return actions.overrule(
        entry=entry,
        target_days=Decimal(days),
        ends_at=until,
        version=version,
        by=by or make_user(Role.LEAD),
        **values,
    )


@pytest.mark.parametrize(
    ("who", "days", "until", "places"),
    [
        pytest.param(2, 5, NOW + DAY, [2, 0, 1], id="up"),
        pytest.param(0, 700, NOW + DAY, [1, 2, 0], id="down"),
        pytest.param(2, 5, NOW, [0, 1, 2], id="ended this moment, by itself"),
    ],
)
def test_an_overrule_moves_one_and_only_while_it_lasts(who, days, until, places):
    made = [make_entry(waited_days=waited) for waited in (25, 20, 12)]
    make_overrule(made[who], days, ends_at=until)

    assert line() == [made[place].pk for place in places]


def test_what_counts_from_a_day_on_counts_everywhere_from_that_day_on():
    category, other = make_category(target_days=28), make_category(target_days=20)
    ours = make_entry(category=category, waited_days=10)
    theirs = make_entry(category=other, waited_days=10)
    make_target(category, 9, in_force_from=NOW + DAY)

    assert line(NOW) == [theirs.pk, ours.pk]
    assert line(NOW + DAY - timedelta(seconds=1)) == [theirs.pk, ours.pk]
    assert line(NOW + DAY) == [ours.pk, theirs.pk]
    assert ours.explain(now=NOW + DAY, exponent=3.0).target_days == 9


def test_the_next_offer_follows_an_overrule():
    make_clinic()
    make_entry(waited_days=20)
    moved = make_entry(waited_days=12)
    make_overrule(moved, 5)
    supply = Supply.ahead(now=NOW, policy=Policy.objects.in_force(NOW))

    assert supply.next_proposal().entry == moved


def test_an_overrule_keeps_the_clock_and_leaves_a_trail():
    lead, entry = make_user(Role.LEAD), make_entry(waited_days=12, need_score=50)
    received_at = entry.received_at

    made = set_aside(entry, "5.5", by=lead)

    entry.refresh_from_db()
    assert (entry.received_at, entry.version) == (received_at, 2)
    assert (made.computed_days, made.is_up, made.by) == (Decimal(21), True, lead)
    event = AuditEvent.objects.get(action="request.overruled")
    assert event.patient_id == entry.patient_id
    assert event.change == "21.0>5.5 until 2026-10-21T15:00Z"


def test_pressed_twice_it_is_one_act_and_another_one_ends_the_first():
    lead, entry = make_user(Role.LEAD), make_entry()

    first = set_aside(entry, 5, by=lead)
    assert set_aside(entry, 5, by=lead) == first
    with pytest.raises(actions.ChangedMeanwhile):
        set_aside(entry, 6, by=lead)
    set_aside(entry, 6, by=lead, version=2, now=NOW + HOUR)

    first.refresh_from_db()
    assert first.ends_at == NOW + HOUR
    assert Overrule.objects.in_force(NOW + HOUR).get().target_days == 6


def test_ended_early_it_is_over_at_once_and_twice_is_once():
    lead, entry = make_user(Role.LEAD), make_entry()
    set_aside(entry, 5, by=lead)
    later = {"entry": entry, "by": lead, "now": NOW + HOUR}

    with pytest.raises(actions.ChangedMeanwhile):
        actions.end_overrule(version=1, **later)
    for _ in range(2):
        actions.end_overrule(version=2, **later)

    assert not Overrule.objects.in_force(NOW + HOUR).exists()
    assert AuditEvent.objects.filter(action="request.overrule_ended").count() == 1


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"days": 28}, actions.ChangesNothing),
        ({"days": 5, "until": NOW + 90 * DAY + HOUR}, actions.TooLong),
        ({"days": 5, "until": NOW}, actions.TooLong),
    ],
)
def test_what_changes_nothing_or_lasts_too_long_is_refused(change, refusal):
    with pytest.raises(refusal):
        set_aside(make_entry(target_days=28), **change)
    assert not Overrule.objects.exists()


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"target_days": Decimal("0.9")}, "overrule_target_is_1_to_730_days"),
        ({"target_days": Decimal("730.1")}, "overrule_target_is_1_to_730_days"),
        ({"reason": ""}, "overrule_has_a_reason"),
        ({"ends_at": NOW - 2 * HOUR}, "overrule_runs_forward"),
        ({"ends_at": NOW + 90 * DAY}, "overrule_lasts_90_days_at_most"),
    ],
)
def test_the_database_itself_refuses(fields, name):
    values = {"target_days": 5} | fields
    with pytest.raises(IntegrityError, match=f'"{name}"'), transaction.atomic():
        make_overrule(make_entry(), **values)


def test_one_entry_has_one_overrule_at_a_time():
    entry = make_entry()
    make_overrule(entry, 5)
    with pytest.raises(IntegrityError, match='"overrule_one_at_a_time"'):
        make_overrule(entry, 6, starts_at=NOW)


def form_of(entry, **fields):
    values = {"target_days": "5", "reason": "A fall."} | last_day(2026, 10, 20)
    return values | {"version": entry.version} | fields


def last_day(year, month, day):
    boxes = {"month": month, "day": day, "year": year}
    return {f"last_day_{box}": str(typed) for box, typed in boxes.items()}


def address_of(entry, name="overrule"):
    return reverse(f"appointments:{name}", args=[entry.pk])


def test_the_new_rank_is_shown_before_anything_is_done_and_then_the_row_tells(staff):
    make_entry(waited_days=20)
    entry = make_entry(waited_days=12)

    page = staff.post(address_of(entry), form_of(entry, preview="yes")).text
    assert "Now number 2 of 2; with this target number 1." in page
    for box, typed in last_day(2026, 10, 20).items():  # what was typed stays
        assert f'name="{box}" value="{typed}"' in page
    assert not Overrule.objects.exists()

    done = staff.post(address_of(entry), form_of(entry))
    assert done.status_code == 302
    assert done["Location"] == f"{QUEUE}?page=1&entry={entry.pk}#entry-{entry.pk}"
    board = staff.get(QUEUE).text
    assert "Moved up by Teasel Timewell through Oct 20: A fall." in board
    assert "set by a person; computed are 28.0" in board


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"reason": " "}, "Reason"),
        (last_day(2027, 10, 20), "not after Jan. 11, 2027."),
        (last_day(2026, 10, 13), "not before Oct. 14, 2026."),
        ({"target_days": "0"}, "greater than or equal to 1"),
        ({"target_days": "28"}, "this would change nothing"),
        ({"target_days": "9" * 400}, "digits"),
    ],
)
def test_a_fault_stands_at_its_field_and_nothing_is_done(staff, fields, said):
    entry = make_entry()
    page = staff.post(address_of(entry), form_of(entry, **fields))
    assert page.status_code == 422
    assert said in page.text
    assert not Overrule.objects.exists()


def test_a_decision_made_beside_a_refused_overrule_goes_to_triage(staff):
    entry = make_entry()
    page = staff.post(address_of(entry), form_of(entry, target_days="0")).text
    assert f'action="{address_of(entry, "triage")}" class="form"' in page


def test_a_stale_page_overwrites_nothing_and_can_be_sent_again(staff):
    entry = make_entry()
    WaitlistEntry.objects.update(version=7)

    stale = staff.post(address_of(entry), form_of(entry))
    assert stale.status_code == 409
    assert "Somebody changed this request" in stale.text
    entry.refresh_from_db()
    assert staff.post(address_of(entry), form_of(entry)).status_code == 302

    end = address_of(entry, "end_overrule")
    assert staff.post(end, {"version": "9" * 5000}).status_code == 302  # no version
    assert Overrule.objects.in_force(NOW).exists()
    over = staff.post(end, {"version": "8"}, follow=True)
    assert "The computed target counts again." in over.text
    assert not Overrule.objects.in_force(NOW).exists()


@pytest.mark.parametrize(("days", "word"), [(5, "sooner"), (90, "longer")])
def test_the_patient_reads_that_a_clinician_judged_and_no_name(
    client, monkeypatch, days, word
):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    entry = make_entry(waited_days=3)
    make_overrule(
        entry, days, by=make_user(Role.LEAD, name="Laurel Lead"), reason="Secret words"
    )
    client.force_login(entry.patient.user)

    page = client.get(reverse("appointments:standing", args=[entry.pk])).text

    assert "a clinician judged" in page
    assert word in page
    assert "Laurel" not in page
    assert "Secret words" not in page
