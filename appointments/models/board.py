"""The scheduler's board: reads that narrow the line, and leave its order alone."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, Self, TypeVar

from django.db import models
from django.db.models import (
    BooleanField,
    Case,
    CharField,
    Count,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Concat
from django.utils import timezone

from appointments.codes import NOT_TAKEN, Missed, Status
from appointments.models.capacity import Certification, Therapist
from appointments.models.indexes import LAST_READ
from appointments.models.ranking import Ranked
from massage_portal.outbox.models import Message

Row = TypeVar("Row", bound=models.Model)
FOREVER = date(9999, 12, 31)
ASK_AGAIN = timedelta(days=30)  # of a wish that is still, or once more, lost
MOST_NOT_TAKEN = 2  # offers; it costs nobody their rank
MOST_MISSED = 2  # visits, unless policy says otherwise; nor does this


_ABOUT = Concat(Value("appointments.waitlistentry:"), Cast("pk", CharField()))
_WISHED = Concat(
    *(Coalesce(Cast("latest", CharField()), Value("")), Value(" ")),
    *(Coalesce(Cast("therapist", CharField()), Value("")), Value(" ")),
    *(Coalesce(Cast("location", CharField()), Value("")), Value(" ")),
)
# What the referral names; else what was chosen for a visit that did not take place, if
# we still offer it: see `kept_for`.
_SOUGHT = Coalesce(
    "referral__technique",
    Case(When(kept_technique__active=True, then="kept_technique")),
)


class Narrowing(NamedTuple):
    """What a scheduler wants to see of the line, by keys; None is all."""

    place: int | None = None
    technique: int | None = None
    category: int | None = None
    overdue: bool = False
    to_call: bool = False
    worse: bool = False

    def __bool__(self) -> bool:
        """Say whether anything is left out."""
        return any(self._asdict().values())


class Board(Ranked[Row]):
    """Reads of the waiting list for the board; see `WaitlistEntryQuerySet`."""

    def with_offers_not_taken(self) -> Self:
        """With how many offers for it were not taken since somebody last called."""
        gone = _not_taken(before=None).filter(entry=OuterRef("pk"))
        number = gone.order_by().values("entry").annotate(n=Count("pk")).values("n")
        return self.annotate(not_taken=Coalesce(Subquery(number), 0))

    def with_visits_missed(self, *, most_missed: int = MOST_MISSED) -> Self:
        """With how many visits were missed, where they are so many that one calls."""
        gone = _missed(before=None).filter(entry__referral=OuterRef("referral"))
        number = gone.order_by().values("entry__referral").annotate(n=Count("pk"))
        enough = number.filter(n__gte=most_missed).values("n")
        return self.annotate(missed=Coalesce(Subquery(enough), 0))

    def to_call(
        self, *, most_missed: int = MOST_MISSED, before: datetime | None = None
    ) -> Self:
        """
        Those whom a person must call before another offer goes out by itself.

        They took none of MOST_NOT_TAKEN offers, or missed or canceled late so many
        visits of this referral as policy says, since somebody last called.

        :param before: count only what had happened by then; None counts all.
        """
        from appointments.models.waitlist import WaitlistEntry  # it stands above

        offers = _not_taken(before=before).values("entry").annotate(n=Count("pk"))
        missed = _missed(before=before).values("entry__referral")
        missed = missed.annotate(n=Count("pk")).filter(n__gte=most_missed)
        of_missed = WaitlistEntry.objects.filter(
            referral__in=missed.values("entry__referral")
        )
        # As keys, of few: by "or" PostgreSQL would look at each who waits.
        return self.filter(
            pk__in=offers.filter(n__gte=MOST_NOT_TAKEN)
            .values("entry")
            .union(of_missed.values("pk"))
        )

    def past_target(self, now: datetime, *, most_missed: int = MOST_MISSED) -> Self:
        """
        Those whose target has passed while they wait, and who have not been told so.

        Only those of whom it is true that times are short: their referral covers the
        visit, no offer is theirs to answer, nobody must call them first, and what they
        wish can be had, by somebody who is certified for it.
        """
        told = Message.objects.filter(
            about=OuterRef("told_by"), kind="appointments.waiting", voided_at=None
        )
        late = self.waiting().covered(now).in_order_of_need(now=now, exponent=1.0)
        return (
            late.alias(told_by=_ABOUT)
            .filter(~Exists(told), ~open_offer(now))
            .filter(waited_days__gte=F("target_wait_days"))
            .exclude(
                pk__in=self.waiting().to_call(most_missed=most_missed).values("pk")
            )
            .exclude(pk__in=self.waiting().wishes_lost(now).values("pk"))
            .exclude(pk__in=self.waiting().nobody_gives(now).values("pk"))
            .exclude(pk__in=self.waiting().beyond_cover().values("pk"))
        )

    def wishes_lost(self, now: datetime) -> Self:
        """
        Those who asked for what nobody can give any more: see `lost_wish`.

        The last day that suits them is over, or the therapist or place that they asked
        for gives no massage, or that therapist works elsewhere than at that place.
        """
        both = Q(therapist__isnull=False, location__isnull=False)
        return self.filter(
            Q(latest__lt=timezone.localdate(now))
            | Q(therapist__active=False)
            | Q(therapist__location__gives_massage=False)
            | Q(location__gives_massage=False)
            | both & ~Q(therapist__location=F("location"))
        )

    def with_lost_wish(self, now: datetime) -> Self:
        """
        Those who wait, can be offered nothing for their wish alone, and should say so.

        Not whose referral covers no visit, or none on the days they wait for: they lack
        more. Nor who has an offer to answer.
        """
        lost = self.waiting().covered(now).wishes_lost(now).filter(~open_offer(now))
        return lost.exclude(pk__in=self.waiting().beyond_cover().values("pk"))

    def to_ask_anew(self, now: datetime) -> Self:
        """
        Those `with_lost_wish` who were not asked about it in the last ASK_AGAIN.

        With `wished`, which tells their wishes apart and begins the key of the word.
        """
        asked = Message.objects.filter(
            about=OuterRef("told_by"),
            kind="appointments.wish_lost",
            voided_at=None,
            created_at__gt=now - ASK_AGAIN,
            key__startswith=OuterRef("word"),
        )
        word = Concat(
            *(Value("appointments.wish_lost:"), Cast("pk", CharField()), Value(":")),
            F("wished"),
        )
        lost = self.with_lost_wish(now).annotate(wished=_WISHED)
        return lost.alias(told_by=_ABOUT, word=word).filter(~Exists(asked))

    def nobody_gives(self, now: datetime) -> Self:
        """Those to whom nobody may give what they wait for, today or later."""
        last_day = _certified().filter(last_day__gte=timezone.localdate(now))
        named = self.alias(sought=_SOUGHT).filter(sought__isnull=False)
        return named.filter(~Exists(last_day))

    def beyond_cover(self) -> Self:
        """Those who wait for a day on which the referral covers no visit any more."""
        return self.filter(
            Q(earliest__gt=F("referral__valid_until"))
            | Q(earliest__gt=F("referral__authorization__valid_until"))
        )

    def with_certificates(self) -> Self:
        """
        With the technique `sought`, and the last day on which somebody may give it.

        None where the therapist decides.
        """
        last_day = _certified().order_by("-last_day").values("last_day")[:1]
        sought = self.annotate(sought=_SOUGHT)
        return sought.annotate(certified_until=Subquery(last_day))

    def with_news(self) -> Self:
        """Mark those who told us more since they were triaged, or else since asking."""
        news = Q(told_more_at__isnull=False, told_more_at__gt=LAST_READ)
        return self.annotate(told_more=ExpressionWrapper(news, BooleanField()))

    def worse(self) -> Self:
        """Those who told us more, as `with_news` says: somebody must read it."""
        return self.filter(told_more_at__gt=LAST_READ)

    def narrowed(self, by: Narrowing, *, most_missed: int = MOST_MISSED) -> Self:
        """
        Those who could be seen so; rank first, or `overdue` knows no wait.

        Whoever names neither place nor therapist could be seen at any place, and where
        the therapist decides any technique could be used: they are shown under each.
        """
        found = self.suited(by)
        if by.category is not None:
            found = found.filter(category=by.category)
        if by.to_call:
            found = found.filter(
                pk__in=self.to_call(most_missed=most_missed).values("pk")
            )
        if by.overdue:
            found = found.filter(waited_days__gt=F("target_wait_days"))
        return found

    def suited(self, by: Narrowing) -> Self:
        """
        Those left by what `by` asks that holds before triage too.

        Before it nobody has a category, a target or an offer.
        """
        found = self
        if by.place is not None:
            there = Therapist.objects.filter(location=by.place)
            found = found.filter(
                Q(therapist=None) | Q(therapist__in=there),
                Q(location=None) | Q(location=by.place),
            )
        if by.technique is not None:
            found = found.filter(
                Q(referral__technique=None) | Q(referral__technique=by.technique)
            )
        if by.worse:
            found = found.filter(pk__in=self.worse().values("pk"))
        return found


def open_offer(now: datetime) -> Exists:
    """Return whether a request has an offer to answer."""
    from appointments.models.appointment import Appointment  # it stands above

    return Exists(Appointment.objects.offers_open(now).filter(entry=OuterRef("pk")))


def _certified() -> models.QuerySet[Any, Any]:
    """
    Return the certificates by which a request could be given what is `sought` for it.

    With `last_day`, FOREVER if it does not end. Of whom and where they asked for, only.
    """
    therapist = Coalesce(OuterRef("therapist"), F("therapist"))
    place = Coalesce(OuterRef("location"), F("therapist__location"))
    return Certification.objects.filter(
        technique=OuterRef("sought"),
        therapist=therapist,
        therapist__location=place,
        therapist__active=True,
        therapist__location__gives_massage=True,
    ).annotate(last_day=Coalesce("valid_until", Value(FOREVER)))


def _not_taken(*, before: datetime | None) -> models.QuerySet[Any, Any]:
    """
    Offers that were declined or not answered, since somebody last called.

    Who turns another time down for a visit that they keep has taken a time.
    """
    from appointments.models.appointment import Appointment  # it stands above

    called = Q(entry__called_at=None) | Q(ended_at__gt=F("entry__called_at"))
    rows = Appointment.objects.filter(called, ending__in=NOT_TAKEN, replaces=None)
    return rows if before is None else rows.filter(ended_at__lt=before)


def _missed(*, before: datetime | None) -> models.QuerySet[Any, Any]:
    """
    Visits missed or canceled late, since somebody last called about the referral.

    Those that the clinic itself is to blame for are not among them.
    """
    from appointments.models.appointment import Appointment  # it stands above
    from appointments.models.waitlist import WaitlistEntry

    # As a row that is not there, and not as the last call's moment: PostgreSQL then
    # joins both once, and does not look each visit's calls up.
    since = WaitlistEntry.objects.filter(
        referral=OuterRef("entry__referral"), called_at__gte=OuterRef("happened_at")
    )
    rows = (
        Appointment.objects.filter(Q(late=True) | Q(status=Status.NOSHOW))
        .exclude(missed_because=Missed.CLINIC)
        .alias(happened_at=Coalesce("ended_at", "starts_at"))
        .filter(~Exists(since))
    )
    return rows if before is None else rows.filter(happened_at__lt=before)
