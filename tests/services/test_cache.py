"""Kept pages: few questions cold, none when kept, and never an old answer."""

from __future__ import annotations

import uuid
from threading import Event, Thread
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.test import Client
from django.urls import reverse
from django.utils import translation

from massage_portal.accounts.roles import Role
from services import cache
from services.actions import load_content
from services.models import Publication
from tests.content import open_guide
from tests.factories import NOW, make_user
from tests.texts import reword

pytestmark = pytest.mark.django_db
NOBODY = "unix:///nowhere/at/all.sock"


@pytest.fixture
def content(keeping):
    open_guide()


def paths():
    from services.machines import entries

    found = []
    for code in ("en", "es"):
        with translation.override(code):
            found += [reverse(one.view, kwargs=one.kwargs) for one in entries()]
    # The check takes answers, and nothing of it is kept.
    kept = [one for one in found if not one.endswith("/is-massage-right-for-me/")]
    return [*kept, "/sitemap.xml", "/changes.atom", "/es/changes.atom"]


def names(path):
    """What is kept of this test: the names that end with the path."""
    client = cache._client(settings.REDIS_URL)
    return [one for one in client.keys(cache._name("*")) if one.endswith(path.encode())]


def edit(**fields):
    """Change a text as an action would: the row, and the pages dropped on commit."""
    reword("cancer", **fields)
    cache._drop()


def test_a_page_asks_three_questions_cold_and_none_when_kept(
    content, client, django_assert_max_num_queries
):
    assert len(paths()) > 40
    for path in paths():
        with django_assert_max_num_queries(3):
            cold = client.get(path)
        with django_assert_max_num_queries(0):
            kept = client.get(path)

        assert kept.status_code == cold.status_code == 200, path
        assert kept.content == cold.content
        own = {"X-Request-Id", "Date"}
        assert {k: v for k, v in kept.items() if k not in own} == {
            k: v for k, v in cold.items() if k not in own
        }
        with django_assert_max_num_queries(0):
            again = client.get(path, headers={"if-none-match": kept["ETag"]})
            head = client.head(path)
        assert again.status_code == 304
        assert (head.status_code, head["Vary"]) == (200, kept["Vary"])


def test_the_check_keeps_nothing_and_asks_three_questions_at_most(
    content, client, django_assert_max_num_queries
):
    with django_assert_max_num_queries(3):
        answer = client.get(reverse("services:check"))

    assert answer["Cache-Control"] == "no-store"
    assert not names(reverse("services:check"))


def test_a_kept_page_holds_no_token_and_nothing_of_a_visitor(content, client):
    client.get(reverse("account_login"))  # now there is a token in a cookie
    token = client.cookies["csrftoken"].value
    for path in paths():
        client.get(path)
        text = client.get(path).content.decode()
        assert "csrfmiddlewaretoken" not in text
        assert token not in text


def test_a_change_shows_at_once_to_everyone(content, client):
    before = client.get("/conditions/cancer/")
    assert "As edited" not in client.get("/conditions/cancer/").content.decode()

    edit(title="As edited")

    for someone in (client, Client()):
        after = someone.get("/conditions/cancer/")
        assert "As edited" in after.content.decode()
        assert after["ETag"] != before["ETag"]


def test_pages_are_dropped_when_the_change_is_committed_and_not_before(
    content, client, django_capture_on_commit_callbacks
):
    client.get("/conditions/cancer/")
    with django_capture_on_commit_callbacks(execute=True):
        cache.drop_pages()
        reword("cancer", title="As edited")
        assert "As edited" not in client.get("/conditions/cancer/").content.decode()

    assert "As edited" in client.get("/conditions/cancer/").content.decode()


def test_what_was_drawn_before_a_drop_is_never_read_after_it(keeping, rf):
    """A slow process draws from old rows, and is done only after the change."""
    drawing, changed = Event(), Event()
    rows = ["old"]

    @cache.kept
    def slow(request):
        answer = HttpResponse(rows[-1])
        drawing.set()
        changed.wait(10)
        return answer

    @cache.kept
    def quick(request):
        return HttpResponse(rows[-1])

    late = Thread(target=slow, args=[rf.get("/page/")])
    late.start()
    assert drawing.wait(10)
    rows.append("new")
    cache._drop()
    assert quick(rf.get("/page/")).content == b"new"  # kept, until the slow one comes
    rows.append("newer")
    assert quick(rf.get("/page/")).content == b"new"
    changed.set()
    late.join(10)

    assert quick(rf.get("/page/")).content == b"newer"


