"""What is still to be said of a referral that arrived from elsewhere."""

from __future__ import annotations

from typing import Any

from crispy_forms.layout import Fieldset, Layout
from django.utils.translation import gettext_lazy as _

from referrals.forms.insurer import insurer_field, insurer_on_record
from referrals.forms.screen import Screen
from referrals.models import Referral
from services.models import Insurer


class CompleteDraft(Screen):
    """Check the safety answers and the insurer of a draft."""

    submit = _("Complete the referral")
    insurer = insurer_field()

    def __init__(self, *args: Any, referral: Referral, **kwargs: Any) -> None:
        super().__init__(*args, referral=referral, **kwargs)
        if referral.insurer:
            self.fields["insurer"].initial = referral.insurer.name

    def layout(self) -> Layout:
        """Group the questions."""
        return Layout(Fieldset(_("Safety"), *self.asked_names()), "insurer")

    def clean_insurer(self) -> Insurer | None:
        """Return the insurer on record; name those alike if there is none."""
        return insurer_on_record(self.cleaned_data["insurer"])
