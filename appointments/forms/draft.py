"""What a scheduler decides about a plan of offers. The forms only check."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from appointments.forms.staff import Propose
from massage_portal import forms as parts

WHOLE = ("send", "redraw", "drop")  # what is done to the plan
OF_A_ROW = ("strike", "restore")  # followed by the row's key


class DrawUp(parts.Form):
    """How many weeks to plan."""

    submit = _("Draw up the plan")
    weeks = forms.IntegerField(
        label=_("Weeks to plan, this one included"), min_value=1, initial=2
    )

    def __init__(self, *args: Any, most: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        weeks = self.fields["weeks"]
        weeks.max_value = most  # type: ignore[attr-defined]
        weeks.widget.attrs |= {"min": 1, "max": most}
        weeks.help_text = _("From 1 to %(most)d, as far as times are offered.") % {
            "most": most
        }
        weeks.initial = min(2, most)
        self._most = most

    def clean_weeks(self) -> int:
        """Refuse what lies beyond the days for which times are offered."""
        weeks: int = self.cleaned_data["weeks"]
        if weeks > self._most:
            raise forms.ValidationError(
                _("Enter from 1 to %(most)d.") % {"most": self._most}
            )
        return weeks


class Decide(parts.Form):
    """One button of the plan's page: what to do, and to which row."""

    version = forms.IntegerField(min_value=1)
    do = forms.CharField(max_length=40)

    def clean_do(self) -> tuple[str, int | None]:
        """Return what to do, and the key of the row if it is about one."""
        what, _dash, key = self.cleaned_data["do"].partition("-")
        if what in WHOLE and not key:
            return what, None
        if what in OF_A_ROW and key.isascii() and key.isdecimal():
            return what, int(key)
        raise forms.ValidationError(_("Use one of the buttons."))


class Move(Propose):
    """Which other time a row is given."""

    how = None  # type: ignore[assignment]
    version = forms.IntegerField(min_value=1)
