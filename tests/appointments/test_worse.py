"""Who waits says that it got worse: it counts, it is read, and it never harms."""

from __future__ import annotations

import pytest
from django.db import connection
from django.urls import reverse

from appointments import actions
from appointments.codes import EntryStatus, RoleThreat
from appointments.models import NeedReport, WaitlistEntry
from appointments.models.board_page import around
from massage_portal.accounts.roles import Role
from tests.factories import DAY, NOW, make_entry, make_request, make_user
from tests.trail import trail

pytestmark = pytest.mark.django_db
BAD = actions.NeedAnswers(9, 9, 9, RoleThreat.NOW, 9)
MILD = actions.NeedAnswers(1, 1, 1, RoleThreat.NONE, 1)


@pytest.fixture
def waiting():
    return make_entry(need_score=30, waited_days=10)


def report(entry, need, *, now=NOW):
    return actions.report_need(entry=entry, need=need, by=entry.patient.user, now=now)


def test_worse_answers_shorten_the_target(waiting):
    report(waiting, BAD)

    waiting.refresh_from_db()
    assert waiting.need_score == 92
    assert trail(waiting)[-1][1:] == (
        "request.need_reported",
        waiting.patient_id,
        "30>92",
    )


def test_milder_answers_are_kept_and_lengthen_nothing(waiting):
    report(waiting, MILD)

    waiting.refresh_from_db()
    assert waiting.need_score == 30
    assert waiting.need_reports.get().pain == 1


def test_the_same_answers_sent_twice_are_kept_once(waiting):
    report(waiting, BAD)
    version = report(waiting, BAD, now=NOW + DAY).version

    assert NeedReport.objects.count() == 1
    assert version == 2


@pytest.mark.parametrize("status", ["in-progress", "completed", "rejected"])
def test_what_does_not_wait_any_more_takes_no_report(status):
    entry = make_entry(status=status)

    with pytest.raises(actions.NotAskable):
        report(entry, BAD)


def test_whoever_triages_meanwhile_is_told(waiting):
    seen = waiting.version
    report(waiting, BAD)

    with pytest.raises(actions.ChangedMeanwhile):
        actions.triage(
            entry=waiting,
            category=waiting.category,
            version=seen,
            by=make_user(Role.SCHEDULER),
            now=NOW,
        )


def test_the_board_says_so_until_somebody_has_triaged_it_anew(
    client, monkeypatch, waiting
):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    scheduler = make_user(Role.SCHEDULER)
    client.force_login(scheduler)
    make_entry()
    WaitlistEntry.objects.update(triaged_at=NOW - DAY)

    report(waiting, BAD)

    board = client.get(reverse("appointments:queue"), {"worse": "on"})
    assert [row.key for row in board.context["rows"]] == [str(waiting.pk)]
    assert "told us more: read it" in board.content.decode()
    waiting.refresh_from_db()
    actions.triage(
        entry=waiting,
        category=waiting.category,
        version=waiting.version,
        by=scheduler,
        now=NOW + DAY,
    )
    assert client.get(reverse("appointments:queue")).context["around"].told_more == 0


@pytest.mark.parametrize(
    ("status", "read", "told", "news"),
    [
        ("requested", None, None, False),
        ("requested", None, DAY, True),
        ("accepted", 2 * DAY, DAY, False),
        ("accepted", DAY, DAY, False),
        ("accepted", DAY, 2 * DAY, True),
        ("completed", DAY, 2 * DAY, False),  # it is in no line any more
    ],
)
def test_news_are_what_came_after_somebody_read_it(status, read, told, news):
    entry = make_entry(status=status, **({} if read else {"category": None}))
    WaitlistEntry.objects.update(
        asked_at=NOW,
        triaged_at=read and NOW + read,
        told_more_at=told and NOW + told,
    )

    line = WaitlistEntry.objects.in_line()

    assert line.worse().filter(pk=entry.pk).exists() == news
    assert around(now=NOW, most_missed=2).told_more == int(news)
    marked = line.with_news().values_list("told_more", flat=True)
    assert list(marked) == ([news] if status != "completed" else [])


def test_news_are_counted_by_an_index_of_them_alone_and_no_report_is_read(waiting):
    """However many reports were read long ago, and however many wait."""
    report(waiting, BAD)
    assert around(now=NOW, most_missed=2).told_more == 1

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # the table is short
        cursor.execute("DISCARD PLANS")
        cursor.execute("EXPLAIN EXECUTE around_the_line (NULL, NULL, NULL)")
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "using entry_told_more" in plan
    assert NeedReport._meta.db_table not in plan


def test_the_patient_tells_it_on_a_page_of_their_own(client, monkeypatch, waiting):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    client.force_login(waiting.patient.user)
    standing = reverse("appointments:standing", args=[waiting.pk])
    page = reverse("appointments:worse", args=[waiting.pk])
    assert page in client.get(standing).content.decode()

    nothing = client.post(page, {"pain": "9"})
    sent = client.post(
        page,
        {"pain": 9, "enjoyment": 8, "activity": 8, "role_threat": 20, "sleep": 7},
        follow=True,
    )

    assert nothing.status_code == 422
    assert 'value="9"' in nothing.content.decode()
    assert sent.redirect_chain == [(standing, 302)]
    assert "A scheduler will read it." in sent.content.decode()
    waiting.refresh_from_db()
    assert waiting.need_score == 87


def test_nobody_reports_for_another(client, waiting):
    client.force_login(make_request().patient.user)

    page = reverse("appointments:worse", args=[waiting.pk])

    assert client.get(page).status_code == 404
    assert client.post(page, {"pain": 9}).status_code == 404


def test_a_request_that_is_not_triaged_yet_takes_it_too():
    asked = make_request(need_score=0)

    report(asked, BAD)

    asked.refresh_from_db()
    assert (asked.status, asked.need_score) == (EntryStatus.REQUESTED, 92)
