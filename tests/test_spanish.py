"""What a patient who reads Spanish sees, page by page and mail by mail."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import trans_real

from appointments.codes import EntryStatus, Status
from massage_portal.accounts.actions import invite
from massage_portal.accounts.roles import Role
from massage_portal.actions import compile_translations
from massage_portal.outbox.kinds import kind_of
from massage_portal.outbox.letter import written
from massage_portal.tokens import sign
from services.codes import VersionStatus
from services.models import Version
from tests.content import open_guide
from tests.factories import (
    DAY,
    NOW,
    make_appointment,
    make_clinic,
    make_diagnosis,
    make_entry,
    make_message,
    make_patient,
    make_policy,
    make_referral,
    make_request,
    make_user,
)
from tests.ground.reported import GATEWAY
from tests.letters import EXAMPLES
from tests.mails import contents, parsed, write
from tests.spanish import assert_spanish, es, left_in_english, words_of

HEAD = re.compile(  # what the head says of a record, in the record's own words
    rb"<title>.*?</title>|<meta name=.description.[^>]*>|<meta property=.og:[^>]*>"
    rb"|<script type=.application/ld\+json.>.*?</script>",
    re.DOTALL,
)
FORM_OF_A_DAY = re.compile(r"(?=.*j)(?=.*[MF])[DjlFMYPTgiA:,\-. ]+")
FROM_RECORDS = {"services:safety", "services:referral", "services:privacy"}


@pytest.fixture(scope="session", autouse=True)
def spanish():
    """The compiled catalog, in use even if a test before spoke Spanish without it."""
    compile_translations()
    trans_real._translations.clear()


@pytest.fixture
def clock(monkeypatch):
    """The views' clock stands at NOW, at which the rows are made."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def reader(clock, db):
    """A browser in which a patient who reads Spanish is signed in."""
    make_policy()
    patient = make_patient(user=make_user(Role.PATIENT, language="es"))
    client = Client()
    client.force_login(patient.user)
    client.patient = patient
    return client


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("page", "says"),
    [
        ("services:home", "La terapia de masaje como parte de su atención"),
        ("services:conditions", "Afecciones que el masaje puede aliviar"),
        ("services:techniques", "Técnicas de masaje"),
        ("services:locations", "La terapia de masaje se da solamente en Minnesota."),
        ("services:research", "Nuestra investigación"),
        ("services:search", "Busque por afección, técnica o pregunta"),
        ("services:safety", "Primero debe dar su visto bueno su proveedor médico"),
        ("services:referral", "¿Tiene nuestro correo electrónico?"),
        ("services:privacy", "Sobre la terapia de masaje"),
        ("account_login", "¿Olvidó su contraseña?"),
        ("account_reset_password", "Enviarme el enlace"),
        ("account_reset_password_done", "Revise su correo electrónico"),
        ("account_reset_password_from_key_done", "Su contraseña quedó guardada"),
        ("account_signup", "Las cuentas son con remisión"),
        ("account_inactive", "Esta cuenta está cerrada"),
    ],
)
def test_what_a_visitor_opens_under_es_is_spanish(client, page, says):
    open_guide()
    answer = client.get(es(page))
    if page in FROM_RECORDS:
        answer.content = HEAD.sub(b"", answer.content)
    assert says in assert_spanish(answer)


@pytest.mark.django_db
def test_a_refused_form_says_why_in_spanish(client):
    page = client.post(es("account_login"), {"login": "a", "password": "b"})
    said = assert_spanish(page, status=422)
    assert "Hay un problema" in said
    page = client.get(es("services:home") + "no-such-page/")
    assert "No encontramos esta página" in assert_spanish(page, status=404)


@pytest.mark.django_db
def test_an_invitation_opened_under_es_is_spanish(client, clock):
    user = make_user(Role.PATIENT, language="es", password=None)
    made = invite(user=user, by=None, now=NOW)
    link = es("accounts:invitation", sign("invitation", made.pk))
    assert "Elija su contraseña" in assert_spanish(client.get(link))
    sent = client.post(link, {"password1": "short", "password2": "shorter"})
    assert_spanish(sent, status=422)
    spent = client.get(es("accounts:invitation", "mistyped"))
    assert "Este enlace no funciona" in assert_spanish(spent, status=404)


ASKED = {
    "when": {"weekdays": ["M", "W"], "times": "any", "earliest_month": "10"},
    "preferences": {"therapist": "", "notice_hours": "24"},
    "pain": {"pain": "6", "enjoyment": "4", "activity": "5"},
    "daily-life": {"role_threat": "7", "sleep": "3"},
}


def test_an_hour_is_said_alike_wherever_one_is_chosen_or_told(reader):
    said = reader.get(es("outbox:preferences")).text
    assert ">9 p.m.<" in said
    assert ">21:00<" not in said


