"""What staff fill in for patients who call, and in answer to them. They only check."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from appointments.forms.ask import DailyLife, Pain, Preferences, When
from massage_portal import forms as parts


class AskAll(When, Preferences, Pain, DailyLife):
    """All that a request is made of, on one page: it is read out at the telephone."""

    submit = _("Send the request")
    field_order = (
        *("weekdays", "times", "earliest", "latest", "location"),
        *("therapist", "notice_hours"),
        *("pain", "enjoyment", "activity", "role_threat", "sleep"),
    )


class Answer(parts.Form):
    """The answer to a patient's question."""

    submit = _("Send the answer")
    words = parts.Text(
        label=_("Your answer"),
        help_text=_("The patient reads this."),
        max_length=1000,
        lines=5,
    )
