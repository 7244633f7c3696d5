"""How we reach you: what a person chooses, and that a number is theirs."""

from __future__ import annotations

import re
from datetime import time, timedelta

import pytest
from django import forms
from django.db import IntegrityError, transaction
from django.test import Client
from django.test.html import parse_html
from django.utils.translation import override

from massage_portal.audit.models import AuditEvent
from massage_portal.outbox import actions, sending
from massage_portal.outbox.actions.preference import CODE_KIND, code_of
from massage_portal.outbox.codes import Channel, Halt
from massage_portal.outbox.forms.preferences import LongSelect, hours, zones
from massage_portal.outbox.gateways import sms_gateway
from massage_portal.outbox.links import stop_address, unsubscribing
from massage_portal.outbox.models import Message, Preference, Stop
from tests.factories import HOUR, NOW, make_user
from tests.gateway import sms_server

PAGE, CODE = "/messages/preferences/", "/messages/preferences/code/"
AGAIN = "/messages/preferences/code/again/"
NUMBER, OTHER = "+15075550123", "+15075550124"
MINUTE = timedelta(minutes=1)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(monkeypatch, settings):
    settings.SMS_GATEWAY = sms_gateway("twilio://AC1:t@sms.example.org?from=12345")
    moment = [NOW]
    monkeypatch.setattr("django.utils.timezone.now", lambda: moment[0])
    return moment


def typed(**fields):
    values = {
        "channel": "sms",
        "mobile": "(507) 555-0123",
        "language": "en",
        "quiet_from": "22:00",
        "quiet_until": "07:00",
        "time_zone": "America/Denver",
        "optional": "on",
        "version": "0",
    }
    return values | fields


def signed_in(user=None):
    client = Client()
    user = user or make_user()
    client.force_login(user)
    return client, user


def of(user):
    return Preference.objects.of(user)


def has_number(user, number=NUMBER):
    return Preference.objects.create(
        user=user, channel=Channel.SMS, mobile=number, mobile_confirmed_at=NOW
    )


# --- The page -------------------------------------------------------------------------


def test_what_is_chosen_is_kept_and_a_number_waits_for_its_code():
    client, user = signed_in()

    answer = client.post(PAGE, typed(language="es", optional=""))

    assert answer["Location"] == CODE
    found = of(user)
    assert (found.channel, found.number, found.asked_number) == ("email", "", NUMBER)
    assert (found.quiet_from, found.quiet_until) == (time(22), time(7))
    assert (found.time_zone, found.optional) == ("America/Denver", False)
    user.refresh_from_db()
    assert user.language == "es"
    event = AuditEvent.objects.get(action="preference.changed")
    assert (event.actor, event.change) == (user.email, "email>email")


def test_the_code_goes_to_the_number_and_proves_it(settings):
    client, user = signed_in()
    client.post(PAGE, typed())
    message = Message.objects.get(kind=CODE_KIND)
    with sms_server() as server:
        settings.SMS_GATEWAY = server.gateway
        assert sending.send(pk=message.pk, now=NOW)
    (text,) = server.texts
    assert text["To"] == NUMBER
    assert len(text["Body"]) <= 160
    (code,) = re.findall(r"\b\d{6}\b", text["Body"])

    answer = client.post(CODE, {"code": code})

    assert answer["Location"] == PAGE
    found = of(user)
    assert (found.channel, found.number, found.asked_number) == ("sms", NUMBER, "")
    assert found.mobile_confirmed_at == NOW
    assert client.get(CODE)["Location"] == PAGE  # there is nothing to confirm any more


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        pytest.param({"mobile": ""}, "mobile", "Enter the number", id="none"),
        pytest.param({"mobile": "12"}, "mobile", "with its area code", id="no number"),
        pytest.param(
            {"channel": "email"}, "mobile", "Choose text messages", id="left unused"
        ),
        pytest.param({"time_zone": "Mars/Base"}, "time_zone", "Choose one", id="zone"),
        pytest.param({"quiet_from": "8:17"}, "quiet_from", "Choose one", id="hour"),
    ],
)
def test_a_fault_stands_at_its_field_and_what_was_typed_stays(fields, field, words):
    client, user = signed_in()

    answer = client.post(PAGE, typed(**fields))

    assert answer.status_code == 422
    (fault,) = answer.context["form"].errors[field]
    assert words in fault
    assert 'value="America/Denver" selected' in answer.content.decode() or fields.get(
        "time_zone"
    )
    assert not Preference.objects.filter(user=user).exists()


