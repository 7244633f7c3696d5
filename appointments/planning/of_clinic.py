"""A plan of the clinic's own line and free time, in words for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from appointments.models import Draft, DraftOffer
from appointments.models.draft import Why

SENT_HOW = "nothing is sent or held: a scheduler looks it over and sends it"


def said_of(draft: Draft, *, seconds: float, megabytes: float) -> Iterator[str]:
    """
    Yield the lines that tell who has which time, who waits, and what it comes to.

    Requests stand by their keys: no name goes to a terminal or a log.

    :param seconds: that the plan took.
    :param megabytes: of memory, at the most.
    """
    for row in draft.offers.standing().with_what_is_shown().iterator(chunk_size=500):
        yield _row(row)
    waits = draft.waits.order_by("-harm", "pk").values_list("entry_id", "why", "harm")
    for entry, why, harm in waits.iterator(chunk_size=2_000):
        yield f"request {entry}: none, {WHY[Why(why)]}, harm {harm:.4f}"
    yield from _sums(draft)
    yield f"seconds: {seconds:.1f}"
    yield f"peak memory: {megabytes:,.0f} MB"
    yield f"plan {draft.pk} is kept, at /queue/plan/{draft.pk}/; {SENT_HOW}"


WHY = {
    Why.NONE: "no opening suits",
    Why.LESS: "others are harmed more",
    Why.MORE: "more wait than one plan can weigh: plan again when this is sent",
    Why.CALL: "call first",
}


def _row(row: DraftOffer) -> str:
    local = row.starts_at.astimezone(row.zone)
    return (
        f"request {row.entry_id}: {local:%Y-%m-%d %H:%M %Z}, {row.therapist}, "
        f"waited {row.waited_days:.1f} of {row.target_days:.1f} days, "
        f"harm {row.harm:.4f}, {_beside_the_line(row)}"
    )


def _beside_the_line(row: DraftOffer) -> str:
    sooner = row.sooner_days
    if sooner is None:
        return "gains: none by the line alone"
    if row.harm == row.line_harm:
        return "as by the line alone"
    if sooner > 0:
        return f"gains {sooner:.1f} days"
    return f"waits {-sooner:.1f} days more than by the line alone"


def _sums(draft: Draft) -> Iterator[str]:
    balance = draft.balance()
    share = f"{balance.share}%" if balance.people else "nobody waits"
    yield f"requests with an opening: {balance.offers:,} of {balance.people:,}"
    yield f"seen sooner than by the line alone: {balance.gain:,}"
    yield f"seen later, or not in these weeks: {balance.wait:,}"
    yield f"total harm: {balance.harm:.6f} (by the line alone: {balance.line_harm:.6f})"
    yield f"within target: {share} (by the line alone: {balance.line_share}%)"
    reasons = draft.waits.reasons()
    if Why.MORE in reasons:
        yield (
            f"not taken in, and in no sum: {reasons[Why.MORE]:,}, for more wait than "
            "one plan can weigh, and these weeks help the others more"
        )
