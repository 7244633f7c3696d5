"""Two members of staff correct one referral at the same moment."""

from __future__ import annotations

from massage_portal.accounts.roles import Role
from referrals import actions
from referrals.models import Referral
from tests.factories import NOW, make_referral, make_user
from tests.threads import errors, together, won


def order(referral, reason):
    names = actions.Order.__dataclass_fields__
    fields = {name: getattr(referral, name) for name in names}
    return actions.Order(**fields | {"other_diagnoses": (), "reason": reason})


def test_of_two_corrections_at_once_one_is_told(committed):
    referral = make_referral()
    people = [make_user(Role.STAFF), make_user(Role.STAFF)]

    outcomes = together(
        *(
            lambda user=user: actions.correct_referral(
                referral=Referral.objects.get(pk=referral.pk),
                order=order(referral, f"By {user.pk}"),
                seen=1,
                by=user,
                now=NOW,
            )
            for user in people
        )
    )

    assert len(won(outcomes)) == 1
    (told,) = errors(outcomes)
    assert isinstance(told, actions.Stale)
