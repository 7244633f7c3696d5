"""Accounts: one for each address, first passwords by a single-use link, roles."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import IntegrityError, connection, transaction

from massage_portal.accounts import actions
from massage_portal.accounts.actions import (
    INVITATION_LASTS,
    InvitationSpent,
    accept_invitation,
    invite,
    sync_roles,
)
from massage_portal.accounts.models import Invitation, User
from massage_portal.accounts.roles import OPENS_ADMIN, PERMISSIONS, Role
from massage_portal.audit.models import AuditEvent
from tests.factories import DAY, NOW, make_user

db = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@db
@pytest.mark.parametrize(
    "twin", ["juniper@example.org", "JUNIPER@EXAMPLE.ORG", "Juniper@Example.org"]
)
def test_an_address_is_one_account_in_any_case(twin):
    make_user(email="juniper@example.org")
    assert make_user(email="juniper2@example.org").pk

    with pytest.raises(IntegrityError, match="user_email"):
        make_user(email=twin)


@db
@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("juniper@example.org", "Juniper@example.org"),
        ("\u00e4nne@example.org", "\u00c4nne@example.org"),
    ],
)
def test_the_database_itself_knows_an_address_in_any_case(one, two):
    User.objects.bulk_create([User(email=one, name="One", date_joined=NOW)])

    with pytest.raises(IntegrityError, match='"user_email_is_unique_in_any_case"'):
        User.objects.bulk_create([User(email=two, name="Two", date_joined=NOW)])


@db
def test_an_address_is_kept_in_lower_case_without_blanks():
    user = make_user(email="  Juniper@Example.ORG ")
    assert user.email == "juniper@example.org"
    assert User.objects.get_by_natural_key("JUNIPER@example.org") == user


@db
def test_a_user_needs_an_address():
    with pytest.raises(ValueError, match="email address"):
        make_user(email="")


@db
def test_without_a_password_nobody_can_sign_in_yet():
    assert not make_user(password=None).has_usable_password()
    assert make_user(password="plain-words-of-a-song").has_usable_password()


@db
@pytest.mark.parametrize("end", [NOW, NOW - SECOND])
def test_an_invitation_expires_after_it_is_made(end):
    user = make_user()
    kept = user.invitations.create(created_at=NOW, expires_at=NOW + SECOND, used_at=NOW)
    assert kept.pk

    with pytest.raises(IntegrityError, match='"invitation_expires_after_it_is_made"'):
        user.invitations.create(created_at=NOW, expires_at=end)


@db
def test_one_invitation_a_user_is_open():
    user, times = make_user(), {"created_at": NOW, "expires_at": NOW + DAY}
    user.invitations.create(used_at=NOW, **times)
    user.invitations.create(withdrawn_at=NOW, **times)
    user.invitations.create(**times)
    assert make_user().invitations.create(**times).pk

    with pytest.raises(IntegrityError, match='"invitation_one_open_per_user"'):
        user.invitations.create(**times)


def invited(**fields):
    user = make_user(Role.PATIENT, password=None, **fields)
    return user, invite(user=user, by=None, now=NOW)


@db
def test_an_invitation_sets_the_first_password_and_leaves_a_trail():
    user, invitation = invited()

    accept_invitation(invitation=invitation, password="first words", now=NOW + DAY)

    user.refresh_from_db()
    invitation.refresh_from_db()
    assert user.check_password("first words")
    assert invitation.used_at == NOW + DAY
    trail = AuditEvent.objects.filter(record_id=str(user.pk)).order_by("pk")
    assert [(one.action, one.actor) for one in trail] == [
        ("user.invited", "system"),
        ("user.chose_password", user.email),
        ("user.signed_in", user.email),
    ]


@db
def test_an_invitation_is_spent_by_its_first_use():
    user, invitation = invited()
    accept_invitation(invitation=invitation, password="first words", now=NOW)

    with pytest.raises(InvitationSpent, match="used or has expired"):
        accept_invitation(invitation=invitation, password="second words", now=NOW)

    user.refresh_from_db()
    assert user.check_password("first words")


@db
def test_an_invitation_works_until_its_last_second():
    _, invitation = invited()
    last = NOW + INVITATION_LASTS
    assert invitation.expires_at == last

    with pytest.raises(InvitationSpent):
        accept_invitation(invitation=invitation, password="too late", now=last)
    accept_invitation(invitation=invitation, password="in time", now=last - SECOND)

    assert not Invitation.objects.usable(NOW).exists()


@db
def test_a_newer_invitation_withdraws_the_older_one():
    user, old = invited()
    _, of_another = invited()

    new = invite(user=user, by=None, now=NOW + DAY)

    assert set(Invitation.objects.usable(NOW + DAY)) == {new, of_another}
    with pytest.raises(InvitationSpent):
        accept_invitation(invitation=old, password="old link", now=NOW + DAY)
    accept_invitation(invitation=new, password="new link", now=NOW + DAY)


@db
def test_a_user_who_may_not_sign_in_cannot_use_an_invitation():
    user, invitation = invited()
    User.objects.filter(pk=user.pk).update(is_active=False)

    with pytest.raises(InvitationSpent):
        accept_invitation(invitation=invitation, password="words", now=NOW)


def someone_waits_for_us():
    """Say whether another connection waits for a lock that this one holds."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks "
            "WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
        )
        return cursor.fetchone()[0] > 0


