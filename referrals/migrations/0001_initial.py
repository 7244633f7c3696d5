import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.text
import pgtrigger.compiler
import pgtrigger.migrations
import phonenumber_field.modelfields
from django.conf import settings
from django.contrib.postgres.operations import TrigramExtension, UnaccentExtension
from django.db import migrations, models

import referrals.npi


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("services", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        TrigramExtension(),
        UnaccentExtension(),
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
                    (
                        "view_patients_of_own_day",
                        "Can see the patients of their own day",
                    )
                ],
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
                ("active", models.BooleanField(default=True, verbose_name="may refer")),
            ],
            options={
                "verbose_name": "provider",
                "verbose_name_plural": "providers",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("npi__regex", "^[12]\\d{9}$")),
                        name="provider_npi_has_ten_digits",
                    )
                ],
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
                    "status",
                    models.CharField(
                        choices=[
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
                ("submission", models.UUIDField(editable=False, unique=True)),
                ("recorded_at", models.DateTimeField(verbose_name="recorded")),
                (
                    "diagnosis",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        to="referrals.diagnosiscode",
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
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
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
                    ("view_own_referral", "Can see their own referral"),
                ],
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
        migrations.AddIndex(
            model_name="patient",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper("family_name"),
                    name="gin_trgm_ops",
                ),
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper("given_name"),
                    name="gin_trgm_ops",
                ),
                name="patient_names",
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
        pgtrigger.migrations.AddTrigger(
            model_name="referral",
            trigger=pgtrigger.compiler.Trigger(
                name="legal_status_changes",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."status", \'>\', NEW."status") = ANY(\'{active>completed,active>entered-in-error,active>on-hold,active>revoked,on-hold>active,on-hold>entered-in-error,on-hold>revoked,revoked>entered-in-error,completed>entered-in-error}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="46aea7726dbdb72e08901a99e9b857734bce09ca",
                    operation="UPDATE",
                    pgid="pgtrigger_legal_status_changes_ff371",
                    table="referrals_referral",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="screeninganswer",
            constraint=models.UniqueConstraint(
                fields=("referral", "precaution"),
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
    ]
