"""What the demo clinic's scripts share: its day, its dice, those who work there."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from appointments.models import TriageCategory
from massage_portal.accounts.models import User
from referrals.models import Provider
from services.models import Insurer, Precaution, Technique

ZONE = ZoneInfo("America/Chicago")
SEASON = 100  # days
PATIENTS = 137


@dataclass
class Clinic:
    """What the scripts share while the clinic is built."""

    now: datetime
    random: Random
    password: str
    users: dict[str, User] = field(default_factory=dict)
    categories: list[TriageCategory] = field(default_factory=list)
    providers: list[Provider] = field(default_factory=list)
    precautions: list[Precaution] = field(default_factory=list)
    techniques: list[Technique] = field(default_factory=list)
    insurers: list[Insurer] = field(default_factory=list)

    @property
    def today(self) -> date:
        """The clinic's local day."""
        return self.now.astimezone(ZONE).date()

    def at(self, days_ago: float, hour: int) -> datetime:
        """Return a moment in the past, never after now."""
        day = self.today - timedelta(days=int(days_ago))
        moment = datetime.combine(day, time(hour), tzinfo=ZONE).astimezone(UTC)
        minutes = timedelta(minutes=self.random.randrange(50))
        return min(moment + minutes, self.now)