def test_asking_for_an_appointment_under_es_is_spanish(reader):
    make_clinic()
    referral = make_referral(patient=reader.patient)
    pk = referral.pk
    assert_spanish(reader.get(es("referrals:own", pk)))
    assert_spanish(reader.get(es("appointments:ask", pk)))
    for step, answers in ASKED.items():
        page = es("appointments:ask_step", pk, step)
        assert_spanish(reader.get(page))
        assert_spanish(reader.post(page), status=422)
        if step == "when":
            days = words_of(reader.get(page).text)
            assert "Cualquier día Lunes Martes" in days  # each begins its line
            said = assert_spanish(reader.post(page, answers), status=422)
            assert "Agregue el día y el año." in said
        answers = {k: v for k, v in answers.items() if k != "earliest_month"}
        assert reader.post(page, answers).status_code == 302
    said = assert_spanish(reader.get(es("appointments:ask_check", pk)))
    assert "lunes, miércoles" in said

    sent = reader.post(es("appointments:ask_check", pk), follow=True)
    assert "Recibimos su solicitud." in assert_spanish(sent)


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (EntryStatus.ACCEPTED, "Usted está en nuestra lista de espera."),
        (EntryStatus.ON_HOLD, "Tenemos una pregunta"),
        (EntryStatus.REJECTED, "No pudimos aceptar esta solicitud"),
        (EntryStatus.COMPLETED, "Esta visita ya terminó."),
        (EntryStatus.CANCELLED, "Esta solicitud está retirada."),
    ],
)
def test_where_a_patient_stands_is_said_in_spanish(reader, state, says):
    referral = make_referral(patient=reader.patient, received_at=NOW - 30 * DAY)
    entry = make_entry(
        referral=referral, waited_days=30.5, status=state, note="¿Desde cuándo?"
    )
    page = assert_spanish(reader.get(es("appointments:standing", entry.pk)))
    assert says in page
    if state == EntryStatus.ACCEPTED:
        assert "30.5 días, 108% de su plazo" in page  # a point, as people write there
        assert "11 de octubre de 2026" in page


def test_a_request_that_nobody_has_read_is_shown_in_spanish(reader):
    entry = make_request(referral=make_referral(patient=reader.patient))
    for page in ["standing", "withdraw"]:
        assert_spanish(reader.get(es(f"appointments:{page}", entry.pk)))
    gone = reader.post(es("appointments:withdraw", entry.pk), follow=True)
    assert "Su solicitud fue retirada." in assert_spanish(gone)


def make_visits(patient):
    """Return an offer, a booking, a visit made and one cancelled, of one patient."""
    found, booked = {}, EntryStatus.IN_PROGRESS
    states = [Status.PROPOSED, Status.BOOKED, Status.FULFILLED, Status.CANCELLED]
    for number, status in enumerate(states, start=1):
        away = -number if status in states[2:] else number
        diagnosis = make_diagnosis(f"M79.{number}", "Ejemplo")
        entry = make_entry(
            referral=make_referral(patient=patient, diagnosis=diagnosis),
            status=EntryStatus.ACCEPTED if status == Status.PROPOSED else booked,
        )
        found[status] = make_appointment(
            entry=entry, status=status, starts_at=NOW + away * DAY
        )
    return found


def test_offers_and_visits_under_es_are_spanish(reader):
    visits = make_visits(reader.patient)
    care = assert_spanish(reader.get(es("appointments:mine")))
    assert "Jueves 15 de octubre" in care
    assert "hasta el jueves 15 de octubre, 10 a.m." in care
    for visit in visits.values():
        page = es("appointments:offer", visit.pk)
        assert_spanish(reader.get(page))
        assert_spanish(reader.get(es("appointments:standing", visit.entry_id)))
        if visit.status == Status.BOOKED:
            page = es("appointments:cancel", visit.pk)
            assert "¿Cancelar esta visita?" in assert_spanish(reader.get(page))
            gone = reader.post(page, follow=True)
            assert "Su visita está cancelada." in assert_spanish(gone)


def test_an_offer_answered_from_its_mail_is_spanish(reader):
    offer = make_visits(reader.patient)[Status.PROPOSED]
    link, stranger = es("appointments:answer", sign("offer", offer.pk)), Client()
    assert "Aceptar este horario" in assert_spanish(stranger.get(link))
    taken = stranger.post(link, {"answer": "accept"}, follow=True)
    assert "Su visita está reservada" in assert_spanish(taken)
    again = stranger.post(link, {"answer": "decline"})
    assert_spanish(again, status=409)


