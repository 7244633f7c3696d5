"""A patient's record is put right, and a fresh link is sent."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial

import pytest
from django.test import Client

from massage_portal.accounts.models import Invitation
from massage_portal.accounts.roles import Role
from massage_portal.outbox.models import Message
from referrals import actions
from referrals.actions import Details
from referrals.models import Patient
from tests.factories import DAY, NOW, make_patient, make_user
from tests.threads import errors, together, won
from tests.trail import owed, trail

BORN = date(1985, 3, 14)


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def staff(db):
    return browser(make_user(Role.STAFF, name="Fern Firstly"))


def browser(user):
    client = Client()
    client.user = user
    client.force_login(user)
    return client


def known(**fields):
    values = {"given_name": "Juniper", "family_name": "Rivera", "birth_date": BORN}
    return make_patient(**values | fields)


def invited(**fields):
    """Return a patient who has an account and no password yet."""
    patient = known(**fields)
    patient.user.set_unusable_password()
    patient.user.save()
    return patient


def form(patient, **changes):
    filled = {
        "given_name": patient.given_name,
        "family_name": patient.family_name,
        "birth_date_month": "3",
        "birth_date_day": "14",
        "birth_date_year": "1985",
        "phone": str(patient.phone),
        "email": patient.user.email if patient.user else "",
        "language": "en",
        "seen": str(patient.version),
    }
    return filled | changes


def edit(patient):
    return f"/patients/{patient.pk}/edit/"


def link(patient):
    return f"/patients/{patient.pk}/link/"


def test_what_was_not_changed_is_not_said_to_be_saved(staff):
    patient = known()

    page = staff.post(edit(patient), form(patient), follow=True).content.decode()

    assert "You changed nothing" in page
    assert "is saved" not in page


def test_each_field_is_put_right_and_the_trail_names_it_without_what_it_said(staff):
    patient = known()
    changes = {"given_name": "June", "phone": "507-555-0199", "language": "es"}
    changes |= {"birth_date_day": "15", "email": "june@example.org"}

    answer = staff.post(edit(patient), form(patient, **changes))

    assert answer["Location"] == f"/patients/{patient.pk}/"
    patient = Patient.objects.get()
    assert (patient.given_name, patient.birth_date) == ("June", date(1985, 3, 15))
    assert patient.phone == "+15075550199"
    assert patient.user.email == "june@example.org"
    assert patient.user.language == "es"
    assert patient.version == 2
    [*_, done] = [row for row in trail(patient) if row[1] != "patient.seen"]
    what = "given_name,birth_date,phone,email,language"
    assert done == (staff.user.pk, "patient.corrected", patient.pk, what)


def test_nothing_changed_is_no_correction(staff):
    patient = known()

    assert staff.post(edit(patient), form(patient)).status_code == 302

    assert Patient.objects.get().version == 1
    assert "patient.corrected" not in {row[1] for row in trail(patient)}


def test_the_second_of_two_is_told_who_changed_what_and_loses_nothing(staff):
    patient = known()
    second = browser(make_user(Role.STAFF))
    drawn = form(patient)
    staff.post(edit(patient), drawn | {"given_name": "June"})

    answer = second.post(edit(patient), drawn | {"family_name": "Riviera"})

    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Fern Firstly changed this on" in page
    assert "given name" in page
    assert 'value="Riviera"' in page
    assert "June</bdi>" in page
    assert Patient.objects.get().family_name == "Rivera"
    again = drawn | {"family_name": "Riviera", "seen": "2", "given_name": "June"}
    assert 'name="seen" value="2"' in page
    assert second.post(edit(patient), again).status_code == 302
    assert str(Patient.objects.get()) == "June Riviera"


def test_an_address_that_is_added_makes_the_account_and_sends_the_link(staff):
    patient = known(account=False)
    drawn = staff.get(edit(patient)).content.decode()
    assert "makes an account, and sends a link" in drawn

    answer = staff.post(
        edit(patient), form(patient, email="New@Example.org"), follow=True
    )

    assert "a link to sign in is on its way" in answer.content.decode()
    user = Patient.objects.get().user
    assert (user.email, user.name) == ("new@example.org", "Juniper Rivera")
    assert [group.name for group in user.groups.all()] == [Role.PATIENT]
    [kind] = [kind for kind, _due in owed(Invitation.objects.get(user=user))]
    assert kind == "referrals.invitation"


def test_a_wrong_address_put_right_ends_the_link_that_went_there(staff):
    patient = invited()
    actions.send_link(patient=patient, by=staff.user, now=NOW - DAY)
    old = Invitation.objects.get()

    staff.post(edit(patient), form(patient, email="right@example.org"))

    old.refresh_from_db()
    assert old.withdrawn_at == NOW
    assert Invitation.objects.usable(NOW).count() == 1


@pytest.mark.django_db
def test_who_chose_a_password_is_sent_no_link_to_a_new_address(staff):
    patient = known()

    staff.post(edit(patient), form(patient, email="other@example.org"))

    assert not Invitation.objects.exists()


def test_an_account_keeps_an_address_and_shares_none(staff):
    patient, other = known(), make_patient()

    empty = staff.post(edit(patient), form(patient, email=""))
    taken = staff.post(edit(patient), form(patient, email=other.user.email.upper()))

    for answer in (empty, taken):
        assert answer.status_code == 422
        assert 'id="id_email_error"' in answer.content.decode()
    with pytest.raises(actions.AddressNeeded):
        correct(patient, by=staff.user, email="")
    assert Patient.objects.get(pk=patient.pk).version == 1


def correct(patient, *, by, **changes):
    values = vars(actions.details_of(patient)) | changes
    return actions.correct_patient(
        patient=patient, details=Details(**values), seen=1, by=by, now=NOW
    )


@pytest.mark.usefixtures("committed")
def test_of_eight_who_correct_at_once_one_does_and_seven_are_told():
    staff, patient = make_user(Role.STAFF), known()

    names = [f"June-{number}" for number in range(8)]
    calls = [partial(correct, patient, by=staff, given_name=name) for name in names]
    outcomes = together(*calls)

    assert len(won(outcomes)) == 1
    assert {type(one) for one in errors(outcomes)} == {actions.PatientChanged}


@pytest.mark.usefixtures("committed")
def test_one_address_given_to_two_patients_at_once_is_one_ones():
    staff, two = make_user(Role.STAFF), [known(account=False) for _ in range(2)]
    mail = {"email": "same@example.org", "language": "en"}

    outcomes = together(*[partial(correct, one, by=staff, **mail) for one in two])

    assert len(won(outcomes)) == 1
    assert {type(one) for one in errors(outcomes)} == {actions.PatientExists}


def test_a_fresh_link_is_sent_once_however_often_it_is_pressed(staff):
    patient = invited()
    page = staff.get(f"/patients/{patient.pk}/").content.decode()
    assert "Send a new link" in page

    for _ in range(3):
        answer = staff.post(link(patient), follow=True)
        assert "A new link is on its way" in answer.content.decode()

    assert Invitation.objects.count() == Message.objects.count() == 1
    later = NOW + timedelta(seconds=61)
    actions.send_link(patient=patient, by=staff.user, now=later)
    assert Invitation.objects.usable(later).count() == 1
    assert Message.objects.count() == 2


@pytest.mark.usefixtures("committed")
def test_a_link_asked_for_eight_times_at_once_is_one():
    patient, staff = invited(), make_user(Role.STAFF)

    send = partial(actions.send_link, patient=patient, by=staff, now=NOW)
    outcomes = together(*[send] * 8)

    assert errors(outcomes) == []
    assert Invitation.objects.count() == Message.objects.count() == 1


@pytest.mark.parametrize("account", [True, False])
def test_who_needs_no_link_gets_none(staff, account):
    patient = known(account=account)
    page = staff.get(f"/patients/{patient.pk}/").content.decode()
    assert "Send a new link" not in page

    assert staff.post(link(patient)).status_code == 302

    assert not Invitation.objects.exists()


def test_one_who_works_here_too_keeps_the_name_of_their_work(staff):
    user = make_user(Role.STAFF, Role.PATIENT, name="Rivera at work")
    patient = known(user=user)

    correct(patient, by=staff.user, given_name="June")

    user.refresh_from_db()
    assert user.name == "Rivera at work"
