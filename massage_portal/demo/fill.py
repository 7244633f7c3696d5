"""Make the database ready; fill an empty one with the demo clinic. Run as a module."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator

import django


def steps() -> Iterator[str]:
    """Do everything, one step after the other, naming each before it is done."""
    from django.db import transaction
    from django.utils import timezone

    from appointments.actions import reckon_waits
    from massage_portal.actions import prepare
    from massage_portal.demo import clinic

    yield from prepare()
    if not clinic.is_built():
        yield "filling the clinic with a season"
        now = timezone.now()  # noqa: TID251 - this module is a command
        with transaction.atomic():  # the whole clinic, or none
            clinic.build(now=now, password=os.environ["DEMO_PASSWORD"])
        yield "reckoning how long people wait"
        reckon_waits(now=now)


def main() -> None:
    """Run the steps, and say of each how long it took."""
    django.setup()
    began, doing = time.monotonic(), ""
    for step in steps():
        if doing:
            sys.stdout.write(f"{doing} ({time.monotonic() - began:.1f} s)\n")
            sys.stdout.flush()
        began, doing = time.monotonic(), step
    sys.stdout.write(f"{doing} ({time.monotonic() - began:.1f} s)\n")


if __name__ == "__main__":
    main()