def test_back_to_email_forgets_the_number_if_it_was_emptied():
    client, user = signed_in()
    has_number(user)
    assert client.post(PAGE, typed(channel="email"))["Location"] == PAGE
    assert (of(user).channel, of(user).number) == ("email", NUMBER)
    client.post(PAGE, typed(channel="email", mobile="", version="1"))
    assert (of(user).number, of(user).mobile_confirmed_at) == ("", None)


def test_without_a_gateway_texts_are_not_offered(settings):
    settings.SMS_GATEWAY = None
    client, _user = signed_in()
    assert "text message" not in client.get(PAGE).content.decode()
    assert client.post(PAGE, typed()).status_code == 422
    assert client.post(PAGE, typed(channel="email"))["Location"] == PAGE


def test_a_second_tab_is_told_and_may_then_save():
    client, user = signed_in()
    client.post(PAGE, typed(channel="email", mobile=""))
    late = typed(channel="email", mobile="", quiet_from="20:00")

    answer = client.post(PAGE, late)

    assert answer.status_code == 409
    assert "changed meanwhile" in answer.content.decode()
    assert of(user).quiet_from == time(22)
    shown = answer.context["form"]["version"].value()
    assert client.post(PAGE, late | {"version": shown}).status_code == 302
    assert of(user).quiet_from == time(20)


# --- The code -------------------------------------------------------------------------


def test_a_wrong_code_counts_and_the_sixth_try_is_none(clock):
    client, user = signed_in()
    client.post(PAGE, typed())
    right = code_of(of(user))
    wrong = f"{(int(right) + 1) % 1_000_000:06d}"
    for left in (4, 3, 2, 1, 0):
        answer = client.post(CODE, {"code": wrong})
        assert answer.status_code == 409
        assert f"{left} more time" in answer.content.decode()
    assert client.post(CODE, {"code": right}).status_code == 409
    assert of(user).number == ""


@pytest.mark.parametrize("moment", [NOW + 15 * MINUTE, NOW - MINUTE])
def test_a_code_works_for_its_time_only_also_where_the_clock_is_set_back(clock, moment):
    client, user = signed_in()
    client.post(PAGE, typed())
    clock[0] = moment
    assert client.post(CODE, {"code": code_of(of(user))}).status_code == 409
    assert of(user).number == ""


def test_three_codes_an_hour_are_sent_and_an_old_one_is_void(clock):
    client, user = signed_in()
    client.post(PAGE, typed())
    first = code_of(of(user))
    client.post(PAGE, typed(version="1"))  # the same again: its code still holds
    assert Message.objects.filter(kind=CODE_KIND).count() == 1
    clock[0] = NOW + MINUTE
    for _again in range(2):  # pressed twice: one is on its way
        client.post(AGAIN)
    client.post(PAGE, typed(mobile="507-555-0124", version=of(user).version))
    clock[0] = NOW + 2 * MINUTE
    refused = client.post(AGAIN, follow=True).content.decode()

    assert "Wait an hour" in refused
    assert Message.objects.filter(kind=CODE_KIND).count() == 3
    assert of(user).asked_number == OTHER
    assert first != code_of(of(user))
    oldest = Message.objects.filter(kind=CODE_KIND).earliest("pk")
    assert not sending.send(pk=oldest.pk, now=NOW)
    oldest.refresh_from_db()
    assert oldest.voided_at is not None
    clock[0] = NOW + HOUR
    client.post(AGAIN)
    assert Message.objects.filter(kind=CODE_KIND).count() == 4


def test_a_code_is_kept_nowhere():
    client, user = signed_in()
    client.post(PAGE, typed())
    code = code_of(of(user))
    kept = [*Preference.objects.values_list(), *Message.objects.values_list()]
    assert code not in re.findall(r"(?<!\d)\d{6}(?!\d)", str(kept))


