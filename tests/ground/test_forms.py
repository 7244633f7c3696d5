"""The shared parts of forms: what they take, what they refuse, in which words."""

from __future__ import annotations

import re
from datetime import date

import pytest
from crispy_forms.utils import render_crispy_form
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from massage_portal import forms as parts
from massage_portal import plaintext
from massage_portal.dates import DateParts, NotADate, read_date
from massage_portal.templatetags.portal import faults, tel


class Sample(parts.Form):
    submit = "Send"
    autocomplete = {"birth_date": "bday"}

    key = parts.SubmissionKey()
    name = parts.Text(label="Last name", max_length=10)
    birth_date = parts.ThreePartDate(label="Date of birth", latest=date(2026, 10, 14))
    pain = parts.Scale(label="Pain", low="none", high="worst")
    pregnant = parts.YesNo(label="Are you pregnant?")
    times = forms.MultipleChoiceField(
        label="When?",
        choices=[("am", "Mornings"), ("pm", "Afternoons")],
        widget=forms.CheckboxSelectMultiple,
    )
    note = parts.Text(label="Note", max_length=200, lines=3, required=False)


GOOD = {
    "key": "7f0c9a52-7a4e-4b62-9f0b-111111111111",
    "name": "Example",
    "birth_date_month": "March",
    "birth_date_day": "14",
    "birth_date_year": "1985",
    "pain": "7",
    "pregnant": "no",
    "times": ["am", "pm"],
}


def sample(**changes):
    return Sample(GOOD | changes)


def text_of(form, name):
    return " ".join(form.errors.get(name, []))


def test_a_filled_form_gives_plain_python_values():
    form = sample(note="First line\r\nsecond line  \r\n")

    assert form.is_valid(), form.errors
    kept = form.cleaned_data
    assert kept["birth_date"] == date(1985, 3, 14)
    assert (kept["pain"], kept["pregnant"]) == (7, False)
    assert kept["note"] == "First line\nsecond line"
    assert str(kept["key"]) == GOOD["key"]


@pytest.mark.parametrize(
    "typed",
    [
        ("3", "14", "1985"),
        ("03", "14", "1985"),
        (" march ", "14", "1985"),
        ("Mar.", "14", "1985"),
        ("Sept", "14", "1985"),
        ("3/14/1985", "", ""),
        ("1985-03-14", "", ""),
    ],
)
def test_a_date_is_read_as_people_type_it(typed):
    boxes = ["birth_date_month", "birth_date_day", "birth_date_year"]
    form = sample(**dict(zip(boxes, typed, strict=True)))

    assert form.is_valid(), form.errors
    assert form.cleaned_data["birth_date"].day == 14


def test_a_month_may_be_named_in_the_language_of_the_page():
    with translation.override("es"):
        assert read_date(DateParts("marzo", "14", "1985")) == date(1985, 3, 14)
        assert read_date(DateParts("March", "14", "1985")) == date(1985, 3, 14)


@pytest.mark.parametrize(
    ("typed", "says", "blames"),
    [
        (("", "14", "1985"), "Add the month", ("month",)),
        (("3", "", ""), "the day and the year", ("day", "year")),
        (("13", "14", "1985"), "month from 1 to 12", ("month",)),
        (("Ma", "14", "1985"), "month from 1 to 12", ("month",)),
        (("3", "32", "1985"), "day from 1 to 31", ("day",)),
        (("3", "0", "1985"), "day from 1 to 31", ("day",)),
        (("3", "14", "85"), "all 4 digits", ("year",)),
        (("3", "14", "19850"), "all 4 digits", ("year",)),
        (("2", "29", "2025"), "February 2025 has only 28 days", ("month", "day")),
        (("²", "14", "1985"), "month from 1 to 12", ("month",)),
    ],
)
def test_a_wrong_date_is_told_which_part_to_mend(typed, says, blames):
    with pytest.raises(NotADate, match=says) as refusal:
        read_date(DateParts(*typed))
    assert tuple(refusal.value.parts) == blames


@given(st.dates(min_value=date(1000, 1, 1)))
def test_every_date_can_be_typed_back(day):
    typed = DateParts(str(day.month), str(day.day), str(day.year))
    assert read_date(typed) == day


@given(st.tuples(st.text(max_size=8), st.text(max_size=8), st.text(max_size=8)))
def test_no_typing_breaks_the_reading_of_dates(typed):
    boxes = ["birth_date_month", "birth_date_day", "birth_date_year"]
    form = Sample(dict(zip(boxes, typed, strict=True)))
    found = form["birth_date"].errors
    assert found or form.cleaned_data["birth_date"].year >= 1000


def test_a_date_after_the_limit_is_refused_with_the_limit():
    form = sample(birth_date_year="2027")
    assert "not after Oct. 14, 2026" in text_of(form, "birth_date")


def test_only_the_boxes_at_fault_are_marked_and_the_typed_text_stays():
    form = sample(birth_date_month="2", birth_date_day="30")
    html = str(form["birth_date"])

    assert html.count('aria-invalid="true"') == 2
    assert 'value="1985"' in html
    assert 'autocomplete="bday-year"' in html
    anchors = [fault.anchor for fault in faults(form)]
    assert anchors == ["id_birth_date_0"]


@pytest.mark.parametrize(
    "text",
    ["Exa\x00mple", "Exam\x07ple", "Exam\u202eple", "Exam\u2066ple", "\x1bExample"],
)
def test_hidden_characters_are_refused_with_the_place(text):
    form = sample(name=text)
    assert "hidden character" in text_of(form, "name")
    if text.startswith("Exam"):
        assert "after “Exam”" in text_of(form, "name")


