"""About 300 insurers that nobody could take for real ones, as a spreadsheet."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from itertools import product

KINDS = [  # the name around a place, and the letters people know it by
    ("Fictional Mutual of {}", "FM"),
    ("Pretend Health Plan of {}", "PHP"),
    ("Imaginary Cross of {}", "IC"),
    ("{} Makebelieve Assurance", "MA"),
    ("Invented Workers' Fund of {}", "IWF"),
    ("{} Example Medical Trust", "EMT"),
    ("Sample Seniors' Plan of {}", "SSP"),
    ("{} Nonesuch Benefit Society", "NBS"),
    ("Demonstration Care of {}", "DC"),
    ("{} Notreal Life and Health", "NLH"),
]
PLACES = [
    *["Sampleton", "Demofield", "Mockingham", "Exampleby", "Placeholder Bay"],
    *["Testwell", "Pretend Falls", "Madeup Hills", "Ejemplo del Río", "Nowhere Park"],
    *["Dummyville", "Trialworth", "Standin Creek", "Imaginary Lakes", "Fictionsburg"],
    *["Lorem Valley", "Ipsum Point", "Dolor Springs", "Specimen City", "Prototype"],
    *["Drafton", "Sketch Harbor", "Mockup Mesa", "Stagewood", "Rehearsal Ridge"],
    *["Facsimile", "Replica Rapids", "Hypothesis", "Supposing", "Wherever"],
]
NOTE = "An invented company, for the demonstration only."


def spreadsheet(today: date) -> bytes:
    """Return the insurers as the CSV file that an editor would import."""
    written = io.StringIO(newline="")
    table = csv.writer(written)
    table.writerow(
        [
            *("name", "synonyms", "in_network", "needs_referral"),
            *("needs_authorization", "known_since", "note"),
        ]
    )
    for number, (place, (pattern, letters)) in enumerate(product(PLACES, KINDS)):
        known = today - timedelta(days=20 + number * 37 % 400)
        table.writerow(
            [
                *(pattern.format(place), f"{letters} {place}"),
                "no" if number % 7 == 3 else "yes",
                "yes" if number % 3 == 1 else "no",
                "yes" if number % 4 == 2 else "no",
                *(known.isoformat(), NOTE),
            ]
        )
    return written.getvalue().encode()
