"""Other systems come in by a command; their secret is shown once and can be revoked."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError

from massage_portal.accounts.models import ClientSystem, Scope
from massage_portal.accounts.systems import bearer as bearer_of
from massage_portal.accounts.systems import hashed
from massage_portal.audit.models import AuditEvent
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def add(capsys, name="clinic-record", *given):
    call_command("add_system", name, *given)
    return capsys.readouterr().out.strip()


def bearer(authorization, scope=Scope.REFERRALS):
    return bearer_of(authorization, scope=scope)


def test_the_secret_is_printed_alone_and_only_its_hash_is_kept(capsys):
    secret = add(capsys)

    system = ClientSystem.objects.get()
    assert len(secret) == 43
    assert system.secret_sha256 == hashed(secret)
    assert secret not in str(ClientSystem.objects.values().get())
    assert bearer(f"Bearer {secret}") == bearer(f"bearer  {secret} ") == system


def test_each_system_has_a_secret_of_its_own(capsys):
    first, second = add(capsys, "one"), add(capsys, "two")

    assert bearer(f"Bearer {first}").name == "one"
    assert bearer(f"Bearer {second}").name == "two"


def test_the_secret_of_who_watches_sends_no_referrals_and_the_other_way_round(
    client, capsys
):
    secrets = {
        "/metrics": add(capsys, "watcher", "--for", "metrics"),
        "/fhir/ServiceRequest/1": add(capsys),
    }

    for address, right in secrets.items():
        for secret in secrets.values():
            answer = client.get(address, headers={"Authorization": f"Bearer {secret}"})
            assert (answer.status_code != 401) == (secret == right), address


def test_a_revoked_secret_is_no_longer_known_and_both_steps_leave_a_trail(capsys):
    secret = add(capsys)

    for _ in range(2):
        call_command("revoke_system", "clinic-record")

    assert bearer(f"Bearer {secret}") is None
    rows = AuditEvent.objects.order_by("pk").values_list("action", flat=True)
    assert list(rows) == ["system.added", "system.revoked"]


def test_no_system_can_be_taken_for_another(capsys):
    add(capsys)
    call_command("revoke_system", "clinic-record")

    with pytest.raises(CommandError, match="or was, a system"):
        call_command("add_system", "clinic-record")
    with pytest.raises(IntegrityError, match="name"):
        ClientSystem.objects.create(
            name="clinic-record", secret_sha256="x", created_at=NOW
        )


@pytest.mark.parametrize("name", ["", "two words", "a@b", "x" * 61, "naïve"])
def test_a_name_that_the_trail_could_not_tell_is_refused(name):
    with pytest.raises(CommandError, match="letters, digits"):
        call_command("add_system", name)


def test_who_is_not_there_cannot_be_revoked():
    with pytest.raises(CommandError, match="no system called"):
        call_command("revoke_system", "nobody")


def test_a_system_may_do_what_is_known():
    with pytest.raises(IntegrityError, match='"system_may_do_what_is_known"'):
        ClientSystem.objects.create(
            name="x", secret_sha256="x", created_at=NOW, scope="both"
        )