@pytest.mark.parametrize(
    ("kind", "state", "subject"),
    [
        ("appointments.offer", Status.PROPOSED, "Hay un horario apartado para usted"),
        ("appointments.booked", Status.BOOKED, "Su cita está reservada"),
        (
            "appointments.reminder",
            Status.BOOKED,
            "Su cita del {day}",
        ),
        ("appointments.cancelled", Status.CANCELLED, "Su cita está cancelada"),
    ],
)
def test_mail_to_one_who_reads_spanish_is_spanish(reader, kind, state, subject):
    visit = make_visits(reader.patient)[state]
    days = {1: "jueves 15", 2: "viernes 16", -4: "sábado 10"}
    day = days[(visit.starts_at - NOW).days] + " de octubre"

    mail = write(kind, visit, reader.patient.user)

    assert parsed(mail)["Subject"] == subject.format(day=day)
    text, page = contents(mail)[:2]
    assert "Hola, Juniper:" in text
    assert f"{day} de 2026, 10 a.m.".casefold() in text.casefold()  # begins a line
    assert "/es/" in text
    assert '<html lang="es"' in page
    assert left_in_english(words_of(text + page)) == []


MONTHS = (
    "Ene(?:ro)?|Feb(?:rero)?|Mar(?:zo)?|Abr(?:il)?|Mayo?|Jun(?:io)?|Jul(?:io)?|"
    "Ago(?:sto)?|Sep(?:tiembre)?|Oct(?:ubre)?|Nov(?:iembre)?|Dic(?:iembre)?"
)
IN_CAPITALS = re.compile(rf"(?<![.>:!?] )(?<![\n>])\b(?:{MONTHS})\b")


@pytest.mark.django_db
@pytest.mark.parametrize("kind", sorted(EXAMPLES))
def test_no_month_within_a_sentence_begins_with_a_capital(kind, settings):
    settings.SMS_GATEWAY = GATEWAY
    subject, to, key = EXAMPLES[kind](language="es")
    message = make_message(kind=kind, subject=subject, to=to, key=key)
    mail = written(message, kind_of(kind))

    said = [mail.subject, mail.short, mail.text, words_of(mail.html)]
    assert [IN_CAPITALS.findall(one) for one in said] == [[]] * 4


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["appointments.offer", "appointments.reminder"])
def test_a_text_tells_the_hour_as_the_mail_does(kind, settings):
    settings.SMS_GATEWAY = GATEWAY
    subject, to, _key = EXAMPLES[kind](language="es", clock="15:30")
    mail = written(make_message(kind=kind, subject=subject, to=to), kind_of(kind))
    for words in (mail.short, mail.text, words_of(mail.html)):
        assert "3:30 p.m." in words
    assert "15:30" not in mail.short


def test_no_date_in_spanish_is_told_with_a_capital():
    forms = trans_real.translation("es")._catalog.items()
    dates = [said for form, said in forms if FORM_OF_A_DAY.fullmatch(str(form))]
    assert len(dates) > 10
    assert [one for one in dates if "M" in one or "N" in one] == []
    with translation.override("es"):
        for form in ("DATE_FORMAT", "DATETIME_FORMAT", "SHORT_DATE_FORMAT"):
            assert re.search("14 (de )?oct", date_format(NOW, form))


UNTRANSLATED = (
    "Aún no hemos traducido toda esta página. Lo que falta se muestra en inglés."
)


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["conditions/fibromyalgia/", "conditions/", ""])
def test_what_is_not_translated_says_so_once_and_is_marked(client, address):
    open_guide()
    whole = client.get(f"/es/{address}").content.decode()
    assert UNTRANSLATED not in whole
    assert "Fibromyalgia" not in whole

    spanish = Version.objects.filter(article__slug="fibromyalgia", language="es")
    spanish.update(status=VersionStatus.RETIRED, retired_at=NOW)

    partly = client.get(f"/es/{address}").content.decode()
    assert partly.count(UNTRANSLATED) == 1
    assert re.search(r'<(div|li) lang="en">', partly)
    plain = client.get(f"/{address}").content.decode()
    assert 'lang="en">' not in plain.replace('<html lang="en" dir="ltr">', "")
    assert "translated" not in plain


def test_a_step_shows_no_words_of_another(reader):
    late = make_entry(
        referral=make_referral(patient=reader.patient), waited_days=40, target_days=14
    )
    said = words_of(reader.get(es("appointments:standing", late.pk)).content.decode())
    assert said.count("Lo sentimos.") == 1

    diagnosis = make_diagnosis("M79.1", "Ejemplo")
    unread = make_request(
        referral=make_referral(patient=reader.patient, diagnosis=diagnosis)
    )
    said = words_of(reader.get(es("appointments:standing", unread.pk)).content.decode())
    assert said.count("La persona que coordina las citas decide") == 1
