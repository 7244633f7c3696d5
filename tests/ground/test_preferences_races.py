"""The same page sent from several tabs at once."""

from __future__ import annotations

from datetime import time

from massage_portal.outbox import actions
from massage_portal.outbox.actions.preference import CODE_KIND, code_of
from massage_portal.outbox.codes import Channel
from massage_portal.outbox.gateways import sms_gateway
from massage_portal.outbox.models import Message, Preference
from tests.factories import NOW, make_user
from tests.threads import errors, together, won

NUMBER = "+15075550123"


def test_many_tabs_at_once_ask_for_one_code_and_five_guesses_are_five(
    committed, settings
):
    settings.SMS_GATEWAY = sms_gateway("twilio://AC1:t@sms.example.org?from=12345")
    user = make_user()
    texts = Channel.SMS, NUMBER, "en", time(21), time(8), "America/Chicago", True
    act = {"user": user, "by": user, "now": NOW}

    def save():
        chosen = actions.Chosen(*texts)
        actions.change_preference(chosen=chosen, version=0, **act)

    saved = together(*[save] * 4)

    assert (len(won(saved)), errors(saved)) == (4, [])
    assert Preference.objects.get().version == 1
    assert Message.objects.filter(kind=CODE_KIND).count() == 1

    wrong = str(int(code_of(Preference.objects.get())) ^ 1).zfill(6)

    def guess():
        actions.confirm_mobile(code=wrong, **act)

    guessed = errors(together(*[guess] * 8))

    kinds = sorted(type(error).__name__ for error in guessed)
    assert kinds == ["CodeOver"] * 3 + ["WrongCode"] * 5
