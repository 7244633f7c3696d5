"""Change how a person is reached, and see that a mobile number is theirs."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from massage_portal.audit.record import record
from massage_portal.outbox.actions.owe import owe
from massage_portal.outbox.carriers.channels import serves
from massage_portal.outbox.codes import Channel
from massage_portal.outbox.kinds import kinds
from massage_portal.outbox.models import Message, Preference, Stop

CODE_KIND = "outbox.mobile_code"
CODE_LIFE = timedelta(minutes=15)
MOST_TRIES, MOST_CODES = 5, 3  # of one code; in an hour
HOUR = timedelta(hours=1)
PRESSED_TWICE = timedelta(seconds=30)  # a code asked for again so soon is on its way


class Refusal(Exception):
    """Why it was not done, in words that a patient may read."""

    field = ""  # of the form, if it is about one


class ChangedMeanwhile(Refusal):
    """The page showed what does not hold any more."""


class NoTexts(Refusal):
    """A text cannot go there."""

    field = "mobile"


class TooManyCodes(Refusal):
    """Three codes an hour are enough; more would be a nuisance to a stranger."""

    field = "mobile"


class CodeOver(Refusal):
    """There is no code any more that could be right."""


class WrongCode(Refusal):
    """Another code was sent."""

    field = "code"


@dataclass(frozen=True)
class Chosen:
    """What a person chose; `mobile` is "+15075550100", or "" for none."""

    channel: Channel
    mobile: str
    language: str
    quiet_from: time
    quiet_until: time
    time_zone: str
    optional: bool


@transaction.atomic
def change_preference(
    *, user: Any, chosen: Chosen, version: int, by: Any, now: datetime
) -> Preference:
    """
    Keep what the user chose.

    A number that is not confirmed yet is sent a code, and texts go there once the code
    came back. Until then the user is reached as before.

    :param version: of the preference that was on the page.
    :raises ChangedMeanwhile: if it was changed since, as from another tab.
    :raises NoTexts: if the number cannot be sent texts.
    :raises TooManyCodes: if it was sent too many codes.
    """
    preference = _locked(user)
    if chosen.channel == Channel.SMS:
        _refuse_stopped(preference, chosen.mobile)
    if _holds(preference, chosen, now=now):
        return preference  # pressed twice
    if preference.version != version:
        raise ChangedMeanwhile(
            _("This was changed meanwhile. Check what stands here, and save it again.")
        )
    before = preference.channel
    for name in ("quiet_from", "quiet_until", "time_zone", "optional"):
        setattr(preference, name, getattr(chosen, name))
    _choose_channel(preference, chosen, now=now)
    preference.version += 1
    preference.save()
    _let_go_of_optional(preference)
    user.language = chosen.language
    user.save(update_fields=["language"])
    change = f"{before}>{preference.channel}"
    record("preference.changed", preference, by=by, at=now, change=change)
    return preference


@transaction.atomic
def send_another_code(*, user: Any, by: Any, now: datetime) -> None:
    """
    Send a new code to the number that waits for one; the old one is then wrong.

    :raises CodeOver: if no number waits for a code.
    :raises NoTexts: if the number cannot be sent texts.
    :raises TooManyCodes: if it was sent too many.
    """
    preference = _locked(user)
    if not preference.asked_number:
        raise CodeOver(_("No number waits for a code. Enter it again."))
    until = preference.code_expires_at
    if until is not None and now <= until - CODE_LIFE + PRESSED_TWICE:
        return
    _ask(preference, preference.asked_number, now=now)
    preference.save()
    record("preference.code_sent", preference, by=by, at=now)


def confirm_mobile(*, user: Any, code: str, by: Any, now: datetime) -> Preference:
    """
    Take the number for the user's own if the code is the one that was sent to it.

    Not one transaction with its caller: a wrong code must count, although it raises.

    :raises CodeOver: if the code is too old, or was tried too often.
    :raises WrongCode: if it is another one; it tells how many tries are left.
    """
    with transaction.atomic():
        preference = _locked(user)
        if not code_holds(preference, now=now):
            raise CodeOver(
                _("That code does not work any more. Ask for another one below.")
            )
        preference.code_tries += 1
        right = hmac.compare_digest(
            code_of(preference).encode(), code.encode("utf-8", "replace")
        )
        if right:
            preference.channel = Channel.SMS
            preference.mobile = preference.asked_mobile
            preference.mobile_confirmed_at = now
            _forget_code(preference)
            preference.version += 1
            record("preference.number_confirmed", preference, by=by, at=now)
        preference.save()
    if not right:
        left = MOST_TRIES - preference.code_tries
        words = ngettext(
            "That is not the code. You can try %(left)d more time.",
            "That is not the code. You can try %(left)d more times.",
            left,
        )
        raise WrongCode(words % {"left": left})
    return preference


@transaction.atomic
def set_optional(*, user: Any, optional: bool, by: Any, now: datetime) -> None:
    """Send, or send no more, what need not be sent. Said twice, it changes nothing."""
    preference = _locked(user)
    if preference.optional != optional:
        preference.optional = optional
        preference.version += 1
        preference.save(update_fields=["optional", "version"])
        _let_go_of_optional(preference)
        change = "optional" if optional else "needed_only"
        record("preference.changed", preference, by=by, at=now, change=change)


def code_holds(preference: Preference, *, now: datetime) -> bool:
    """Say whether there is a code that may still be typed in."""
    until = preference.code_expires_at
    fresh = until is not None and until - CODE_LIFE <= now < until
    return fresh and preference.code_tries < MOST_TRIES


def code_of(preference: Preference) -> str:
    """
    Return the six digits that prove the number which is asked about.

    They are kept nowhere: they follow from the row and the portal's secret. A hash of
    six digits would tell them to whoever reads the table.
    """
    value = f"{preference.pk}:{preference.asked_number}:{preference.code_seed}"
    digest = salted_hmac("portal.outbox.code", value, algorithm="sha256").digest()
    return f"{int.from_bytes(digest[:8]) % 1_000_000:06d}"


def _locked(user: Any) -> Preference:
    Preference.objects.get_or_create(user=user)
    return Preference.objects.select_for_update(no_key=True).get(pk=user.pk)


def _let_go_of_optional(preference: Preference) -> None:
    """Have what a sender holds, and has not begun, judged by what is chosen now."""
    optional = [kind.name for kind in kinds() if kind.optional]
    theirs = Message.objects.filter(recipient=preference.pk, kind__in=optional)
    theirs.let_go()


def _holds(preference: Preference, chosen: Chosen, *, now: datetime) -> bool:
    """Say whether all stands as it is chosen, or waits for its code alone."""
    channel, mobile = Channel(preference.channel), preference.number
    if chosen.channel == Channel.SMS and _is_asked(preference, chosen.mobile, now=now):
        channel, mobile = Channel.SMS, preference.asked_number
    elif preference.asked_number:
        return False
    return chosen == Chosen(
        channel,
        mobile,
        preference.user.language,
        preference.quiet_from,
        preference.quiet_until,
        preference.time_zone,
        preference.optional,
    )


def _choose_channel(preference: Preference, chosen: Chosen, *, now: datetime) -> None:
    """Take the channel; a number that is new has to be confirmed first."""
    if chosen.channel == Channel.EMAIL:
        _choose_email(preference, chosen)
    elif chosen.mobile == preference.number:
        preference.channel = Channel.SMS
        _forget_code(preference)
    elif not _is_asked(preference, chosen.mobile, now=now):
        _ask(preference, chosen.mobile, now=now)


def _choose_email(preference: Preference, chosen: Chosen) -> None:
    preference.channel = Channel.EMAIL
    if not chosen.mobile:
        preference.mobile, preference.mobile_confirmed_at = "", None
    _forget_code(preference)


def _is_asked(preference: Preference, number: str, *, now: datetime) -> bool:
    """Say whether this number has been sent a code that still holds: one is enough."""
    return preference.asked_number == number and code_holds(preference, now=now)


def _ask(preference: Preference, number: str, *, now: datetime) -> None:
    """Owe a code to the number, as one of the few that an hour allows."""
    _refuse_stopped(preference, number)
    sent = Message.objects.filter(
        recipient=preference.pk, kind=CODE_KIND, due_at__gt=now - HOUR
    )
    if sent.count() >= MOST_CODES:
        raise TooManyCodes(
            _("We have sent several codes already. Wait an hour, and try again then.")
        )
    preference.asked_mobile = number
    preference.code_seed = secrets.token_hex(16)
    preference.code_expires_at = now + CODE_LIFE
    preference.code_tries = 0
    owe(
        CODE_KIND,
        preference,
        to=preference.user,
        now=now,
        expires_at=preference.code_expires_at,
        key=preference.code_seed,
    )


def _refuse_stopped(preference: Preference, number: str) -> None:
    if not serves(Channel.SMS):
        raise NoTexts(_("We cannot send text messages now. Choose email."))
    stopped = Stop.objects.standing().filter(user=preference.pk, channel=Channel.SMS)
    if stopped.filter(address=number).exists():
        raise NoTexts(
            _(
                "Text messages to this number are stopped. Start them again first, "
                "or enter another number."
            )
        )


def _forget_code(preference: Preference) -> None:
    preference.asked_mobile = preference.code_seed = ""
    preference.code_expires_at, preference.code_tries = None, 0
