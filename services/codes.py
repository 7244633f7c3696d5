"""Codes of the services app, each with the words that readers see."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class ArticleKind(models.TextChoices):
    """What an article is about."""

    PAGE = "page", _("Page of the guide")
    CONDITION = "condition", _("Condition")
    TECHNIQUE = "technique", _("Technique")
    LOCATION = "location", _("Location")


class VersionStatus(models.TextChoices):
    """
    PublicationStatus, http://hl7.org/fhir/R4/valueset-publication-status.html.

    FHIR's "draft" has three steps of its own here, and one way out.
    """

    DRAFT = "draft", _("Draft")
    IN_REVIEW = "in-review", _("Waiting for a second person")
    APPROVED = "approved", _("Approved, waits for its time")
    ACTIVE = "active", _("Published")
    RETIRED = "retired", _("Replaced or taken back")
    DISCARDED = "discarded", _("Given up before it was published")


TRANSITIONS: dict[VersionStatus, set[VersionStatus]] = {
    VersionStatus.DRAFT: {VersionStatus.IN_REVIEW, VersionStatus.DISCARDED},
    VersionStatus.IN_REVIEW: {
        VersionStatus.DRAFT,
        VersionStatus.APPROVED,
        VersionStatus.DISCARDED,
    },
    VersionStatus.APPROVED: {VersionStatus.DRAFT, VersionStatus.ACTIVE},
    VersionStatus.ACTIVE: {VersionStatus.RETIRED},
    VersionStatus.RETIRED: set(),
    VersionStatus.DISCARDED: set(),
}


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
