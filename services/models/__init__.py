"""What we offer: one module per noun."""

from __future__ import annotations

from services.models.article import (
    OWN_ADDRESS,
    PRIVACY,
    REFERRAL,
    SAFETY,
    SHARED,
    Article,
    Condition,
    FormerAddress,
    Location,
    Technique,
)
from services.models.insurer import Insurer
from services.models.precaution import Precaution, PrecautionVersion, Wording
from services.models.publication import Publication
from services.models.rows import Dated
from services.models.version import ENGLISH, TEXTS, Version
from services.models.words import Synonym, Word

__all__ = [
    "ENGLISH",
    "OWN_ADDRESS",
    "PRIVACY",
    "REFERRAL",
    "SAFETY",
    "SHARED",
    "TEXTS",
    "Article",
    "Condition",
    "Dated",
    "FormerAddress",
    "Insurer",
    "Location",
    "Precaution",
    "PrecautionVersion",
    "Publication",
    "Synonym",
    "Technique",
    "Version",
    "Word",
    "Wording",
]
