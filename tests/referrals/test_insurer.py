"""The patient's insurer on a referral: typed by name, shown with what it needs."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client
from django.urls import reverse

from massage_portal.accounts.roles import Role
from referrals.models import Referral
from tests.factories import (
    NOW,
    TODAY,
    make_diagnosis,
    make_insurer,
    make_patient,
    make_precaution,
    make_provider,
    make_referral,
    make_user,
)
from tests.typed import ODD, assert_refused_at, assert_safe

pytestmark = pytest.mark.django_db
PROPOSE = "/referrals/insurers/"


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """The views' clock stands at NOW, at which the rows are made."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def staff():
    """A browser in which a member of the clinic's staff is signed in."""
    client = Client()
    client.force_login(make_user(Role.STAFF))
    return client


def days(**named):
    return {
        f"{name}_{part}": str(getattr(day, part))
        for name, day in named.items()
        for part in ("month", "day", "year")
    }


def order(**changes):
    """Return a filled form, as a browser sends it."""
    make_diagnosis()
    until = TODAY.replace(year=TODAY.year + 1)
    filled = {
        "key": str(uuid.uuid4()),
        "npi": make_provider().npi,
        "diagnosis": "M79.7",
        "priority": "routine",
        "sessions": "6",
        "interval_days": "7",
        f"precaution_{make_precaution().pk}": "no",
    }
    filled |= days(received_on=TODAY, valid_from=TODAY, valid_until=until)
    return filled | changes


def send(staff, **changes):
    page = reverse("referrals:record", args=[make_patient().pk])
    return staff.post(page, order(**changes))


@pytest.mark.parametrize("typed", ["Fictional Mutual", " fictional  MUTUAL "])
def test_an_insurer_on_record_is_kept_with_the_referral(staff, typed):
    insurer = make_insurer(name="Fictional Mutual")

    answer = send(staff, insurer=typed)

    assert answer.status_code == 302
    assert Referral.objects.get().insurer == insurer


@pytest.mark.parametrize("changes", [{}, {"insurer": ""}, {"insurer": "  "}])
def test_a_referral_needs_no_insurer(staff, changes):
    assert send(staff, **changes).status_code == 302
    assert Referral.objects.get().insurer is None


def test_a_name_that_is_not_on_record_is_refused_and_says_what_to_do(staff):
    make_insurer(name="Fictional Gone", active=False)

    answer = send(staff, insurer="Fictional Gone")

    assert_refused_at(answer, "insurer", "Fictional Gone")
    assert "ask an editor to add the insurer" in answer.content.decode()
    assert not Referral.objects.exists()


def test_a_part_of_a_name_is_refused_and_the_names_like_it_are_given(staff):
    make_insurer(name="Fictional Mutual of Sampleton")
    make_insurer(name="Pretend Plan")

    answer = send(staff, insurer="sampelton")

    assert_refused_at(answer, "insurer", "sampelton")
    page = answer.content.decode()
    assert "names in full: Fictional Mutual of Sampleton. Or" in page
    assert "Pretend Plan" not in page


@pytest.mark.parametrize("typed", ODD.values(), ids=ODD.keys())
def test_odd_text_does_no_harm(staff, typed):
    make_insurer()

    assert send(staff, insurer=typed).status_code == 422
    assert_safe(staff.get(PROPOSE, {"insurer": typed}))


def test_the_same_form_with_another_insurer_is_a_conflict(staff):
    page = reverse("referrals:record", args=[make_patient().pk])
    form = order(insurer=make_insurer().name)
    staff.post(page, form)

    assert staff.post(page, form).status_code == 302
    again = staff.post(page, form | {"insurer": make_insurer().name})
    assert again.status_code == 409


def test_names_are_proposed_while_one_is_typed(staff):
    make_insurer(name='Fictional "A" & B')
    make_insurer(name="Pretend Plan")
    make_insurer(name="Fictional Gone", active=False)

    answer = staff.get(PROPOSE, {"insurer": "fict"})

    option = '<option value="Fictional &quot;A&quot; &amp; B"></option>'
    assert answer.content.decode().strip() == option
    assert staff.get(PROPOSE).content.decode().strip() == ""


def test_the_form_fetches_the_names_and_works_without(staff):
    page = staff.get(reverse("referrals:record", args=[make_patient().pk]))

    text = page.content.decode()
    assert '<datalist id="insurers"></datalist>' in text
    assert f'data-hx-get="{PROPOSE}"' in text
    assert 'list="insurers"' in text


@pytest.mark.parametrize(
    ("needs", "words"),
    [
        (True, ["Prior authorization before", "A referral of its own.", ">In our"]),
        (False, ["No prior authorization.", "No other referral.", "Not in our"]),
    ],
)
def test_the_referral_s_page_says_what_its_insurer_needs(staff, needs, words):
    asks = dict.fromkeys(["in_network", "needs_referral", "needs_authorization"], needs)
    insurer = make_insurer(name="Fictional Mutual", known_since=TODAY, **asks)
    referral = make_referral(insurer=insurer)

    page = staff.get(reverse("referrals:referral", args=[referral.pk]))

    text = page.content.decode()
    for word in ["Fictional Mutual", "Known since Oct. 14, 2026", *words]:
        assert word in text, word


def test_a_referral_without_an_insurer_says_nothing_of_one(staff):
    page = staff.get(reverse("referrals:referral", args=[make_referral().pk]))

    assert "What the insurer needs" not in page.content.decode()
