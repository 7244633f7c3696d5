"""
What a file is, by its content, and the name it is shown and sent by.

Pure but for reading the file it is given. What it is called is never asked: a name
and a browser's word on the kind are whatever the sender likes.

Sources: ISO 32000-1, 7.5.2 and 7.5.5 (PDF); ISO/IEC 15948, 5.2, 11.2.2 and 11.2.5
(PNG); ITU-T T.81, B.1.1.3 (JPEG); PKWARE APPNOTE 4.3 (zip); RFC 6266 and RFC 8187
(names of downloads).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Protocol
from urllib.parse import quote

from django.utils.translation import gettext_lazy as _

PDF, PNG, JPEG = "application/pdf", "image/png", "image/jpeg"
EXTENSIONS = {PDF: ("pdf",), PNG: ("png",), JPEG: ("jpg", "jpeg")}
HEAD, TAIL = 4_096, 65_536  # bytes that are looked at
ENDS_WITHIN = 1_024  # bytes at the end in which a PDF or JPEG must say that it ends
LONGEST_NAME = 150  # characters
MAX_MARKS = 4  # on one letter of a name

_PNG_HEAD = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
_PNG_END = b"\0\0\0\0IEND\xaeB`\x82"
_OTHERS = "docx? xlsx? pptx? odt rtf txt html? svg heic heif gif tiff? bmp webp zip exe"
_SUFFIX = re.compile(
    rf"\.(pdf|png|jpe?g|{'|'.join(_OTHERS.split())})$", re.ASCII | re.IGNORECASE
)

_TO_PDF = _("Save or print it as a PDF and add that.")
_TO_JPEG = _("Save it as a PDF or JPEG and add that.")
_AGAIN = _("Scan or save it again, then add it.")
REFUSALS = {  # by what the file seems to be: what it is, and what to do
    "empty": (_("This file is empty."), _AGAIN),
    "damaged": (_("Something stands before the beginning of this PDF."), _AGAIN),
    "cut": (_("The end of this file is missing."), _AGAIN),
    "word": (_("This is a Word document."), _TO_PDF),
    "office": (_("This is an Office document."), _TO_PDF),
    "web": (_("This is a web page."), _TO_PDF),
    "text": (_("This is plain text."), _TO_PDF),
    "heic": (_("This is a HEIC photo, as iPhones take them."), _TO_JPEG),
    "picture": (_("This is a picture of a kind we do not keep."), _TO_JPEG),
    "zip": (
        _("This is a zip folder."),
        _("Open it and add each letter on its own."),
    ),
    "film": (_("This is a film or a sound."), _("Add a PDF, PNG or JPEG.")),
    "program": (_("This is a program."), _("Do not open it. Tell your IT department.")),
    "unknown": (_("We cannot tell what this file is."), _("Add a PDF, PNG or JPEG.")),
}


class NotKept(ValueError):
    """A file that is no PDF, PNG or JPEG, or is not whole; `reason` keys REFUSALS."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Opened(Protocol):
    """A file open for reading bytes, as far as it is used here."""

    def seek(self, offset: int, /) -> int: ...

    def read(self, size: int, /) -> bytes: ...


def kind_of(file: Opened, *, size: int) -> str:
    """
    Return the content type of a PDF, PNG or JPEG; read at most HEAD and TAIL bytes.

    A PDF must begin at the first byte: readers allow a preface, in which a web page
    or a program could hide.

    :param size: of the file, in bytes.
    :raises NotKept: for everything else, with what it seems to be.
    """
    file.seek(0)
    head = file.read(HEAD)
    file.seek(max(0, size - TAIL))
    tail = file.read(TAIL)
    file.seek(0)
    ending = tail[-ENDS_WITHIN:]
    if re.match(rb"%PDF-\d\.\d", head):
        kind, whole = PDF, b"%%EOF" in ending
    elif head.startswith(_PNG_HEAD):
        kind, whole = PNG, tail.endswith(_PNG_END)
    elif head.startswith(b"\xff\xd8\xff"):
        kind, whole = JPEG, b"\xff\xd9" in ending
    else:
        raise NotKept(seems(head, tail))
    if not whole:
        raise NotKept("cut")
    return kind


def seems(head: bytes, tail: bytes = b"") -> str:
    """Return what a file that we do not keep seems to be, as a key of REFUSALS."""
    if not head:
        return "empty"
    if b"%PDF-" in head[:ENDS_WITHIN]:
        return "damaged"
    if head.startswith(b"PK"):
        return _seems_packed(head + tail)
    if head[4:8] == b"ftyp":
        photo = re.match(rb"hei|hev|mif1|msf1|avif", head[8:12])
        return "heic" if photo else "film"
    for reason, begins in _BEGINS.items():
        if head.startswith(begins):
            return reason
    if head.startswith(b"RIFF"):
        return "picture" if head[8:12] == b"WEBP" else "film"
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype", b"<html", b"<head", b"<?xml", b"<svg", b"<!--")):
        return "web"
    return "text" if _is_text(head) else "unknown"


_BEGINS: dict[str, tuple[bytes, ...]] = {
    "office": (b"\xd0\xcf\x11\xe0", b"{\\rtf"),
    "picture": (b"GIF8", b"II*\0", b"MM\0*", b"BM"),
    "program": (b"MZ", b"\x7fELF", b"#!"),
    "film": (b"ID3", b"OggS", b"\x1aE\xdf\xa3"),
    "cut": (b"\x89PNG",),
}


def _seems_packed(seen: bytes) -> str:
    if b"word/" in seen:
        return "word"
    office = (b"xl/", b"ppt/", b"[Content_Types].xml", b"opendocument")
    return "office" if any(name in seen for name in office) else "zip"


def _is_text(head: bytes) -> bool:
    try:
        text = head[:1_000].decode("utf-8", "strict" if len(head) < HEAD else "ignore")
    except UnicodeDecodeError:
        return False
    return not any(unicodedata.category(c) == "Cc" and c not in "\t\r\n" for c in text)


def shown_name(name: str, content_type: str) -> str:
    """
    Return a name to show and to send: NFC, one line, no folder, at most LONGEST_NAME.

    Control characters and those that turn the direction are left out, so that
    "gpj.exe" cannot pose as a picture; endings that belong to another kind give way to
    the right one.
    """
    own = EXTENSIONS[content_type]
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    kept, marks = [], 0
    for character in last:
        category = unicodedata.category(character)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if category.startswith("C") and character not in "\t\n\r":
            continue
        if marks <= MAX_MARKS:
            kept.append("_" if character in '<>:"|?*' else character)
    stem, ending = " ".join("".join(kept).split()), own[0]
    while found := _SUFFIX.search(stem):
        stem = stem[: found.start()]
        if found[1].lower() in own:
            ending = found[1].lower()
            break
    stem = stem.strip(" .")[: LONGEST_NAME - len(ending) - 1].rstrip(" .")
    return f"{stem or 'letter'}.{ending}"


def disposition(name: str) -> str:
    """
    Return the Content-Disposition of a download: never shown inside the browser.

    :param name: as `shown_name` gave it. What is not ASCII goes into filename*, and
        old programs get the rest of it.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9 ._()-]", "_", plain).strip(" .")
    stem, dot, ending = plain.rpartition(".")
    if not (dot and stem.strip(" ._")):
        plain = f"letter.{ending}"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