def test_another_process_s_drop_is_seen_by_this_one(keeping, rf, settings):
    rows = ["old"]

    @cache.kept
    def page(request):
        return HttpResponse(rows[-1])

    page(rf.get("/"))
    rows.append("new")
    assert page(rf.get("/")).content == b"old"  # so it is kept

    name = f"{settings.KEPT_PAGES}:{cache.GENERATION}"
    other = cache._client.__wrapped__(settings.REDIS_URL)  # a connection of its own
    other.set(name, uuid.uuid4().hex)

    assert page(rf.get("/")).content == b"new"


@pytest.mark.parametrize(
    ("how", "options"),
    [
        pytest.param("a session", {"HTTP_COOKIE": "sessionid=x"}, id="a session"),
        pytest.param("words", {"QUERY_STRING": "q=1"}, id="a query"),
        pytest.param("htmx", {"HTTP_HX_REQUEST": "true"}, id="a part of a page"),
    ],
)
def test_who_may_get_another_answer_is_neither_given_nor_leaves_a_kept_one(
    keeping, rf, how, options
):
    drawn = []

    @cache.kept
    def page(request):
        drawn.append(request)
        return HttpResponse(str(len(drawn)))

    page(rf.get("/", **options))
    page(rf.get("/"))
    page(rf.get("/"))
    page(rf.get("/", **options))

    assert len(drawn) == 3


@pytest.mark.parametrize(
    "answer", ["a fault", "a cookie", "no-store", "a token", "a session"]
)
def test_an_answer_that_is_not_for_all_is_not_kept(keeping, rf, answer):
    drawn = []

    @cache.kept
    def page(request):
        drawn.append(request)
        response = HttpResponse("x", status=404 if answer == "a fault" else 200)
        if answer == "a cookie":
            response.set_cookie("a", "b")
        if answer == "no-store":
            response["Cache-Control"] = "no-store"
        if answer == "a token":  # its cookie is set after the view
            get_token(request)
        if answer == "a session":
            request.session = SessionStore()
            request.session["a"] = "b"
        return response

    page(rf.get("/"))
    page(rf.get("/"))

    assert len(drawn) == 2


def test_every_kept_page_lasts_for_a_time_and_goes_by_itself(content, client):
    for path in paths():
        client.get(path)
    kept = names("/") + names(".xml") + names(".atom")

    times = [cache._client(settings.REDIS_URL).ttl(name) for name in kept]

    assert len(kept) == len(paths())
    assert all(0 < seconds <= cache.LASTS for seconds in times)


def test_a_release_with_other_files_is_given_no_page_of_the_one_before(
    keeping, rf, monkeypatch
):
    drawn = []

    @cache.kept
    def page(request):
        drawn.append(request)
        return HttpResponse()

    for release in ("one", "two", "one"):
        files = SimpleNamespace(manifest_hash=release)
        monkeypatch.setattr(cache, "staticfiles_storage", files)
        page(rf.get("/"))

    assert len(drawn) == 2


def test_someone_signed_in_gets_their_own_page(content, client):
    client.get("/")
    client.force_login(make_user(Role.STAFF, name="Reader Testwell"))

    assert "Reader Testwell" in client.get("/").content.decode()
    assert "Reader Testwell" not in Client().get("/").content.decode()


def test_without_redis_a_page_is_drawn_and_redis_is_left_alone_for_a_while(
    content, client, settings, monkeypatch
):
    settings.REDIS_URL = NOBODY
    asked = []
    away = cache._client(NOBODY)
    real = away.mget
    monkeypatch.setattr(
        away, "mget", lambda *names: asked.append(names) or real(*names)
    )

    answers = [client.get("/conditions/cancer/") for _ in range(5)]

    assert {answer.status_code for answer in answers} == {200}
    assert len(asked) == 1


def test_a_drop_that_fails_is_told_and_breaks_nothing(keeping, settings, caplog):
    settings.REDIS_URL = NOBODY

    cache._drop()

    assert "pages_not_dropped" in caplog.text


def test_what_an_editor_saves_in_the_admin_shows_at_once(
    content, client, django_capture_on_commit_callbacks
):
    visitor = Client()
    visitor.get("/research/")
    client.force_login(make_user(Role.EDITOR))
    study = Publication.objects.first()
    form = {"title": "As edited", "authors": "A", "journal": "J", "year": 2010}
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("admin:services_publication_change", args=[study.pk]), form)

    assert "As edited" in visitor.get("/research/").content.decode()


def test_a_load_and_an_import_drop_the_pages(
    content, client, django_capture_on_commit_callbacks
):
    from services.actions import import_insurers

    heading = "name,in_network,needs_referral,needs_authorization,known_since"
    with django_capture_on_commit_callbacks() as owed:
        data = f"{heading}\nFictional Mutual,yes,no,no,2026-01-01\n".encode()
        assert import_insurers(data=data, by=None, now=NOW).written
    assert cache._drop in owed

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE services_publication CASCADE")
    with django_capture_on_commit_callbacks() as owed:
        assert load_content(by=None, now=NOW)
    assert cache._drop in owed
