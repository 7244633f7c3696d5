"""Small files of many kinds, made here: no file of anybody's."""

from __future__ import annotations

import io
import zipfile

PDF = b"%PDF-1.4\n1 0 obj <</Type/Catalog>> endobj\ntrailer <</Root 1 0 R>>\n%%EOF\n"
PNG = (
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\0\0\0\0\x3a\x7e\x9b\x55"
    b"\0\0\0\0IEND\xaeB`\x82"
)
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0" + b"\xff\xd9"
KEPT = {"application/pdf": PDF, "image/png": PNG, "image/jpeg": JPEG}


def packed(*names: str) -> bytes:
    """Return a zip folder with an empty file of each name."""
    folder = io.BytesIO()
    with zipfile.ZipFile(folder, "w") as archive:
        for name in names:
            archive.writestr(name, "")
    return folder.getvalue()


# What is sent, and words that the refusal must have.
REFUSED = {
    "nothing": (b"", "This file is empty"),
    "a new Word document": (
        packed("[Content_Types].xml", "word/document.xml"),
        "Word document",
    ),
    "an Excel sheet": (packed("[Content_Types].xml", "xl/a.xml"), "Office document"),
    "an old Word document": (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        "Office",
    ),
    "a rich text": (b"{\\rtf1\\ansi Dear colleague}", "Office"),
    "a zip folder": (packed("letter.pdf"), "zip folder"),
    "an iPhone's photo": (b"\0\0\0\x18ftypheic" + bytes(99), "HEIC photo"),
    "a film": (b"\0\0\0\x18ftypisom" + bytes(99), "film"),
    "a web page": (b"\xef\xbb\xbf\n<!DOCTYPE html><script>x</script>", "web page"),
    "a drawing with a script": (b"<svg onload='x'/>", "web page"),
    "a plain text": ("Liebe Kollegin, Gru\u00df".encode(), "plain text"),
    "a fax": (b"II*\0" + bytes(99), "picture of a kind"),
    "a moving picture": (b"GIF89a" + bytes(99), "picture of a kind"),
    "a program": (b"MZ\x90\0" + bytes(99), "program"),
    "noise": (b"\x07\x93\x11\xfe" * 20, "cannot tell"),
    "half a PDF": (PDF[:-8], "end of this file is missing"),
    "half a PNG": (PNG[:-4], "end of this file is missing"),
    "half a JPEG": (JPEG[:-2], "end of this file is missing"),
    "the head of a PNG alone": (PNG[:10], "end of this file is missing"),
    "a web page with a PDF in it": (b"<script>x</script>" + PDF, "before the beginn"),
    "a PDF that is a program": (b"MZ" + PDF, "before the beginning"),
    "a PDF that ended long ago": (PDF + bytes(2_000), "end of this file is missing"),
}
