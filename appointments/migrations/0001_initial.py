import datetime
import uuid
from decimal import Decimal

import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.core.validators
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.contrib.postgres.operations import BtreeGistExtension
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("referrals", "0001_initial"),
        ("services", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        BtreeGistExtension(),
        migrations.CreateModel(
            name="Policy",
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
                    "in_force_from",
                    models.DateTimeField(unique=True, verbose_name="in force from"),
                ),
                (
                    "harm_exponent",
                    models.DecimalField(
                        decimal_places=1,
                        default=Decimal("3.0"),
                        max_digits=3,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(6),
                        ],
                        verbose_name="steepness of harm",
                    ),
                ),
                (
                    "hold_hours",
                    models.PositiveSmallIntegerField(
                        default=24, verbose_name="offers hold, hours"
                    ),
                ),
                (
                    "notice_hours",
                    models.PositiveSmallIntegerField(
                        default=4, verbose_name="shortest notice for an offer, hours"
                    ),
                ),
                (
                    "turnover_minutes",
                    models.PositiveSmallIntegerField(
                        default=10, verbose_name="time between visits, minutes"
                    ),
                ),
                (
                    "visit_minutes",
                    models.PositiveSmallIntegerField(
                        default=50,
                        verbose_name="length of a visit where the therapist decides, minutes",
                    ),
                ),
                (
                    "ahead_days",
                    models.PositiveSmallIntegerField(
                        default=28, verbose_name="how far ahead times are offered, days"
                    ),
                ),
                (
                    "first_reminder_hours",
                    models.PositiveSmallIntegerField(
                        default=72, verbose_name="first reminder, hours before"
                    ),
                ),
                (
                    "second_reminder_hours",
                    models.PositiveSmallIntegerField(
                        default=24, verbose_name="second reminder, hours before"
                    ),
                ),
            ],
            options={
                "verbose_name": "policy",
                "verbose_name_plural": "policies",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("harm_exponent__gte", 1), ("harm_exponent__lte", 6)
                        ),
                        name="policy_harm_exponent_is_1_to_6",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ahead_days__gte", 1),
                            ("hold_hours__gte", 1),
                            ("visit_minutes__gte", 5),
                        ),
                        name="policy_times_are_positive",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Room",
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
                ("name", models.CharField(max_length=60, verbose_name="name")),
                ("active", models.BooleanField(default=True, verbose_name="in use")),
                (
                    "location",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        to="services.location",
                    ),
                ),
            ],
            options={
                "verbose_name": "room",
                "verbose_name_plural": "rooms",
            },
        ),
        migrations.CreateModel(
            name="Therapist",
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
                    "active",
                    models.BooleanField(default=True, verbose_name="gives massage"),
                ),
                (
                    "location",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        to="services.location",
                    ),
                ),
                (
                    "techniques",
                    models.ManyToManyField(
                        to="services.technique", verbose_name="certified for"
                    ),
                ),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="therapist",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "therapist",
                "verbose_name_plural": "therapists",
                "permissions": [("view_own_day", "Can see their own day")],
            },
        ),
        migrations.CreateModel(
            name="TimeOff",
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
                ("starts_at", models.DateTimeField(verbose_name="from")),
                ("ends_at", models.DateTimeField(verbose_name="to")),
                (
                    "therapist",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="time_off",
                        to="appointments.therapist",
                    ),
                ),
            ],
            options={
                "verbose_name": "time off",
                "verbose_name_plural": "time off",
            },
        ),
        migrations.CreateModel(
            name="TriageCategory",
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
                    "name",
                    models.CharField(max_length=60, unique=True, verbose_name="name"),
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
                        verbose_name="FHIR priority",
                    ),
                ),
                (
                    "target_days",
                    models.PositiveSmallIntegerField(
                        verbose_name="target wait in days"
                    ),
                ),
                (
                    "meaning",
                    models.CharField(max_length=300, verbose_name="who belongs here"),
                ),
                ("active", models.BooleanField(default=True, verbose_name="in use")),
            ],
            options={
                "verbose_name": "triage category",
                "verbose_name_plural": "triage categories",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("target_days__gte", 1), ("target_days__lte", 730)
                        ),
                        name="category_target_is_1_to_730_days",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("priority__in", ["routine", "urgent", "asap", "stat"])
                        ),
                        name="category_priority_is_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="WaitlistEntry",
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
                    "session",
                    models.PositiveSmallIntegerField(
                        default=1, verbose_name="visit of the plan"
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("requested", "Asked for, not yet read"),
                            ("on-hold", "We need to know more"),
                            ("accepted", "Waiting for a time"),
                            ("in-progress", "Booked"),
                            ("completed", "Visit over"),
                            ("rejected", "Declined"),
                            ("cancelled", "Withdrawn"),
                        ],
                        default="requested",
                        max_length=16,
                        verbose_name="status",
                    ),
                ),
                ("received_at", models.DateTimeField(verbose_name="waiting since")),
                ("asked_at", models.DateTimeField(verbose_name="asked")),
                (
                    "triaged_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="triaged"),
                ),
                (
                    "note",
                    models.CharField(
                        blank=True, max_length=500, verbose_name="note to the patient"
                    ),
                ),
                (
                    "reply",
                    models.CharField(
                        blank=True, max_length=1000, verbose_name="the patient's answer"
                    ),
                ),
                (
                    "need_score",
                    models.PositiveSmallIntegerField(
                        default=0, verbose_name="need score"
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "earliest",
                    models.DateField(blank=True, null=True, verbose_name="not before"),
                ),
                (
                    "latest",
                    models.DateField(blank=True, null=True, verbose_name="not after"),
                ),
                (
                    "weekdays",
                    models.CharField(
                        default="MTWRFSU", max_length=7, verbose_name="weekdays"
                    ),
                ),
                (
                    "from_time",
                    models.TimeField(default=datetime.time(0, 0), verbose_name="from"),
                ),
                (
                    "to_time",
                    models.TimeField(default=datetime.time(23, 59), verbose_name="to"),
                ),
                (
                    "notice_hours",
                    models.PositiveSmallIntegerField(
                        default=24, verbose_name="shortest notice"
                    ),
                ),
                (
                    "category",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="appointments.triagecategory",
                    ),
                ),
                (
                    "patient",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="waitlist_entries",
                        to="referrals.patient",
                    ),
                ),
                (
                    "referral",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="waitlist_entries",
                        to="referrals.referral",
                    ),
                ),
                (
                    "therapist",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to="appointments.therapist",
                        verbose_name="therapist",
                    ),
                ),
            ],
            options={
                "verbose_name": "waiting list entry",
                "verbose_name_plural": "waiting list entries",
                "permissions": [
                    ("triage_waitlistentry", "Can triage a waiting list entry"),
                    (
                        "ask_for_own_appointment",
                        "Can ask for an appointment of their own",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="NeedReport",
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
                ("reported_at", models.DateTimeField()),
                ("pain", models.PositiveSmallIntegerField(verbose_name="pain")),
                (
                    "enjoyment",
                    models.PositiveSmallIntegerField(verbose_name="enjoyment of life"),
                ),
                (
                    "activity",
                    models.PositiveSmallIntegerField(verbose_name="general activity"),
                ),
                (
                    "role_threat",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (0, "No"),
                            (7, "It is harder than it was"),
                            (13, "It will be, but not right away"),
                            (20, "Yes, right now"),
                        ],
                        verbose_name="threat to role",
                    ),
                ),
                ("sleep", models.PositiveSmallIntegerField(verbose_name="sleep")),
                (
                    "reported_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "entry",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="need_reports",
                        to="appointments.waitlistentry",
                    ),
                ),
            ],
            options={
                "verbose_name": "need report",
                "verbose_name_plural": "need reports",
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="Appointment",
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
                    "uid",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("proposed", "Offered"),
                            ("pending", "Pending"),
                            ("booked", "Booked"),
                            ("arrived", "Arrived"),
                            ("checked-in", "Checked in"),
                            ("fulfilled", "Visit made"),
                            ("cancelled", "Canceled"),
                            ("noshow", "Missed"),
                            ("entered-in-error", "Entered in error"),
                            ("waitlist", "On the waiting list"),
                        ],
                        default="proposed",
                        max_length=16,
                        verbose_name="status",
                    ),
                ),
                ("starts_at", models.DateTimeField(verbose_name="starts")),
                ("ends_at", models.DateTimeField(verbose_name="ends")),
                (
                    "blocked_until",
                    models.DateTimeField(verbose_name="therapist and room free again"),
                ),
                (
                    "held_until",
                    models.DateTimeField(
                        blank=True, null=True, verbose_name="offer holds until"
                    ),
                ),
                ("offered_at", models.DateTimeField(verbose_name="offered")),
                (
                    "booked_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="booked"),
                ),
                (
                    "ended_at",
                    models.DateTimeField(
                        blank=True, null=True, verbose_name="canceled"
                    ),
                ),
                (
                    "ending",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("declined", "The patient declined the offer"),
                            ("lapsed", "The offer was not answered in time"),
                            ("pat", "The patient canceled"),
                            ("prov", "The clinic canceled"),
                            ("withdrawn", "The clinic took the offer back"),
                        ],
                        max_length=12,
                        verbose_name="why it was canceled",
                    ),
                ),
                ("reoffer_owed", models.BooleanField(default=False, editable=False)),
                ("sequence", models.PositiveIntegerField(default=0, editable=False)),
                (
                    "patient",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="appointments",
                        to="referrals.patient",
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
                    "room",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="appointments",
                        to="appointments.room",
                    ),
                ),
                (
                    "therapist",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="appointments",
                        to="appointments.therapist",
                    ),
                ),
                (
                    "entry",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="appointments",
                        to="appointments.waitlistentry",
                    ),
                ),
            ],
            options={
                "verbose_name": "appointment",
                "verbose_name_plural": "appointments",
                "permissions": [
                    ("offer_appointment", "Can offer an appointment"),
                    ("record_visit", "Can record how a visit went"),
                    ("record_own_visit", "Can record how their own visits went"),
                ],
            },
        ),
        migrations.CreateModel(
            name="WorkingHours",
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
                    "weekday",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (0, "Monday"),
                            (1, "Tuesday"),
                            (2, "Wednesday"),
                            (3, "Thursday"),
                            (4, "Friday"),
                            (5, "Saturday"),
                            (6, "Sunday"),
                        ],
                        verbose_name="weekday",
                    ),
                ),
                ("starts", models.TimeField(verbose_name="from")),
                ("ends", models.TimeField(verbose_name="to")),
                ("valid_from", models.DateField(verbose_name="valid from")),
                (
                    "valid_until",
                    models.DateField(blank=True, null=True, verbose_name="valid until"),
                ),
                (
                    "therapist",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="working_hours",
                        to="appointments.therapist",
                    ),
                ),
            ],
            options={
                "verbose_name": "working hours",
                "verbose_name_plural": "working hours",
            },
        ),
        migrations.AddConstraint(
            model_name="room",
            constraint=models.UniqueConstraint(
                fields=("location", "name"), name="room_name_is_unique_in_its_location"
            ),
        ),
        migrations.AddConstraint(
            model_name="timeoff",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_at__gt", models.F("starts_at"))),
                name="time_off_ends_after_it_starts",
            ),
        ),
        migrations.AddConstraint(
            model_name="timeoff",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=[
                    ("therapist", "="),
                    (
                        models.Func(
                            "starts_at",
                            "ends_at",
                            models.Value("[)"),
                            function="tstzrange",
                            output_field=django.contrib.postgres.fields.ranges.DateTimeRangeField(),
                        ),
                        "&&",
                    ),
                ],
                name="time_off_is_entered_once",
            ),
        ),
        migrations.AddIndex(
            model_name="waitlistentry",
            index=models.Index(
                fields=["status", "received_at"], name="entry_by_status"
            ),
        ),
        migrations.AddConstraint(
            model_name="waitlistentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "status__in",
                        [
                            "requested",
                            "on-hold",
                            "accepted",
                            "in-progress",
                            "completed",
                            "rejected",
                            "cancelled",
                        ],
                    )
                ),
                name="entry_status_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="waitlistentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("category", None), ("triaged_at", None)),
                    models.Q(
                        ("category__isnull", False), ("triaged_at__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="entry_triage_is_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="waitlistentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("status__in", ["accepted", "in-progress", "completed"]),
                        _negated=True,
                    ),
                    ("category__isnull", False),
                    _connector="OR",
                ),
                name="entry_waits_only_after_triage",
            ),
        ),
        migrations.AddConstraint(
            model_name="waitlistentry",
            constraint=models.CheckConstraint(
                condition=models.Q(("need_score__gte", 0), ("need_score__lte", 100)),
                name="entry_need_score_is_0_to_100",
            ),
        ),
        migrations.AddConstraint(
            model_name="waitlistentry",
            constraint=models.CheckConstraint(
                condition=models.Q(("session__gte", 1)),
                name="entry_session_is_positive",
            ),
        ),
        migrations.AddConstraint(
            model_name="waitlistentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("to_time__gt", models.F("from_time")),
                    models.Q(
                        ("earliest", None),
                        ("latest", None),
                        ("latest__gte", models.F("earliest")),
                        _connector="OR",
                    ),
                ),
                name="entry_availability_runs_forward",
            ),
        ),
        migrations.AddConstraint(
            model_name="waitlistentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("weekdays__regex", "^M?T?W?R?F?S?U?$"),
                    models.Q(("weekdays", ""), _negated=True),
                ),
                name="entry_weekdays_are_letters",
            ),
        ),
        migrations.AddConstraint(
            model_name="waitlistentry",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("status__in", ["rejected", "cancelled"]), _negated=True
                ),
                fields=("referral", "session"),
                name="entry_one_per_session_of_a_referral",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="waitlistentry",
            trigger=pgtrigger.compiler.Trigger(
                name="legal_entry_changes",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."status", \'>\', NEW."status") = ANY(\'{requested>accepted,requested>cancelled,requested>on-hold,requested>rejected,on-hold>accepted,on-hold>cancelled,on-hold>rejected,on-hold>requested,accepted>cancelled,accepted>in-progress,accepted>on-hold,accepted>rejected,in-progress>accepted,in-progress>completed}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="9173c2fa3dffe3b6c9a378b9b27dcec77a3a5c9d",
                    operation="UPDATE",
                    pgid="pgtrigger_legal_entry_changes_e5971",
                    table="appointments_waitlistentry",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="needreport",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("activity__lte", 10),
                    ("enjoyment__lte", 10),
                    ("pain__lte", 10),
                    ("sleep__lte", 10),
                ),
                name="need_answers_are_0_to_10",
            ),
        ),
        migrations.AddConstraint(
            model_name="needreport",
            constraint=models.CheckConstraint(
                condition=models.Q(("role_threat__in", [0, 7, 13, 20])),
                name="need_role_threat_is_known",
            ),
        ),
        migrations.AddIndex(
            model_name="appointment",
            index=models.Index(fields=["starts_at"], name="appointment_by_start"),
        ),
        migrations.AddIndex(
            model_name="appointment",
            index=models.Index(
                condition=models.Q(("status", "proposed")),
                fields=["held_until"],
                name="appointment_open_offers",
            ),
        ),
        migrations.AddIndex(
            model_name="appointment",
            index=models.Index(
                condition=models.Q(("reoffer_owed", True)),
                fields=["starts_at"],
                name="appointment_reoffer_owed",
            ),
        ),
        migrations.AddConstraint(
            model_name="appointment",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(
                    (
                        "status__in",
                        [
                            "proposed",
                            "pending",
                            "booked",
                            "arrived",
                            "checked-in",
                            "fulfilled",
                        ],
                    )
                ),
                expressions=[
                    ("therapist", "="),
                    (
                        models.Func(
                            "starts_at",
                            "blocked_until",
                            models.Value("[)"),
                            function="tstzrange",
                            output_field=django.contrib.postgres.fields.ranges.DateTimeRangeField(),
                        ),
                        "&&",
                    ),
                ],
                name="appointment_therapist_is_in_one_place",
            ),
        ),
        migrations.AddConstraint(
            model_name="appointment",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(
                    (
                        "status__in",
                        [
                            "proposed",
                            "pending",
                            "booked",
                            "arrived",
                            "checked-in",
                            "fulfilled",
                        ],
                    )
                ),
                expressions=[
                    ("room", "="),
                    (
                        models.Func(
                            "starts_at",
                            "blocked_until",
                            models.Value("[)"),
                            function="tstzrange",
                            output_field=django.contrib.postgres.fields.ranges.DateTimeRangeField(),
                        ),
                        "&&",
                    ),
                ],
                name="appointment_room_is_in_one_place",
            ),
        ),
        migrations.AddConstraint(
            model_name="appointment",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(
                    (
                        "status__in",
                        [
                            "proposed",
                            "pending",
                            "booked",
                            "arrived",
                            "checked-in",
                            "fulfilled",
                        ],
                    )
                ),
                expressions=[
                    ("patient", "="),
                    (
                        models.Func(
                            "starts_at",
                            "blocked_until",
                            models.Value("[)"),
                            function="tstzrange",
                            output_field=django.contrib.postgres.fields.ranges.DateTimeRangeField(),
                        ),
                        "&&",
                    ),
                ],
                name="appointment_patient_is_in_one_place",
            ),
        ),
        migrations.AddConstraint(
            model_name="appointment",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    (
                        "status__in",
                        ["booked", "arrived", "checked-in", "fulfilled", "noshow"],
                    )
                ),
                fields=("entry",),
                name="appointment_one_booked_per_entry",
            ),
        ),
        migrations.AddConstraint(
            model_name="appointment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "status__in",
                        [
                            "proposed",
                            "pending",
                            "booked",
                            "arrived",
                            "checked-in",
                            "fulfilled",
                            "cancelled",
                            "noshow",
                            "entered-in-error",
                            "waitlist",
                        ],
                    )
                ),
                name="appointment_status_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="appointment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ends_at__gt", models.F("starts_at")),
                    ("blocked_until__gte", models.F("ends_at")),
                ),
                name="appointment_times_run_forward",
            ),
        ),
        migrations.AddConstraint(
            model_name="appointment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "proposed"), _negated=True),
                    ("held_until__isnull", False),
                    _connector="OR",
                ),
                name="appointment_offer_has_an_end",
            ),
        ),
        migrations.AddConstraint(
            model_name="appointment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        (
                            "status__in",
                            ["booked", "arrived", "checked-in", "fulfilled", "noshow"],
                        ),
                        _negated=True,
                    ),
                    ("booked_at__isnull", False),
                    _connector="OR",
                ),
                name="appointment_booking_has_a_moment",
            ),
        ),
        migrations.AddConstraint(
            model_name="appointment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("ended_at__isnull", False),
                        (
                            "ending__in",
                            ["declined", "lapsed", "pat", "prov", "withdrawn"],
                        ),
                        ("status", "cancelled"),
                    ),
                    models.Q(
                        models.Q(("status", "cancelled"), _negated=True),
                        ("ended_at", None),
                        ("ending", ""),
                    ),
                    _connector="OR",
                ),
                name="appointment_cancelling_is_whole",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="appointment",
            trigger=pgtrigger.compiler.Trigger(
                name="legal_appointment_changes",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."status", \'>\', NEW."status") = ANY(\'{proposed>booked,proposed>cancelled,pending>booked,pending>cancelled,booked>arrived,booked>cancelled,booked>checked-in,booked>entered-in-error,booked>fulfilled,booked>noshow,arrived>checked-in,arrived>entered-in-error,arrived>fulfilled,checked-in>entered-in-error,checked-in>fulfilled,fulfilled>entered-in-error,noshow>entered-in-error}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="a0d9418766afded95b67a47020af357f094383fc",
                    operation="UPDATE",
                    pgid="pgtrigger_legal_appointment_changes_14c21",
                    table="appointments_appointment",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="workinghours",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends__gt", models.F("starts"))),
                name="working_hours_end_after_they_start",
            ),
        ),
        migrations.AddConstraint(
            model_name="workinghours",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_until", None),
                    ("valid_until__gte", models.F("valid_from")),
                    _connector="OR",
                ),
                name="working_hours_period_runs_forward",
            ),
        ),
        migrations.AddConstraint(
            model_name="workinghours",
            constraint=models.CheckConstraint(
                condition=models.Q(("weekday__in", [0, 1, 2, 3, 4, 5, 6])),
                name="working_hours_weekday_is_known",
            ),
        ),
    ]
