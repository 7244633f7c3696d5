"""Codes of the services app, each with the words that readers see."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Evidence(models.TextChoices):
    """How sure research is, in words a reader can weigh."""

    GOOD = "good", _("Quite sure: several good studies agree")
    SOME = "some", _("Fairly sure: some studies show it, but we need more")
    WEAK = "weak", _("Not sure yet: only a few small studies suggest it")


class Meaning(models.TextChoices):
    """What a "yes" to a safety question means for the visit."""

    TELL = "tell-therapist", _("Go ahead, and tell the therapist")
    CLEARANCE = "clearance", _("The provider must clear it first")
    NOT_NOW = "not-now", _("Not now: the patient should see a clinician")
