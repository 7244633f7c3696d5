"""Record what the patient's insurer allows."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from massage_portal.accounts.models import User
from massage_portal.audit.record import record
from referrals.actions.refusal import Refusal
from referrals.actions.stale import Ended, Stale, changed_words
from referrals.actions.states import lock
from referrals.models import Authorization, Referral

if TYPE_CHECKING:
    from services.models import Insurer


class AuthorizationChanged(Refusal):
    """Somebody changed it since the form was drawn; it carries what is on record."""

    def __init__(self, words: object, authorization: Authorization) -> None:
        super().__init__(words)
        self.authorization = authorization


@dataclass(frozen=True)
class Word:
    """The insurer's word; "" and None where there is none."""

    member_number: str = ""
    referral_number: str = ""
    number: str = ""
    visits: int | None = None
    valid_until: date | None = None


@transaction.atomic
def record_authorization(
    *,
    referral: Referral,
    insurer: Insurer | None,
    word: Word,
    seen: int,
    referral_seen: int,
    by: User,
    now: datetime,
) -> Authorization:
    """
    Keep the insurer of a referral and its word. The trail names fields, no numbers.

    :param seen: the version that the form was drawn from; 0 where there was none.
    :param referral_seen: the version of the referral, which names the insurer.
    :raises AuthorizationChanged: if somebody saved another one since.
    :raises Stale: if somebody changed the referral since, so perhaps its insurer.
    :raises Ended: if the referral has ended.
    """
    referral = _lock_living(referral)
    before = Authorization.objects.filter(referral=referral).first()
    found = before or Authorization(referral=referral, version=0)
    said = asdict(word)
    changed = [name for name in said if getattr(found, name) != said[name]]
    other = referral.insurer_id != (insurer.pk if insurer else None)
    if before and not (changed or other):
        return found
    if found.version != seen:
        raise AuthorizationChanged(_changed(found), found)
    if other and referral.version != referral_seen:
        raise Stale(changed_words(referral), referral)
    for name in changed:
        setattr(found, name, said[name])
    _save(found, by=by, now=now)
    if other:
        _change_insurer(referral, insurer, by=by, now=now)
        changed.append("insurer")
    names = ",".join(sorted(changed))
    record("referral.authorized", referral, by=by, at=now, change=names)
    return found


def _save(found: Authorization, *, by: User, now: datetime) -> None:
    found.version += 1
    found.changed_at, found.changed_by = now, by
    found.save()


def _lock_living(referral: Referral) -> Referral:
    referral = lock(referral)
    if not referral.is_living:
        raise Ended(_("This referral has ended. What it says stays as it was."))
    return referral


def _change_insurer(
    referral: Referral, insurer: Insurer | None, *, by: User, now: datetime
) -> None:
    referral.insurer = insurer
    referral.version += 1
    referral.changed_at, referral.changed_by = now, by
    referral.save(update_fields=["insurer", "version", "changed_at", "changed_by"])


def _changed(found: Authorization) -> str:
    when = timezone.localtime(found.changed_at)
    return _(
        "%(who)s changed this on %(when)s, while you were typing. Compare below, then "
        "save again if yours is right. Nothing that you typed is lost."
    ) % {
        "who": found.changed_by.name,
        "when": date_format(when, "DATETIME_FORMAT"),
    }


def end_authorization(referral: Referral, *, by: User, now: datetime) -> None:
    """Take the old insurer's word off a locked referral whose insurer has changed."""
    found = Authorization.objects.filter(referral=referral).first()
    if found is None:
        return
    for name, value in asdict(Word()).items():
        setattr(found, name, value)
    _save(found, by=by, now=now)
    record("referral.authorization_ended", referral, by=by, at=now)
