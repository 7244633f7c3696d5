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
IN_SPANISH = [  # name and meaning of each, in the same order
    ("Urgente (ejemplo)", "Dolor intenso, o una función que se pierde pronto."),
    ("Pronto (ejemplo)", "Dolor que puede quedarse, o después de una cirugía."),
    ("Habitual (ejemplo)", "Dolor o estrés que limita la vida diaria."),
    ("De mantenimiento (ejemplo)", "Para conservar lo que el tratamiento logró."),
]
FIRST_TARGETS = {"Standard (example)": 42}  # days, where it was another one at first
CHANGED_TARGETS = [  # name, set how many days ago, in force how many later, days
    ("Standard (example)", 61, 14, 28),
    ("Maintenance (example)", 4, 25, 70),
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


NOTES = [  # what therapists write of a visit
    "Neck and shoulders, gentle pressure. Turns the head further than before.",
    "Lower back and hips. Less pain when standing up; shown two stretches for home.",
    "Light pressure throughout, on the side. Slept for part of the visit.",
    "Upper back, slow. Asked for less pressure near the left shoulder blade.",
    "Hands and forearms. Grip is easier; to be continued as planned.",
]
AMENDED = "Added later: the patient also told of tiredness after the last visit."
QUESTIONS = [  # what patients ask, and what they are answered
    ("May I eat before the visit?", "Yes. A light meal an hour before is fine."),
    ("Can my daughter wait with me?", "Yes, there is a chair in the waiting room."),
    ("Is there parking near the entrance?", "Yes, in the ramp beside the building."),
]
OPEN_QUESTIONS = [
    "Should I stop my blood thinner before the visit?",
    "I will be out of town next week. Do I lose my place?",
    "Which entrance is the nearest for a wheelchair?",
]
MOVES = ["A visit to another doctor fell on that day.", "Mornings suit me better."]
UP = [  # why a scheduler moved somebody up, and down
    "Travels far, and is in town this week only.",
    "The provider called: function is being lost faster than we were told.",
    "Surgery is planned, and the visit must come before it.",
]
DOWN = [
    "The patient asked to be seen after a journey.",
    "Physical therapy comes first, as agreed with the provider.",
]
TURNS = [  # why a time went to somebody past others in greater need; and in words
    ("not-reached", ""),
    ("not-wanted", ""),
    ("same-day", "Sees the provider in the same building at noon."),
    ("plan", ""),
    ("other", "Rides with a neighbor, who comes on this day only."),
]