def in_own_connection(act, **arguments):
    try:
        return act(**arguments)
    finally:
        connection.close()


def test_of_two_who_accept_one_invitation_at_once_one_wins(committed):
    user, invitation = invited()
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            accept_invitation(invitation=invitation, password="winner", now=NOW)
            second = pool.submit(
                in_own_connection,
                accept_invitation,
                invitation=invitation,
                password="loser",
                now=NOW,
            )
            while not someone_waits_for_us():
                assert not second.done(), "the second did not wait for the first"
        with pytest.raises(InvitationSpent):
            second.result(timeout=30)

    user.refresh_from_db()
    assert user.check_password("winner")
    assert AuditEvent.objects.filter(action="user.chose_password").count() == 1


def test_of_two_invitations_made_at_once_the_second_waits_and_withdraws_the_first(
    committed,
):
    user = make_user(password=None)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first = invite(user=user, by=None, now=NOW)
            later = pool.submit(
                in_own_connection, invite, user=user, by=None, now=NOW + SECOND
            )
            while not someone_waits_for_us():
                assert not later.done(), "the second did not wait for the first"
        second = later.result(timeout=30)

    assert list(Invitation.objects.usable(NOW + SECOND)) == [second]
    first.refresh_from_db()
    assert first.withdrawn_at == NOW + SECOND


def granted():
    """Return what each role's group may do, by name, as it stands in the database."""
    return {
        group.name: sorted(
            f"{one.content_type.app_label}.{one.codename}"
            for one in group.permissions.select_related("content_type")
        )
        for group in Group.objects.order_by("name")
    }


@db
def test_every_role_is_a_group_that_may_do_what_is_written_and_nothing_more():
    assert set(PERMISSIONS) == set(Role)
    assert granted() == {
        role.value: sorted(names) for role, names in sorted(PERMISSIONS.items())
    }


@db
def test_every_permission_that_a_role_names_exists():
    named = {name for names in PERMISSIONS.values() for name in names}
    known = {
        f"{one.content_type.app_label}.{one.codename}"
        for one in Permission.objects.select_related("content_type")
    }
    assert named <= known


@db
def test_writing_the_roles_again_changes_nothing_and_mends_what_was_changed():
    before = granted()
    keys = set(Group.objects.values_list("pk", flat=True))
    sync_roles()
    assert granted() == before

    editors = Group.objects.get(name=Role.EDITOR)
    editors.permissions.add(Permission.objects.get(codename="delete_article"))
    Group.objects.get(name=Role.AUDITOR).permissions.clear()
    sync_roles()

    assert granted() == before
    assert set(Group.objects.values_list("pk", flat=True)) == keys


@db
def test_a_role_that_names_an_unknown_permission_is_refused_by_its_name(monkeypatch):
    before = granted()
    monkeypatch.setitem(PERMISSIONS, Role.AUDITOR, ["audit.view_everything"])

    with pytest.raises(LookupError, match=r"auditor.*audit\.view_everything"):
        sync_roles()

    assert granted() == before


def test_no_role_may_delete_anything():
    names = [name for names in PERMISSIONS.values() for name in names]
    assert [name for name in names if name.split(".")[1].startswith("delete_")] == []


@db
@pytest.mark.parametrize("role", Role)
def test_only_the_clinical_lead_and_the_editor_open_the_admin_pages(role):
    assert {Role.LEAD, Role.EDITOR} == OPENS_ADMIN
    assert make_user(role).is_staff is (role in OPENS_ADMIN)
    assert make_user(Role.THERAPIST, role).is_staff is (role in OPENS_ADMIN)


@db
@pytest.mark.parametrize("role", Role)
def test_a_user_with_a_role_may_do_what_the_role_may_and_no_more(role):
    user = make_user(role)
    assert user.get_all_permissions() == set(PERMISSIONS[role])
    assert not user.is_superuser


@db
def test_what_a_user_may_do_is_their_own_and_all_their_groups_while_they_may_sign_in():
    user = make_user(Role.SCHEDULER, Role.AUDITOR)
    own = Permission.objects.get(codename="view_session")
    user.user_permissions.add(own)
    groups = set(PERMISSIONS[Role.SCHEDULER]) | set(PERMISSIONS[Role.AUDITOR])
    assert user.get_all_permissions() == groups | {"sessions.view_session"}
    assert not user.has_perm("audit.view_auditevent", obj=user)

    User.objects.filter(pk=user.pk).update(is_active=False)
    assert User.objects.get(pk=user.pk).get_all_permissions() == set()
    User.objects.filter(pk=user.pk).update(is_active=True, is_superuser=True)
    everything = Permission.objects.count()
    assert len(User.objects.get(pk=user.pk).get_all_permissions()) == everything


@db
def test_a_new_user_with_roles_is_on_the_trail():
    lead = make_user(Role.LEAD)

    user = actions.add_user(
        email="rowan@example.org",
        name="Rowan Sampleton",
        roles=[Role.STAFF, Role.SCHEDULER],
        by=lead,
        now=NOW,
    )

    kept = AuditEvent.objects.get(action="user.added", record_id=str(user.pk))
    assert (kept.actor, kept.at, kept.change) == (lead.email, NOW, "staff, scheduler")
    assert {group.name for group in user.groups.all()} == {"staff", "scheduler"}
