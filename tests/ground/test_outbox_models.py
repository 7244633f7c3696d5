"""What the database itself refuses of messages owed, each constraint by its name."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from django.db import IntegrityError

from massage_portal.outbox.codes import Channel, Failure, Halt
from massage_portal.outbox.models import ChannelHealth, Message, Stop
from tests.factories import DAY, NOW, make_user

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)
ENDS = ["sent_at", "failed_at", "voided_at"]
_keys = itertools.count(1)


def make_message(**fields):
    values = {
        "key": f"ground.example:{next(_keys)}",
        "kind": "ground.example",
        "about": "accounts.user:1",
        "created_at": NOW,
        "due_at": NOW,
        "try_at": NOW,
        "expires_at": NOW + DAY,
    }
    if "recipient" not in fields:
        fields["recipient"] = make_user()
    return Message.objects.create(**values | fields)


@pytest.mark.parametrize("end", [NOW, NOW - SECOND])
def test_a_message_expires_after_it_is_due(end):
    assert make_message(due_at=NOW, expires_at=NOW + SECOND).pk

    with pytest.raises(IntegrityError, match='"message_expires_after_it_is_due"'):
        make_message(due_at=NOW, expires_at=end)


def ended(*ends):
    """Return what a message has that ended in these ways."""
    why = {"failed_because": Failure.REFUSED} if "failed_at" in ends else {}
    return dict.fromkeys(ends, NOW) | why


@pytest.mark.parametrize("two", [*itertools.combinations(ENDS, 2)])
def test_a_message_ends_one_way(two):
    assert [make_message(**ended(end)).pk for end in ENDS]
    assert make_message().pk

    with pytest.raises(IntegrityError, match='"message_ends_one_way"'):
        make_message(**ended(*two))


def test_a_message_does_not_end_in_all_ways_at_once():
    with pytest.raises(IntegrityError, match='"message_ends_one_way"'):
        make_message(**ended(*ENDS))


@pytest.mark.parametrize(
    "half",
    [
        {"failed_at": NOW},
        {"failed_because": Failure.REFUSED},
        {"failed_at": NOW, "failed_because": "no reason"},
    ],
)
def test_a_message_fails_for_a_reason(half):
    assert make_message(failed_at=NOW, failed_because=Failure.REFUSED).pk

    with pytest.raises(IntegrityError, match='"message_failed_for_a_reason"'):
        make_message(**half)


@pytest.mark.parametrize("news", ["returned_at", "delivered_at"])
def test_only_a_message_that_went_arrives_or_comes_back(news):
    assert make_message(sent_at=NOW, **{news: NOW}).pk

    with pytest.raises(IntegrityError, match='"message_comes_back_after_it_went"'):
        make_message(**{news: NOW})


@pytest.mark.parametrize("half", ["handled_at", "handled_by"])
def test_a_message_is_handled_by_someone_at_a_moment(half):
    whole = {"handled_at": NOW, "handled_by": make_user()}
    assert make_message(**whole).pk

    with pytest.raises(IntegrityError, match='"message_is_handled_by_someone"'):
        make_message(**{half: whole[half]})


def make_stop(**fields):
    values = {"channel": "email", "address": "a@example.org", "because": Halt.REFUSED}
    return Stop.objects.create(**values | {"stopped_at": NOW} | fields)


def test_an_address_is_stopped_once_until_that_is_lifted():
    user = make_user()
    make_stop(user=user, lifted_at=NOW, lifted_because="owner")
    make_stop(user=user, channel="sms")
    make_stop(user=make_user())
    assert make_stop(user=user).pk

    with pytest.raises(IntegrityError, match='"stop_stands_once_for_an_address"'):
        make_stop(user=user)


def test_a_stop_is_lifted_after_it_began():
    with pytest.raises(IntegrityError, match='"stop_is_lifted_after_it_began"'):
        make_stop(user=make_user(), lifted_at=NOW - SECOND, lifted_because="owner")


@pytest.mark.parametrize("half", [{"lifted_at": NOW}, {"lifted_because": "owner"}])
def test_a_stop_is_lifted_for_a_reason(half):
    with pytest.raises(IntegrityError, match='"stop_is_lifted_for_a_reason"'):
        make_stop(user=make_user(), **half)


def test_only_a_known_channel_has_a_health():
    assert [ChannelHealth.objects.create(channel=one).pk for one in Channel.values]

    known = '"channel_health_is_of_a_known_channel"'
    with pytest.raises(IntegrityError, match=known):
        ChannelHealth.objects.create(channel="fax")


def test_a_message_is_owed_once_by_its_key():
    first = make_message()
    assert make_message().key != first.key

    with pytest.raises(IntegrityError, match='"message_is_owed_once"'):
        make_message(key=first.key)


def test_a_message_takes_the_place_of_one_and_no_other_does():
    first = make_message()
    assert make_message(instead_of=first).pk

    with pytest.raises(IntegrityError, match='"message_takes_the_place_of_one"'):
        make_message(instead_of=first)
