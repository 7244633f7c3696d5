"""Draw the state diagrams of the READMEs anew from the tables of legal steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from appointments.codes import ENTRY_TRANSITIONS, TRANSITIONS, EntryStatus, Status
from massage_portal.diagrams import redraw, state_diagram
from referrals.codes import TRANSITIONS as REFERRAL_TRANSITIONS
from referrals.codes import Status as ReferralStatus
from services.codes import TRANSITIONS as VERSION_TRANSITIONS
from services.codes import VersionStatus

OF_VERSIONS = state_diagram(VERSION_TRANSITIONS, begins_in={VersionStatus.DRAFT})
OF_REFERRALS = state_diagram(
    REFERRAL_TRANSITIONS,
    begins_in={ReferralStatus.DRAFT, ReferralStatus.ACTIVE, ReferralStatus.ON_HOLD},
)
OF_REQUESTS = state_diagram(
    ENTRY_TRANSITIONS, begins_in={EntryStatus.REQUESTED, EntryStatus.ACCEPTED}
)
OF_APPOINTMENTS = state_diagram(TRANSITIONS, begins_in={Status.PROPOSED})
READMES: dict[Path, dict[str, str]] = {
    Path("services/README.md"): {"versions": OF_VERSIONS},
    Path("referrals/README.md"): {"referrals": OF_REFERRALS},
    Path("appointments/README.md"): {
        "requests": OF_REQUESTS,
        "appointments": OF_APPOINTMENTS,
    },
}


class Command(BaseCommand):
    """Rewrites the part of each README between its marks; a test refuses drift."""

    help = "Draw the state diagrams in the READMEs anew."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Write what has changed."""
        for path, diagrams in READMES.items():
            whole = settings.BASE_DIR / path
            text = whole.read_text()
            drawn = redraw(text, diagrams)
            if drawn != text:
                whole.write_text(drawn)
                self.stdout.write(f"{path} is drawn anew")
