"""What a provider answers when a referral ends soon."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from massage_portal import forms as parts
from referrals.actions import Terms
from referrals.codes import RenewalAnswer

PRESET = timedelta(days=90)
LONGEST = timedelta(days=366)


class AnswerRenewal(parts.Form):
    """Check the answer; the end and the visits count only for a renewal."""

    submit = _("Send my answer")
    answer = forms.ChoiceField(
        label=_("What shall become of this referral?"),
        choices=RenewalAnswer,
        widget=forms.RadioSelect,
    )
    valid_until = parts.ThreePartDate(
        label=_("If you renew it: valid until"), required=False
    )
    sessions = parts.WholeNumber(
        label=_("If you renew it: number of visits"),
        min_value=1,
        max_value=60,
        required=False,
    )

    def __init__(
        self, *args: Any, first_day: date, sessions: int, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        until: Any = self.fields["valid_until"]
        until.initial = first_day + PRESET
        until.earliest, until.latest = first_day, first_day + LONGEST
        self.fields["sessions"].initial = sessions

    def clean(self) -> dict[str, Any]:
        """See that a renewal has its end and its visits; others need neither."""
        checked: dict[str, Any] = super().clean() or {}
        needed = ("valid_until", "sessions")
        if checked.get("answer") == RenewalAnswer.RENEW:
            for name in needed:
                if checked.get(name) is None and name not in self.errors:
                    self.add_error(name, _("Fill this in to renew the referral."))
        elif "answer" in checked:  # whatever stands there, it is not asked about
            for name in needed:
                self.errors.pop(name, None)
        return checked

    @property
    def terms(self) -> Terms | None:
        """Return the terms of the renewal; None where the answer is another one."""
        checked = self.cleaned_data
        if checked["answer"] != RenewalAnswer.RENEW:
            return None
        return Terms(checked["valid_until"], checked["sessions"])
