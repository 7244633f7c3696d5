"""A new referral is asked what applies to it, in the words of the day."""

from __future__ import annotations

import re
import uuid

import pytest
from django.test import Client
from django.urls import reverse

from massage_portal.accounts.roles import Role
from referrals import actions
from referrals.codes import Answer, Status
from referrals.models import Referral
from services.models import Precaution
from tests.factories import (
    NOW,
    make_diagnosis,
    make_patient,
    make_precaution,
    make_provider,
    make_technique,
    make_user,
)
from tests.referrals.test_actions import an_order
from tests.referrals.test_views import order, refer

pytestmark = pytest.mark.django_db
ALSO = "Answer this question as well: it is asked for this diagnosis."
CHANGED = "This question was changed while the page was open."


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """The views' clock stands at NOW, at which the rows are made."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def staff():
    client = Client()
    client.user = make_user(Role.STAFF)
    client.force_login(client.user)
    return client


@pytest.fixture
def cancer():
    """A question that only referrals for cancer are asked."""
    make_diagnosis("C50.911", "Malignant neoplasm of right female breast")
    return make_precaution(diagnoses="C, D0", meaning="clearance")


def name(precaution):
    return f"precaution_{precaution.pk}"


def send(staff, **changes):
    return staff.post(refer(make_patient()), order(**changes))


def record(answers, **fields):
    return actions.record_referral(
        patient=make_patient(),
        order=an_order(**fields),
        answers=answers,
        submission=uuid.uuid4(),
        by=make_user(Role.STAFF),
        now=NOW,
    )


def test_a_question_for_some_is_not_on_a_new_page(staff, cancer):
    everyone = make_precaution()

    page = staff.get(refer(make_patient())).content.decode()

    assert f'name="{name(everyone)}"' in page
    assert f'name="{name(cancer)}"' not in page


def test_a_question_for_others_need_not_be_answered(staff, cancer):
    assert send(staff).status_code == 302

    kept = Referral.objects.get().screening_answers
    assert not kept.filter(precaution=cancer).exists()


def test_the_form_comes_back_with_what_the_diagnosis_asks_for(staff, cancer):
    answer = send(staff, diagnosis="C50.911")

    page = answer.content.decode()
    assert answer.status_code == 422
    assert ALSO in page
    assert f'name="{name(cancer)}"' in page
    assert "Pain in both shoulders." in page
    assert not Referral.objects.exists()


def test_it_is_recorded_once_that_is_answered_too(staff, cancer):
    answer = send(staff, diagnosis="C50.911", **{name(cancer): "yes"})

    kept = Referral.objects.get()
    assert answer.status_code == 302
    assert kept.status == Status.ON_HOLD
    assert kept.screening_answers.get(precaution=cancer).answer == Answer.YES


def test_another_diagnosis_asks_for_it_as_well(staff, cancer):
    answer = send(staff, other_diagnoses="C50.911")

    assert answer.status_code == 422
    assert ALSO in answer.content.decode()


def test_an_answer_that_no_longer_applies_is_not_kept(staff, cancer):
    assert send(staff, **{name(cancer): "yes"}).status_code == 302

    kept = Referral.objects.get()
    assert kept.status == Status.ACTIVE
    assert not kept.screening_answers.filter(precaution=cancer).exists()


def test_a_technique_asks_for_its_own_question(staff):
    swedish, prenatal = make_technique(), make_technique()
    limited = make_precaution()
    limited.techniques.add(prenatal)

    assert send(staff, technique=str(swedish.pk)).status_code == 302
    for technique in (str(prenatal.pk), ""):  # "": the therapist may choose it
        answer = send(staff, technique=technique)
        assert answer.status_code == 422
        assert f'name="{name(limited)}"' in answer.content.decode()


def test_an_answer_to_a_question_asked_for_is_not_lost_with_a_bad_code(staff, cancer):
    answer = send(staff, diagnosis="no such words", **{name(cancer): "yes"})

    page = answer.content.decode()
    field = re.search(rf'<input[^>]*name="{name(cancer)}"[^>]*value="yes"[^>]*>', page)
    assert answer.status_code == 422
    assert field is not None
    assert "checked" in field[0]


def test_a_question_changed_meanwhile_is_to_be_answered_again(staff):
    changed = make_precaution()
    filled = order(**{name(changed): "no", f"{name(changed)}_version": "1"})
    Precaution.objects.filter(pk=changed.pk).update(question="Now so?", version=2)

    answer = staff.post(refer(make_patient()), filled)

    page = answer.content.decode()
    assert answer.status_code == 422
    assert page.count(CHANGED) == 2  # at the question, and in the summary
    assert "Pain in both shoulders." in page
    assert f'name="{name(changed)}_version" value="2"' in page
    for box in re.findall(rf'<input[^>]*name="{name(changed)}"[^>]*>', page):
        assert "checked" not in box


def test_an_unchanged_question_is_taken_as_it_was_shown(staff):
    asked = make_precaution(version=3)
    page = staff.get(refer(make_patient())).content.decode()
    assert f'name="{name(asked)}_version" value="3"' in page

    answer = send(staff, **{name(asked): "no", f"{name(asked)}_version": "3"})

    assert answer.status_code == 302
    assert Referral.objects.get().screening_answers.get(precaution=asked).version == 3


@pytest.mark.parametrize("version", ["x", "-1", "99999999999999999999", "\0"])
def test_an_odd_version_is_an_old_one(staff, version):
    asked = make_precaution()

    answer = send(staff, **{name(asked): "no", f"{name(asked)}_version": version})

    assert answer.status_code == 422
    assert not Referral.objects.exists()


def test_the_action_refuses_an_order_with_a_question_left_out():
    asked = make_precaution()

    with pytest.raises(actions.ScreeningIncomplete) as refused:
        record({})

    assert refused.value.missing == [asked]
    assert not Referral.objects.exists()


def test_the_action_asks_what_the_diagnoses_and_the_technique_ask_for(cancer):
    breast = make_diagnosis("C50.911")

    for fields in ({"diagnosis": breast}, {"other_diagnoses": (breast,)}):
        with pytest.raises(actions.ScreeningIncomplete):
            record({}, **fields)
    assert record({cancer: Answer.NO}, diagnosis=breast).status == Status.ACTIVE


def test_the_action_refuses_an_answer_to_an_older_version():
    asked = make_precaution()
    Precaution.objects.filter(pk=asked.pk).update(question="Other?", version=2)

    with pytest.raises(actions.ScreeningIncomplete, match="changed meanwhile"):
        record({asked: Answer.NO})

    asked.refresh_from_db()
    assert record({asked: Answer.NO}).screening_answers.get().version == 2


def test_a_question_out_of_use_is_not_asked():
    make_precaution(active=False)

    assert record({}).status == Status.ACTIVE


def codes(referral):
    return sorted(one.code for one in referral.other_diagnoses.all())


def test_several_diagnoses_and_goals_are_recorded(staff):
    make_diagnosis("M54.2", "Cervicalgia")
    make_diagnosis("G47.00", "Insomnia, unspecified")

    answer = send(
        staff, other_diagnoses="m542\r\nG47.00, ", goals="Sleep through the night."
    )

    kept = Referral.objects.get()
    assert answer.status_code == 302
    assert codes(kept) == ["G47.00", "M54.2"]
    assert kept.goals == "Sleep through the night."
    page = staff.get(answer["Location"]).content.decode()
    assert "Cervicalgia" in page
    assert "Sleep through the night." in page


def test_a_code_written_twice_counts_once(staff):
    make_diagnosis("M54.2", "Cervicalgia")

    assert send(staff, other_diagnoses="M54.2, m542").status_code == 302

    assert codes(Referral.objects.get()) == ["M54.2"]


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("M79.7", "The main diagnosis is here too."),
        ("back pain", "fits several codes. Write one of them: M54.51, M54.52"),
        ("<b>nothing</b>", "No code fits “&lt;b&gt;nothing&lt;/b&gt;”."),
        ("\n".join(f"M54.5{n}" for n in range(6)), "Write five codes at most."),
    ],
    ids=["the main one", "several fit", "none fits", "six"],
)
def test_what_cannot_be_another_diagnosis_is_refused_at_its_field(staff, typed, says):
    for number in range(6):
        words = "Back pain" if number in (1, 2) else "Lumbago"
        make_diagnosis(f"M54.5{number}", f"{words} {number}")

    answer = send(staff, other_diagnoses=typed)

    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert 'id="id_other_diagnoses_error"' in answer.content.decode()
    assert not Referral.objects.exists()


def test_a_red_flag_tells_at_once_whom_to_call(staff):
    flag = make_precaution(
        meaning="not-now", question="Fever?", advice="Send them <home>."
    )
    provider = make_provider(family_name="Flagwell", department="Oncology")

    answer = send(staff, npi=provider.npi, **{name(flag): "yes"})

    page = staff.get(answer["Location"]).content.decode()
    main = page[page.index("<main") :]
    alert = main[main.index('role="alert"') : main.index("</section>")]
    assert main.index('role="alert"') < main.index("<h1")
    for words in ("Flagwell", "Oncology", "507-555-0100", "Fever?"):
        assert words in alert, words
    assert "Send them &lt;home&gt;." in alert
    assert reverse("referrals:screen", args=[Referral.objects.get().pk]) not in page
