"""The day, a visit and its note, as a browser meets them."""

from __future__ import annotations

import re

import pytest

from appointments import actions
from appointments.codes import Ending, EntryStatus, Missed, Status
from appointments.models import Appointment, VisitNote
from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from massage_portal.outbox.models import Message
from referrals.models import ScreeningAnswer
from tests.appointments.notes import make_note
from tests.appointments.pages import signed_in, url
from tests.appointments.test_note import WORDS, a_visit
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    TODAY,
    make_appointment,
    make_entry,
    make_precaution,
    make_referral,
    make_technique,
    make_therapist,
    make_user,
)
from tests.trail import trail

pytestmark = pytest.mark.django_db
MINUTE = HOUR / 60


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """The views' clock stands at NOW, at which the rows are made."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def scheduler():
    return signed_in(make_user(Role.SCHEDULER))


@pytest.fixture
def visit():
    """A visit that began ten minutes ago, and is booked."""
    return a_visit(starts_at=NOW - 10 * MINUTE)


def press(browser, visit, outcome, **more):
    return browser.post(url("visit", visit.pk), {"outcome": outcome, **more})


def on_the_day(browser):
    return browser.get(url("day") + f"?day={TODAY}").content.decode()


# --- the front desk, and the day ------------------------------------------------------


def test_the_day_has_one_button_for_each_next_step(scheduler, visit):
    words = {
        "arrived": "The patient is here",
        "checked-in": "Check in",
        "fulfilled": "The patient came",
    }
    for outcome, said in words.items():
        assert said in on_the_day(scheduler)

        answer = press(scheduler, visit, outcome, from_day="on", therapist="7")

        place = f"?day={TODAY}&therapist=7#visit-{visit.pk}"
        assert (answer.status_code, answer["Location"]) == (302, url("day") + place)
        again = press(scheduler, visit, outcome, from_day="on")  # pressed twice
        assert again.status_code == 302
    visit.refresh_from_db()
    assert visit.status == Status.FULFILLED
    assert len(trail(visit)) == 3 + 3  # as many steps as sights
    assert not any(said in on_the_day(scheduler) for said in words.values())


def test_a_visit_is_missed_for_a_reason_from_the_list_of_the_day(scheduler, visit):
    assert "The patient did not come" in on_the_day(scheduler)

    press(scheduler, visit, "noshow", because="forgot", from_day="on")

    visit.refresh_from_db()
    assert (visit.status, visit.missed_because) == (Status.NOSHOW, Missed.FORGOT)
    assert "They forgot" in on_the_day(scheduler)


def test_before_it_begins_a_visit_has_only_arrived(scheduler):
    visit = a_visit(starts_at=NOW + HOUR)

    page = on_the_day(scheduler)

    assert "The patient is here" in page
    assert "The patient came" not in page
    answer = press(scheduler, visit, "fulfilled")
    assert answer.status_code == 409
    assert "has not begun yet" in answer.content.decode()


@pytest.mark.parametrize(
    "posted",
    [
        {},
        *({"outcome": "booked"}, {"outcome": "noshow", "because": "rain"}),
        {"outcome": "fulfilled", "therapist": "9" * 40},
        {"outcome": "x" * 100_000},
    ],
)
def test_odd_presses_change_nothing(scheduler, visit, posted):
    answer = scheduler.post(url("visit", visit.pk), posted)

    visit.refresh_from_db()
    assert (answer.status_code, visit.status) == (422, Status.BOOKED)
    assert "There is a problem" in answer.content.decode()


def test_a_press_on_a_stale_page_says_what_stands(scheduler, visit):
    press(scheduler, visit, "noshow")

    answer = press(scheduler, visit, "arrived")

    assert answer.status_code == 409
    assert "already recorded: Missed" in answer.content.decode()


def test_a_patient_reads_whose_mistake_a_missed_visit_was(scheduler):
    visit = make_appointment(starts_at=NOW - HOUR)
    own = signed_in(visit.patient.user)
    press(scheduler, visit, "noshow", because="clinic")

    for page in (url("mine"), url("offer", visit.pk)):
        text = own.get(page).text
        assert "did not take place, by our mistake" in text
        assert "You missed" not in text


def test_who_has_arrived_is_still_on_their_patients_page(scheduler):
    visit = make_appointment(starts_at=NOW - 10 * MINUTE)
    press(scheduler, visit, "arrived")

    assert url("offer", visit.pk) in signed_in(visit.patient.user).get(url("mine")).text


def test_the_wrong_mark_is_undone_from_the_visit_and_both_are_linked(scheduler, visit):
    press(scheduler, visit, "fulfilled")
    assert "Undo what is recorded" in scheduler.get(url("visit", visit.pk)).text

    answer = press(scheduler, visit, "undo")

    again = Appointment.objects.get(replaces=visit)
    assert answer["Location"] == url("visit", again.pk)
    old = scheduler.get(url("visit", visit.pk)).text
    assert url("visit", again.pk) in old
    assert "Undo what is recorded" not in old
    assert press(scheduler, visit, "undo")["Location"] == url("visit", again.pk)


def test_a_reason_given_days_later_does_not_make_an_old_mark_undoable(scheduler, visit):
    press(scheduler, visit, "noshow")
    of_it = {"record_type": visit._meta.label_lower, "record_id": str(visit.pk)}
    mark = AuditEvent.objects.get(action="visit.noshow", **of_it)
    by = make_user(Role.SCHEDULER)
    later = mark.at + 5 * DAY
    because = {"outcome": Status.NOSHOW, "because": Missed.ILL}
    actions.record_visit(appointment=visit, by=by, now=later, **because)

    assert not actions.marked_today(visit, now=later)
    with pytest.raises(actions.NotUndoable, match="only what was recorded today"):
        actions.undo_mark(appointment=visit, by=by, now=later)


def test_an_offer_that_came_to_nothing_took_no_visits_place(scheduler, visit):
    declined = {"status": Status.CANCELLED, "ending": Ending.DECLINED, "ended_at": NOW}
    declined |= {"replaces": visit, "booked_at": None, "starts_at": NOW + DAY}
    make_appointment(entry=visit.entry, **declined)
    assert "took the place" not in scheduler.get(url("visit", visit.pk)).text
    press(scheduler, visit, "fulfilled")

    for _twice in range(2):
        answer = press(scheduler, visit, "undo")

        again = Appointment.objects.get(replaces=visit, status=Status.BOOKED)
        assert answer["Location"] == url("visit", again.pk)


def test_a_patient_who_is_here_reads_so(scheduler):
    visit = make_appointment(starts_at=NOW - 10 * MINUTE)
    press(scheduler, visit, "arrived")

    page = signed_in(visit.patient.user).get(url("offer", visit.pk)).text
    assert "<h1>You have arrived</h1>" in page


def test_the_policy_on_missed_visits_is_shown_where_one_is_recorded(scheduler, visit):
    page = scheduler.get(url("visit", visit.pk)).text

    assert "After 2 missed or late canceled visits, we call the patient." in page
    assert "If it was our mistake, the visit is not used up" in page


def test_therapists_record_their_own_visits_and_nobody_elses(visit):
    own = signed_in(visit.therapist.user)
    assert press(own, visit, "arrived").status_code == 302
    stranger = signed_in(make_therapist().user)
    assert press(stranger, visit, "fulfilled").status_code == 404
    lead = make_user(Role.LEAD, Role.THERAPIST)  # sees all, and records her own
    assert press(signed_in(lead), visit, "fulfilled").status_code == 403
    assert press(signed_in(make_user(Role.STAFF)), visit, "arrived").status_code == 403
    visit.refresh_from_db()
    assert visit.status == Status.ARRIVED


def test_the_therapist_has_all_of_a_visit_at_hand_on_the_page_of_the_day(
    django_assert_max_num_queries,
):
    technique = make_technique(name="Myofascial release")
    planned = {"sessions": 6, "goals": "Sit for an hour.", "technique": technique}
    referral = make_referral(**planned)
    asked = make_precaution(question="Blood thinners?")
    ScreeningAnswer.objects.create(
        referral=referral,
        precaution=asked,
        question=asked.question,
        meaning=asked.meaning,
        version=1,
        answer="yes",
    )
    entry = make_entry(referral=referral, session=2, status=EntryStatus.IN_PROGRESS)
    visit = make_appointment(entry=entry, technique=technique, starts_at=NOW)
    before = a_visit(visit.patient, status=Status.FULFILLED, starts_at=NOW - 7 * DAY)
    note = make_note(before, signed_at=NOW)
    for number in range(1, 6):
        a_visit(therapist=visit.therapist, starts_at=NOW + number * HOUR)
    browser = signed_in(visit.therapist.user)
    make_note(visit)

    with django_assert_max_num_queries(25):  # however many visits
        page = on_the_day(browser)

    for said in ["visit 2 of 6", "Myofascial release", "Sit for an hour.", WORDS]:
        assert said in page, said
    assert "Blood thinners? <strong>Yes</strong>" in page
    assert "1 note to sign" in page
    assert [one[1] for one in trail(note)] == ["note.seen"]
    listed = AuditEvent.objects.filter(
        action="note.listed", patient_id=visit.patient_id
    )
    assert listed.count() == 1
    of_it = browser.get(url("visit", visit.pk)).text
    for said in ["Visit 2 of 6", "Sit for an hour.", "Blood thinners?", WORDS]:
        assert said in of_it, said


def test_the_day_is_in_pages_and_a_press_leads_back_to_its_own(
    scheduler, django_assert_max_num_queries
):
    visits = [a_visit(starts_at=NOW - 10 * MINUTE) for _ in range(27)]
    found = []
    for number in (1, 2):
        before = AuditEvent.objects.count()
        with django_assert_max_num_queries(30):
            answer = scheduler.get(url("day") + f"?day={TODAY}&page={number}")
        named = {one.pk for one in visits if f'id="visit-{one.pk}"' in answer.text}
        seen = AuditEvent.objects.order_by("pk")[before:]
        assert {int(one.record_id) for one in seen} == named
        assert len(answer.content) < 90_000
        found.append(named)
    assert [len(one) for one in found] == [25, 2]
    assert set.union(*found) == {one.pk for one in visits}
    assert "Visits 26 to 27 of 27, by time" in answer.text
    assert '<input type="hidden" name="page" value="2">' in answer.text

    last = next(one for one in visits if one.pk in found[1])
    back = press(scheduler, last, "arrived", from_day="on", page="2")

    assert back["Location"] == url("day") + f"?day={TODAY}&page=2#visit-{last.pk}"
    for odd in ("", "0", "x", "9" * 5000):
        assert scheduler.get(url("day") + f"?page={odd}").status_code == 200


# --- the note -------------------------------------------------------------------------


def note_of(browser, visit, **typed):
    return browser.post(url("note", visit.pk), {"seen": "0", "words": WORDS} | typed)


def test_a_note_is_saved_signed_and_amended_on_its_page(visit):
    browser = signed_in(visit.therapist.user)

    saved = note_of(browser, visit)

    assert (saved.status_code, saved["Location"]) == (302, url("note", visit.pk))
    page = browser.get(saved["Location"]).text
    assert "Not signed yet" in page
    assert "1 note to sign" in on_the_day(browser)
    note_of(browser, visit, seen="1", sign="on")
    page = browser.get(saved["Location"]).text
    assert "What you save now is a new version that amends it" in page
    note_of(browser, visit, seen="1", words="Knee, too.")
    page = browser.get(saved["Location"]).text
    assert "It amends version 1, signed on" in page
    assert WORDS in page


def test_in_two_browsers_the_second_loses_no_word(visit):
    browser = signed_in(visit.therapist.user)
    note_of(browser, visit)

    answer = note_of(signed_in(visit.therapist.user), visit, words="Knee, <b>too</b>.")

    page = answer.text
    assert answer.status_code == 409
    assert "Knee, &lt;b&gt;too&lt;/b&gt;.</textarea>" in page
    assert page.count(WORDS) == 2  # beside what was typed, and among the versions
    assert re.search(r'name="seen" value="1"', page)
    note_of(browser, visit, seen="1", words="Knee, <b>too</b>.")
    assert visit.notes.count() == 2


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"words": ""}, "Fill this in."),
        ({"words": "é" * 2001}, "Shorten this to 2000 characters. It has 2001."),
        ({"words": "a\x00b"}, "There is a problem"),
        ({"seen": "-1"}, "There is a problem"),
        ({"seen": "9" * 30}, "There is a problem"),
    ],
)
def test_a_note_that_cannot_be_kept_is_refused_beside_its_field(visit, typed, said):
    answer = note_of(signed_in(visit.therapist.user), visit, **typed)

    assert answer.status_code == 422
    assert said in answer.text
    assert typed.get("words", "").replace("\x00", "") in answer.text.replace("\x00", "")
    assert not VisitNote.objects.exists()


def test_a_note_holds_two_thousand_letters(visit):
    words = "é\n" * 1000
    browser = signed_in(visit.therapist.user)

    assert note_of(browser, visit, words=words).status_code == 302
    assert len(visit.notes.get().words) in (1999, 2000)


def test_before_a_visit_there_is_nothing_to_write():
    visit = a_visit(starts_at=NOW + HOUR)
    browser = signed_in(visit.therapist.user)

    assert "once the visit has begun" in browser.get(url("note", visit.pk)).text
    answer = note_of(browser, visit)
    assert answer.status_code == 409
    assert WORDS in answer.text  # what was typed stays
    assert not VisitNote.objects.exists()


def test_a_note_is_on_no_page_and_in_no_mail_of_its_patient(visit, mailoutbox):
    patient = make_appointment(starts_at=NOW - HOUR)
    note_of(signed_in(patient.therapist.user), patient, sign="on")
    own = signed_in(patient.patient.user)

    assert own.get(url("note", patient.pk)).status_code == 403
    for page in ("mine", "standing"):
        key = [patient.entry_id] if page == "standing" else []
        assert WORDS not in own.get(url(page, *key)).text
    assert WORDS not in on_the_day(signed_in(make_user(Role.SCHEDULER)))
    assert (Message.objects.count(), mailoutbox) == (0, [])


def test_a_later_therapist_reads_and_leaves_a_trail_and_a_stranger_gets_404(visit):
    note = make_note(visit, signed_at=NOW)
    later = a_visit(visit.patient, starts_at=NOW + DAY).therapist.user
    reader, stranger = signed_in(later), signed_in(make_therapist().user)

    page = reader.get(url("note", visit.pk))

    assert WORDS in page.text
    assert "Save the note" not in page.text
    assert reader.post(url("note", visit.pk), {}).status_code == 403
    assert stranger.get(url("note", visit.pk)).status_code == 404
    assert stranger.get(url("note", 10**9)).status_code == 404
    seen = AuditEvent.objects.filter(action="note.seen", record_id=str(note.pk))
    assert list(seen.values_list("actor_id", "patient_id")) == [
        (later.pk, visit.patient_id)
    ]
    lead = signed_in(make_user(Role.LEAD))
    assert WORDS in lead.get(url("note", visit.pk)).text
    assert url("note", visit.pk) in lead.get(url("visit", visit.pk)).text
