"""What the database itself refuses of messages owed, each constraint by its name."""

from __future__ import annotations

import itertools
import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError

from massage_portal.outbox.models import Message
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


@pytest.mark.parametrize("two", [*itertools.combinations(ENDS, 2)])
def test_a_message_ends_one_way(two):
    assert [make_message(**{end: NOW}).pk for end in ENDS]
    assert make_message().pk

    with pytest.raises(IntegrityError, match='"message_ends_one_way"'):
        make_message(**dict.fromkeys(two, NOW))


def test_a_message_does_not_end_in_all_ways_at_once():
    with pytest.raises(IntegrityError, match='"message_ends_one_way"'):
        make_message(**dict.fromkeys(ENDS, NOW))


@pytest.mark.parametrize("half", [{"claim": uuid.UUID(int=1)}, {"claimed_until": NOW}])
def test_a_claim_is_whole(half):
    assert make_message(claim=uuid.UUID(int=1), claimed_until=NOW).pk
    assert make_message(claim=None, claimed_until=None).pk

    with pytest.raises(IntegrityError, match='"message_claim_is_whole"'):
        make_message(**half)


def test_a_message_is_owed_once_by_its_key():
    first = make_message()
    assert make_message().key != first.key

    with pytest.raises(IntegrityError, match="outbox_message_key"):
        make_message(key=first.key)
