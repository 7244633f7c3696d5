"""Let a provider on record sign in."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from massage_portal.accounts.actions import AddressTaken, add_staff
from massage_portal.accounts.models import User
from massage_portal.accounts.roles import Role
from massage_portal.audit.record import record
from referrals.actions.refusal import Refusal
from referrals.models import Provider


class AccountRefused(Refusal):
    """The provider has an account, or the address belongs to somebody else."""


@transaction.atomic
def give_account(
    *, provider: Provider, email: str, by: User, now: datetime
) -> Provider:
    """
    Make the provider an account of their own role, and owe them the link to it.

    :raises AccountRefused: if they have one, or somebody has one under this address.
    """
    provider = Provider.objects.select_for_update(no_key=True).get(pk=provider.pk)
    if provider.user_id is not None:
        raise AccountRefused(_("This provider has an account already."))
    name = f"{provider.given_name} {provider.family_name}"[:200]
    try:
        with transaction.atomic():
            provider.user = add_staff(
                email=email, name=name, roles=[Role.PROVIDER], by=by, now=now
            )
    except (AddressTaken, IntegrityError) as fault:  # two forms at once: the second
        raise AccountRefused(
            _(
                "Somebody has an account under this address. Ask the provider for "
                "another one of their own."
            )
        ) from fault
    provider.save(update_fields=["user"])
    record("provider.given_account", provider, by=by, at=now)
    return provider
