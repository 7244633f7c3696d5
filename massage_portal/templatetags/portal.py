"""What templates cannot say for themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from django import forms, template
from django.conf import settings
from django.forms.boundfield import BoundField
from django.template import Context
from django.template.loader import render_to_string
from django.template.loader_tags import BLOCK_CONTEXT_KEY
from django.utils.html import format_html, json_script
from django.utils.safestring import SafeString
from django.utils.translation import get_language, get_language_bidi
from phonenumber_field.phonenumber import to_python

from massage_portal import stencils

register = template.Library()


class Fault(NamedTuple):
    """One line of the error summary; `anchor` is "" where no field is to blame."""

    anchor: str
    label: str
    text: str


@register.simple_tag
def clinic_phone() -> str:
    """Return the clinic's number, also on pages that are drawn without a request."""
    return settings.CLINIC_PHONE


@register.simple_tag
def stenciled(rows: Iterable[Any], template: str, **more: bool) -> SafeString:
    """
    Return the template drawn for each row: the fields of a dataclass, as texts.

    It sees those fields by their names, and what is given by name here; nothing else.
    """
    contexts = [{**vars(row), **more} for row in rows]
    return SafeString("".join(stencils.render_all(template, contexts)))


@register.simple_tag
def in_language(code: str) -> SafeString:
    """
    Return the attribute lang="..." where a text is not in the page's language.

    A screen reader then reads the element in the language it is written in. Where that
    runs the other way than the page, dir keeps the full stops at their ends.
    """
    if get_language() == code:
        return SafeString("")
    here, there = get_language_bidi(), code.split("-")[0] in settings.LANGUAGES_BIDI
    if here == there:
        return format_html(' lang="{}"', code)
    return format_html(' lang="{}" dir="{}"', code, "rtl" if there else "ltr")


@register.simple_tag
def in_english() -> SafeString:
    """Return the same for text of the records that is in English only."""
    return in_language("en")


@register.simple_tag(takes_context=True)
def again(context: Context, name: str) -> SafeString:
    """Return once more what a block of this page holds, safe inside an attribute."""
    block = context.render_context[BLOCK_CONTEXT_KEY].get_block(name)
    return SafeString(block.render(context).strip().replace('"', "&quot;"))


@register.filter
@lru_cache(maxsize=64)
def icon(name: str) -> SafeString:
    """Return an icon: a page has many, and each is always the same."""
    drawn = render_to_string("components/icon_drawn.html", {"name": name})
    return SafeString(drawn.strip())


@register.filter
def ld_json(data: object) -> SafeString:
    """Return data for a <script> of type application/ld+json: no text can end it."""
    begin, end = '<script type="application/json">', "</script>"
    return SafeString(json_script(data).removeprefix(begin).removesuffix(end))


@register.filter
def tel(number: object) -> str:
    """Return the tel: address of a number, as RFC 3966 has it."""
    if number == settings.CLINIC_PHONE:  # it stands on every page
        return _of_clinic(number)
    return _tel(number)


@lru_cache(maxsize=4)
def _of_clinic(number: str) -> str:
    return _tel(number)


def _tel(number: object) -> str:
    parsed = to_python(str(number), region=settings.PHONENUMBER_DEFAULT_REGION)
    if parsed is not None and parsed.is_valid():
        return parsed.as_rfc3966
    return "tel:" + re.sub(r"[^\d+]", "", str(number))


@register.filter
def faults(form: forms.BaseForm) -> list[Fault]:
    """Return what is wrong with a form, in the order of its fields."""
    found = [Fault("", "", str(text)) for text in form.non_field_errors()]
    for field in form:
        for text in field.errors:
            if field.is_hidden:
                found.append(Fault("", "", str(text)))
            else:
                found.append(Fault(_anchor(field), _lead(str(field.label)), str(text)))
    return found


def _lead(label: str) -> str:
    """Return the label as it stands before its fault: "Email:", but "Pregnant?"."""
    return label if label.endswith(("?", ".", ":", "!")) else f"{label}:"


def _anchor(field: BoundField) -> str:
    """Return the id of the first input that can mend the field."""
    name = field.auto_id
    widget = field.field.widget
    if isinstance(widget, forms.MultiWidget):
        return f"{name}_{getattr(field, 'first_faulty', 0)}"
    if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        return f"{name}_0"
    return name
