import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.functions.text
import phonenumber_field.modelfields
from django.contrib.postgres.operations import TrigramExtension, UnaccentExtension
from django.db import migrations, models

import services.models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        TrigramExtension(),
        UnaccentExtension(),
        migrations.CreateModel(
            name="Condition",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "updated_at",
                    models.DateTimeField(
                        editable=False, null=True, verbose_name="last changed"
                    ),
                ),
                (
                    "slug",
                    models.SlugField(
                        help_text="The end of its web address. It cannot be changed later.",
                        unique=True,
                        verbose_name="address",
                    ),
                ),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                (
                    "synonyms",
                    models.CharField(
                        blank=True, max_length=300, verbose_name="other words for it"
                    ),
                ),
                ("summary", models.CharField(max_length=300, verbose_name="summary")),
                (
                    "body",
                    models.TextField(
                        help_text="In Markdown: # for headings, - for lists, **bold**.",
                        verbose_name="text",
                    ),
                ),
                (
                    "evidence",
                    models.CharField(
                        choices=[
                            ("good", "Quite sure: several good studies agree"),
                            (
                                "some",
                                "Fairly sure: some studies show it, but we need more",
                            ),
                            (
                                "weak",
                                "Not sure yet: only a few small studies suggest it",
                            ),
                        ],
                        max_length=4,
                        verbose_name="evidence",
                    ),
                ),
                (
                    "position",
                    models.PositiveSmallIntegerField(
                        default=0, verbose_name="position"
                    ),
                ),
            ],
            options={
                "verbose_name": "condition",
                "verbose_name_plural": "conditions",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("evidence__in", ["good", "some", "weak"])),
                        name="condition_evidence_is_known",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Insurer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("name", models.CharField(max_length=150, verbose_name="name")),
                (
                    "synonyms",
                    models.CharField(
                        blank=True, max_length=300, verbose_name="other names"
                    ),
                ),
                (
                    "in_network",
                    models.BooleanField(default=False, verbose_name="in our network"),
                ),
                (
                    "needs_referral",
                    models.BooleanField(
                        default=False, verbose_name="wants a referral of its own"
                    ),
                ),
                (
                    "needs_authorization",
                    models.BooleanField(
                        default=False, verbose_name="wants prior authorization"
                    ),
                ),
                (
                    "note",
                    models.CharField(
                        blank=True,
                        help_text="Patients read it. Keep it short and plain.",
                        max_length=300,
                        verbose_name="note",
                    ),
                ),
                (
                    "known_since",
                    models.DateField(
                        help_text="The day on which we learned or checked this.",
                        verbose_name="known since",
                    ),
                ),
                ("active", models.BooleanField(default=True, verbose_name="in use")),
            ],
            options={
                "verbose_name": "insurer",
                "verbose_name_plural": "insurers",
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.indexes.OpClass(
                            django.db.models.functions.text.Upper("name"),
                            name="gin_trgm_ops",
                        ),
                        name="insurer_words",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        django.db.models.functions.text.Upper("name"),
                        name="insurer_name_is_unique",
                        violation_error_message="An insurer of this name is listed already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("name", ""), _negated=True),
                        name="insurer_has_a_name",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Location",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "updated_at",
                    models.DateTimeField(
                        editable=False, null=True, verbose_name="last changed"
                    ),
                ),
                (
                    "slug",
                    models.SlugField(
                        help_text="The end of its web address. It cannot be changed later.",
                        unique=True,
                        verbose_name="address",
                    ),
                ),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                ("city", models.CharField(max_length=100, verbose_name="city")),
                ("state", models.CharField(max_length=60, verbose_name="state")),
                (
                    "time_zone",
                    models.CharField(
                        max_length=60,
                        validators=[services.models.validate_time_zone],
                        verbose_name="time zone",
                    ),
                ),
                (
                    "gives_massage",
                    models.BooleanField(default=False, verbose_name="gives massage"),
                ),
                (
                    "phone",
                    phonenumber_field.modelfields.PhoneNumberField(
                        blank=True,
                        max_length=128,
                        region=None,
                        verbose_name="telephone",
                    ),
                ),
                (
                    "address",
                    models.CharField(
                        blank=True, max_length=200, verbose_name="street address"
                    ),
                ),
                (
                    "transport",
                    models.TextField(
                        blank=True,
                        help_text="In Markdown: # for headings, - for lists, **bold**.",
                        verbose_name="getting there",
                    ),
                ),
                (
                    "lodging",
                    models.TextField(
                        blank=True,
                        help_text="In Markdown: # for headings, - for lists, **bold**.",
                        verbose_name="places to stay",
                    ),
                ),
                (
                    "position",
                    models.PositiveSmallIntegerField(
                        default=0, verbose_name="position"
                    ),
                ),
            ],
            options={
                "verbose_name": "location",
                "verbose_name_plural": "locations",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("time_zone", ""), _negated=True),
                        name="location_has_a_time_zone",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Page",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "updated_at",
                    models.DateTimeField(
                        editable=False, null=True, verbose_name="last changed"
                    ),
                ),
                (
                    "slug",
                    models.SlugField(
                        help_text="The end of its web address. It cannot be changed later.",
                        unique=True,
                        verbose_name="address",
                    ),
                ),
                ("title", models.CharField(max_length=120, verbose_name="title")),
                ("summary", models.CharField(max_length=300, verbose_name="summary")),
                (
                    "body",
                    models.TextField(
                        help_text="In Markdown: # for headings, - for lists, **bold**.",
                        verbose_name="text",
                    ),
                ),
                (
                    "position",
                    models.PositiveSmallIntegerField(
                        default=0, verbose_name="position"
                    ),
                ),
                (
                    "reviewed_by",
                    models.CharField(
                        blank=True, max_length=120, verbose_name="medically reviewed by"
                    ),
                ),
                (
                    "reviewed_on",
                    models.DateField(blank=True, null=True, verbose_name="reviewed on"),
                ),
                (
                    "next_review",
                    models.DateField(
                        blank=True, null=True, verbose_name="next review due"
                    ),
                ),
            ],
            options={
                "verbose_name": "page",
                "verbose_name_plural": "pages",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("reviewed_by", ""), ("reviewed_on", None)),
                            models.Q(
                                models.Q(("reviewed_by", ""), _negated=True),
                                ("reviewed_on__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="page_review_is_whole",
                        violation_error_message="Say both who reviewed it and when.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("next_review", None),
                            models.Q(
                                ("next_review__gt", models.F("reviewed_on")),
                                ("reviewed_on__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="page_next_review_is_later",
                        violation_error_message="The next review must come after the day it was reviewed on.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Precaution",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "updated_at",
                    models.DateTimeField(
                        editable=False, null=True, verbose_name="last changed"
                    ),
                ),
                (
                    "code",
                    models.SlugField(
                        help_text="A short name. It cannot be changed later.",
                        unique=True,
                        verbose_name="code",
                    ),
                ),
                ("question", models.CharField(max_length=300, verbose_name="question")),
                (
                    "help_text",
                    models.CharField(blank=True, max_length=300, verbose_name="hint"),
                ),
                (
                    "meaning",
                    models.CharField(
                        choices=[
                            ("tell-therapist", "Go ahead, and tell the therapist"),
                            ("clearance", "The provider must clear it first"),
                            ("not-now", "Not now: the patient should see a clinician"),
                        ],
                        max_length=16,
                        verbose_name="what yes means",
                    ),
                ),
                (
                    "advice",
                    models.CharField(
                        blank=True, max_length=500, verbose_name="advice for staff"
                    ),
                ),
                (
                    "plain",
                    models.CharField(
                        blank=True,
                        help_text="Ends the sentence “… if you have”. Blank: patients do not see it.",
                        max_length=200,
                        verbose_name="in a patient's words",
                    ),
                ),
                (
                    "position",
                    models.PositiveSmallIntegerField(
                        default=0, verbose_name="position"
                    ),
                ),
                ("active", models.BooleanField(default=True, verbose_name="asked")),
            ],
            options={
                "verbose_name": "precaution",
                "verbose_name_plural": "precautions",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("meaning__in", ["tell-therapist", "clearance", "not-now"])
                        ),
                        name="precaution_meaning_is_known",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Publication",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "updated_at",
                    models.DateTimeField(
                        editable=False, null=True, verbose_name="last changed"
                    ),
                ),
                ("title", models.CharField(max_length=300, verbose_name="title")),
                ("authors", models.CharField(max_length=300, verbose_name="authors")),
                (
                    "journal",
                    models.CharField(
                        max_length=200, verbose_name="journal, volume and pages"
                    ),
                ),
                (
                    "year",
                    models.PositiveSmallIntegerField(
                        validators=[
                            django.core.validators.MinValueValidator(1900),
                            django.core.validators.MaxValueValidator(2100),
                        ],
                        verbose_name="year",
                    ),
                ),
                (
                    "pmid",
                    models.CharField(
                        blank=True, max_length=10, verbose_name="PubMed identifier"
                    ),
                ),
                (
                    "summary",
                    models.CharField(
                        blank=True, max_length=300, verbose_name="what it found"
                    ),
                ),
            ],
            options={
                "verbose_name": "publication",
                "verbose_name_plural": "publications",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("pmid", ""), _negated=True),
                        fields=("pmid",),
                        name="publication_pmid_is_unique",
                        violation_error_message="This publication is listed already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("pmid", ""),
                            ("pmid__regex", "^[1-9][0-9]{0,8}$"),
                            _connector="OR",
                        ),
                        name="publication_pmid_is_a_number",
                        violation_error_message="A PubMed identifier is a number.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Technique",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "updated_at",
                    models.DateTimeField(
                        editable=False, null=True, verbose_name="last changed"
                    ),
                ),
                (
                    "slug",
                    models.SlugField(
                        help_text="The end of its web address. It cannot be changed later.",
                        unique=True,
                        verbose_name="address",
                    ),
                ),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                ("summary", models.CharField(max_length=300, verbose_name="summary")),
                (
                    "body",
                    models.TextField(
                        blank=True,
                        help_text="In Markdown: # for headings, - for lists, **bold**.",
                        verbose_name="text",
                    ),
                ),
                (
                    "minutes",
                    models.PositiveSmallIntegerField(
                        default=50,
                        validators=[
                            django.core.validators.MinValueValidator(10),
                            django.core.validators.MaxValueValidator(240),
                        ],
                        verbose_name="length of a visit, minutes",
                    ),
                ),
                ("active", models.BooleanField(default=True, verbose_name="offered")),
                (
                    "position",
                    models.PositiveSmallIntegerField(
                        default=0, verbose_name="position"
                    ),
                ),
            ],
            options={
                "verbose_name": "technique",
                "verbose_name_plural": "techniques",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("minutes__gte", 10), ("minutes__lte", 240)),
                        name="technique_lasts_10_to_240_minutes",
                    )
                ],
            },
        ),
    ]
