"""How a person wants to be reached. The forms check, and never save."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import time
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from crispy_forms.layout import Fieldset, Layout
from django import forms
from django.conf import settings
from django.forms.utils import flatatt
from django.utils.formats import time_format
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, get_language_info
from django.utils.translation import gettext_lazy as _

from massage_portal import forms as parts
from massage_portal.outbox.actions import Chosen
from massage_portal.outbox.carriers.channels import serves
from massage_portal.outbox.codes import Channel
from massage_portal.outbox.models import Preference

COMMON_ZONES = [
    ("America/New_York", _("Eastern time (New York)")),
    ("America/Chicago", _("Central time (Chicago)")),
    ("America/Denver", _("Mountain time (Denver)")),
    ("America/Phoenix", _("Arizona (Phoenix)")),
    ("America/Los_Angeles", _("Pacific time (Los Angeles)")),
    ("America/Anchorage", _("Alaska (Anchorage)")),
    ("Pacific/Honolulu", _("Hawaii (Honolulu)")),
]
Choices = Callable[[], Iterable[tuple[Any, Any]]]
CONTINENTS = {"Africa", "America", "Antarctica", "Asia", "Atlantic"}
CONTINENTS |= {"Australia", "Europe", "Indian", "Pacific"}
STALE = _("This page was open too long. Check it and send it again.")


@cache
def other_zones() -> list[tuple[str, str]]:
    """Return every other zone that is named after a place, and what it is called."""
    common = {key for key, _words in COMMON_ZONES}
    found = sorted(available_timezones() - common)
    return [
        (key, key.replace("_", " "))
        for key in found
        if key.partition("/")[0] in CONTINENTS
    ]


def zones() -> list[tuple[Any, Any]]:
    """Return the choices of time zones, the most common first."""
    return [
        ("", _("That of the place of the visit")),
        (_("United States"), COMMON_ZONES),
        (_("Elsewhere"), other_zones()),
    ]


def hours() -> Iterator[tuple[str, str]]:
    """Yield the full hours, as they are said in the reader's language."""
    for hour in range(24):
        yield f"{hour:02d}:00", time_format(time(hour))


@cache
def written(choices: Choices, _language: str | None) -> SafeString:
    """Return the options as HTML; none is chosen."""
    return format_html_join("", "{}", ((_option(*one),) for one in choices()))


def _option(key: Any, words: Any) -> SafeString:
    if isinstance(words, list):
        inner = format_html_join("", "{}", ((_option(*one),) for one in words))
        return format_html('<optgroup label="{}">{}</optgroup>', key, inner)
    return format_html('<option value="{}">{}</option>', key, words)


