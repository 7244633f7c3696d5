"""The forms on a page, as a browser would send them untouched."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

TYPED = {"text", "email", "tel", "textarea"}
NOT_SENT = {"submit", "button", "file", "image", "reset"}


@dataclass
class Drawn:
    """One form in the main part of a page: where it goes, and each field's value."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    typed: set[str] = field(default_factory=set)  # those that people type into


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Drawn] = []
        self.inside = self.main = False
        self.area = self.select = ""

    def handle_starttag(self, tag, attributes) -> None:
        found = {key: value or "" for key, value in attributes}
        self.main = self.main or tag == "main"
        if tag == "form" and self.main:
            method = found.get("method", "get").lower()
            self.forms.append(Drawn(found.get("action", ""), method))
            self.inside = True
        name = found.get("name")
        if tag == "option" and self.select:
            if "selected" in found or not self.forms[-1].fields[self.select]:
                self.forms[-1].fields[self.select] = found.get("value", "")
        elif self.inside and name and tag in ("input", "textarea", "select"):
            self._field(tag, name, found)

    def _field(self, tag, name, found) -> None:
        form, kind = self.forms[-1], found.get("type", "text")
        if tag != "input":
            kind = tag
        if kind in NOT_SENT:
            return
        form.fields.setdefault(name, "")
        if kind in ("radio", "checkbox"):
            if "checked" in found:
                form.fields[name] = found.get("value", "on")
            return
        form.fields[name] = found.get("value", "")
        if kind in TYPED:
            form.typed.add(name)
        self.area = name if tag == "textarea" else ""
        self.select = name if tag == "select" else ""

    def handle_endtag(self, tag) -> None:
        if tag == "main":
            self.main = False
        if tag == "form":
            self.inside = False
        if tag in ("textarea", "select"):
            self.area = self.select = ""

    def handle_data(self, data) -> None:
        if self.area:
            self.forms[-1].fields[self.area] += data.removeprefix("\n")


def forms_of(page: str) -> list[Drawn]:
    """Return the forms inside <main>, in order."""
    reader = _Reader()
    reader.feed(page)
    return reader.forms
