"""Finding a patient, and adding one."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from massage_portal import forms as parts

OLDEST = date(1900, 1, 1)


class FindPatient(parts.Form):
    """What to find a patient by."""

    submit = _("Search")
    q = parts.Text(
        label=_("Name, record number or date of birth"),
        help_text=_("For example: Rivera, R-1042, 3/14/1985 or 1985-03-14"),
        max_length=100,
        error_messages={
            "required": _("Type a name, a record number or a date of birth.")
        },
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, auto_id="%s", **kwargs)  # the page draws it: id="q"


class AddPatient(parts.Form):
    """Check what a new patient's record needs."""

    submit = _("Add patient")
    record_number = parts.Text(label=_("Record number"), max_length=20)
    given_name = parts.Text(label=_("Given name"), max_length=100)
    family_name = parts.Text(label=_("Family name"), max_length=100)
    birth_date = parts.ThreePartDate(
        label=_("Date of birth"), help_text=_("For example: March 14, 1985")
    )
    email = parts.Email(
        label=_("Email address"),
        help_text=_("We send the link to sign in here. Leave empty if there is none."),
        required=False,
    )
    phone = parts.Phone(label=_("Phone number"), required=False)
    language = forms.ChoiceField(
        label=_("Language of messages"),
        choices=settings.LANGUAGES,
        initial="en",
        widget=forms.RadioSelect(attrs={"class": "choices--inline"}),
    )
    certain = forms.BooleanField(
        label=_("This is a different person from those listed"), required=False
    )

    def __init__(
        self, *args: Any, today: date, alike: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        birth_date = self.fields["birth_date"]
        birth_date.earliest, birth_date.latest = OLDEST, today  # type: ignore[attr-defined]
        if not alike:
            del self.fields["certain"]
