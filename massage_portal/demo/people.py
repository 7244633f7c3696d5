"""Names that nobody could take for a real person's."""

from __future__ import annotations

GIVEN = [
    *["Juniper", "Aster", "Bramble", "Clover", "Dahlia", "Elder", "Fern", "Gentian"],
    *["Hazel", "Indigo", "Jasmine", "Kale", "Linden", "Marigold", "Nettle", "Olive"],
    *["Poppy", "Quince", "Rowan", "Saffron", "Tansy", "Umber", "Violet", "Willow"],
    *["Yarrow", "Zinnia", "Azul", "Blanca", "Celeste", "Ámbar", "Jólán", "ליל"],
]
FAMILY = [
    *["Testwell", "Sampleton", "Demofield", "Mockingham", "Exampleby", "Placeholder"],
    *["Fictionsen", "Pretend", "Madeup-Longname-of-the-Hill", "Ñuñez-Ejemplo"],
    *["Imaginary", "Notreal", "Standin", "Dummyson", "Trialworth"],
]
STAFF = [  # role, email address, name
    ("patient", "patient@example.org", "Juniper Testwell"),
    ("patient", "second.patient@example.org", "Rowan Sampleton"),
    ("staff", "staff@example.org", "Sorrel Deskworth"),
    ("scheduler", "scheduler@example.org", "Teasel Timewell"),
    ("therapist", "therapist@example.org", "Heather Handsworth"),
    ("provider", "provider@example.org", "Hazel Testwell-Provider"),
    ("lead", "lead@example.org", "Laurel Leadwell"),
    ("editor", "editor@example.org", "Ivy Inkwell"),
    ("auditor", "auditor@example.org", "Sage Lookwell"),
]
THERAPISTS = [
    "Heather Handsworth",
    "Basil Kneadham",
    "Camellia Palmer-Test",
    "Cedar Strokewell",
    "Iris Fingerby",
    "Myrtle Thumbkin",
]
DEPARTMENTS = [
    *["Pain Medicine", "Oncology", "Cardiology", "Rheumatology", "Family Medicine"],
    *["Physical Medicine", "Gastroenterology", "Nicotine Dependence Center"],
]
CATEGORIES = [  # name, FHIR priority, days, meaning: examples of the demo clinic
    ("Urgent (example)", "stat", 3, "Severe pain, or function lost fast."),
    ("Soon (example)", "asap", 14, "Pain that may stay, or after surgery."),
    ("Standard (example)", "urgent", 28, "Pain or stress that limits daily life."),
    ("Maintenance (example)", "routine", 84, "To keep what treatment has gained."),
]
DIAGNOSES = ["M79.7", "M54.50", "M54.2", "I25.10", "K58.9", "F17.210", "G89.29"]
GOALS = [  # "": the provider named none
    "",
    "Sleep through the night again (an example).",
    "Less pain when sitting at work (an example).",
    "",
    "Walk two blocks without a rest (an example).",
]


def person(number: int) -> tuple[str, str]:
    """Return the given and the family name of the `number`-th patient."""
    return GIVEN[number % len(GIVEN)], FAMILY[(number * 7) % len(FAMILY)]