# --- Stopped addresses ----------------------------------------------------------------


def test_a_stopped_number_is_shown_and_started_again_by_its_owner_alone():
    client, user = signed_in()
    has_number(user)
    stop = {"channel": Channel.SMS, "because": Halt.OPTED_OUT, "now": NOW}
    actions.stop(user=user, address=NUMBER, **stop)
    actions.stop(user=user, address=OTHER, **stop)  # an old number: nothing to do
    shown = client.get(PAGE).content.decode()
    assert "Nothing goes to +1 507-555-0123 now" in shown
    assert "555-0124" not in shown
    assert client.post(PAGE, typed()).status_code == 409

    path = f"{PAGE}stops/{Stop.objects.get(address=NUMBER).pk}/start-again/"
    assert signed_in()[0].post(path).status_code == 404
    for _again in range(2):
        assert client.post(path)["Location"] == PAGE

    assert [one.address for one in Stop.objects.standing()] == [OTHER]
    assert AuditEvent.objects.filter(action="stop.lifted").count() == 1


def test_staff_stop_an_address_whose_mail_came_back_to_them():
    user, clerk = make_user(), make_user()
    for _again in range(2):
        actions.stop_by_hand(
            user=user, channel=Channel.EMAIL, address=user.email, by=clerk, now=NOW
        )
    assert Stop.objects.get().because == Halt.BOUNCED
    assert AuditEvent.objects.filter(action="stop.made", actor=clerk.email).exists()


# --- Fewer messages, by a mail's link -------------------------------------------------


def test_the_link_of_a_mail_stops_what_need_not_be_sent_once_its_button_is_pressed():
    user, other = make_user(language="es"), make_user()
    headers = unsubscribing(user)
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    path = headers["List-Unsubscribe"].strip("<>").removeprefix("http://testserver")
    assert path.startswith("/es/messages/stop/")
    strict = Client(enforce_csrf_checks=True)

    page = strict.get(path)
    assert of(user).optional
    assert user.name not in page.content.decode()
    for _again in range(2):
        one_click = {"List-Unsubscribe": "One-Click"}
        assert strict.post(path, one_click).status_code == 200

    assert (of(user).optional, of(other).optional) == (False, True)
    event = AuditEvent.objects.get(action="preference.changed")
    assert event.by_link
    assert strict.get(path).status_code == 200


def test_a_link_that_nobody_signed_explains_itself():
    path = stop_address(make_user()).removeprefix("http://testserver")
    for wrong in (path[:-2] + "x/", "/messages/stop/1/", "/messages/stop/:/"):
        for answer in (Client().get(wrong), Client().post(wrong)):
            assert answer.status_code == 404
            assert "may not have been copied in full" in answer.content.decode()


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("listed", [hours, zones])
def test_a_long_select_says_what_djangos_own_says(listed, language):
    values = ["", None, "07:00", "America/Denver", '"><b>', "Mars/Base"]
    with override(language):
        for value in values:
            own = forms.Select({"id": "x"}, choices=listed()).render("n", value)
            long = LongSelect(listed, {"id": "x"}).render("n", value)
            assert parse_html(long) == parse_html(own)


# --- The database ---------------------------------------------------------------------


def test_the_database_refuses_a_number_or_a_code_by_halves():
    asked = {"asked_mobile": NUMBER, "code_seed": "s", "code_expires_at": NOW}
    Preference.objects.create(user=make_user(), **asked)
    for left_out in asked:
        half = {name: value for name, value in asked.items() if name != left_out}
        with pytest.raises(IntegrityError, match="preference_code_is_for_a_number"):
            with_savepoint(user=make_user(), **half)
    for half in ({}, {"mobile": NUMBER}, {"mobile_confirmed_at": NOW}):
        name = "preference_text_goes_to_a_confirmed_number"
        with pytest.raises(IntegrityError, match=name):
            with_savepoint(user=make_user(), channel=Channel.SMS, **half)


def with_savepoint(**fields):
    with transaction.atomic():
        Preference.objects.create(**fields)
