"""Who signs in: a user is an email address; what they may do is their roles."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.contrib.auth.models import (
    AbstractBaseUser,
    BaseUserManager,
    PermissionsMixin,
)
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _


class UserManager(BaseUserManager["User"]):
    """Makes users. An address is kept in lower case, so one address is one user."""

    def create_user(
        self, email: str, password: str | None = None, **fields: Any
    ) -> User:
        """Return a new user; without a password nobody can sign in as them yet."""
        if not email:
            raise ValueError("a user needs an email address")
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str, **fields: Any) -> User:
        """Return a user who may do everything; for the first hour of a new clinic."""
        return self.create_user(
            email, password, is_staff=True, is_superuser=True, **fields
        )

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """Someone who signs in: patient, clinic staff, scheduler, therapist and so on."""

    email = models.EmailField(_("email address"), unique=True)
    name = models.CharField(_("name"), max_length=200)
    language = models.CharField(
        _("language of messages"),
        max_length=7,
        choices=settings.LANGUAGES,
        default="en",
    )
    is_active = models.BooleanField(_("may sign in"), default=True)
    is_staff = models.BooleanField(_("may open the admin pages"), default=False)
    date_joined = models.DateTimeField(_("account made"), db_default=Now())

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.UniqueConstraint(
                Lower("email"), name="user_email_is_unique_in_any_case"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_full_name(self) -> str:
        return self.name


CLOCKS_APART = timedelta(minutes=1)  # of two machines, at the most


class InvitationQuerySet(models.QuerySet["Invitation"]):
    """Reads of invitations."""

    def usable(self, now: datetime) -> Self:
        """Made by `now`, and neither used, nor withdrawn, nor expired."""
        open_ = self.filter(used_at=None, withdrawn_at=None, expires_at__gt=now)
        return open_.filter(created_at__lte=now + CLOCKS_APART)


class Invitation(models.Model):
    """
    A single-use link by which someone chooses a password for the first time.

    The link itself is never stored: it is this row's key, signed by tokens.py of the
    ground.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="invitations")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="invitation_expires_after_it_is_made",
                condition=Q(expires_at__gt=F("created_at")),
            ),
            models.UniqueConstraint(  # a new link puts the old one out of use
                name="invitation_one_open_per_user",
                fields=["user"],
                condition=Q(used_at=None, withdrawn_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"invitation {self.pk}"


class Scope(models.TextChoices):
    """What another system's secret opens; no secret opens both."""

    REFERRALS = "referrals", _("sending referrals")
    METRICS = "metrics", _("reading the metrics")


class ClientSystemQuerySet(models.QuerySet["ClientSystem"]):
    """Reads of other systems."""

    def in_use(self) -> Self:
        """Those whose secret opens something."""
        return self.filter(revoked_at=None)


class ClientSystem(models.Model):
    """
    Another system, what it may do here, and the hash of its secret.

    The secret is 256 random bits, so a plain SHA-256 guards it: nobody can guess it.
    """

    name = models.SlugField(_("name"), max_length=60, unique=True)
    scope = models.CharField(
        _("may do"), max_length=9, choices=Scope, default=Scope.REFERRALS
    )
    secret_sha256 = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(_("added"))
    used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    objects = ClientSystemQuerySet.as_manager()

    class Meta:
        verbose_name = _("other system")
        verbose_name_plural = _("other systems")
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                name="system_may_do_what_is_known",
                condition=Q(scope__in=Scope.values),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def email(self) -> str:
        """Return what the audit trail calls it; no address can look like this."""
        return f"system {self.name}"
