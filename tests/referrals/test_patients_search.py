"""A patient is found by what one types; who looks like another is shown first."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from referrals.finding import as_new, easily_mistaken, take_apart
from referrals.models import Patient
from tests.factories import make_patient, make_user
from tests.typed import ODD, assert_safe

pytestmark = pytest.mark.django_db
BORN = date(1985, 3, 14)
SEARCH, ADD = "/patients/", "/patients/add/"


@pytest.fixture
def staff():
    client = Client()
    client.user = make_user(Role.STAFF)
    client.force_login(client.user)
    return client


def named(given_name, family_name, **fields):
    return make_patient(
        account=False, given_name=given_name, family_name=family_name, **fields
    )


def find(text):
    return Patient.objects.find(text, most=30)


@pytest.mark.parametrize(
    "text",
    [
        *("1985-03-14", "3/14/1985", "03/14/1985", "3-14-1985", "3.14.1985"),
        *("14.3.1985", "03141985", "19850314", "3/14/85", "1985/3/14"),
        *("March 14, 1985", "14 March 1985", "mar 14 1985", "March 14th, 1985"),
    ],
)
def test_a_birth_date_is_read_in_any_usual_form(text):
    assert BORN in take_apart(text).born
    assert take_apart(f"Rivera {text}").words == ("Rivera",)


@pytest.mark.parametrize("text", ["1985-02-30", "13/13/1985", "99999999", "1/2", "May"])
def test_what_is_no_date_stays_a_word(text):
    sought = take_apart(text)

    assert sought.born == ()
    assert sought.words == (text,)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("nunez", id="without accents"),
        pytest.param("NÚÑEZ", id="in capitals"),
        pytest.param("núñ", id="the beginning"),
        pytest.param("nu", id="two letters"),
        pytest.param("nunez angela", id="the other way round"),
        pytest.param("Núñez, Ángela", id="with a comma"),
        pytest.param("nunze", id="two letters swapped"),
        pytest.param("nunnez", id="one letter more"),
        pytest.param("angela nunes", id="one letter wrong"),
        pytest.param("anjela nunes", id="a letter wrong in each"),
        pytest.param("r-1042", id="the number in small letters"),
        pytest.param("R-10", id="the beginning of the number"),
        pytest.param("3/14/1985", id="the birth date"),
        pytest.param("14 March 1985 nunez", id="date and name"),
        pytest.param("nunze 3/14/85", id="date and a typo"),
    ],
)
def test_a_patient_is_found_by_what_one_types(text):
    wanted = named("Ángela", "Núñez", record_number="R-1042", birth_date=BORN)
    named("Bruno", "Sampleton", record_number="S-7", birth_date=date(1960, 1, 1))

    assert find(text) == [wanted]


def test_the_best_comes_first():
    inside = named("Joanna", "Aaron")
    begins = named("Anna", "Zimmer")
    near = named("Alma", "Annsley-Ann")
    exact = named("Bo", "Berg", record_number="ANN")

    assert find("ann") == [exact, near, begins, inside]


def test_who_is_spelled_right_comes_before_who_is_nearly_so():
    near = named("Ada", "Rivero")
    right = named("Zoe", "Rivera")

    assert find("rivera") == [right, near]


def test_a_merged_record_is_shown_as_the_one_that_was_kept():
    kept = named("Juniper", "Rivera")
    named("June", "Riviera", record_number="OLD-1", merged_into=kept)

    assert find("old-1") == [kept]
    assert find("June") == [kept]
    assert list(
        Patient.objects.alike(
            given_name="June", family_name="Riviera", birth_date=kept.birth_date
        )
    ) == [kept]


def test_a_misspelled_name_goes_through_the_trigram_index():
    with connection.cursor() as cursor:
        cursor.execute("SHOW pg_trgm.word_similarity_threshold")
        assert cursor.fetchone() == ("0.4",)
        cursor.execute("SET LOCAL enable_seqscan = off")

    for found in (Patient.objects.nearly("Rivrea"), Patient.objects.matching("rivera")):
        assert "patient_names" in found.explain()


SAME = {"given_name": "Juniper", "family_name": "Rivera", "birth_date": BORN}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="the same"),
        pytest.param({"family_name": "Riviera"}, id="one letter more"),
        pytest.param(
            {"given_name": "Rivera", "family_name": "Juniper"}, id="names swapped"
        ),
        pytest.param({"given_name": "Júniper"}, id="an accent"),
        pytest.param({"family_name": "Sampleton"}, id="another family name"),
        pytest.param({"birth_date": date(1985, 3, 24)}, id="one digit off"),
        pytest.param({"birth_date": date(1995, 3, 14)}, id="one digit of the year off"),
        pytest.param(
            {"given_name": "Olaf", "family_name": "Thor", "record_number": "r-1042"},
            id="the same number",
        ),
    ],
)
def test_who_may_be_the_same_person_is_shown(changes):
    known = named(**SAME, record_number="R-1042")

    assert list(Patient.objects.alike(**SAME | changes)) == [known]


def test_day_and_month_swapped_are_the_same_person():
    known = named("Juniper", "Rivera", birth_date=date(1985, 4, 3))

    alike = Patient.objects.alike(**SAME | {"birth_date": date(1985, 3, 4)})

    assert list(alike) == [known]
    assert date(1985, 4, 3) in easily_mistaken(date(1985, 3, 4))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"birth_date": date(1962, 7, 30)}, id="another date"),
        pytest.param({"given_name": "Olaf", "family_name": "Thor"}, id="another name"),
        pytest.param(
            {"family_name": "Sampleton", "birth_date": date(1985, 3, 24)},
            id="a name and a digit",
        ),
    ],
)
def test_another_person_is_not_shown(changes):
    named(**SAME, record_number="R-1042")

    assert not Patient.objects.alike(**SAME | changes)


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("Juniper Rivera", {"given_name": "Juniper", "family_name": "Rivera"}),
        ("Rivera, Juniper", {"given_name": "Juniper", "family_name": "Rivera"}),
        ("Rivera", {"given_name": "", "family_name": "Rivera"}),
        ("R-77 3/14/1985", {"record_number": "R-77", "birth_date": BORN}),
        ("", {}),
    ],
)
def test_what_was_typed_begins_the_new_record(text, fields):
    assert as_new(text) == fields


def test_no_name_is_in_an_address(staff):
    patient = named("Juniper", "Rivera")
    page = staff.get(SEARCH).content.decode()

    assert 'method="post" role="search"' in page
    assert "data-hx-get" not in page
    asked = staff.get(SEARCH, {"q": "Rivera"}).content.decode()
    assert str(patient) not in asked  # an address finds nobody
    found = staff.post(SEARCH, {"q": "rivera"})
    assert found.status_code == 200
    assert f"/patients/{patient.pk}/" in found.content.decode()
    assert "q=" not in found.content.decode()


def test_the_search_is_whole_or_a_fragment_and_leaves_its_trail(staff):
    patient = named("Juniper", "Rivera")

    whole = staff.post(SEARCH, {"q": "rivera"})
    part = staff.post(SEARCH, {"q": "rivera"}, headers={"hx-request": "true"})

    assert "<html" in whole.content.decode()
    assert "<html" not in part.content.decode()
    rows = AuditEvent.objects.filter(action="patient.listed", patient_id=patient.pk)
    assert rows.count() == 2


def test_a_search_without_the_token_of_the_page_is_refused():
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user(Role.STAFF))

    assert client.post(SEARCH, {"q": "rivera"}).status_code == 403


@pytest.mark.parametrize("what", ODD)
def test_no_odd_search_breaks_a_page(staff, what):
    for path in (SEARCH, ADD):
        for headers in ({}, {"hx-request": "true"}):
            answer = staff.post(path, {"q": ODD[what]}, headers=headers)

            assert_safe(answer)
            assert answer.status_code in (200, 422)


def test_an_empty_search_says_what_to_type_at_its_field(staff):
    answer = staff.post(SEARCH, {"q": "  "})

    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'href="#q"' in page
    assert page.count("Type a name, a record number or a date of birth.") == 2


def test_what_is_wiped_while_one_types_is_no_fault(staff):
    answer = staff.post(SEARCH, {"q": ""}, headers={"hx-request": "true"})

    assert answer.status_code == 200
    assert "Type a name" not in answer.content.decode()


def test_the_way_from_the_search_to_the_referral_is_short(staff):
    page = staff.post(SEARCH, {"q": "Juniper Rivera 3/14/1985"}).content.decode()
    assert 'name="q" value="Juniper Rivera 3/14/1985"' in page

    form = staff.post(ADD, {"q": "Juniper Rivera 3/14/1985"}).content.decode()
    for value in ("Juniper", "Rivera", "1985"):
        assert f'value="{value}"' in form

    filled = {
        "record_number": "R-1",
        "given_name": "Juniper",
        "family_name": "Rivera",
        "email": "",
        "phone": "",
        "language": "en",
        "birth_date_month": "3",
        "birth_date_day": "14",
        "birth_date_year": "1985",
    }
    added = staff.post(ADD, filled)
    [patient] = Patient.objects.all()
    assert added["Location"] == reverse("referrals:record", args=[patient.pk])
