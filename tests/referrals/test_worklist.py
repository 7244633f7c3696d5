"""The day's list for staff: its counts, its filters, its one next step a row."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from referrals.models import TreatmentPlan
from tests.factories import (
    DAY,
    NOW,
    TODAY,
    make_insurer,
    make_letter,
    make_patient,
    make_provider,
    make_referral,
    make_renewal,
    make_user,
)

LIST = "/referrals/"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """The views' clock stands at NOW, at which the rows are made."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


def signed_in(*roles):
    client = Client()
    client.force_login(make_user(*roles))
    return client


@pytest.fixture
def staff():
    return signed_in(Role.STAFF)


def of_each_kind():
    """Return a referral for each kind of work, by its name in the address."""
    asked = make_provider(user=make_user(Role.PROVIDER))
    found = {
        "clearance": make_referral(status="on-hold"),
        "drafts": make_referral(status="draft"),
        "missing": make_referral(insurer=make_insurer(needs_authorization=True)),
        "expiring": make_referral(provider=asked, valid_until=TODAY + 5 * DAY),
        "unsigned": make_referral(),
    }
    TreatmentPlan.objects.create(
        referral=found["unsigned"],
        number=1,
        sessions=1,
        interval_days=7,
        made_at=NOW,
    )
    return found


def shown(page):
    """Return the keys of the referrals in the rows of the list, in order."""
    table = page.content.decode().partition("<tbody>")[2]
    found = re.findall(r'<th scope="row"><a href="/referrals/(\d+)/">', table)
    return [int(pk) for pk in found]


def figures(page):
    head = page.content.decode().partition('<dl class="figures">')[2]
    return [int(n) for n in re.findall(r"<dd>(\d+)</dd>", head.partition("</dl>")[0])]


def test_the_list_shows_what_needs_work_and_counts_each_kind(staff):
    make_referral()  # nothing is missing
    found = of_each_kind()
    page = staff.get(LIST)
    assert shown(page) == [one.pk for one in found.values()]
    assert figures(page) == [1, 1, 1, 1, 1]


@pytest.mark.parametrize(
    "show", ["clearance", "drafts", "missing", "expiring", "unsigned"]
)
def test_a_filter_lives_in_the_address(staff, show):
    found = of_each_kind()
    page = staff.get(f"{LIST}?show={show}")
    assert shown(page) == [found[show].pk]
    assert figures(page) == [1, 1, 1, 1, 1]
    here = re.search(r'href="([^"]*)" aria-current="page">[^<]*</a> ·', _lists(page))
    assert here is not None
    assert here[1] == f"?show={show}"


def _lists(page):
    return (
        page.content.decode().partition('aria-label="Lists"')[2].partition("</nav")[0]
    )


def test_every_referral_can_be_listed_and_by_state_too(staff):
    whole, found = make_referral(), of_each_kind()
    every = {whole.pk, *(one.pk for one in found.values())}
    assert set(shown(staff.get(f"{LIST}?show=all"))) == every
    assert shown(staff.get(f"{LIST}?state=draft")) == [found["drafts"].pk]
    assert shown(staff.get(f"{LIST}?show=expiring&state=draft")) == []
    assert "?show=missing&amp;state=draft" in _lists(staff.get(f"{LIST}?state=draft"))


@pytest.mark.parametrize("query", ["show=x", "show=%00", "state=x", "page=-3", "q=Ana"])
def test_an_odd_address_shows_the_list(staff, query):
    found = of_each_kind()
    page = staff.get(f"{LIST}?{query}")
    assert shown(page) == [one.pk for one in found.values()]


def test_each_row_has_its_one_next_step(staff):
    found = of_each_kind()
    page = staff.get(LIST).content.decode()
    steps = re.findall(
        r'class="board__actions">(?:<a href|<form[^>]*action)="(.*?)"', page
    )
    assert steps == [
        f"/referrals/{found['clearance'].pk}/",
        f"/referrals/{found['drafts'].pk}/complete/",
        f"/referrals/{found['missing'].pk}/authorization/",
        f"/referrals/{found['expiring'].pk}/renew/",
        f"/referrals/{found['unsigned'].pk}/plan/",
    ]


def test_who_may_not_record_is_led_nowhere_that_is_closed_to_them():
    of_each_kind()
    for role in (Role.SCHEDULER, Role.LEAD):
        client = signed_in(role)
        page = client.get(LIST).content.decode()
        cells = re.findall(r'class="board__actions">(.*?)</td>', page, re.DOTALL)
        links = [re.search(r'href="(.*?)"', cell)[1] for cell in cells]
        assert len(links) == 5
        assert {client.get(link).status_code for link in links} == {200}


def test_a_name_from_elsewhere_cannot_write_into_the_list(staff):
    patient = make_patient(given_name="<b>Ana", family_name="\u05d0")
    make_referral(patient=patient, status="draft")
    page = staff.get(LIST).content.decode()
    assert "<b>Ana" not in page
    assert "<bdi>&lt;b&gt;Ana \u05d0</bdi>" in page


def test_sixty_rows_cost_as_many_queries_as_one(staff):
    def queries(url):
        with CaptureQueriesContext(
            connection,
        ) as found:
            page = staff.get(url)
        return len(found), len(shown(page))

    for show in ("", "all"):
        url = f"{LIST}?show={show}"
        staff.get(url)
        of_each_kind()
        few, _ = queries(url)
        for _number in range(12):
            of_each_kind()
        many, rows = queries(url)
        assert rows == 50
        assert many == few


def test_the_pages_keep_the_filter(staff):
    for _number in range(51):
        make_referral(status="draft")
    first = staff.get(f"{LIST}?show=drafts")
    assert "?show=drafts&amp;page=2" in first.content.decode()
    assert len(shown(staff.get(f"{LIST}?show=drafts&page=2"))) == 1


def test_each_referral_shown_is_on_the_trail_and_no_other(staff):
    found = of_each_kind()
    staff.get(f"{LIST}?show=expiring")
    rows = AuditEvent.objects.filter(action="referral.listed")
    assert [row.record_id for row in rows] == [str(found["expiring"].pk)]


def test_a_referral_lists_what_is_missing_with_its_steps(staff):
    referral = make_referral(
        patient=make_patient(account=False),
        insurer=make_insurer(needs_referral=True),
    )
    page = staff.get(f"/referrals/{referral.pk}/").content.decode()
    tasks = page.partition('<ul class="tasks">')[2].partition("</ul>")[0]
    assert tasks.count('<li class="task">') == 3
    for part in ("authorization/", "letters/"):
        assert f'href="/referrals/{referral.pk}/{part}"' in tasks
    assert f'href="/patients/{referral.patient_id}/edit/"' in tasks


def test_a_whole_referral_has_no_list_of_what_is_missing(staff):
    referral = make_letter().referral
    page = staff.get(f"/referrals/{referral.pk}/").content.decode()
    assert "What is missing" not in page


def test_a_provider_who_wants_a_call_is_on_the_list(staff):
    asked = make_renewal(answer="call", answered_at=NOW)
    page = staff.get(f"{LIST}?show=expiring")
    assert shown(page) == [asked.referral_id]
    assert "The provider wants a call" in page.content.decode()
