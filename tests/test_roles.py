"""Each view, opened as each role: the portal is as the table says, cell by cell."""

from __future__ import annotations

import re
from contextlib import contextmanager

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.db.models import F
from django.test import Client
from django.urls import URLResolver, get_resolver, reverse

from appointments.models import Appointment, WaitlistEntry
from massage_portal.accounts.models import Invitation, User
from massage_portal.audit.models import AuditEvent
from massage_portal.outbox.models import Message, Stop
from referrals.models import Patient, Referral
from services.models import Article, Version
from tests.factories import NOW
from tests.roles_table import (
    ADMIN,
    ADMIN_PAGES,
    GET,
    NEVER_ADDED,
    OPEN_ADMIN,
    PEOPLE,
    POST,
)
from tests.roles_world import arguments, make_world

ABSENT = 999_999_999
REFUSED = {"in", "401", "403", "404", "405", "422"}
UNNAMED = {  # Django gives these no name
    "admin/(?P<url>.*)$": "admin:anything else",
    **{
        f"admin/{model.replace('_', '/')}/<path:object_id>/": f"admin:{model}_old"
        for model in ADMIN
    },
}


def addresses(resolver, prefix="", space=""):
    """Yield the name, with its namespace, of every address there is."""
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from addresses(pattern, route, inner)
        else:
            yield f"{space}{pattern.name}" if pattern.name else UNNAMED[route]


NAMES = sorted(addresses(get_resolver()))
PAGES = [name for name in NAMES if not name.startswith("admin:")]
OF_MODELS = [name for name in NAMES if name.startswith("admin:") and "_" in name]
OF_MODELS = [name for name in OF_MODELS if name not in ADMIN_PAGES]
WITH_FORM = [name for name in OF_MODELS if re.search("_(add|change|delete)$", name)]


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    """One clinic for all cells; whatever a request changes is taken back after it."""
    with (
        django_db_blocker.unblock(),
        pytest.MonkeyPatch.context() as patch,
        transaction.atomic(),
    ):
        patch.setattr("django.utils.timezone.now", lambda: NOW)
        world = make_world()
        world.client = Client(raise_request_exception=False)
        world.sessions = {
            who: session_of(user) for who, user in world.people.items() if user
        }
        yield world
        transaction.set_rollback(True)


def session_of(user):
    """Return the key of a session in which `user` is signed in."""
    client = Client()
    client.force_login(user)
    return client.session.session_key


@contextmanager
def as_(world, who):
    """Give a client signed in as `who`; undo all it did."""
    with transaction.atomic():
        world.client.cookies.clear()
        if who in world.sessions:
            world.client.cookies["sessionid"] = world.sessions[who]
        yield world.client
        transaction.set_rollback(True)


def cell(answer):
    """Return the answer as a cell of the table says it; take all of a download."""
    if answer.streaming:
        assert b"".join(answer.streaming_content)
    if answer.status_code in (301, 302):
        return "in" if "/accounts/login/" in answer["Location"] else "go"
    return str(answer.status_code)


CHANGED = [Appointment, WaitlistEntry, Referral, Patient, User, Invitation]
CHANGED += [Article, Version, Message, Stop]


WRITTEN = """
SELECT relid::regclass, n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_xact_user_tables
WHERE relid = ANY (%s::regclass[]) ORDER BY relid
"""


def state():
    """
    Return how many rows were ever written in this transaction, by table.

    A write that was taken back, or that changed nothing, counts too. To read all rows
    before and after would take longer than the requests.
    """
    with connection.cursor() as cursor:
        cursor.execute(WRITTEN, [[model._meta.db_table for model in CHANGED]])
        return cursor.fetchall()


def row(world, method, name):
    """Return the row of the table as the portal answers it."""
    url = address(world, name)
    cells, before = [], state()
    for who in PEOPLE:
        with as_(world, who) as client:
            answer = getattr(client, method)(url)
            cells.append(cell(answer))
            if method == "get":
                if who != "visitor" and name != "account_logout":
                    assert answer["Cache-Control"] == "no-store", who
                continue
            if (after := state()) != before:
                assert cells[-1] not in REFUSED, f"{who} changed something"
            before = after  # nothing else writes in between
    return cells


