"""
What referrals tell the apps that stand above them.

Sent inside the transaction that did it, so whatever a receiver does commits with it,
and a receiver that fails takes it back. The patient's row is locked by then.
"""

from __future__ import annotations

from django.dispatch import Signal

stopped = Signal()  # referral, by, now: nothing can be booked by it from now on
carried_on = Signal()  # old, new, by, now: `new` takes the place of `old`
