"""Give free time to one patient: by an offer, or booked at once."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from appointments import actions
from appointments.codes import OutOfTurn, Status
from appointments.forms.staff import Propose
from appointments.models import Appointment, Policy, Supply, WaitlistEntry
from appointments.models.capacity import names_of
from appointments.models.supply import Place
from appointments.models.treatment import Treatment
from appointments.models.turns import in_greater_need
from appointments.models.wish import not_wished
from appointments.openings import Opening
from appointments.views.availability import can_come
from appointments.views.staff_words import to_staff
from appointments.views.times import Chosen, chosen, days_and_therapists, times
from appointments.views.treatments import Treatments
from appointments.wishes import in_words
from massage_portal.access import SignedInRequest, requires
from massage_portal.audit.record import record
from services.models import Location

if TYPE_CHECKING:
    from massage_portal.accounts.models import User

NEAR = 5  # so many other times on the day of one that was taken
ENOUGH = 3  # of them, so that no other days are read
QUEUE = "appointments:queue"
WISH = [one.name for one in fields(actions.Availability)]


@requires("appointments.offer_appointment")
@require_http_methods(["GET", "HEAD", "POST"])
def propose(request: SignedInRequest, pk: int) -> HttpResponse:
    """
    Show the best openings for one patient; send an offer, or book at once.

    For who has a booked visit ahead, they are other times for that visit.
    """
    visible = WaitlistEntry.objects.visible_to(request.user)
    entry = get_object_or_404(visible.to_be_offered(), pk=pk)
    now = timezone.now()
    policy = Policy.objects.in_force(now)
    supply = Supply.ahead(now=now, policy=policy, whose=entry)
    page = _Page(entry, supply, chosen(request))
    form = Propose(request.POST if request.method == "POST" else None)
    if form.is_valid():
        page.be_of(form.cleaned_data["terms"].treatment)
        made = page.give(by=request.user, **form.cleaned_data)
        if made is not None:
            _say(request, made)
            return redirect("appointments:offers" if made.replaces_id else QUEUE)
    else:
        page.look(None)
        page.be_of(page.treatments.asked(request.GET, page.ahead.visit))
        if form.errors:
            page.status, page.refusal = 422, _first_fault(form)
        page.ask(form.cleaned_data.get("opening") if form.errors else _asked(request))
    record("request.seen", entry, by=request.user, at=now)
    template = "appointments/staff/propose.html"
    context = page.context() | {"given": form}
    return render(request, template, context, status=page.status)


class _Ahead(NamedTuple):
    """What a patient has, or is offered, for one request."""

    visit: Appointment | None
    offer: Appointment | None


@dataclass
class _Page:
    """The free times for one patient, and what came of giving one."""

    entry: WaitlistEntry
    supply: Supply
    chosen: Chosen = field(default_factory=Chosen)
    refusal: str = ""
    status: int = 200
    ahead: _Ahead = field(default_factory=lambda: _Ahead(None, None))
    near: list[dict[str, Any]] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)

    @cached_property
    def treatments(self) -> Treatments:
        """The kinds of visit to choose from."""
        return Treatments(self.entry, self.supply.policy)

    def be_of(self, treatment: Treatment | None) -> None:
        """Show and give times for such a visit; None is what the patient waits for."""
        chosen = treatment or self.treatments.kept
        self.supply = self.supply.for_treatment(chosen)

    def look(self, day: Supply | None) -> None:
        """Read what the patient has ahead."""
        self.ahead = _ahead(self.entry, self.supply.now, day)

    def give(self, *, opening: Place, **how: Any) -> Appointment | None:
        """Offer or book the time; None if that was refused, as the page then says."""
        day = self.supply.on_day_of(self.entry, *opening)
        self.look(day)
        free = _at(day, self.entry, opening)
        try:
            return _give(self, free, opening=opening, **how)
        except actions.Refusal as said:
            self.refusal, self.status = to_staff(said), 409
            if isinstance(said, actions.NotForThem):  # the referral has changed since
                self.entry.referral.refresh_from_db(fields=["technique"])
                self.be_of(None)
            if free is not None:  # it was read before somebody was quicker
                self.entry.refresh_from_db(fields=["status", *WISH])
                day = self.supply.on_day_of(self.entry, *opening)
                self.look(day)
            if isinstance(said, actions.TimeTaken):
                self.near = self._near(day)
            if isinstance(said, actions.NotWished | actions.NotTheirTurn):
                self.ask(opening)
        return None

    def ask(self, opening: Place | None) -> None:
        """Show one time by itself, with what must be said before it can be given."""
        if opening is None or self.ahead.offer is not None:
            return
        day = self.supply.on_day_of(self.entry, *opening)
        free = _at(day, self.entry, opening)
        if day is None or free is None:
            self.refusal = self.refusal or _("That time is not free any more.")
        else:
            self.asked = self.rows([free], supply=day)

    def _near(self, day: Supply | None) -> list[dict[str, Any]]:
        """
        Return other times on the day of one that was taken; none if there are too few.

        Hundreds may want one time at one moment, and each is told at once: four weeks
        are not read for them, nor who in the whole line could use the other times.
        """
        if day is None:
            return []
        some = times(self.entry, day, self.ahead.visit, Chosen()).openings[:NEAR]
        return self.rows(some) if len(some) >= ENOUGH else []

    def context(self) -> dict[str, Any]:
        """Return what the template draws; what is not drawn is not read."""
        entry, policy = self.entry, self.supply.policy
        found: dict[str, Any] = {
            "entry": entry,
            "policy": policy,
            "refusal": self.refusal,
            "visit": self.ahead.visit,
            "offer": self.ahead.offer,
            "near": bool(self.near),
            "asked": self.asked,
            "reasons": OutOfTurn.choices,
            "rows": self.near,
            "kept": self.chosen.query(),
            **self.treatments.shown(self.supply.treatment),
        }
        return found if self.near else found | self._whole()

    def _whole(self) -> dict[str, Any]:
        """Return what the page draws beside a refusal that needs no more than a day."""
        entry, supply, asked = self.entry, self.supply, self.chosen
        exponent = float(supply.policy.harm_exponent)
        some, more = times(entry, supply, self.ahead.visit, asked)
        days, therapists = days_and_therapists(entry, supply)
        this = WaitlistEntry.objects.filter(pk=entry.pk)
        kept = self.treatments.kept
        as_usual = not some and supply.treatment in (None, kept)
        return {
            **self.treatments.choices(supply.treatment),
            "why": entry.explain(now=supply.now, exponent=exponent),
            "can_come": can_come(entry),
            "rows": self.rows(some, supply=supply),
            "nobody_gives": as_usual and this.nobody_gives(supply.now).exists(),
            "sought": kept.technique if kept else entry.referral.technique,
            "days": days,
            "therapists": therapists,
            "chosen": asked,
            "fitting": asked.fitting,
            "before": asked.query(page=asked.page - 1) if asked.page > 1 else "",
            "after": asked.query(page=asked.page + 1) if more else "",
            "wished_place": None if asked.is_narrow else wished_place(entry),
        }

    def rows(
        self, openings: list[Opening], *, supply: Supply | None = None
    ) -> list[dict[str, Any]]:
        """
        Return each opening with its therapist, and what is not as it was wished.

        :param supply: that they are of; None if nobody asks who else could use them.
        """
        names = names_of({one.therapist for one in openings})
        language, known = get_language(), self.supply
        before = [0] * len(openings)
        if supply is not None:
            before = in_greater_need(self.entry, openings, supply=supply)
        return [
            {
                "therapist": names[opening.therapist][0],
                "place": names[opening.therapist][1],
                "opening": opening,
                "when": _words(opening.starts_at, opening.zone, language),
                "value": f"{opening.therapist},{opening.starts_at.isoformat()}",
                "before": number,
                "so_many": actions.so_many(number),
                "unwished": in_words(
                    not_wished(self.entry, opening, policy=known.policy, now=known.now)
                ),
            }
            for opening, number in zip(openings, before, strict=True)
        ]


def wished_place(entry: WaitlistEntry) -> Location | None:
    """Return the only place at which the patient can come as they wish, if there is."""
    if entry.location is not None:
        return entry.location
    return entry.therapist.location if entry.therapist is not None else None


def _ahead(entry: WaitlistEntry, now: datetime, day: Supply | None) -> _Ahead:
    """Read both at once; most have neither, and `day` tells so for what it read."""
    if day is not None and not day.has_time:
        return _Ahead(None, None)
    rows = entry.appointments.booked_now(now) | entry.appointments.offers_open(now)
    mine = list(rows.with_place().order_by("pk"))
    return _Ahead(
        next((one for one in mine if one.status == Status.BOOKED), None),
        next((one for one in mine if one.is_open_offer(now)), None),
    )


def _give(
    page: _Page,
    free: Opening | None,
    *,
    opening: Place,
    how: str,
    by: User,
    **terms: Any,
) -> Appointment:
    """Offer or book the opening: a first time, or another one for the visit booked."""
    visit, offered = page.ahead
    same = visit if how == "book" else offered
    if same is not None and (same.therapist_id, same.starts_at) == opening:
        treatment = page.supply.treatment
        if treatment is None or treatment.is_of(same, page.supply.policy):
            return same  # pressed twice
    if free is None:
        raise actions.TimeTaken(_("That time is not free any more."))
    what: dict[str, Any] = {"opening": free, "by": by, "now": page.supply.now, **terms}
    what |= {"entry": page.entry} if visit is None else {"appointment": visit}
    if how == "book":  # the patient is on the telephone, and has said yes
        book = actions.book if visit is None else actions.move
        return actions.by_telephone(book, patient=page.entry.patient, **what)
    offer = actions.offer if visit is None else actions.offer_move
    return offer(**what)


def _asked(request: SignedInRequest) -> Place | None:
    """Return the time that the address names; anything odd is as if it named none."""
    form = Propose({"opening": request.GET.get("opening", ""), "how": "offer"})
    return form.cleaned_data["opening"] if form.is_valid() else None


def _first_fault(form: Propose) -> str:
    if "note" in form.errors:
        return str(form.errors["note"][0])
    return _("Choose one of the times shown.")


def _at(day: Supply | None, entry: WaitlistEntry, opening: Place) -> Opening | None:
    """Return the opening as it stood when the day was read; None if it was taken."""
    therapist, starts_at = opening
    if day is None:
        return None
    technique = day.technique_for(entry)
    return day.at(technique, therapist=therapist, starts_at=starts_at)


class _When(NamedTuple):
    """A time as its place's clock shows it: for machines, in short, and in full."""

    iso: str
    short: str
    full: str


@lru_cache(maxsize=1024)  # who is refused one time is shown the same others
def _words(moment: datetime, zone: ZoneInfo, _language: str | None) -> _When:
    local = moment.astimezone(zone)
    formats = ("Y-m-d H:iO", _("D, M j, P T"), _("l, F j, P T"))
    return _When(*(date_format(local, one) for one in formats))


def _say(request: SignedInRequest, made: Appointment) -> None:
    when = date_format(made.local_start, _("D, M j, P T"))
    if made.replaces_id and made.status == "booked":
        messages.success(request, _("Moved to %(when)s.") % {"when": when})
    elif made.status == "booked":
        messages.success(request, _("Booked for %(when)s.") % {"when": when})
    else:
        messages.success(
            request,
            _("Offer sent for %(when)s. The time is held until it is answered.")
            % {"when": when},
        )