def address(world, name):
    if name == "admin:anything else":
        return "/admin/absent/"
    if name.startswith("admin:"):
        return admin_address(name)
    return reverse(name, kwargs=arguments(world).get(name, {}))


def admin_address(name):
    if name == "admin:view_on_site":
        return reverse(name, args=[ABSENT, ABSENT])
    if name == "admin:app_list":
        return reverse(name, args=["services"])
    if name in ADMIN_PAGES:
        return reverse(name)
    model, _, page = name.removeprefix("admin:").rpartition("_")
    if page in ("changelist", "add"):
        return reverse(name)
    row = apps.get_model(model.replace("_", ".", 1))._base_manager.first()
    assert row is not None, f"the world has no row of {model}"
    change = reverse(f"admin:{model}_change", args=[row.pk])
    return (
        change.replace("/change/", "/")
        if page == "old"
        else change.replace("/change/", f"/{page}/")
    )


def test_what_a_request_writes_is_seen_though_it_is_taken_back(world):
    seen = []
    for model in CHANGED:
        before = state()
        with transaction.atomic():
            key = model._meta.pk.name
            model.objects.filter(pk=model.objects.first().pk).update(**{key: F(key)})
            transaction.set_rollback(True)
        seen.append(state() != before)

    assert seen == [True] * len(CHANGED)


def test_each_address_has_a_row_and_each_row_an_address():
    models = {f"admin:{model}" for model in ADMIN}
    rows = set(GET) | set(ADMIN_PAGES)
    rows |= {name for name in OF_MODELS if name.rpartition("_")[0] in models}

    assert rows == set(NAMES)
    assert models == {name.rpartition("_")[0] for name in OF_MODELS}
    assert set(POST) <= set(GET)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_opens_to_those_it_is_for_and_no_cache_keeps_it_for_them(world, name):
    assert row(world, "get", name) == GET[name].split()


def only_read(cells):
    """Return the row of a method that no view takes: a refusal stays, else 405."""
    return [cell if cell in ("in", "403") else "405" for cell in cells.split()]


@pytest.mark.parametrize("name", PAGES)
def test_a_form_is_taken_from_those_it_is_for_and_changes_nothing_else(world, name):
    wanted = POST[name].split() if name in POST else only_read(GET[name])

    assert row(world, "post", name) == wanted


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
@pytest.mark.parametrize("name", PAGES)
def test_no_view_takes_other_methods(world, name, method):
    guarded = [c if c == "in" or c == "403" else "405" for c in GET[name].split()]
    if guarded[0] != "in":  # open views look at the method first, whoever asks
        guarded = ["405"] * len(PEOPLE)

    assert row(world, method, name) == guarded


@pytest.mark.parametrize("name", PAGES)
def test_a_disabled_user_is_a_visitor(world, name):
    for method in ("get", "post"):
        cells = []
        for who in ("visitor", "scheduler"):
            with as_(world, who) as client:
                User.objects.filter(pk=world.people["scheduler"].pk).update(
                    is_active=False
                )
                cells.append(cell(getattr(client, method)(address(world, name))))

        assert cells[0] == cells[1]


def wanted_of_model(name):
    """Return the row of one page of the admin's pages for one model."""
    model, _, page = name.removeprefix("admin:").rpartition("_")
    see, change = ADMIN[model]
    allowed = {
        "changelist": see,
        "change": see,
        "history": see,
        "add": set() if model in NEVER_ADDED else change,
        "delete": set(),
        "old": OPEN_ADMIN,
    }[page]
    good = "go" if page == "old" else "200"
    return ["in", *(good if who in allowed else "403" for who in PEOPLE[1:])]


