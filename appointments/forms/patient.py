"""What patients fill in beside a request. They only check."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from appointments.forms.ask import ANY_DAY, NOTICE, TIMES, Preferences, When
from appointments.matching import LETTERS
from appointments.models import WaitlistEntry
from massage_portal import forms as parts


class Reply(parts.Form):
    """The answer to what the clinic asked."""

    submit = _("Send my answer")
    words = parts.Text(label=_("Your answer"), max_length=1000, lines=5)


class AskToMove(parts.Form):
    """The wish for another time; what would suit is for the scheduler to read."""

    submit = _("Ask for another time")
    words = parts.Text(
        label=_("When would suit you better?"),
        help_text=_("You may leave this empty. Please do not write about your health."),
        max_length=300,
        lines=3,
        required=False,
    )


class AskQuestion(parts.Form):
    """A question about one's request, for a scheduler."""

    submit = _("Send my question")
    words = parts.Text(label=_("Your question"), max_length=1000, lines=5)


class ChangeWhen(When, Preferences):
    """When they can come, and what they prefer, as they said it when they asked."""

    submit = _("Save my answers")
    version = forms.IntegerField(
        widget=forms.HiddenInput,
        min_value=1,
        error_messages=dict.fromkeys(
            ("required", "invalid", "min_value"),
            _("This page was open too long. Check it and send it again."),
        ),
    )
    field_order = ("weekdays", "times", "earliest", "latest")

    def __init__(
        self, *args: Any, entry: WaitlistEntry, planned: date | None, **kwargs: Any
    ) -> None:
        super().__init__(*args, initial=_as_said(entry, kwargs["today"]), **kwargs)
        if planned:  # the plan's next visit is never before its planned day
            self.fields["latest"].earliest = planned  # type: ignore[attr-defined]
            self.fields["earliest"].earliest = planned  # type: ignore[attr-defined]
            self.until = max(self.until, planned) if self.until else None


def _as_said(entry: WaitlistEntry, today: date) -> dict[str, Any]:
    """Return what the request holds, as the form says it; past days are left out."""
    asked = (entry.from_time, entry.to_time)
    times = next((name for name, pair in TIMES.items() if pair == asked), "any")
    notices = [hours for hours, _words in NOTICE]
    days = [ANY_DAY] if entry.weekdays == LETTERS else list(entry.weekdays)
    last = entry.latest
    return {
        "version": entry.version,
        "weekdays": days,
        "times": times,
        "earliest": entry.earliest if (entry.earliest or today) > today else None,
        "latest": last if last and last >= today else None,
        "location": entry.location_id,
        "therapist": entry.therapist_id,
        "notice_hours": min(notices, key=lambda one: abs(one - entry.notice_hours)),
    }