class LongSelect(forms.Select):
    """
    A select whose options are written once for each language.

    Django draws each by a template of its own: for all time zones that took longer
    than the rest of the page.
    """

    def __init__(self, choices: Choices, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.listed = choices

    def render(
        self, name: str, value: Any, attrs: Any = None, renderer: Any = None
    ) -> SafeString:
        """Return the select, its value chosen if it is one of the options."""
        options = written(self.listed, get_language())
        here = f'<option value="{escape("" if value is None else value)}"'
        chosen = mark_safe(options.replace(here, f"{here} selected", 1))  # noqa: S308
        given = flatatt(self.build_attrs(self.attrs, attrs) | {"name": name})
        return format_html("<select{}>{}</select>", given, chosen)


def hour(label: Any, hint: Any = "") -> forms.TypedChoiceField:
    """Return a field for a full hour."""
    return forms.TypedChoiceField(
        label=label,
        help_text=hint,
        choices=hours,
        coerce=time.fromisoformat,
        widget=LongSelect(hours, {"class": "input--short"}),
    )


class Reach(parts.Form):
    """How somebody wants to be reached, all on one page."""

    submit = _("Save")
    channel = forms.TypedChoiceField(
        label=_("Where should our messages go?"),
        coerce=Channel,
        widget=forms.RadioSelect,
    )
    mobile = parts.Phone(
        label=_("Mobile number"),
        help_text=_(
            "For text messages only. A new number is sent a code first, which shows "
            "that it is the right one."
        ),
        required=False,
    )
    language = forms.ChoiceField(
        label=_("Language of messages"),
        choices=[
            (code, get_language_info(code)["name_local"].capitalize())
            for code, _name in settings.LANGUAGES
        ],
        widget=forms.RadioSelect(attrs={"class": "choices--inline"}),
    )
    quiet_from = hour(_("No messages from"))
    quiet_until = hour(
        _("No messages until"),
        _(
            "That a visit is booked, moved or canceled we write at any hour, by email, "
            "which makes no sound. For no quiet hours, choose the same hour twice."
        ),
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"), choices=zones, required=False, widget=LongSelect(zones)
    )
    optional = forms.BooleanField(
        label=_("Send reminders too"),
        help_text=_(
            "Of visits, and of a referral that ends soon. What must be known, such as "
            "a canceled visit, is always sent."
        ),
        required=False,
    )
    version = forms.IntegerField(
        widget=forms.HiddenInput,
        min_value=0,
        max_value=2**31 - 1,
        error_messages=dict.fromkeys(
            ("required", "invalid", "min_value", "max_value"), STALE
        ),
    )

    def __init__(self, *args: Any, preference: Preference, **kwargs: Any) -> None:
        user = preference.user
        kwargs["initial"] = initial(preference)
        super().__init__(*args, **kwargs)
        self.preference = preference
        choice: Any = self.fields["channel"]
        choice.choices = [
            (Channel.EMAIL, _("By email, to %(address)s") % {"address": user.email})
        ]
        if serves(Channel.SMS):
            words = _("By text message. What is too long for one comes by email.")
            choice.choices += [(Channel.SMS, words)]
            self.fields["mobile"].conditional = True  # type: ignore[attr-defined]
        else:
            del self.fields["mobile"]

    def layout(self) -> Layout:
        """Return the fields; the hours of quiet belong together."""
        quiet = Fieldset(_("Quiet hours"), "quiet_from", "quiet_until", "time_zone")
        first = ["channel", *(["mobile"] if "mobile" in self.fields else [])]
        return Layout(*first, "language", quiet, "optional")

    def clean(self) -> dict[str, Any]:
        """See that a number is there for texts, and is not left unused."""
        checked: dict[str, Any] = super().clean() or {}
        number = str(getattr(checked.get("mobile"), "as_e164", ""))
        if "mobile" in self.errors or "channel" not in checked:
            return checked
        if checked["channel"] == Channel.SMS and not number:
            self.add_error("mobile", _("Enter the number that the texts should go to."))
        unused = number not in ("", self.preference.number)
        if checked["channel"] == Channel.EMAIL and unused:
            self.add_error(
                "mobile",
                _("Choose text messages to use this number, or leave it empty."),
            )
        checked["mobile"] = number
        return checked

    def chosen(self) -> Chosen:
        """Return the answers, as the action takes them."""
        given = dict(self.cleaned_data)
        del given["version"]
        given.setdefault("mobile", self.preference.number)  # it was not asked
        return Chosen(**given)


def initial(preference: Preference) -> dict[str, Any]:
    """Return what holds now, as the form shows it."""
    return {
        "channel": preference.channel,
        "mobile": preference.asked_mobile or preference.mobile,
        "language": preference.user.language,
        "quiet_from": f"{preference.quiet_from:%H:%M}",
        "quiet_until": f"{preference.quiet_until:%H:%M}",
        "time_zone": preference.time_zone,
        "optional": preference.optional,
        "version": preference.version,
    }


class Code(parts.Form):
    """The six digits that were sent to a mobile number."""

    submit = _("Confirm the number")
    code = forms.RegexField(
        r"^\d{6}$",
        label=_("Code"),
        help_text=_("Six digits, from the text message that we sent."),
        error_messages={"invalid": _("Enter the six digits of the code.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs |= {
            "inputmode": "numeric",
            "autocomplete": "one-time-code",
            "class": "input--short",
        }
