"""Writes of accounts: roles, users, invitations."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import F, Q, Value
from django.db.models.functions import Concat

from massage_portal.accounts.models import ClientSystem, Invitation, Scope, User
from massage_portal.accounts.roles import OPENS_ADMIN, PERMISSIONS, Role
from massage_portal.accounts.systems import hashed, new_secret
from massage_portal.audit.record import record
from massage_portal.outbox import actions as outbox

INVITATION_LASTS = timedelta(days=14)
USE_NOTED = timedelta(minutes=1)


class InvitationSpent(Exception):
    """The link was used, replaced or has expired."""


class AddressTaken(Exception):
    """Somebody has an account under this address already."""


class NameTaken(Exception):
    """A system has or had this name."""


class NoSuchSystem(Exception):
    """No system has this name."""


@transaction.atomic
def sync_roles() -> None:
    """
    Write the roles of roles.py as groups. Safe to run again, at every release.

    :raises LookupError: if a role names a permission that does not exist.
    """
    name = Concat("content_type__app_label", Value("."), F("codename"))
    known = {p.name_in_full: p for p in Permission.objects.annotate(name_in_full=name)}
    for role, names in PERMISSIONS.items():
        missing = set(names) - set(known)
        if missing:
            raise LookupError(f"{role} names unknown permissions: {sorted(missing)}")
        group, _ = Group.objects.get_or_create(name=role.value)
        group.permissions.set(known[name] for name in names)


@transaction.atomic
def add_user(
    *,
    email: str,
    name: str,
    roles: list[Role],
    by: User | None,
    now: datetime,
    password: str | None = None,
    language: str = "en",
) -> User:
    """Make a user who has `roles`. Without a password they need an invitation."""
    user = User.objects.create_user(
        email,
        password,
        name=name,
        language=language,
        date_joined=now,
        is_staff=bool(OPENS_ADMIN & set(roles)),
    )
    user.groups.set(Group.objects.filter(name__in=[role.value for role in roles]))
    record("user.added", user, by=by, at=now, change=", ".join(roles))
    return user


@transaction.atomic
def add_staff(
    *, email: str, name: str, roles: list[Role], by: User | None, now: datetime
) -> User:
    """
    Add someone who works at the clinic, and owe them a link to a first password.

    :param by: None when an administrator does it from the command line.
    :raises AddressTaken: if the address has an account, in any case of letters.
    """
    if User.objects.filter(email__iexact=email).exists():
        raise AddressTaken(f"There is an account for {email} already.")
    user = add_user(email=email, name=name, roles=roles, by=by, now=now)
    invitation = invite(user=user, by=by, now=now)
    outbox.owe(
        "accounts.invitation",
        invitation,
        to=user,
        now=now,
        expires_at=invitation.expires_at,
    )
    return user


@transaction.atomic
def invite(*, user: User, by: User | None, now: datetime) -> Invitation:
    """Give `user` a fresh single-use link; an older one stops working."""
    user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    user.invitations.filter(used_at=None, withdrawn_at=None).update(withdrawn_at=now)
    invitation = Invitation.objects.create(
        user=user, created_at=now, expires_at=now + INVITATION_LASTS
    )
    record("user.invited", user, by=by, at=now)
    return invitation


@transaction.atomic
def accept_invitation(*, invitation: Invitation, password: str, now: datetime) -> User:
    """
    Spend the link: set the first password, and let the user sign in.

    :raises InvitationSpent: if the link is used, replaced or expired.
    """
    locked = (
        Invitation.objects.select_for_update(no_key=True)
        .select_related("user")
        .usable(now)
        .filter(pk=invitation.pk, user__is_active=True)
        .first()
    )
    if locked is None:
        raise InvitationSpent("This link has been used or has expired.")
    locked.used_at = now
    locked.save(update_fields=["used_at"])
    locked.user.set_password(password)
    locked.user.save(update_fields=["password"])
    record("user.chose_password", locked.user, by=locked.user, at=now)
    record("user.signed_in", locked.user, by=locked.user, at=now)
    return locked.user


@transaction.atomic
def add_client_system(
    *,
    name: str,
    by: User | None,
    now: datetime,
    scope: Scope = Scope.REFERRALS,
) -> str:
    """
    Let another system in; return its secret, of which only the hash is kept.

    :param name: letters, digits, hyphens and underscores, at most 60.
    :param scope: the one thing that its secret opens.
    :raises NameTaken: if a system had this name, revoked or not: the trail tells
        systems apart by their names.
    """
    if ClientSystem.objects.filter(name=name).exists():
        raise NameTaken(f"There is, or was, a system called {name}.")
    secret = new_secret()
    system = ClientSystem.objects.create(
        name=name, scope=scope, secret_sha256=hashed(secret), created_at=now
    )
    record("system.added", system, by=by, at=now, change=scope.value)
    return secret


@transaction.atomic
def revoke_client_system(*, name: str, by: User | None, now: datetime) -> None:
    """
    Stop taking anything from another system. Doing it twice is no fault.

    :raises NoSuchSystem: if none has this name.
    """
    rows = ClientSystem.objects.select_for_update(no_key=True)
    system = rows.filter(name=name).first()
    if system is None:
        raise NoSuchSystem(f"There is no system called {name}.")
    if system.revoked_at is None:
        system.revoked_at = now
        system.save(update_fields=["revoked_at"])
        record("system.revoked", system, by=by, at=now)


def note_use(*, system: ClientSystem, now: datetime) -> None:
    """Keep when a system was last used, to the minute: not each request writes."""
    rows = ClientSystem.objects.filter(pk=system.pk)
    rows.filter(Q(used_at=None) | Q(used_at__lte=now - USE_NOTED)).update(used_at=now)
