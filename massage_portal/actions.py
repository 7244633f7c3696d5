"""What a release needs before it serves: tables, roles, codes, files."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command

from massage_portal.accounts.actions import sync_roles
from referrals.actions import load_diagnoses


def prepare() -> Iterator[str]:
    """Make the database and the files ready; yield what is being done."""
    yield "migrating the database"
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    yield "writing the roles"
    sync_roles()
    yield "loading the diagnosis codes"
    load_diagnoses()
    yield "compiling the translations"
    compile_translations()
    yield "collecting the static files"
    collect_static()


def compile_translations() -> int:
    """Compile each .po newer than its .mo; return how many. Needs no gettext."""
    compiled = 0
    for folder in settings.LOCALE_PATHS:
        for source in Path(folder).glob("*/LC_MESSAGES/*.po"):
            target = source.with_suffix(".mo")
            if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
                continue
            with source.open("rb") as words:
                catalog = read_po(words)
            # Others may compile at once: each has a draft of its own, the last stays.
            draft = target.with_name(f"{target.stem}-{secrets.token_hex(8)}.mo")
            with draft.open("wb") as out:
                write_mo(out, catalog)
            draft.replace(target)
            compiled += 1
    return compiled


def collect_static() -> bool:
    """
    Collect, hash and compress the static files; say whether there was anything to do.

    Compressing takes seconds, so it is left out when no source file has changed.
    """
    digest = hashlib.sha256(repr(settings.STORAGES["staticfiles"]).encode())
    for finder in get_finders():
        for name, storage in sorted(finder.list([]), key=itemgetter(0)):
            facts = (name, storage.size(name), storage.get_modified_time(name))
            digest.update(repr(facts).encode())
    stamp = Path(settings.STATIC_ROOT) / ".collected"
    if stamp.exists() and stamp.read_text() == digest.hexdigest():
        return False
    call_command("collectstatic", verbosity=0, interactive=False)
    stamp.write_text(digest.hexdigest())
    return True
