"""Two give an account at once: one address is one account, one provider has one."""

from __future__ import annotations

from massage_portal.accounts.models import User
from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from referrals import actions
from referrals.models import Provider
from tests.factories import NOW, make_provider, make_referral, make_user
from tests.threads import together


def give(provider, *, by, email="rowan@example.org"):
    return actions.give_account(provider=provider, email=email, by=by, now=NOW)


def test_of_two_forms_at_once_one_makes_the_account(committed):
    lead, provider = make_user(Role.LEAD), make_provider()

    def press(email):
        return lambda: give(provider, by=lead, email=email)

    outcomes = together(press("one@example.org"), press("two@example.org"))

    refused = [one.error for one in outcomes if one.error]
    assert [type(one) for one in refused] == [actions.AccountRefused]
    assert User.objects.filter(groups__name="provider").count() == 1


def test_of_two_providers_one_gets_an_address(committed):
    lead = make_user(Role.LEAD)
    first, second = make_provider(), make_provider()

    outcomes = together(lambda: give(first, by=lead), lambda: give(second, by=lead))

    refused = [one.error for one in outcomes if one.error]
    assert [type(one) for one in refused] == [actions.AccountRefused]
    assert Provider.objects.exclude(user=None).count() == 1


def test_of_two_therapists_at_once_one_signature_stands(committed):
    referral = make_referral()
    plan = actions.begin_plan(referral=referral, by=None, now=NOW)
    people = [make_user(Role.THERAPIST), make_user(Role.THERAPIST)]

    outcomes = together(
        *(
            lambda user=user: actions.sign_plan(plan=plan, by=user, now=NOW)
            for user in people
        )
    )

    assert [one.error for one in outcomes] == [None, None]
    assert AuditEvent.objects.filter(action="plan.signed").count() == 1
