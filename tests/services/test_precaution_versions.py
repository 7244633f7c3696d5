"""A safety question: who is asked it, and how each wording of it is kept."""

from __future__ import annotations

import pgtrigger
import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, InternalError, transaction
from django.test import Client

from massage_portal.accounts.roles import Role
from services.actions import load_content
from services.actions.precautions import keep_version
from services.applies import BadBeginning, Limits, applies, beginnings
from services.models import Precaution, PrecautionVersion
from tests.factories import NOW, make_precaution, make_technique, make_user
from tests.trail import trail

NOBODY = Limits()
CANCER = Limits(diagnoses=("C", "D0"))
PRENATAL = Limits(techniques=frozenset({"prenatal"}))
EITHER = Limits(diagnoses=("C",), techniques=frozenset({"prenatal"}))


@pytest.mark.parametrize(
    ("limits", "codes", "technique", "asked"),
    [
        (NOBODY, [], "", True),
        (NOBODY, ["M79.7"], "swedish", True),
        (CANCER, ["C50.911"], "swedish", True),
        (CANCER, ["d05.10"], "swedish", True),
        (CANCER, ["M79.7", "C50.911"], "swedish", True),
        (CANCER, ["M79.7"], "swedish", False),
        (CANCER, ["M79.7"], "", False),
        (CANCER, [], "", False),
        (Limits(diagnoses=("M797",)), ["M79.7"], "swedish", True),
        (PRENATAL, ["C50.911"], "prenatal", True),
        (PRENATAL, ["C50.911"], "swedish", False),
        (PRENATAL, ["M79.7"], "", True),
        (EITHER, ["C50.911"], "swedish", True),
        (EITHER, ["M79.7"], "prenatal", True),
        (EITHER, ["M79.7"], "swedish", False),
    ],
)
def test_a_question_is_asked_of_those_it_is_for(limits, codes, technique, asked):
    assert applies(limits, codes=codes, technique=technique) is asked


def test_beginnings_of_codes_are_read_as_people_write_them():
    assert beginnings(" c, D0,,m79.7 ") == ("C", "D0", "M797")
    assert beginnings("") == ()


@pytest.mark.parametrize("text", ["C;D", "cancer", "5", "C, *", "M79.", "C\0", "É"])
def test_what_no_code_begins_like_is_refused_by_name(text):
    with pytest.raises(BadBeginning, match="begins like this"):
        beginnings(text)
    with pytest.raises(ValidationError, match="Write how codes begin"):
        Precaution(diagnoses=text).clean_fields(exclude={"code", "question", "meaning"})


@pytest.mark.django_db
def test_a_question_reads_its_own_limits():
    limited = make_precaution(diagnoses="C")
    limited.techniques.add(make_technique(slug="prenatal"))

    found = Precaution.objects.asked().with_limits().get()

    assert found.applies(codes=["C50.911"], technique="swedish")
    assert found.applies(codes=["M79.7"], technique="prenatal")
    assert not found.applies(codes=["M79.7"], technique="swedish")


@pytest.fixture
def lead(db):
    client = Client()
    client.user = make_user(Role.LEAD)
    client.force_login(client.user)
    return client


def save(lead, precaution, **changes):
    """Send the admin's form as it stands, but for the changes."""
    precaution.refresh_from_db()
    names = ["question", "help_text", "meaning", "advice", "plain", "position"]
    filled = {name: getattr(precaution, name) for name in [*names, "diagnoses"]}
    filled |= {"active": "on"} if precaution.active else {}
    filled = {k: v for k, v in (filled | changes).items() if v is not None}
    url = f"/admin/services/precaution/{precaution.pk}/change/"
    return lead.post(url, filled)


def kept(precaution):
    rows = precaution.versions.order_by("number")
    return list(rows.values_list("number", "question", "meaning"))


@pytest.mark.parametrize(
    "change",
    [
        {"question": "Asked in other words?"},
        {"help_text": "A new hint."},
        {"meaning": "clearance"},
        {"advice": "New advice."},
    ],
    ids=lambda change: next(iter(change)),
)
def test_each_change_of_words_or_meaning_makes_a_version(lead, change):
    precaution = make_precaution()
    old = (1, precaution.question, precaution.meaning)

    assert save(lead, precaution, **change).status_code == 302

    precaution.refresh_from_db()
    assert precaution.version == 2
    assert kept(precaution) == [old, (2, precaution.question, precaution.meaning)]
    newest = precaution.versions.get(number=2)
    assert (newest.made_by, newest.made_at is not None) == (lead.user, True)
    assert "1>2" in [row[3] for row in trail(precaution)]


