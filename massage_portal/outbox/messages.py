"""The outbox's own message: the code that proves a mobile number."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from massage_portal.outbox.actions.preference import CODE_KIND, code_of
from massage_portal.outbox.kinds import Mail, renders
from massage_portal.outbox.models import Message, Preference


@renders(
    CODE_KIND,
    gettext_lazy("Code for a mobile number"),
    at_once=True,
    worth_a_call=False,
)
def mobile_code(message: Message) -> Mail | None:
    """Write the code, unless another one was asked for meanwhile, or none is needed."""
    found = Preference.objects.filter(pk=message.subject_key).first()
    if found is None or not message.key.endswith(f":{found.code_seed}"):
        return None
    words = _(
        "%(code)s is your code for the clinic's portal. It works for 15 minutes. "
        "You did not ask for it? Then do nothing."
    )
    short = words % {"code": code_of(found)}
    return Mail("", "", "", short=short, to_number=found.asked_number)
