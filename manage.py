#!/usr/bin/env python
"""Django's command line. Without DATABASE_URL it brings its own servers along."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from pathlib import Path

ALONE = {"demo", "help", "--help", "-h", "--version"}  # demo runs the servers itself


def stands_alone(arguments: list[str]) -> bool:
    """Say whether the command needs no servers: a plan from files asks no database."""
    if arguments[:1] == ["simulate"]:
        return not any(one.startswith("--o") for one in arguments)  # --own, shortened
    if arguments[:1] == ["plan"]:
        return any(one.startswith("--en") for one in arguments)  # --entries, too
    return bool(ALONE & set(arguments[:1]))


def main() -> None:
    """Run one command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "massage_portal.settings")
    try:
        from django.core.management import execute_from_command_line
        from environs import Env
    except ImportError:
        raise SystemExit(
            "Django is not installed here. Run `make install`, then use "
            ".venv/bin/python manage.py."
        ) from None
    from massage_portal import embedded

    root = Path(__file__).resolve().parent
    alone = stands_alone(sys.argv[1:])
    if not alone:
        Env().read_env(root / ".env", recurse=False)  # as the settings do
    needs = not os.environ.get("DATABASE_URL") and not alone
    local = root / ".local"
    with embedded.servers(local) if needs else nullcontext():
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
