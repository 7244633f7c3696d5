"""Letters: kept with a referral, looked after, and retired."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from django.core.files import File
from django.core.files.storage import Storage
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from massage_portal.accounts.models import User
from massage_portal.audit.record import record
from referrals import filekinds
from referrals.actions.refusal import Refusal
from referrals.models import Letter, Referral
from referrals.models.letter import MOST_BYTES, path_of, private_storage

PIECE = 65_536  # bytes read at once: a letter is never whole in memory
SETTLED = timedelta(days=1)  # a younger file may belong to a request under way
YEAR = timedelta(days=366)  # so that nothing goes a day early


class NotALetter(Refusal):
    """A file that we do not keep; the text says what it is and what to do."""


class Kept(NamedTuple):
    """The letter, and whether it was added now or was there before."""

    letter: Letter
    added: bool


class Swept(NamedTuple):
    """What a look at all letters found; files by where they lie in the storage."""

    orphans: list[str]  # files without a row, older than SETTLED
    missing: list[int]  # rows without a file
    altered: list[int]  # rows whose file is not what came


@transaction.atomic
def add_letter(
    *, referral: Referral, file: File[bytes], name: str, by: User, now: datetime
) -> Kept:
    """
    Keep a PDF, PNG or JPEG with a referral; the same content twice is one letter.

    The file is on the disk before its row, so no row is ever without one. What goes
    wrong here takes the file away again; a crash, or a failure of whatever encloses
    this transaction, leaves at worst a file without a row: `sweep_letters` finds it.
    A letter whose file was lost gets it back when it is added again.

    :param file: read in pieces; a file of the upload's own is moved, not copied.
    :param name: as the sender wrote it: shown once cleaned, never a path.
    :raises NotALetter: if it is of another kind, not whole, empty or too big.
    """
    content_type = _kind(file)
    digest = digest_of(file)
    before = Letter.objects.filter(referral=referral, sha256=digest).first()
    if before is not None:
        return _there(before, file, by=by, now=now)
    letter = Letter(
        referral=referral,
        name=filekinds.shown_name(name, content_type),
        content_type=content_type,
        size=file.size,
        sha256=digest,
        added_at=now,
        added_by=by,
    )
    try:
        _insert(letter, file, by=by, now=now)
    except IntegrityError:
        before = Letter.objects.filter(referral=referral, sha256=digest).first()
        if before is None:
            raise
        return Kept(before, added=False)  # the other tab was faster
    return Kept(letter, added=True)


def _insert(letter: Letter, file: File[bytes], *, by: User, now: datetime) -> None:
    """Write the file, then the row; take the file away if there will be no row."""
    storage, path = letter.file.storage, path_of(letter, "")
    try:
        letter.file.save("letter", file, save=False)
        settle(storage, path)
        with transaction.atomic():
            letter.save(force_insert=True)
            record("letter.added", letter, by=by, at=now)
    except BaseException:
        storage.delete(path)
        raise


def _kind(file: File[bytes]) -> str:
    if file.size > MOST_BYTES:
        raise NotALetter(
            _(
                "This file has %(size)s MB; 10 MB is the most. Scan it in black and "
                "white, or split it into several letters."
            )
            % {"size": -(-file.size // 1_000_000)}
        )
    try:
        return filekinds.kind_of(file, size=file.size)
    except filekinds.NotKept as fault:
        words = filekinds.REFUSALS[fault.reason]
        raise NotALetter(" ".join(str(one) for one in words)) from None


def digest_of(file: File[bytes]) -> str:
    """Return the SHA-256 of a file in hex, read in pieces; it is rewound after."""
    digest = hashlib.sha256()
    for piece in file.chunks(PIECE):
        digest.update(piece)
    file.seek(0)
    return digest.hexdigest()


def _there(before: Letter, file: File[bytes], *, by: User, now: datetime) -> Kept:
    """Return the letter that is there; bring its file back if it was lost."""
    storage, path = before.file.storage, before.file.name
    if path and not storage.exists(path):
        storage.save(path, file)
        settle(storage, path)
        record("letter.restored", before, by=by, at=now)
    return Kept(before, added=False)


def settle(storage: Storage, path: str) -> None:
    """Have the disk keep the file and its name, before the database keeps the row."""
    whole = Path(storage.path(path))
    for place in (whole, whole.parent, whole.parent.parent):
        handle = os.open(place, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def sweep_letters(*, now: datetime, delete: bool = False) -> Swept:
    """
    Compare rows and files, each file read to its end.

    Files are listed before rows are read: a letter that is added meanwhile has a row
    by then, or is too young to be judged.

    :param delete: remove the orphans. A row is never removed here.
    """
    storage = private_storage()
    old = [
        path
        for path in _files(storage)
        if storage.get_modified_time(path) < now - SETTLED
    ]
    known, missing, altered = set(), [], []
    for letter in Letter.objects.order_by("pk").iterator():
        known.add(letter.file.name)
        try:
            with storage.open(letter.file.name or "") as opened:
                if digest_of(opened) != letter.sha256:
                    altered.append(letter.pk)
        except FileNotFoundError:
            missing.append(letter.pk)
    orphans = [path for path in old if path not in known]
    for path in orphans if delete else ():
        storage.delete(path)
    return Swept(orphans, missing, altered)


def _files(storage: Storage) -> Iterator[str]:
    """Yield the files one folder deep, where `path_of` puts them; none yet is none."""
    try:
        folders, _strays = storage.listdir("")
    except FileNotFoundError:
        return
    for folder in sorted(folders):
        for name in sorted(storage.listdir(folder)[1]):
            yield f"{folder}/{name}"


def retire_letters(*, years: int, now: datetime, delete: bool = False) -> list[Letter]:
    """
    Return the letters whose time is over, and with `delete` remove them.

    A letter's time is over when its referral's last valid day, its last change and
    the letter itself are all more than `years` ago. Each goes in a transaction of its
    own, with a row in the trail; the file goes once that is certain.

    :raises ValueError: if `years` is less than 1.
    """
    if years < 1:
        raise ValueError(f"years must be 1 or more: {years}")
    rows = Letter.objects.over_since(now - years * YEAR).select_related("referral")
    found = list(rows.order_by("pk"))
    for letter in found if delete else ():
        _retire(letter, now=now)
    return found


@transaction.atomic
def _retire(letter: Letter, *, now: datetime) -> None:
    storage, path = letter.file.storage, letter.file.name or ""
    record("letter.retired", letter, by=None, at=now)
    Letter.objects.filter(pk=letter.pk).delete()
    transaction.on_commit(lambda: storage.delete(path))
