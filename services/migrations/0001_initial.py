import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import pgtrigger.compiler
import pgtrigger.migrations
import phonenumber_field.modelfields
from django.conf import settings
from django.contrib.postgres.operations import TrigramExtension, UnaccentExtension
from django.db import migrations, models

import services.models.article
import services.models.precaution
import services.models.version


class Migration(migrations.Migration):
    initial = True

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        TrigramExtension(),
        UnaccentExtension(),
        # unaccent() may follow another dictionary one day, so PostgreSQL takes it for
        # one that no index can rely on. This one names its dictionary.
        migrations.RunSQL(
            """
            CREATE FUNCTION unaccented(text) RETURNS text
            LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
                SELECT public.unaccent('public.unaccent'::regdictionary, $1)
            $$
            """,
            reverse_sql="DROP FUNCTION unaccented(text)",
        ),
        migrations.CreateModel(
            name="Article",
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
                    "kind",
                    models.CharField(
                        choices=[
                            ("page", "Page of the guide"),
                            ("condition", "Condition"),
                            ("technique", "Technique"),
                            ("location", "Location"),
                        ],
                        max_length=12,
                        verbose_name="kind",
                    ),
                ),
                (
                    "slug",
                    models.SlugField(
                        help_text="The end of its web address.", verbose_name="address"
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
                "verbose_name": "article",
                "verbose_name_plural": "articles",
            },
        ),
        migrations.CreateModel(
            name="FormerAddress",
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
                    "kind",
                    models.CharField(
                        choices=[
                            ("page", "Page of the guide"),
                            ("condition", "Condition"),
                            ("technique", "Technique"),
                            ("location", "Location"),
                        ],
                        max_length=12,
                    ),
                ),
                ("slug", models.SlugField()),
            ],
            options={
                "verbose_name": "former address",
                "verbose_name_plural": "former addresses",
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
                (
                    "diagnoses",
                    models.CharField(
                        blank=True,
                        help_text="How their ICD-10-CM codes begin, commas between: C, D0. Empty here and below: it is asked of every referral.",
                        max_length=200,
                        validators=[services.models.precaution.validate_beginnings],
                        verbose_name="only for these diagnoses",
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
            ],
            options={
                "verbose_name": "precaution",
                "verbose_name_plural": "precautions",
            },
        ),
        migrations.CreateModel(
            name="PrecautionVersion",
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
                ("number", models.PositiveIntegerField(verbose_name="version")),
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
                ("made_at", models.DateTimeField(verbose_name="from")),
            ],
            options={
                "verbose_name": "version of a precaution",
                "verbose_name_plural": "versions of precautions",
                "default_permissions": ("view",),
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
                (
                    "search",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.contrib.postgres.search.CombinedSearchVector(
                            django.contrib.postgres.search.CombinedSearchVector(
                                django.contrib.postgres.search.CombinedSearchVector(
                                    django.contrib.postgres.search.SearchVector(
                                        services.models.version.Unaccented("title"),
                                        config="english",
                                        weight="A",
                                    ),
                                    "||",
                                    django.contrib.postgres.search.SearchVector(
                                        services.models.version.Unaccented("summary"),
                                        config="english",
                                        weight="B",
                                    ),
                                    django.contrib.postgres.search.SearchConfig(
                                        "english"
                                    ),
                                ),
                                "||",
                                django.contrib.postgres.search.SearchVector(
                                    services.models.version.Unaccented("authors"),
                                    config="english",
                                    weight="C",
                                ),
                                django.contrib.postgres.search.SearchConfig("english"),
                            ),
                            "||",
                            django.contrib.postgres.search.SearchVector(
                                services.models.version.Unaccented("journal"),
                                config="english",
                                weight="C",
                            ),
                            django.contrib.postgres.search.SearchConfig("english"),
                        ),
                        output_field=django.contrib.postgres.search.SearchVectorField(),
                    ),
                ),
            ],
            options={
                "verbose_name": "publication",
                "verbose_name_plural": "publications",
            },
        ),
        migrations.CreateModel(
            name="Synonym",
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
                    "words",
                    models.CharField(
                        help_text="Commas between them: lymphedema, lymphoedema.",
                        max_length=300,
                        unique=True,
                        verbose_name="words",
                    ),
                ),
            ],
            options={
                "verbose_name": "words that mean the same",
                "verbose_name_plural": "words that mean the same",
            },
        ),
        migrations.CreateModel(
            name="Version",
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
                    "language",
                    models.CharField(
                        default="en", max_length=12, verbose_name="language"
                    ),
                ),
                (
                    "number",
                    models.PositiveIntegerField(default=1, verbose_name="version"),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("in-review", "Waiting for a second person"),
                            ("approved", "Approved, waits for its time"),
                            ("active", "Published"),
                            ("retired", "Replaced or taken back"),
                            ("discarded", "Given up before it was published"),
                        ],
                        default="draft",
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                ("title", models.CharField(max_length=120, verbose_name="title")),
                ("summary", models.CharField(max_length=300, verbose_name="summary")),
                (
                    "body",
                    models.TextField(
                        help_text="In Markdown: ## for headings, - for lists, **bold**.",
                        verbose_name="text",
                    ),
                ),
                (
                    "other_words",
                    models.CharField(
                        blank=True,
                        help_text="Searched, not shown. Commas between them.",
                        max_length=300,
                        verbose_name="other words for it",
                    ),
                ),
                (
                    "note",
                    models.CharField(
                        blank=True, max_length=300, verbose_name="what changed, and why"
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        blank=True,
                        max_length=300,
                        verbose_name="why it was sent or taken back",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="begun"),
                ),
                (
                    "changed_at",
                    models.DateTimeField(
                        blank=True, null=True, verbose_name="last changed"
                    ),
                ),
                (
                    "approved_at",
                    models.DateTimeField(
                        blank=True, null=True, verbose_name="approved"
                    ),
                ),
                (
                    "publish_at",
                    models.DateTimeField(
                        blank=True, null=True, verbose_name="publish at"
                    ),
                ),
                (
                    "active_from",
                    models.DateTimeField(
                        blank=True, null=True, verbose_name="published"
                    ),
                ),
                (
                    "retired_at",
                    models.DateTimeField(
                        blank=True, null=True, verbose_name="taken back"
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
                (
                    "search",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Case(
                            models.When(
                                language="en",
                                then=django.contrib.postgres.search.CombinedSearchVector(
                                    django.contrib.postgres.search.CombinedSearchVector(
                                        django.contrib.postgres.search.CombinedSearchVector(
                                            django.contrib.postgres.search.SearchVector(
                                                services.models.version.Unaccented(
                                                    "title"
                                                ),
                                                config="english",
                                                weight="A",
                                            ),
                                            "||",
                                            django.contrib.postgres.search.SearchVector(
                                                services.models.version.Unaccented(
                                                    "other_words"
                                                ),
                                                config="english",
                                                weight="A",
                                            ),
                                            django.contrib.postgres.search.SearchConfig(
                                                "english"
                                            ),
                                        ),
                                        "||",
                                        django.contrib.postgres.search.SearchVector(
                                            services.models.version.Unaccented(
                                                "summary"
                                            ),
                                            config="english",
                                            weight="B",
                                        ),
                                        django.contrib.postgres.search.SearchConfig(
                                            "english"
                                        ),
                                    ),
                                    "||",
                                    django.contrib.postgres.search.SearchVector(
                                        services.models.version.Unaccented("body"),
                                        config="english",
                                        weight="C",
                                    ),
                                    django.contrib.postgres.search.SearchConfig(
                                        "english"
                                    ),
                                ),
                            ),
                            models.When(
                                language="es",
                                then=django.contrib.postgres.search.CombinedSearchVector(
                                    django.contrib.postgres.search.CombinedSearchVector(
                                        django.contrib.postgres.search.CombinedSearchVector(
                                            django.contrib.postgres.search.SearchVector(
                                                services.models.version.Unaccented(
                                                    "title"
                                                ),
                                                config="spanish",
                                                weight="A",
                                            ),
                                            "||",
                                            django.contrib.postgres.search.SearchVector(
                                                services.models.version.Unaccented(
                                                    "other_words"
                                                ),
                                                config="spanish",
                                                weight="A",
                                            ),
                                            django.contrib.postgres.search.SearchConfig(
                                                "spanish"
                                            ),
                                        ),
                                        "||",
                                        django.contrib.postgres.search.SearchVector(
                                            services.models.version.Unaccented(
                                                "summary"
                                            ),
                                            config="spanish",
                                            weight="B",
                                        ),
                                        django.contrib.postgres.search.SearchConfig(
                                            "spanish"
                                        ),
                                    ),
                                    "||",
                                    django.contrib.postgres.search.SearchVector(
                                        services.models.version.Unaccented("body"),
                                        config="spanish",
                                        weight="C",
                                    ),
                                    django.contrib.postgres.search.SearchConfig(
                                        "spanish"
                                    ),
                                ),
                            ),
                            default=django.contrib.postgres.search.CombinedSearchVector(
                                django.contrib.postgres.search.CombinedSearchVector(
                                    django.contrib.postgres.search.CombinedSearchVector(
                                        django.contrib.postgres.search.SearchVector(
                                            services.models.version.Unaccented("title"),
                                            config="simple",
                                            weight="A",
                                        ),
                                        "||",
                                        django.contrib.postgres.search.SearchVector(
                                            services.models.version.Unaccented(
                                                "other_words"
                                            ),
                                            config="simple",
                                            weight="A",
                                        ),
                                        django.contrib.postgres.search.SearchConfig(
                                            "simple"
                                        ),
                                    ),
                                    "||",
                                    django.contrib.postgres.search.SearchVector(
                                        services.models.version.Unaccented("summary"),
                                        config="simple",
                                        weight="B",
                                    ),
                                    django.contrib.postgres.search.SearchConfig(
                                        "simple"
                                    ),
                                ),
                                "||",
                                django.contrib.postgres.search.SearchVector(
                                    services.models.version.Unaccented("body"),
                                    config="simple",
                                    weight="C",
                                ),
                                django.contrib.postgres.search.SearchConfig("simple"),
                            ),
                            output_field=django.contrib.postgres.search.SearchVectorField(),
                        ),
                        output_field=django.contrib.postgres.search.SearchVectorField(),
                    ),
                ),
            ],
            options={
                "verbose_name": "version",
                "verbose_name_plural": "versions",
                "permissions": [("approve_version", "Can let a version be published")],
            },
        ),
        migrations.CreateModel(
            name="Word",
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
                ("word", models.CharField(max_length=100, unique=True)),
            ],
            options={
                "verbose_name": "published word",
                "verbose_name_plural": "published words",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Wording",
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
                ("language", models.CharField(max_length=12, verbose_name="language")),
                (
                    "plain",
                    models.CharField(
                        max_length=200, verbose_name="in a patient's words"
                    ),
                ),
            ],
            options={
                "verbose_name": "wording",
                "verbose_name_plural": "wordings",
            },
        ),
        migrations.CreateModel(
            name="Condition",
            fields=[
                (
                    "article_ptr",
                    models.OneToOneField(
                        auto_created=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        parent_link=True,
                        primary_key=True,
                        serialize=False,
                        to="services.article",
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
            ],
            options={
                "verbose_name": "condition",
                "verbose_name_plural": "conditions",
            },
            bases=("services.article",),
        ),
        migrations.CreateModel(
            name="Location",
            fields=[
                (
                    "article_ptr",
                    models.OneToOneField(
                        auto_created=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        parent_link=True,
                        primary_key=True,
                        serialize=False,
                        to="services.article",
                    ),
                ),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                ("city", models.CharField(max_length=100, verbose_name="city")),
                ("state", models.CharField(max_length=60, verbose_name="state")),
                (
                    "time_zone",
                    models.CharField(
                        max_length=60,
                        validators=[services.models.article.validate_time_zone],
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
            ],
            options={
                "verbose_name": "location",
                "verbose_name_plural": "locations",
            },
            bases=("services.article",),
        ),
        migrations.CreateModel(
            name="Technique",
            fields=[
                (
                    "article_ptr",
                    models.OneToOneField(
                        auto_created=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        parent_link=True,
                        primary_key=True,
                        serialize=False,
                        to="services.article",
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        help_text="As records and messages call it. Pages show the text's title.",
                        max_length=100,
                        verbose_name="name",
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
            ],
            options={
                "verbose_name": "technique",
                "verbose_name_plural": "techniques",
            },
            bases=("services.article",),
        ),
        migrations.AddConstraint(
            model_name="article",
            constraint=models.UniqueConstraint(
                fields=("kind", "slug"),
                name="article_address_is_unique",
                violation_error_message="Another article has this address.",
            ),
        ),
        migrations.AddConstraint(
            model_name="article",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind__in", ["page", "condition", "technique", "location"])
                ),
                name="article_kind_is_known",
            ),
        ),
        migrations.AddField(
            model_name="formeraddress",
            name="article",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="former_addresses",
                to="services.article",
            ),
        ),
        migrations.AddIndex(
            model_name="insurer",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper("name"), name="gin_trgm_ops"
                ),
                name="insurer_words",
            ),
        ),
        migrations.AddConstraint(
            model_name="insurer",
            constraint=models.UniqueConstraint(
                django.db.models.functions.text.Upper("name"),
                name="insurer_name_is_unique",
                violation_error_message="An insurer of this name is listed already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="insurer",
            constraint=models.CheckConstraint(
                condition=models.Q(("name", ""), _negated=True),
                name="insurer_has_a_name",
            ),
        ),
        migrations.AddField(
            model_name="precautionversion",
            name="made_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="precautionversion",
            name="precaution",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="versions",
                to="services.precaution",
            ),
        ),
        migrations.AddConstraint(
            model_name="publication",
            constraint=models.UniqueConstraint(
                condition=models.Q(("pmid", ""), _negated=True),
                fields=("pmid",),
                name="publication_pmid_is_unique",
                violation_error_message="This publication is listed already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="publication",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("pmid", ""), ("pmid__regex", "^[1-9][0-9]{0,8}$"), _connector="OR"
                ),
                name="publication_pmid_is_a_number",
                violation_error_message="A PubMed identifier is a number.",
            ),
        ),
        migrations.AddField(
            model_name="version",
            name="approved_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="approved by",
            ),
        ),
        migrations.AddField(
            model_name="version",
            name="article",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="versions",
                to="services.article",
                verbose_name="article",
            ),
        ),
        migrations.AddField(
            model_name="version",
            name="changed_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="last changed by",
            ),
        ),
        migrations.AddField(
            model_name="version",
            name="created_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="written by",
            ),
        ),
        migrations.AddField(
            model_name="version",
            name="source",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                to="services.version",
            ),
        ),
        migrations.AddIndex(
            model_name="word",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass("word", name="gin_trgm_ops"),
                fastupdate=False,
                name="word_likeness",
            ),
        ),
        migrations.AddField(
            model_name="wording",
            name="precaution",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="wordings",
                to="services.precaution",
            ),
        ),
        migrations.AddConstraint(
            model_name="condition",
            constraint=models.CheckConstraint(
                condition=models.Q(("evidence__in", ["good", "some", "weak"])),
                name="condition_evidence_is_known",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="condition",
            trigger=pgtrigger.compiler.Trigger(
                name="condition_is_of_its_kind",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            IF 'condition' <>\n               (SELECT kind FROM services_article WHERE id = NEW.article_ptr_id)\n            THEN RAISE EXCEPTION 'violates \"condition_is_of_its_kind\"'\n                 USING ERRCODE = 'check_violation', CONSTRAINT = 'condition_is_of_its_kind';\n            END IF;\n            RETURN NEW;\n        ",
                    hash="8c9f9992bd70edf7fb732e141e557124aacbbb00",
                    operation="INSERT",
                    pgid="pgtrigger_condition_is_of_its_kind_3e697",
                    table="services_condition",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="location",
            constraint=models.CheckConstraint(
                condition=models.Q(("time_zone", ""), _negated=True),
                name="location_has_a_time_zone",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="location",
            trigger=pgtrigger.compiler.Trigger(
                name="location_is_of_its_kind",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            IF 'location' <>\n               (SELECT kind FROM services_article WHERE id = NEW.article_ptr_id)\n            THEN RAISE EXCEPTION 'violates \"location_is_of_its_kind\"'\n                 USING ERRCODE = 'check_violation', CONSTRAINT = 'location_is_of_its_kind';\n            END IF;\n            RETURN NEW;\n        ",
                    hash="2a8e6a2a6fadf064293ab7df9657c409f65e006e",
                    operation="INSERT",
                    pgid="pgtrigger_location_is_of_its_kind_d4e9a",
                    table="services_location",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="technique",
            constraint=models.CheckConstraint(
                condition=models.Q(("minutes__gte", 10), ("minutes__lte", 240)),
                name="technique_lasts_10_to_240_minutes",
            ),
        ),
        migrations.AddField(
            model_name="precaution",
            name="techniques",
            field=models.ManyToManyField(
                blank=True,
                related_name="+",
                to="services.technique",
                verbose_name="only for these techniques",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="technique",
            trigger=pgtrigger.compiler.Trigger(
                name="technique_is_of_its_kind",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            IF 'technique' <>\n               (SELECT kind FROM services_article WHERE id = NEW.article_ptr_id)\n            THEN RAISE EXCEPTION 'violates \"technique_is_of_its_kind\"'\n                 USING ERRCODE = 'check_violation', CONSTRAINT = 'technique_is_of_its_kind';\n            END IF;\n            RETURN NEW;\n        ",
                    hash="ac78b2f534b9d5d7e4c62be1022c28745f049ef4",
                    operation="INSERT",
                    pgid="pgtrigger_technique_is_of_its_kind_b1dbf",
                    table="services_technique",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="formeraddress",
            constraint=models.UniqueConstraint(
                fields=("kind", "slug"), name="former_address_leads_to_one"
            ),
        ),
        migrations.AddConstraint(
            model_name="precautionversion",
            constraint=models.UniqueConstraint(
                fields=("precaution", "number"), name="precaution_version_is_unique"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="precautionversion",
            trigger=pgtrigger.compiler.Trigger(
                name="precaution_version_is_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="03447c82203413941a96fb16e5da4b87bea7f9bb",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_precaution_version_is_kept_0c011",
                    table="services_precautionversion",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddIndex(
            model_name="version",
            index=django.contrib.postgres.indexes.GinIndex(
                fastupdate=False, fields=["search"], name="version_words"
            ),
        ),
        migrations.AddConstraint(
            model_name="version",
            constraint=models.UniqueConstraint(
                fields=("article", "language", "number"),
                name="version_number_is_unique",
            ),
        ),
        migrations.AddConstraint(
            model_name="version",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "active")),
                fields=("article", "language"),
                name="version_one_is_read",
            ),
        ),
        migrations.AddConstraint(
            model_name="version",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status__in", ["draft", "in-review", "approved"])),
                fields=("article", "language"),
                name="version_one_is_in_work",
            ),
        ),
        migrations.AddConstraint(
            model_name="version",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "status__in",
                        [
                            "draft",
                            "in-review",
                            "approved",
                            "active",
                            "retired",
                            "discarded",
                        ],
                    )
                ),
                name="version_status_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="version",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("approved_by", None),
                    models.Q(
                        models.Q(
                            ("approved_by", models.F("created_by")), _negated=True
                        ),
                        models.Q(
                            ("approved_by", models.F("changed_by")), _negated=True
                        ),
                    ),
                    _connector="OR",
                ),
                name="version_is_approved_by_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="version",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "approved"), _negated=True),
                    models.Q(
                        ("approved_at__isnull", False), ("publish_at__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="version_approved_has_its_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="version",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "active"), _negated=True),
                    models.Q(("active_from__isnull", False), ("retired_at", None)),
                    _connector="OR",
                ),
                name="version_read_has_its_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="version",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("reviewed_by", ""), ("reviewed_on", None)),
                    models.Q(
                        models.Q(("reviewed_by", ""), _negated=True),
                        ("reviewed_on__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="version_review_is_whole",
                violation_error_message="Say both who reviewed it and when.",
            ),
        ),
        migrations.AddConstraint(
            model_name="version",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("next_review", None),
                    models.Q(
                        ("next_review__gt", models.F("reviewed_on")),
                        ("reviewed_on__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="version_next_review_is_later",
                violation_error_message="The next review must come after the day it was reviewed on.",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="version",
            trigger=pgtrigger.compiler.Trigger(
                name="legal_version_changes",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.status <> NEW.status AND OLD.status || '>' || NEW.status NOT IN ('draft>discarded', 'draft>in-review', 'in-review>approved', 'in-review>discarded', 'in-review>draft', 'approved>active', 'approved>draft', 'active>retired'))",
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."status", \'>\', NEW."status") = ANY(\'{draft>discarded,draft>in-review,in-review>approved,in-review>discarded,in-review>draft,approved>active,approved>draft,active>retired}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="eae4abc9ec253b68783056cafcde3504fa0dd7c4",
                    operation="UPDATE",
                    pgid="pgtrigger_legal_version_changes_1f33e",
                    table="services_version",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="version",
            trigger=pgtrigger.compiler.Trigger(
                name="version_is_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="9b5e46b737a4c0ca68495dd4773614c0867831a3",
                    operation="DELETE",
                    pgid="pgtrigger_version_is_kept_d1337",
                    table="services_version",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="version",
            trigger=pgtrigger.compiler.Trigger(
                name="version_text_is_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.status <> 'draft' AND (OLD.title IS DISTINCT FROM NEW.title OR OLD.summary IS DISTINCT FROM NEW.summary OR OLD.body IS DISTINCT FROM NEW.body OR OLD.other_words IS DISTINCT FROM NEW.other_words OR OLD.article_id IS DISTINCT FROM NEW.article_id OR OLD.language IS DISTINCT FROM NEW.language OR OLD.number IS DISTINCT FROM NEW.number))",
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="bce3f81246002e115d2d5e788097a00793b9016b",
                    operation="UPDATE",
                    pgid="pgtrigger_version_text_is_kept_f2147",
                    table="services_version",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="wording",
            constraint=models.UniqueConstraint(
                fields=("precaution", "language"), name="wording_is_one_per_language"
            ),
        ),
        migrations.AddConstraint(
            model_name="precaution",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("meaning__in", ["tell-therapist", "clearance", "not-now"])
                ),
                name="precaution_meaning_is_known",
            ),
        ),
    ]
