"""Whatever is typed into any page of referrals is kept, told, and no server error."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django import forms as django_forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils.html import escape

from massage_portal import forms as parts
from massage_portal import plaintext
from referrals import forms, views
from tests.drawn import forms_of
from tests.factories import NOW
from tests.roles_world import arguments, make_world
from tests.typed import NEVER_TAKEN, ODD, SCRIPT

PAGES = sorted(pattern.name for pattern in get_resolver("referrals.urls").url_patterns)
WHO = ["staff", "lead", "provider", "therapist", "patient"]
BAD = ODD | {
    "five hundred marks": "a" + "\u0301" * 500,
    "a joiner between Latin letters": "Ana\u200dSecret",
    "a filler that is drawn as nothing": "Ana\u3164Secret",
    "a zero-width space": "Ana\u200bSecret",
    "a byte order mark": "\ufeffAna",
    "a lone surrogate": "Ana\ud800Secret",
    "ten thousand digits": "9" * 10_000,
    "a huge number": "9" * 30,
    "digits of another script": "\u0661\u0662",
    "a negative number": "-1",
    "only spaces": "\u00a0\u3000 ",
}
NEVER = [*NEVER_TAKEN, "five hundred marks", "a joiner between Latin letters"]
NEVER += ["a filler that is drawn as nothing"]


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    """One clinic for all; whatever a request changes is taken back after it."""
    with (
        django_db_blocker.unblock(),
        pytest.MonkeyPatch.context() as patch,
        transaction.atomic(),
    ):
        patch.setattr("django.utils.timezone.now", lambda: NOW)
        world = make_world()
        world.clients, world.drawn = {}, {}
        for who in WHO:
            world.clients[who] = Client()
            world.clients[who].force_login(world.people[who])
        yield world
        transaction.set_rollback(True)


def address(world, name):
    name = f"referrals:{name}"
    return reverse(name, kwargs=arguments(world).get(name))


def ask(world, who, path, data=None):
    """Open a page or send a form, and take back what it did; return the answer."""
    client = world.clients[who]
    with transaction.atomic():
        if data is None:
            answer = client.get(path)
        else:
            body = urlencode(data, errors="surrogatepass")
            kind = "application/x-www-form-urlencoded"
            answer = client.post(path, body, content_type=kind)
        if answer.streaming:
            assert b"".join(answer.streaming_content)
        transaction.set_rollback(True)
    return answer


def page_of(answer):
    return "" if answer.streaming else answer.content.decode()


def drawn(world, name):
    """Return who may open a page, its address, and the forms on it that are sent."""
    if name not in world.drawn:
        path, found = address(world, name), []
        for who in WHO:
            answer = ask(world, who, path)
            if answer.status_code == 200:
                found = [f for f in forms_of(page_of(answer)) if f.fields]
                break
        world.drawn[name] = who, path, found
    return world.drawn[name]


def told_at(page, name):
    """Say whether a fault stands at the field, or at the date it is a part of."""
    date = re.sub("_(month|day|year)$", "", name)
    return any(f'id="id_{one}_error"' in page for one in (name, date))


def see(answer):
    """See that an answer is none of a server's error, and runs nothing."""
    assert answer.status_code < 500
    page = page_of(answer)
    assert SCRIPT not in page
    return page


def test_the_forms_on_the_pages_are_found(world):
    found = {name: drawn(world, name)[2] for name in PAGES}
    typed = {
        name: set().union(*(form.typed for form in forms))
        for name, forms in found.items()
    }

    assert {"given_name", "email", "phone", "birth_date_month"} <= typed["add_patient"]
    assert {"npi", "diagnosis", "reason", "goals", "sessions"} <= typed["record"]
    assert "reason" in typed["move"]
    assert "csrfmiddlewaretoken" in found["letters"][0].fields
    assert len([name for name in PAGES if typed[name]]) >= 8


@pytest.mark.parametrize("what", BAD)
@pytest.mark.parametrize("name", PAGES)
def test_a_form_with_the_same_in_every_field_tells_each_fault_and_keeps_all(
    world, name, what
):
    typed = BAD[what]
    who, path, found = drawn(world, name)
    for form in found:
        filled = {
            field: value if field == "csrfmiddlewaretoken" else typed
            for field, value in form.fields.items()
        }
        data = filled if form.method == "post" else None
        query = "" if data else "?" + urlencode(filled, errors="surrogatepass")
        answer = ask(world, who, (form.action or path) + query, data)
        page = see(answer)
        if form.method == "post" and form.typed and what in NEVER:
            assert answer.status_code in (409, 422)
            assert escape(typed) in page
            untold = {field for field in form.typed if not told_at(page, field)}
            assert untold == set()


