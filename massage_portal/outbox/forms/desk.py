"""
What staff ask of the list of messages.

What narrows it stands in the address, so no names do; a search for one is sent.
"""

from __future__ import annotations

from datetime import date
from operator import itemgetter
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from massage_portal import forms as parts
from massage_portal.outbox.codes import Channel, State
from massage_portal.outbox.desk import Narrowing
from massage_portal.outbox.kinds import kinds

MOST_AT_ONCE = 100  # messages that one call settles
LONGEST_KEY = 18  # digits
# Near the ends of the calendar sums overflow.
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2999, 12, 31)


class Narrow(forms.Form):
    """Read the filters of an address; what is none of them filters nothing."""

    state = forms.ChoiceField(label=_("State"), required=False)
    kind = forms.ChoiceField(label=_("What"), required=False)
    channel = forms.ChoiceField(label=_("Channel"), required=False)
    day = parts.ThreePartDate(
        label=_("Day"), required=False, earliest=FIRST_DAY, latest=LAST_DAY
    )
    patient = forms.IntegerField(
        min_value=1, max_value=10**LONGEST_KEY, required=False, widget=forms.HiddenInput
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["auto_id"] = "%s"
        super().__init__(*args, **kwargs)
        choices: dict[str, list[tuple[str, Any]]] = {
            "state": [*State.choices],
            "kind": sorted(
                [(kind.name, str(kind.title)) for kind in kinds()], key=itemgetter(1)
            ),
            "channel": [*Channel.choices],
        }
        for name, some in choices.items():
            field: Any = self.fields[name]
            field.choices = [("", _("All")), *some]

    def narrowing(self) -> Narrowing:
        """Return what to narrow by."""
        self.is_valid()
        chosen = self.cleaned_data
        state = chosen.get("state")
        return Narrowing(
            state=State(state) if state else None,
            kind=chosen.get("kind", ""),
            channel=chosen.get("channel", ""),
            day=chosen.get("day"),
            patient=chosen.get("patient"),
        )


class FindPerson(parts.Form):
    """What to find the messages of a person by."""

    q = parts.Text(
        label=_("Find messages to a patient: name, record number or date of birth"),
        max_length=100,
        error_messages={
            "required": _("Type a name, a record number or a date of birth.")
        },
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, auto_id="%s", **kwargs)  # the page draws it: id="q"


class Called(forms.Form):
    """Which messages and which addresses one call settled."""

    def clean(self) -> dict[str, Any]:
        """Read the keys, each once."""
        checked: dict[str, Any] = super().clean() or {}
        for name in ("message", "stop"):
            checked[f"{name}s"] = self._keys(name)
        if not checked["messages"] and not checked["stops"]:
            self.add_error(None, _("Nothing was chosen."))
        return checked

    def _keys(self, name: str) -> list[int]:
        data: Any = self.data
        sent = data.getlist(name)[:MOST_AT_ONCE]
        return sorted({int(one) for one in sent if _is_key(one)})


def _is_key(text: str) -> bool:
    """Say whether it may be a key: Python refuses to read thousands of digits."""
    return text.isascii() and text.isdecimal() and len(text) <= LONGEST_KEY
