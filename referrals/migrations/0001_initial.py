import uuid

import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.text
import pgtrigger.compiler
import pgtrigger.migrations
import phonenumber_field.modelfields
from django.conf import settings
from django.db import migrations, models

import referrals.models.letter
import referrals.npi
import services.models.version


class Migration(migrations.Migration):
    initial = True

    initial = True

    dependencies = [
        ("accounts", "0002_other_systems"),
        ("services", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="DiagnosisCode",
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
                    "code",
                    models.CharField(max_length=8, unique=True, verbose_name="code"),
                ),
                ("compact", models.CharField(editable=False, max_length=7)),
                (
                    "description",
                    models.CharField(max_length=300, verbose_name="description"),
                ),
            ],
            options={
                "verbose_name": "diagnosis code",
                "verbose_name_plural": "diagnosis codes",
                "default_permissions": ("view",),
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.indexes.OpClass(
                            django.db.models.functions.text.Upper("description"),
                            name="gin_trgm_ops",
                        ),
                        name="diagnosis_words",
                    ),
                    models.Index(
                        fields=["compact"],
                        name="diagnosis_code_start",
                        opclasses=["varchar_pattern_ops"],
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Patient",
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
                    "record_number",
                    models.CharField(max_length=20, verbose_name="record number"),
                ),
                (
                    "given_name",
                    models.CharField(max_length=100, verbose_name="given name"),
                ),
                (
                    "family_name",
                    models.CharField(max_length=100, verbose_name="family name"),
                ),
                ("birth_date", models.DateField(verbose_name="date of birth")),
                (
                    "phone",
                    phonenumber_field.modelfields.PhoneNumberField(
                        blank=True,
                        max_length=128,
                        region=None,
                        verbose_name="telephone",
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "names",
                    models.GeneratedField(
                        db_persist=True,
                        expression=services.models.version.Unaccented(
                            django.db.models.functions.text.Lower(
                                django.db.models.functions.text.Concat(
                                    "given_name", models.Value(" "), "family_name"
                                )
                            )
                        ),
                        output_field=models.CharField(max_length=250),
                    ),
                ),
                (
                    "merged_into",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="merged",
                        to="referrals.patient",
                    ),
                ),
                (
                    "user",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="patient",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "patient",
                "verbose_name_plural": "patients",
                "permissions": [
                    ("merge_patient", "Can merge two records of one patient")
                ],
            },
        ),
        migrations.CreateModel(
            name="PatientMerge",
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
                ("moved", models.JSONField(default=dict)),
                ("reason", models.CharField(max_length=300, verbose_name="why")),
                ("at", models.DateTimeField(verbose_name="merged")),
                (
                    "undone_at",
                    models.DateTimeField(
                        blank=True, null=True, verbose_name="parted again"
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "kept",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="merges",
                        to="referrals.patient",
                    ),
                ),
                (
                    "merged",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="referrals.patient",
                    ),
                ),
                (
                    "undone_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "merge of two records",
                "verbose_name_plural": "merges of two records",
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="Provider",
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
                    "npi",
                    models.CharField(
                        max_length=10,
                        unique=True,
                        validators=[referrals.npi.validate_npi],
                        verbose_name="NPI",
                    ),
                ),
                (
                    "given_name",
                    models.CharField(max_length=100, verbose_name="given name"),
                ),
                (
                    "family_name",
                    models.CharField(max_length=100, verbose_name="family name"),
                ),
                (
                    "department",
                    models.CharField(max_length=100, verbose_name="department"),
                ),
                ("may_refer_from", models.DateField(verbose_name="may refer from")),
                (
                    "may_refer_until",
                    models.DateField(
                        blank=True,
                        help_text="The last day. Empty: until further notice.",
                        null=True,
                        verbose_name="may refer until",
                    ),
                ),
                (
                    "user",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="provider",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="account",
                    ),
                ),
            ],
            options={
                "verbose_name": "provider",
                "verbose_name_plural": "providers",
            },
        ),
        migrations.CreateModel(
            name="Referral",
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
                    "reason",
                    models.TextField(
                        blank=True, max_length=2000, verbose_name="reason"
                    ),
                ),
                (
                    "goals",
                    models.TextField(blank=True, max_length=1000, verbose_name="goals"),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "Arrived, not yet complete"),
                            ("active", "In force"),
                            ("on-hold", "Needs the provider's clearance"),
                            ("revoked", "Withdrawn"),
                            ("completed", "All visits made"),
                            ("entered-in-error", "Entered in error"),
                        ],
                        default="active",
                        max_length=16,
                        verbose_name="status",
                    ),
                ),
                (
                    "status_reason",
                    models.CharField(
                        blank=True, max_length=300, verbose_name="why it is so"
                    ),
                ),
                (
                    "priority",
                    models.CharField(
                        choices=[
                            ("routine", "Routine"),
                            ("urgent", "Urgent"),
                            ("asap", "As soon as possible"),
                            ("stat", "Immediately"),
                        ],
                        max_length=8,
                        verbose_name="priority",
                    ),
                ),
                ("received_at", models.DateTimeField(verbose_name="received")),
                ("valid_from", models.DateField(verbose_name="valid from")),
                ("valid_until", models.DateField(verbose_name="valid until")),
                (
                    "sessions",
                    models.PositiveSmallIntegerField(verbose_name="visits authorized"),
                ),
                (
                    "interval_days",
                    models.PositiveSmallIntegerField(
                        default=7, verbose_name="days between"
                    ),
                ),
                (
                    "clearance_by",
                    models.CharField(
                        blank=True, max_length=200, verbose_name="cleared by"
                    ),
                ),
                (
                    "clearance_on",
                    models.DateField(blank=True, null=True, verbose_name="cleared on"),
                ),
                (
                    "identifier_system",
                    models.CharField(blank=True, editable=False, max_length=200),
                ),
                (
                    "identifier_value",
                    models.CharField(blank=True, editable=False, max_length=100),
                ),
                ("submission", models.UUIDField(editable=False, unique=True)),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                ("recorded_at", models.DateTimeField(verbose_name="recorded")),
                (
                    "changed_at",
                    models.DateTimeField(
                        editable=False, null=True, verbose_name="last changed"
                    ),
                ),
                (
                    "changed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "diagnosis",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        to="referrals.diagnosiscode",
                    ),
                ),
                (
                    "insurer",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="services.insurer",
                        verbose_name="insurer",
                    ),
                ),
                (
                    "other_diagnoses",
                    models.ManyToManyField(
                        blank=True,
                        related_name="+",
                        to="referrals.diagnosiscode",
                        verbose_name="other diagnoses",
                    ),
                ),
                (
                    "patient",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="referrals",
                        to="referrals.patient",
                    ),
                ),
                (
                    "provider",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="referrals",
                        to="referrals.provider",
                    ),
                ),
                (
                    "recorded_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "renews",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="renewals",
                        to="referrals.referral",
                    ),
                ),
                (
                    "sent_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.clientsystem",
                    ),
                ),
                (
                    "technique",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="services.technique",
                    ),
                ),
            ],
            options={
                "verbose_name": "referral",
                "verbose_name_plural": "referrals",
                "permissions": [
                    ("record_referral", "Can record a referral"),
                    (
                        "retract_referral",
                        "Can say that a referral was entered in error",
                    ),
                    ("import_referral", "Can take in a spreadsheet of referrals"),
                    ("view_sent_referral", "Can see the referrals they sent"),
                    ("sign_sent_plan", "Can sign plans of the referrals they sent"),
                    ("sign_plan", "Can sign plans as a therapist"),
                    ("view_own_referral", "Can see their own referral"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Letter",
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
                    "key",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True),
                ),
                (
                    "file",
                    models.FileField(
                        max_length=80,
                        storage=referrals.models.letter.private_storage,
                        upload_to=referrals.models.letter.path_of,
                    ),
                ),
                ("name", models.CharField(max_length=150, verbose_name="name")),
                (
                    "content_type",
                    models.CharField(max_length=40, verbose_name="kind of file"),
                ),
                ("size", models.PositiveIntegerField(verbose_name="size in bytes")),
                ("sha256", models.CharField(editable=False, max_length=64)),
                ("added_at", models.DateTimeField(verbose_name="added")),
                (
                    "added_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "referral",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="letters",
                        to="referrals.referral",
                    ),
                ),
            ],
            options={
                "verbose_name": "letter",
                "verbose_name_plural": "letters",
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="Authorization",
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
                    "member_number",
                    models.CharField(
                        blank=True, max_length=40, verbose_name="member number"
                    ),
                ),
                (
                    "referral_number",
                    models.CharField(
                        blank=True,
                        max_length=40,
                        verbose_name="the insurer's referral number",
                    ),
                ),
                (
                    "number",
                    models.CharField(
                        blank=True, max_length=40, verbose_name="authorization number"
                    ),
                ),
                (
                    "visits",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        null=True,
                        verbose_name="visits the insurer pays for",
                    ),
                ),
                (
                    "valid_until",
                    models.DateField(
                        blank=True, null=True, verbose_name="authorized until"
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                ("changed_at", models.DateTimeField(verbose_name="last changed")),
                (
                    "changed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "referral",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="authorization",
                        to="referrals.referral",
                    ),
                ),
            ],
            options={
                "verbose_name": "authorization",
                "verbose_name_plural": "authorizations",
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="Renewal",
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
                ("asked_at", models.DateTimeField(verbose_name="asked")),
                ("expires_at", models.DateTimeField(verbose_name="link ends")),
                (
                    "answered_at",
                    models.DateTimeField(
                        blank=True, null=True, verbose_name="answered"
                    ),
                ),
                (
                    "answer",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("renew", "Renew it as it is"),
                            ("end", "Let it end"),
                            ("call", "Call me"),
                        ],
                        max_length=8,
                        verbose_name="answer",
                    ),
                ),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
                (
                    "referral",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="renewal_questions",
                        to="referrals.referral",
                    ),
                ),
            ],
            options={
                "verbose_name": "renewal",
                "verbose_name_plural": "renewals",
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="ScreeningAnswer",
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
                ("question", models.CharField(max_length=300)),
                ("meaning", models.CharField(max_length=16)),
                ("version", models.PositiveIntegerField()),
                (
                    "answer",
                    models.CharField(
                        choices=[
                            ("no", "No"),
                            ("yes", "Yes"),
                            ("unknown", "Not known"),
                        ],
                        max_length=8,
                    ),
                ),
                ("round", models.PositiveSmallIntegerField(default=1)),
                ("asked_at", models.DateTimeField(null=True)),
                (
                    "asked_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "precaution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        to="services.precaution",
                    ),
                ),
                (
                    "referral",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="screening_answers",
                        to="referrals.referral",
                    ),
                ),
            ],
            options={
                "verbose_name": "screening answer",
                "verbose_name_plural": "screening answers",
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="TreatmentPlan",
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
                ("number", models.PositiveSmallIntegerField(verbose_name="version")),
                ("sessions", models.PositiveSmallIntegerField(verbose_name="visits")),
                (
                    "interval_days",
                    models.PositiveSmallIntegerField(verbose_name="days between"),
                ),
                (
                    "goals",
                    models.TextField(blank=True, max_length=1000, verbose_name="goals"),
                ),
                (
                    "note",
                    models.CharField(
                        blank=True, max_length=300, verbose_name="what changed, and why"
                    ),
                ),
                ("made_at", models.DateTimeField(verbose_name="made")),
                ("provider_signed_at", models.DateTimeField(blank=True, null=True)),
                ("therapist_signed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "made_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "provider_signed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "referral",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="plans",
                        to="referrals.referral",
                    ),
                ),
                (
                    "technique",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="services.technique",
                    ),
                ),
                (
                    "therapist_signed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "treatment plan",
                "verbose_name_plural": "treatment plans",
                "default_permissions": ("view",),
            },
        ),
        migrations.AddIndex(
            model_name="patient",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass("names", name="gin_trgm_ops"),
                name="patient_names",
            ),
        ),
        migrations.AddIndex(
            model_name="patient",
            index=models.Index(fields=["birth_date"], name="patient_birth_date"),
        ),
        migrations.AddIndex(
            model_name="patient",
            index=models.Index(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Lower("record_number"),
                    name="text_pattern_ops",
                ),
                name="patient_record_number_begins",
            ),
        ),
        migrations.AddConstraint(
            model_name="patient",
            constraint=models.UniqueConstraint(
                django.db.models.functions.text.Lower("record_number"),
                name="patient_record_number_is_unique",
            ),
        ),
        migrations.AddConstraint(
            model_name="patient",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("given_name", ""), _negated=True),
                    models.Q(("family_name", ""), _negated=True),
                ),
                name="patient_has_a_name",
            ),
        ),
        migrations.AddConstraint(
            model_name="patient",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("merged_into", None),
                    models.Q(("merged_into", models.F("pk")), _negated=True),
                    _connector="OR",
                ),
                name="patient_is_not_merged_into_itself",
            ),
        ),
        migrations.AddConstraint(
            model_name="patientmerge",
            constraint=models.CheckConstraint(
                condition=models.Q(("kept", models.F("merged")), _negated=True),
                name="merge_is_of_two",
            ),
        ),
        migrations.AddConstraint(
            model_name="patientmerge",
            constraint=models.UniqueConstraint(
                condition=models.Q(("undone_at", None)),
                fields=("merged",),
                name="merge_is_open_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="patientmerge",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("undone_at", None), ("undone_by", None)),
                    models.Q(
                        ("undone_at__isnull", False), ("undone_by__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="merge_is_undone_by_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="provider",
            constraint=models.CheckConstraint(
                condition=models.Q(("npi__regex", "^[12]\\d{9}$")),
                name="provider_npi_has_ten_digits",
            ),
        ),
        migrations.AddConstraint(
            model_name="provider",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("may_refer_until", None),
                    ("may_refer_until__gte", models.F("may_refer_from")),
                    _connector="OR",
                ),
                name="provider_time_runs_forward",
                violation_error_message="The last day must not be before the first.",
            ),
        ),
        migrations.AddIndex(
            model_name="referral",
            index=models.Index(fields=["-received_at"], name="referral_newest_first"),
        ),
        migrations.AddConstraint(
            model_name="referral",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "status__in",
                        [
                            "draft",
                            "active",
                            "on-hold",
                            "revoked",
                            "completed",
                            "entered-in-error",
                        ],
                    )
                ),
                name="referral_status_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="referral",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("priority__in", ["routine", "urgent", "asap", "stat"])
                ),
                name="referral_priority_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="referral",
            constraint=models.CheckConstraint(
                condition=models.Q(("valid_until__gte", models.F("valid_from"))),
                name="referral_period_runs_forward",
            ),
        ),
        migrations.AddConstraint(
            model_name="referral",
            constraint=models.CheckConstraint(
                condition=models.Q(("sessions__gte", 1), ("sessions__lte", 60)),
                name="referral_authorizes_1_to_60_sessions",
            ),
        ),
        migrations.AddConstraint(
            model_name="referral",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("interval_days__gte", 1), ("interval_days__lte", 365)
                ),
                name="referral_interval_is_1_to_365_days",
            ),
        ),
        migrations.AddConstraint(
            model_name="referral",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("clearance_by", ""), ("clearance_on", None)),
                    models.Q(
                        models.Q(("clearance_by", ""), _negated=True),
                        ("clearance_on__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="referral_clearance_is_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="referral",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status__in", ["active", "on-hold"])),
                fields=("patient", "diagnosis"),
                name="referral_one_open_per_diagnosis",
            ),
        ),
        migrations.AddConstraint(
            model_name="referral",
            constraint=models.UniqueConstraint(
                condition=models.Q(("identifier_value", ""), _negated=True),
                fields=("identifier_system", "identifier_value"),
                name="referral_identifier_arrives_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="referral",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("renews__isnull", False),
                    models.Q(
                        ("status__in", ["revoked", "entered-in-error"]), _negated=True
                    ),
                ),
                fields=("renews",),
                name="referral_is_renewed_once",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="referral",
            trigger=pgtrigger.compiler.Trigger(
                name="legal_status_changes",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.status <> NEW.status AND OLD.status || '>' || NEW.status NOT IN ('draft>active', 'draft>entered-in-error', 'draft>on-hold', 'draft>revoked', 'active>completed', 'active>entered-in-error', 'active>on-hold', 'active>revoked', 'on-hold>active', 'on-hold>entered-in-error', 'on-hold>revoked', 'revoked>entered-in-error', 'completed>active', 'completed>entered-in-error'))",
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."status", \'>\', NEW."status") = ANY(\'{draft>active,draft>entered-in-error,draft>on-hold,draft>revoked,active>completed,active>entered-in-error,active>on-hold,active>revoked,on-hold>active,on-hold>entered-in-error,on-hold>revoked,revoked>entered-in-error,completed>active,completed>entered-in-error}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="f4514ab2c22ee51ca9174b9e237a2c1a1cc2bb96",
                    operation="UPDATE",
                    pgid="pgtrigger_legal_status_changes_ff371",
                    table="referrals_referral",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="letter",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("content_type__in", ["application/pdf", "image/png", "image/jpeg"])
                ),
                name="letter_is_of_a_kind_we_keep",
            ),
        ),
        migrations.AddConstraint(
            model_name="letter",
            constraint=models.CheckConstraint(
                condition=models.Q(("size__gte", 1), ("size__lte", 10000000)),
                name="letter_has_1_byte_to_10_megabytes",
            ),
        ),
        migrations.AddConstraint(
            model_name="letter",
            constraint=models.UniqueConstraint(
                fields=("referral", "sha256"), name="letter_is_kept_once"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="letter",
            trigger=pgtrigger.compiler.Trigger(
                name="letter_stays_as_it_came",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="6a0f6b37b1831ed7f9d7d3973d0cd43128a7994a",
                    operation="UPDATE",
                    pgid="pgtrigger_letter_stays_as_it_came_1e946",
                    table="referrals_letter",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="authorization",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("visits", None),
                    models.Q(("visits__gte", 1), ("visits__lte", 60)),
                    _connector="OR",
                ),
                name="authorization_is_for_1_to_60_visits",
            ),
        ),
        migrations.AddConstraint(
            model_name="authorization",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("number", ""), _negated=True),
                    models.Q(("valid_until", None), ("visits", None)),
                    _connector="OR",
                ),
                name="authorization_limits_have_a_number",
            ),
        ),
        migrations.AddConstraint(
            model_name="renewal",
            constraint=models.CheckConstraint(
                condition=models.Q(("expires_at__gt", models.F("asked_at"))),
                name="renewal_link_ends_after_it_is_made",
            ),
        ),
        migrations.AddConstraint(
            model_name="renewal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("answer", ""), ("answered_at", None)),
                    models.Q(
                        models.Q(("answer", ""), _negated=True),
                        ("answered_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="renewal_answer_is_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="renewal",
            constraint=models.CheckConstraint(
                condition=models.Q(("answer__in", ["", "renew", "end", "call"])),
                name="renewal_answer_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="renewal",
            constraint=models.UniqueConstraint(
                condition=models.Q(("answer", ""), ("withdrawn_at", None)),
                fields=("referral",),
                name="renewal_is_asked_once_at_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="screeninganswer",
            constraint=models.UniqueConstraint(
                fields=("referral", "precaution", "round"),
                name="screening_asks_each_question_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="screeninganswer",
            constraint=models.CheckConstraint(
                condition=models.Q(("answer__in", ["no", "yes", "unknown"])),
                name="screening_answer_is_known",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="screeninganswer",
            trigger=pgtrigger.compiler.Trigger(
                name="screening_answer_is_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="4e2d19d4b04ad4c7a7760f9cb2b8e1bb227a9e69",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_screening_answer_is_kept_01f72",
                    table="referrals_screeninganswer",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="treatmentplan",
            constraint=models.UniqueConstraint(
                fields=("referral", "number"), name="plan_number_is_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="treatmentplan",
            constraint=models.CheckConstraint(
                condition=models.Q(("sessions__gte", 1), ("sessions__lte", 60)),
                name="plan_has_1_to_60_sessions",
            ),
        ),
        migrations.AddConstraint(
            model_name="treatmentplan",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("interval_days__gte", 1), ("interval_days__lte", 365)
                ),
                name="plan_interval_is_1_to_365_days",
            ),
        ),
        migrations.AddConstraint(
            model_name="treatmentplan",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("provider_signed_at", None), ("provider_signed_by", None)
                    ),
                    models.Q(
                        ("provider_signed_at__isnull", False),
                        ("provider_signed_by__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="plan_provider_signature_is_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="treatmentplan",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("therapist_signed_at", None), ("therapist_signed_by", None)
                    ),
                    models.Q(
                        ("therapist_signed_at__isnull", False),
                        ("therapist_signed_by__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="plan_therapist_signature_is_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="treatmentplan",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("provider_signed_by", None),
                    ("therapist_signed_by", None),
                    models.Q(
                        ("provider_signed_by", models.F("therapist_signed_by")),
                        _negated=True,
                    ),
                    _connector="OR",
                ),
                name="plan_is_signed_by_two",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="treatmentplan",
            trigger=pgtrigger.compiler.Trigger(
                name="plan_is_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="e36147261c0fc5602fbcf4ef74e864674079a6d5",
                    operation="DELETE",
                    pgid="pgtrigger_plan_is_kept_d4908",
                    table="referrals_treatmentplan",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="treatmentplan",
            trigger=pgtrigger.compiler.Trigger(
                name="plan_words_are_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."goals" IS DISTINCT FROM (NEW."goals") OR OLD."interval_days" IS DISTINCT FROM (NEW."interval_days") OR OLD."made_at" IS DISTINCT FROM (NEW."made_at") OR OLD."made_by_id" IS DISTINCT FROM (NEW."made_by_id") OR OLD."note" IS DISTINCT FROM (NEW."note") OR OLD."number" IS DISTINCT FROM (NEW."number") OR OLD."referral_id" IS DISTINCT FROM (NEW."referral_id") OR OLD."sessions" IS DISTINCT FROM (NEW."sessions") OR OLD."technique_id" IS DISTINCT FROM (NEW."technique_id"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="ccc6e5839f0bd4d20e5f5edcc5f9edbe12e8f4af",
                    operation="UPDATE",
                    pgid="pgtrigger_plan_words_are_kept_c8bbb",
                    table="referrals_treatmentplan",
                    when="BEFORE",
                ),
            ),
        ),
    ]