def test_a_letter_under_a_heap_of_marks_is_refused():
    assert "accents" in text_of(sample(name="a" + "\u0301" * 500), "name")


def test_names_of_all_scripts_pass():
    for name in ["Nguyễn", "Ольга", "מָרִים", "می‌ترا", "O'Neil-Łuk"]:
        assert sample(name=name).is_valid(), name


def test_text_is_kept_composed_and_without_invisible_leftovers():
    form = sample(name="\ufeffJose\u0301  \u200bE ")
    assert form.is_valid(), form.errors
    assert form.cleaned_data["name"] == "José E"


def test_a_text_that_is_too_long_is_told_by_how_much():
    message = "Shorten this to 10 characters. It has 12."
    assert text_of(sample(name="x" * 12), "name") == message
    assert "maxlength" not in str(Sample()["name"])


@given(st.text())
def test_a_cleaned_text_is_stable(text):
    try:
        once = plaintext.clean(text, lines=True)
    except ValueError:
        return
    assert plaintext.clean(once, lines=True) == once


@given(st.text())
def test_no_line_break_survives_in_a_single_line(text):
    try:
        cleaned = plaintext.clean(text, lines=False)
    except ValueError:
        return
    assert len(cleaned.splitlines()) <= 1


def test_a_broken_submission_key_is_replaced_so_that_the_form_can_be_sent():
    form = sample(key="broken")
    assert "open too long" in text_of(form, "key")
    again = form["key"].value()
    assert Sample(GOOD | {"key": str(again)}).is_valid()


def test_a_submission_key_that_was_sent_comes_back_unchanged():
    form = sample(name="")
    assert str(form["key"].value()) == GOOD["key"]


def test_two_pages_have_different_submission_keys():
    assert Sample()["key"].value() != Sample()["key"].value()


def test_every_unanswered_field_is_told_in_its_own_words():
    form = Sample({})
    assert text_of(form, "name") == "Fill this in."
    assert text_of(form, "birth_date") == "Enter a date."
    assert text_of(form, "pain") == "Choose one of the answers."
    assert text_of(form, "times") == "Choose at least one of the answers."


def test_each_line_of_the_error_summary_leads_to_an_input_on_the_page():
    form = Sample({})
    html = render_crispy_form(form)
    for fault in faults(form):
        if fault.anchor:
            assert f'href="#{fault.anchor}"' in html
            assert f' id="{fault.anchor}"' in html
    assert 'href="#id_pain_0"' in html


def test_each_fault_and_each_hint_is_tied_to_its_field():
    html = render_crispy_form(Sample({}))
    assert 'aria-describedby="id_name_error"' in html
    assert 'id="id_name_error"' in html
    assert '<fieldset class="field field--faulty" id="id_pain_field"' in html
    assert 'aria-describedby="id_pain_error"' in html


def test_a_form_draws_one_button_and_leaves_checking_to_the_server():
    html = render_crispy_form(Sample())
    assert html.count("<button") == 1
    assert "novalidate" in html
    assert "(optional)" in html


def test_yes_and_no_can_be_shown_as_answered():
    html = render_crispy_form(Sample(initial={"pregnant": False}))
    assert re.search(r'value="no"[^>]* checked', html)


def test_an_email_address_is_kept_in_lower_case():
    field = parts.Email()
    assert field.clean(" Ana.Example@Example.COM ") == "ana.example@example.com"
    with pytest.raises(forms.ValidationError, match=r"name@example\.com"):
        field.clean("ana@example")
    with pytest.raises(forms.ValidationError, match=r"U\+202E.*after “ana@”"):
        field.clean("ana@\u202eexample.com")


def test_a_phone_number_is_read_as_it_is_written_here():
    assert parts.Phone().clean("(507) 284-2511") == "+15072842511"
    with pytest.raises(forms.ValidationError, match="area code"):
        parts.Phone().clean("12")


def test_a_whole_number_is_told_its_limits():
    field = parts.WholeNumber(min_value=1, max_value=60)
    assert field.clean("6") == 6
    for typed, says in [("six", "digits"), ("0", "1 or more"), ("61", "60 or less")]:
        with pytest.raises(forms.ValidationError, match=says):
            field.clean(typed)


def test_the_clinic_can_be_called_by_a_tap():
    assert tel("507-284-2511") == "tel:+1-507-284-2511"
    assert tel("507-555-0100") == "tel:+1-507-555-0100"


class Sending(parts.Form):
    file = parts.File(label="Table", max_bytes=2_000_000, endings=[".csv"])


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.csv", b"x", ""),
        ("A.CSV", b"x" * 2_000_000, ""),
        ("a.csv", b"", "This file is empty. Choose another one."),
        ("a.csv", b"x" * 2_150_000, "a file of at most 2 MB. This one has 2.1 MB."),
        ("a.csv.exe", b"x", "a file whose name ends in .csv."),
        ("", b"x", "Choose a file."),
    ],
)
def test_a_file_is_taken_by_its_size_and_the_end_of_its_name(name, data, words):
    sent = {"file": SimpleUploadedFile(name, data)} if name else {}

    form = Sending({}, sent)

    assert form.is_valid() == (not words)
    assert words in text_of(form, "file")


def test_a_browser_is_told_which_files_to_offer():
    drawn = render_crispy_form(Sending())

    assert 'accept=".csv"' in drawn
    assert 'enctype="multipart/form-data"' in drawn
