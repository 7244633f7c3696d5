"""A letter for the demo: one page of made-up words, as the smallest PDF."""

from __future__ import annotations

LINES = [
    "An example of a referral letter",
    "Written for the demo. Nobody in it is real.",
    "Please give massage therapy for the diagnosis on record.",
]


def pdf(lines: list[str]) -> bytes:
    """
    Return a page with these lines, in ASCII without brackets, as PDF 1.4.

    Objects in order, a table of where each begins, and where the table begins: ISO
    32000-1, 7.5.
    """
    shown = " ".join(f"({line}) Tj T*" for line in lines)
    words = f"BT /F 14 Tf 24 TL 72 720 Td {shown} ET"
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R"
        "/Resources<</Font<</F 5 0 R>>>>>>",
        f"<</Length {len(words)}>>stream\n{words}\nendstream",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    file, places = "%PDF-1.4\n", ["0000000000 65535 f \n"]
    for number, one in enumerate(objects, start=1):
        places.append(f"{len(file):010} 00000 n \n")
        file += f"{number} 0 obj\n{one}\nendobj\n"
    trailer = f"trailer<</Size {len(places)}/Root 1 0 R>>\nstartxref\n{len(file)}\n"
    table = f"xref\n0 {len(places)}\n{''.join(places)}"
    return (file + table + trailer + "%%EOF\n").encode("ascii")