@pytest.mark.parametrize("name", PAGES)
def test_one_bad_field_alone_is_told_at_its_place(world, name):
    who, path, found = drawn(world, name)
    for form in [form for form in found if form.method == "post"]:
        for field in sorted(form.typed):
            for what in ("ten thousand letters", "a right-to-left override", "a NUL"):
                filled = form.fields | {field: BAD[what]}
                answer = ask(world, who, form.action or path, filled)
                page = see(answer)
                assert answer.status_code in (409, 422), field
                assert told_at(page, field), field
                assert escape(BAD[what]) in page, field


def queries():
    """Return the names that views of this app read from an address."""
    folder = Path(views.__file__).parent
    read = r"GET(?:\.get|\.getlist)?[(\[]\s*\"(\w+)\""
    code = " ".join(path.read_text() for path in folder.glob("*.py"))
    return sorted(set(re.findall(read, code)) | {"q", "page", "state"})


def test_the_names_that_views_read_are_found():
    assert {"diagnosis", "insurer"} <= set(queries())


@pytest.mark.parametrize("what", BAD)
@pytest.mark.parametrize("name", PAGES)
def test_no_odd_address_breaks_a_page(world, name, what):
    who, path, _found = drawn(world, name)
    query = urlencode(dict.fromkeys(queries(), BAD[what]), errors="surrogatepass")
    see(ask(world, who, f"{path}?{query}"))


# --- The fields -----------------------------------------------------------------------
HIDDEN = {
    "code",
    "key",
    "seen",
}  # drawn as a choice or not at all, and compared, never kept


def forms_of_this_app():
    found = [getattr(forms, name) for name in forms.__all__]
    return [
        one
        for one in found
        if isinstance(one, type) and issubclass(one, django_forms.BaseForm)
    ]


@pytest.mark.parametrize("form", forms_of_this_app(), ids=lambda form: form.__name__)
def test_each_text_of_a_form_is_one_that_refuses_what_cannot_be_kept(form):
    safe = (parts.Text, parts.Email, parts.Phone)
    loose = {
        name
        for name, field in form.base_fields.items()
        if isinstance(field, django_forms.CharField) and not isinstance(field, safe)
    }
    assert loose <= HIDDEN


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("Ana\u202eSecret", "(U+202E, right-to-left override) after “Ana”"),
        ("Ana\u200dSecret", "(U+200D, zero width joiner) after “Ana”"),
        ("Ana\u3164Secret", "(U+3164, hangul filler) after “Ana”"),
        ("Ana\u2800Secret", "(U+2800, braille pattern blank) after “Ana”"),
        ("Ana\U000e0041", "(U+E0041, tag latin capital letter a) after “Ana”"),
        ("Ana\0Secret", "(U+0000) after “Ana”"),
        ("\x1bAna", "begins with a hidden character (U+001B)"),
        ("Ana\ud800", "(U+D800) after “Ana”"),
        ("مریم\u200c", "(U+200C, zero width non-joiner) after “مریم”"),
        ("a" + "\u0301" * 500, "too many accents"),
    ],
)
def test_a_hidden_character_is_named_with_its_place_and_how_to_mend_it(typed, words):
    for field in (parts.Text(max_length=100), parts.Text(max_length=100, lines=3)):
        with pytest.raises(ValidationError) as refusal:
            field.clean(typed)
        (message,) = refusal.value.messages
        assert words in message
        assert "ype it again" in message


@pytest.mark.parametrize(
    "typed",
    [
        "\u0645\u06cc\u200c\u062a\u0631\u0627",  # Persian, a joiner inside
        "\u0915\u094d\u200d\u0937",  # Devanagari
        "👩\u200d⚕\ufe0f",  # a health worker, as emoji are joined
        "\u0600\u0661",  # an Arabic sign that is seen
        "Ng\u0169y\u1ec5n O'Neil-\u0141uk",
        "🎈",
    ],
)
def test_what_scripts_need_is_kept_as_it_is(typed):
    kept = parts.Text(max_length=100).clean(typed)

    assert kept == unicodedata.normalize("NFC", typed)


def test_leftovers_of_copying_are_dropped_without_a_word():
    typed = "\ufeffJose\u0301\u200e \u200bE\u00adva\u2060 \r\n"

    assert plaintext.clean(typed, lines=False) == "Jos\u00e9 Eva"