@pytest.mark.parametrize("name", OF_MODELS)
def test_the_admin_shows_each_model_to_its_owners_only(world, name):
    assert row(world, "get", name) == wanted_of_model(name)


@pytest.mark.parametrize("name", WITH_FORM)
def test_the_admin_takes_nothing_from_those_who_may_not_change_it(world, name):
    model, _, page = name.removeprefix("admin:").rpartition("_")
    never = page == "delete" or (page == "add" and model in NEVER_ADDED)
    may = set() if never else ADMIN[model][1]
    refused = [who for who in PEOPLE if who not in may]

    before = state()
    for who in refused:
        with as_(world, who) as client:
            answer = cell(client.post(address(world, name), {"post": "yes"}))

            assert answer == ("in" if who == "visitor" else "403"), who
            assert state() == before


@pytest.mark.parametrize("name", ADMIN_PAGES)
def test_the_admins_own_pages_open_to_leads_and_editors_only(world, name):
    inside = ADMIN_PAGES[name]
    wanted = ["in", *(inside if w in OPEN_ADMIN else "403" for w in PEOPLE[1:])]
    if name == "admin:login":
        wanted = ["go"] * len(PEOPLE)  # to the index, which refuses

    assert row(world, "get", name) == wanted


def test_signing_in_for_the_admin_leads_to_the_page_that_was_asked_for(world):
    page = reverse("admin:appointments_room_changelist")
    with as_(world, "visitor") as client:
        assert client.get(page)["Location"] == f"/accounts/login/?next={page}"


@pytest.mark.parametrize("model", ["patient", "referral"])
def test_a_look_at_a_record_in_the_admin_leaves_a_trail(world, model):
    seen = AuditEvent.objects.filter(actor=world.people["lead"].email)
    owner = world.patient if model == "patient" else world.asking
    with as_(world, "lead") as client:
        client.get(reverse(f"admin:referrals_{model}_changelist"))
        listed = seen.filter(action=f"{model}.listed", record_id=owner.pk)
        assert listed.count() == 1
        for page in ("change", "history"):
            client.get(reverse(f"admin:referrals_{model}_{page}", args=[owner.pk]))
        looks = seen.filter(action=f"{model}.seen", patient_id=world.patient.pk)
        assert looks.count() == 2


def bare(answer, url):
    """Return status, headers and body, without tokens and the page's own address."""
    body = answer.content.decode().replace(url, "HERE")
    body = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", body)
    return answer.status_code, dict(answer.headers), body


OWNED = [name for name in PAGES if GET[name].split()[2] == "404"]
OWNED += ["appointments:accept", "appointments:decline"]


@pytest.mark.parametrize("name", OWNED)
def test_anothers_record_answers_as_an_absent_one_does(world, name):
    theirs = address(world, name)
    kwargs = arguments(world)[name] | {"pk": ABSENT}
    absent = reverse(name, kwargs=kwargs)

    for method in ("get", "post") if name in POST else ("get",):
        with as_(world, "other") as client:
            first = bare(getattr(client, method)(theirs), theirs)
            second = bare(getattr(client, method)(absent), absent)

        assert first[0] == (405 if (name, method) not in OPEN_FORMS else 404)
        assert first[0] == second[0]
        assert first[1] | {"Content-Length": ""} == second[1] | {"Content-Length": ""}
        assert first[2] == second[2]


OPEN_FORMS = {(name, "post") for name in POST} | {
    (name, "get") for name in PAGES if "405" not in GET[name].split()
}


@pytest.mark.parametrize("method", ["get", "post"])
def test_another_therapists_visit_answers_as_an_absent_one_does(world, method):
    theirs = address(world, "appointments:visit")
    absent = reverse("appointments:visit", args=[ABSENT])
    with as_(world, "second therapist") as client:
        answers = [
            bare(getattr(client, method)(url), url)[::2] for url in (theirs, absent)
        ]

    assert answers[0] == answers[1]
    assert answers[0][0] == 404
