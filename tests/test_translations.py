"""The Spanish catalog: whole, true to its placeholders, and safely compiled."""

from __future__ import annotations

import io
import os
import re
from threading import Barrier, Thread

import pytest
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import read_mo
from django.conf import settings
from django.utils.translation.template import templatize

from massage_portal import actions
from tests.spanish import PLACEHOLDER, SOURCE, TAG, both, catalog, pairs

ROOT = settings.BASE_DIR
APPS = ["massage_portal", "services", "referrals", "appointments"]
KEYWORDS = DEFAULT_KEYWORDS | {
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}


# --- The catalog ----------------------------------------------------------------------


def test_the_header_tells_the_language_and_names_nobody():
    header = SOURCE.read_text().split("\n\n")[0]
    assert '"Language: es\\n"' in header
    assert '"Plural-Forms: nplurals=2; plural=(n != 1);\\n"' in header
    assert not re.search(r"fuzzy|@|Last-Translator|Language-Team|Copyright", header)


def test_every_entry_is_translated_in_all_its_forms():
    bare = [entry.id for entry in catalog() if entry.id and not all_said(entry)]
    assert bare == []


def all_said(entry):
    return all(said.strip() for _english, said in both(entry))


def test_no_entry_is_a_guess_or_left_over():
    assert [entry.id for entry in catalog() if entry.id and entry.fuzzy] == []
    assert list(catalog().obsolete) == []
    assert "\n#~" not in SOURCE.read_text()


@pytest.mark.parametrize("other", ["oferta", "derivaci", "cupo"])
def test_a_thing_has_one_word(other):
    """An offer is a propuesta, a referral a remisión: two words would be two things."""
    assert [said for _english, said in pairs() if other in said.lower()] == []


@pytest.mark.parametrize("part", [PLACEHOLDER, TAG], ids=["placeholders", "tags"])
def test_placeholders_and_tags_are_the_same_in_both_languages(part):
    wrong = [
        (english, spanish)
        for english, spanish in pairs()
        if sorted(part.findall(english)) != sorted(part.findall(spanish))
    ]
    assert sum(bool(part.findall(english)) for english, _ in pairs()) > 3
    assert wrong == []


def test_a_translation_keeps_the_space_or_the_colon_at_its_end():
    """What follows leans on it: another word, a link, a name."""
    wrong = [
        english
        for english, spanish in pairs()
        if (english.strip() != english) != (spanish.strip() != spanish)
        or (english.endswith(":") and not spanish.endswith(":"))
    ]
    assert wrong == []


# --- Every word of the templates and the code is in it --------------------------------


def in_template(path):
    """Return the msgids of a template: Django makes it Python, Babel reads that."""
    text = templatize(path.read_text(), origin=str(path))
    flat = "\n".join(line.lstrip() for line in text.splitlines())
    return in_python(io.BytesIO(flat.encode()))


def in_python(file):
    found = extract("python", file, keywords=KEYWORDS)
    return {(context, first(said)) for _line, said, _notes, context in found}


def first(said):
    return said if isinstance(said, str) else said[0]


def extracted():
    found = set()
    for path in [*ROOT.glob("templates/**/*.html"), *ROOT.glob("templates/**/*.txt")]:
        found |= in_template(path)
    for app in APPS:
        for path in (ROOT / app).rglob("*.py"):
            with path.open("rb") as file:
                found |= in_python(file)
    return found


def test_the_catalog_holds_what_the_templates_and_the_code_say_and_no_more():
    held = {(entry.context, first(entry.id)) for entry in catalog() if entry.id}
    used = extracted()
    missing = sorted(str(text) for _context, text in used - held)
    unused = sorted(str(text) for _context, text in held - used)
    assert missing == [], "run `make messages` and translate these"
    assert unused == [], "run `make messages`: nothing says these any more"


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("a.html", '<p>{% translate "One" %}</p>', {(None, "One")}),
        ("a.txt", '\n   {% translate "Two" context "noun" %}', {("noun", "Two")}),
        (
            "a.html",
            "{% blocktranslate count n=n %}{{ n }} day{% plural %}{{ n }} days"
            "{% endblocktranslate %}\n  {{ x|date:_('l, F') }}",
            {(None, "%(n)s day"), (None, "l, F")},
        ),
    ],
)
def test_a_word_of_a_template_is_found(tmp_path, name, text, found):
    (tmp_path / name).write_text(text)
    assert in_template(tmp_path / name) == found


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('_("One " "and two")', (None, "One and two")),
        ('ngettext_lazy("a day", "days", "n")', (None, "a day")),
        ('pgettext_lazy("noun", "Three")', ("noun", "Three")),
    ],
)
def test_a_word_of_the_code_is_found(code, found):
    assert in_python(io.BytesIO(code.encode())) == {found}


# --- Compiling ------------------------------------------------------------------------


@pytest.fixture
def locale(tmp_path, settings):
    """A locale folder of its own with one word in it; return its catalog."""
    source = tmp_path / "es" / "LC_MESSAGES" / "django.po"
    source.parent.mkdir(parents=True)
    source.write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
        'msgid "bread"\nmsgstr "pan"\n'
    )
    settings.LOCALE_PATHS = [tmp_path]
    return source


def test_the_catalog_is_compiled_once_and_again_when_it_is_newer(locale):
    compiled = locale.with_suffix(".mo")
    assert [actions.compile_translations(), actions.compile_translations()] == [1, 0]
    with compiled.open("rb") as file:
        assert read_mo(file)["bread"].string == "pan"

    locale.write_text(locale.read_text().replace("pan", "hogaza"))
    ahead = compiled.stat().st_mtime + 5
    os.utime(locale, (ahead, ahead))
    assert actions.compile_translations() == 1
    with compiled.open("rb") as file:
        assert read_mo(file)["bread"].string == "hogaza"


def test_of_two_that_compile_at_once_neither_spoils_the_other(locale, monkeypatch):
    """Both have written their drafts before either puts its own in place."""
    written, faults = Barrier(2, timeout=20), []
    write_mo = actions.write_mo

    def write_and_meet(*args):
        write_mo(*args)
        written.wait()

    def compile_it():
        try:
            actions.compile_translations()
        except Exception as fault:
            faults.append(fault)

    monkeypatch.setattr(actions, "write_mo", write_and_meet)
    runners = [Thread(target=compile_it) for _ in range(2)]
    for runner in runners:
        runner.start()
    for runner in runners:
        runner.join()

    assert faults == []
    assert [path.name for path in locale.parent.glob("*.mo*")] == ["django.mo"]
    with locale.with_suffix(".mo").open("rb") as file:
        assert read_mo(file)["bread"].string == "pan"
