"""The need score and its parts. Pure: no database, no clock, no settings."""

from __future__ import annotations

from dataclasses import dataclass

ROLE_POINTS = (0, 7, 13, 20)


@dataclass(frozen=True)
class Need:
    """A need score, 0 to 100, with the parts it is the sum of."""

    pain: float  # 0 to 40
    life: float  # 0 to 30, enjoyment and activity
    role: int  # 0, 7, 13 or 20
    sleep: int  # 0 to 10

    @property
    def score(self) -> int:
        """The sum, rounded half up to a whole number."""
        return int(self.pain + self.life + self.role + self.sleep + 0.5)


def assess(
    *, pain: int, enjoyment: int, activity: int, role_threat: int, sleep: int
) -> Need:
    """
    Return the need behind a patient's answers: 40 + 30 + 20 + 10 points at most.

    :param pain: PEG, average pain over the past week, 0 to 10.
    :param enjoyment: PEG, how much pain interfered with enjoyment of life, 0 to 10.
    :param activity: PEG, how much it interfered with general activity, 0 to 10.
    :param role_threat: threat to work, caring or independence: 0, 7, 13 or 20 points.
    :param sleep: how much it disturbs sleep, 0 to 10.
    :raises ValueError: if an answer is not one of those that were offered.

    Sources: PEG, Krebs 2009, doi:10.1007/s11606-009-0981-1; weights after New Zealand's
    CPAC, BMJ 1997;314:131.
    """
    for name, value in {
        "pain": pain,
        "enjoyment": enjoyment,
        "activity": activity,
        "sleep": sleep,
    }.items():
        if not 0 <= value <= 10:
            raise ValueError(f"{name} must be 0 to 10: {value}")
    if role_threat not in ROLE_POINTS:
        raise ValueError(f"role_threat must be one of {ROLE_POINTS}: {role_threat}")
    return Need(
        pain=pain * 4,
        life=(enjoyment + activity) * 1.5,
        role=role_threat,
        sleep=sleep,
    )


def peg(*, pain: int, enjoyment: int, activity: int) -> float:
    """Return the PEG score, 0 to 10: the mean of its three items (Krebs 2009)."""
    return (pain + enjoyment + activity) / 3