@pytest.mark.parametrize(
    "change",
    [{"position": 7}, {"active": None}, {"plain": "a thing"}, {"diagnoses": "C"}, {}],
    ids=["place", "out of use", "a patient's words", "whom it is for", "nothing"],
)
def test_what_changes_no_answers_sense_makes_no_version(lead, change):
    precaution = make_precaution()

    assert save(lead, precaution, **change).status_code == 302

    precaution.refresh_from_db()
    assert precaution.version == 1
    assert [number for number, *_ in kept(precaution)] == [1]


def test_a_new_question_begins_with_version_one(lead):
    filled = {"code": "new-one", "question": "Is it new?", "meaning": "clearance"}

    lead.post("/admin/services/precaution/add/", filled | {"position": 1})

    assert kept(Precaution.objects.get(code="new-one")) == [
        (1, "Is it new?", "clearance")
    ]


def test_the_lead_reads_every_version_and_is_told_of_a_bad_beginning(lead):
    precaution = make_precaution(question="Was it <b>so</b> once?")
    save(lead, precaution, question="Is it so now?")
    url = f"/admin/services/precaution/{precaution.pk}/change/"

    page = lead.get(url).content.decode()

    assert "Was it &lt;b&gt;so&lt;/b&gt; once?" in page
    answer = save(lead, precaution, diagnoses="cancer")
    assert "No ICD-10-CM code begins like “CANCER”" in answer.content.decode()


def test_back_to_the_old_words_is_a_version_of_its_own(lead):
    precaution = make_precaution(question="First?")
    for words in ("Second?", "First?"):
        save(lead, precaution, question=words)

    assert [row[:2] for row in kept(precaution)] == [
        (1, "First?"),
        (2, "Second?"),
        (3, "First?"),
    ]


@pytest.mark.django_db
def test_keeping_the_same_words_twice_keeps_one_version():
    precaution = make_precaution()

    for _ in range(2):
        keep_version(precaution=precaution, by=None, now=NOW)

    assert len(kept(precaution)) == 1
    assert len(trail(precaution)) == 1


@pytest.mark.django_db
def test_a_new_clinics_questions_all_have_their_first_version():
    load_content(by=None, now=NOW)

    for one in Precaution.objects.asked():
        assert kept(one) == [(1, one.question, one.meaning)]


# What clinical practice names, and the question that asks about it.
NAMED = {
    "fever": "not-now",
    "contagious infection": "not-now",
    "unexplained lump": "not-now",
    "severe new pain": "not-now",
    "stroke": "not-now",
    "deep vein now": "not-now",
    "deep vein within the past six months": "clearance",
    "bleeding disorder": "clearance",
    "blood thinners": "clearance",
    "platelets": "clearance",
    "neutrophils": "clearance",
    "fracture": "clearance",
    "osteoporosis": "clearance",
    "cancer in a bone": "clearance",
    "burns": "clearance",
    "wounds": "clearance",
    "surgery": "clearance",
    "radiation": "clearance",
    "lymph nodes": "clearance",
    "port": "clearance",
    "stoma": "clearance",
    "implanted device": "clearance",
    "high risk": "clearance",
    "heart failure": "clearance",
    "blood pressure": "clearance",
    "heart attack": "clearance",
    "pregnant": "tell-therapist",
    "sensation": "tell-therapist",
    "allergy": "tell-therapist",
    "skin condition": "tell-therapist",
}


@pytest.mark.django_db
def test_every_named_danger_is_asked_of_everyone():
    load_content(by=None, now=NOW)
    everyone = Precaution.objects.asked().filter(diagnoses="", techniques=None)

    for words, meaning in NAMED.items():
        asking = everyone.filter(question__icontains=words, meaning=meaning)
        assert asking.exists(), words


@pytest.mark.django_db
def test_only_a_referral_for_cancer_must_name_the_sites_to_avoid():
    load_content(by=None, now=NOW)
    sites = Precaution.objects.get(code="cancer-sites")

    assert sites.applies(codes=["C50.911"], technique="oncology")
    assert not sites.applies(codes=["M79.7"], technique="")


@pytest.mark.django_db
def test_a_version_of_a_question_is_never_changed_or_deleted():
    """The trigger precaution_version_is_kept says so."""
    precaution = make_precaution()
    version = keep_version(precaution=precaution, by=None, now=NOW)

    for spoil in (
        lambda: PrecautionVersion.objects.update(question="Other?"),
        lambda: version.delete(),
    ):
        with pytest.raises(InternalError, match="Cannot"), transaction.atomic():
            spoil()
    with pgtrigger.ignore("services.PrecautionVersion:precaution_version_is_kept"):
        assert PrecautionVersion.objects.update(question="Other?") == 1


@pytest.mark.django_db
def test_two_versions_of_a_question_have_two_numbers():
    precaution = make_precaution()
    keep_version(precaution=precaution, by=None, now=NOW)

    with pytest.raises(IntegrityError, match="precaution_version_is_unique"):
        PrecautionVersion.objects.create(
            precaution=precaution, number=1, question="?", meaning="x", made_at=NOW
        )
