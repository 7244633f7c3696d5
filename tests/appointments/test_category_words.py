"""Triage categories as patients read them: in their language, or marked as English."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from appointments.models import CategoryWording, TriageCategory
from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from tests.content import open_guide
from tests.factories import NOW, make_category, make_entry, make_policy, make_user

pytestmark = pytest.mark.django_db
SAID = {"language": "es", "name": "Pronto", "meaning": "Dolor que puede quedarse."}
ADD = "/admin/appointments/categorywording/add/"


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """The views' clock stands at NOW: one day the referrals of the tests are over."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def soon():
    return make_category(name="Soon", meaning="Pain that may stay.")


@pytest.fixture
def lead():
    client = Client()
    client.force_login(make_user(Role.LEAD))
    return client


def read(name, *args, language="es", client=None):
    with override(language):
        address = reverse(name, args=args)
    return (client or Client()).get(address).content.decode()


def told(category, language):
    one = TriageCategory.objects.told(language).get(pk=category.pk)
    return one.told_name, one.told_meaning, one.told_in


def test_a_category_is_told_in_the_words_of_the_reader_or_else_in_english(soon):
    soon.wordings.create(**SAID)
    make_category().wordings.create(**SAID | {"language": "ar"})

    english = ("Soon", "Pain that may stay.", "en")
    assert told(soon, "es") == ("Pronto", "Dolor que puede quedarse.", "es")
    assert [told(soon, other) for other in ("en", "ar", None)] == [english] * 3


def test_everyone_reads_the_categories_in_their_language(soon):
    open_guide()
    bare = make_category(name="Later", meaning="All else.")
    soon.wordings.create(**SAID)

    page = read("services:page", "who-comes-first")

    assert '<th scope="row">Pronto</th>' in page
    assert '<td class="board__why">Dolor que puede quedarse.</td>' in page
    assert f'<th scope="row" lang="en">{bare.name}</th>' in page
    assert "Soon" not in page
    assert "Pronto" not in read("services:page", "who-comes-first", language="en")


@pytest.mark.parametrize(
    ("words", "shown"), [([SAID], "<dd>Pronto</dd>"), ([], '<dd lang="en">Soon</dd>')]
)
def test_a_patient_who_waits_reads_their_category_so(soon, client, words, shown):
    make_policy()
    entry = make_entry(category=soon)
    for one in words:
        soon.wordings.create(**one)
    client.force_login(entry.patient.user)

    page = read("appointments:standing", entry.pk, client=client)

    assert f"<dt>Categoría</dt>{shown}" in page


def test_the_lead_writes_them_and_english_stays_on_the_category(
    lead, soon, monkeypatch
):
    dropped = []
    monkeypatch.setattr("services.admin.drop_pages", lambda: dropped.append(1))
    form = SAID | {"category": soon.pk}

    english = lead.post(ADD, form | {"language": "en"})
    added = lead.post(ADD, form)
    twice = lead.post(ADD, form)

    assert [one.status_code for one in (english, added, twice)] == [200, 302, 200]
    assert "This category has words in this language already." in twice.content.decode()
    assert dropped == [1]  # the pages that are kept for visitors
    assert CategoryWording.objects.get().name == "Pronto"
    assert AuditEvent.objects.filter(action="content.added").count() == 1


def test_a_category_has_one_wording_in_each_language_and_none_in_english(soon):
    soon.wordings.create(**SAID)
    soon.wordings.create(**SAID | {"language": "ar"})
    for language, rule in [
        ("es", "category_wording_is_one_per_language"),
        ("en", "category_wording_is_not_english"),
    ]:
        with pytest.raises(IntegrityError, match=rule), transaction.atomic():
            soon.wordings.create(**SAID | {"language": language})
