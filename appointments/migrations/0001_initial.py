import datetime
import uuid
from decimal import Decimal

import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
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
            name="Certification",
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
                    "valid_until",
                    models.DateField(blank=True, null=True, verbose_name="valid until"),
                ),
                (
                    "technique",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        to="services.technique",
                    ),
                ),
            ],
            options={
                "verbose_name": "certificate",
                "verbose_name_plural": "certificates",
            },
        ),
        migrations.CreateModel(
            name="Draft",
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
                ("made_at", models.DateTimeField(verbose_name="made")),
                ("first_day", models.DateField()),
                ("last_day", models.DateField()),
                ("ends_at", models.DateTimeField()),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                ("asked_at", models.DateTimeField(blank=True, null=True)),
                ("claim", models.UUIDField(editable=False, null=True)),
                ("claimed_until", models.DateTimeField(editable=False, null=True)),
                ("tries", models.PositiveSmallIntegerField(default=0, editable=False)),
                ("failed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "sent_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="sent"),
                ),
                (
                    "dropped_at",
                    models.DateTimeField(
                        blank=True, null=True, verbose_name="thrown away"
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "sent_by",
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
                "verbose_name": "plan of offers",
                "verbose_name_plural": "plans of offers",
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="HolidayCalendar",
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
                    "country",
                    models.CharField(
                        max_length=2, verbose_name="country, as in ISO 3166-1"
                    ),
                ),
                (
                    "subdivision",
                    models.CharField(
                        blank=True,
                        max_length=6,
                        verbose_name="state or region, as in ISO 3166-2",
                    ),
                ),
                (
                    "location",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="holiday_calendar",
                        to="services.location",
                    ),
                ),
            ],
            options={
                "verbose_name": "holiday calendar",
                "verbose_name_plural": "holiday calendars",
            },
        ),
        migrations.CreateModel(
            name="HolidayWorked",
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
                ("day", models.DateField(verbose_name="day")),
                (
                    "calendar",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="worked",
                        to="appointments.holidaycalendar",
                    ),
                ),
            ],
            options={
                "verbose_name": "holiday worked",
                "verbose_name_plural": "holidays worked",
            },
        ),
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
                (
                    "quiet_from",
                    models.TimeField(
                        default=datetime.time(21, 0), verbose_name="no offer ends from"
                    ),
                ),
                (
                    "quiet_until",
                    models.TimeField(
                        default=datetime.time(8, 0), verbose_name="no offer ends until"
                    ),
                ),
                (
                    "same_therapist_harm",
                    models.DecimalField(
                        decimal_places=2,
                        default=Decimal("0.05"),
                        max_digits=4,
                        verbose_name="what the same therapist may cost, in harm",
                    ),
                ),
                (
                    "late_cancel_hours",
                    models.PositiveSmallIntegerField(
                        default=24, verbose_name="a cancellation is late, hours before"
                    ),
                ),
                (
                    "most_missed",
                    models.PositiveSmallIntegerField(
                        default=2,
                        verbose_name="missed or late canceled visits before we call",
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
                    models.CheckConstraint(
                        condition=models.Q(("most_missed__gte", 1)),
                        name="policy_missed_visits_are_counted_from_1",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("same_therapist_harm__gte", 0)),
                        name="policy_same_therapist_harm_is_not_negative",
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
                (
                    "techniques",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Leave empty if the room is fit for every technique.",
                        to="services.technique",
                        verbose_name="fit for",
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
                        through="appointments.Certification",
                        to="services.technique",
                        verbose_name="certified for",
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
                "permissions": [
                    ("view_own_day", "Can see their own day"),
                    ("change_capacity", "Can change hours, rooms and closures"),
                ],
            },
        ),
        migrations.CreateModel(
            name="ExtraHours",
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
                ("day", models.DateField(verbose_name="day")),
                ("starts", models.TimeField(verbose_name="from")),
                ("ends", models.TimeField(verbose_name="to")),
                (
                    "therapist",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="extra_hours",
                        to="appointments.therapist",
                    ),
                ),
            ],
            options={
                "verbose_name": "extra hours",
                "verbose_name_plural": "extra hours",
            },
        ),
        migrations.AddField(
            model_name="certification",
            name="therapist",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="certifications",
                to="appointments.therapist",
            ),
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
                            ("moved", "Another time took its place"),
                        ],
                        max_length=12,
                        verbose_name="why it was canceled",
                    ),
                ),
                (
                    "by_telephone",
                    models.BooleanField(default=False, verbose_name="by telephone"),
                ),
                (
                    "late",
                    models.BooleanField(default=False, verbose_name="canceled late"),
                ),
                (
                    "move_asked_at",
                    models.DateTimeField(
                        blank=True, null=True, verbose_name="another time asked"
                    ),
                ),
                (
                    "move_words",
                    models.CharField(
                        blank=True, max_length=300, verbose_name="why another time"
                    ),
                ),
                (
                    "arrived_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="arrived"),
                ),
                (
                    "checked_in_at",
                    models.DateTimeField(
                        blank=True, null=True, verbose_name="checked in"
                    ),
                ),
                (
                    "missed_because",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("not-said", "We do not know"),
                            ("forgot", "They forgot"),
                            ("ill", "They were ill"),
                            ("transport", "They could not get here"),
                            ("care", "They were in the hospital or at another visit"),
                            ("clinic", "It was our mistake"),
                            ("other", "Something else"),
                        ],
                        max_length=12,
                        verbose_name="why it was missed",
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
                    "replaces",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="replaced_by",
                        to="appointments.appointment",
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
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="appointments",
                        to="appointments.therapist",
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
                    ("view_figures", "Can see how the clinic is doing"),
                ],
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
                    "reason",
                    models.CharField(blank=True, max_length=120, verbose_name="reason"),
                ),
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
                            ("priority__in", ["routine", "urgent", "asap", "stat"])
                        ),
                        name="category_priority_is_known",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="TargetWait",
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
                    "target_days",
                    models.PositiveSmallIntegerField(
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(730),
                        ],
                        verbose_name="target wait in days",
                    ),
                ),
                ("in_force_from", models.DateTimeField(verbose_name="in force from")),
                ("in_force_until", models.DateTimeField(editable=False, null=True)),
                (
                    "set_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="set by",
                    ),
                ),
                (
                    "category",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="targets",
                        to="appointments.triagecategory",
                        verbose_name="triage category",
                    ),
                ),
            ],
            options={
                "verbose_name": "target wait",
                "verbose_name_plural": "target waits",
            },
        ),
        migrations.CreateModel(
            name="ExpectedWait",
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
                    "days",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.FloatField(), size=21
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[("past", "past waits"), ("simulated", "a simulation")],
                        max_length=12,
                        verbose_name="source",
                    ),
                ),
                ("people", models.PositiveIntegerField(verbose_name="people")),
                ("reckoned_at", models.DateTimeField(verbose_name="reckoned")),
                (
                    "category",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="waits",
                        to="appointments.triagecategory",
                    ),
                ),
            ],
            options={
                "verbose_name": "expected wait",
                "verbose_name_plural": "expected waits",
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="VisitNote",
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
                ("words", models.TextField(max_length=2000, verbose_name="note")),
                ("written_at", models.DateTimeField(verbose_name="written")),
                (
                    "signed_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="signed"),
                ),
                (
                    "appointment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notes",
                        to="appointments.appointment",
                    ),
                ),
                (
                    "written_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "visit note",
                "verbose_name_plural": "visit notes",
                "default_permissions": ("view",),
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
                (
                    "by_telephone",
                    models.BooleanField(default=False, verbose_name="by telephone"),
                ),
                (
                    "called_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="called"),
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
            name="Question",
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
                ("words", models.CharField(max_length=1000, verbose_name="question")),
                ("asked_at", models.DateTimeField()),
                (
                    "answer",
                    models.CharField(
                        blank=True, max_length=1000, verbose_name="answer"
                    ),
                ),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                (
                    "answered_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "asked_by",
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
                        related_name="questions",
                        to="appointments.waitlistentry",
                    ),
                ),
            ],
            options={
                "verbose_name": "question",
                "verbose_name_plural": "questions",
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="Overrule",
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
                    "target_days",
                    models.DecimalField(
                        decimal_places=1,
                        max_digits=5,
                        verbose_name="target that counts instead, days",
                    ),
                ),
                ("computed_days", models.DecimalField(decimal_places=1, max_digits=5)),
                ("reason", models.CharField(max_length=300, verbose_name="reason")),
                ("starts_at", models.DateTimeField(verbose_name="from")),
                ("ends_at", models.DateTimeField(verbose_name="until")),
                (
                    "by",
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
                        related_name="overrules",
                        to="appointments.waitlistentry",
                    ),
                ),
            ],
            options={
                "verbose_name": "overrule",
                "verbose_name_plural": "overrules",
                "permissions": [("overrule_rank", "Can overrule a rank")],
                "default_permissions": ("view",),
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
            name="DraftWait",
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
                ("target_days", models.FloatField()),
                ("harm", models.FloatField()),
                ("line_starts_at", models.DateTimeField(blank=True, null=True)),
                ("line_harm", models.FloatField()),
                (
                    "why",
                    models.CharField(
                        choices=[
                            ("none", "No opening suits them"),
                            (
                                "less",
                                "The times go to patients whom waiting harms more",
                            ),
                            ("call", "Call them first"),
                        ],
                        max_length=4,
                        verbose_name="why",
                    ),
                ),
                (
                    "draft",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="waits",
                        to="appointments.draft",
                    ),
                ),
                (
                    "entry",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="appointments.waitlistentry",
                    ),
                ),
            ],
            options={
                "verbose_name": "left without an offer",
                "verbose_name_plural": "left without an offer",
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="DraftOffer",
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
                ("starts_at", models.DateTimeField(verbose_name="starts")),
                ("ends_at", models.DateTimeField(verbose_name="ends")),
                ("target_days", models.FloatField()),
                ("harm", models.FloatField()),
                ("line_starts_at", models.DateTimeField(blank=True, null=True)),
                ("line_harm", models.FloatField()),
                ("same_therapist", models.BooleanField(default=False)),
                (
                    "moved",
                    models.BooleanField(default=False, verbose_name="moved by hand"),
                ),
                ("struck", models.BooleanField(default=False, verbose_name="struck")),
                (
                    "fault",
                    models.CharField(
                        blank=True, max_length=300, verbose_name="not sent"
                    ),
                ),
                (
                    "appointment",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="appointments.appointment",
                    ),
                ),
                (
                    "draft",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="offers",
                        to="appointments.draft",
                    ),
                ),
                (
                    "therapist",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="appointments.therapist",
                    ),
                ),
                (
                    "entry",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="appointments.waitlistentry",
                    ),
                ),
            ],
            options={
                "verbose_name": "planned offer",
                "verbose_name_plural": "planned offers",
                "default_permissions": ("view",),
            },
        ),
        migrations.AddField(
            model_name="appointment",
            name="entry",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="appointments",
                to="appointments.waitlistentry",
            ),
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
        migrations.CreateModel(
            name="CalendarFeed",
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
                ("secret_sha256", models.CharField(max_length=64, unique=True)),
                ("made_at", models.DateTimeField()),
                ("seen_at", models.DateTimeField(null=True)),
                ("looks", models.PositiveIntegerField(default=0)),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="calendar_feed",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "calendar address",
                "verbose_name_plural": "calendar addresses",
                "default_permissions": (),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("secret_sha256__regex", "^[0-9a-f]{64}$")),
                        name="calendar_feed_keeps_no_secret",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Closure",
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
                ("first_day", models.DateField(verbose_name="first day")),
                ("last_day", models.DateField(verbose_name="last day")),
                ("reason", models.CharField(max_length=120, verbose_name="reason")),
                (
                    "location",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="closures",
                        to="services.location",
                    ),
                ),
            ],
            options={
                "verbose_name": "closure",
                "verbose_name_plural": "closures",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("last_day__gte", models.F("first_day"))),
                        name="closure_runs_forward",
                    )
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="draft",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("sent_at", None), ("sent_by", None)),
                    models.Q(
                        ("dropped_at", None),
                        ("sent_at__isnull", False),
                        ("sent_by__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="draft_sending_is_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="draft",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("sent_at", None), ("asked_at", None), _connector="OR"
                ),
                name="draft_is_sent_only_as_drawn_up",
            ),
        ),
        migrations.AddConstraint(
            model_name="draft",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("claim", None), ("claimed_until", None)),
                    models.Q(
                        ("asked_at__isnull", False),
                        ("claim__isnull", False),
                        ("claimed_until__isnull", False),
                        ("failed_at", None),
                    ),
                    _connector="OR",
                ),
                name="draft_claim_is_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="draft",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("failed_at", None), ("asked_at__isnull", False), _connector="OR"
                ),
                name="draft_fails_only_where_it_was_asked_for",
            ),
        ),
        migrations.AddConstraint(
            model_name="holidayworked",
            constraint=models.UniqueConstraint(
                fields=("calendar", "day"), name="holiday_worked_is_entered_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="room",
            constraint=models.UniqueConstraint(
                fields=("location", "name"), name="room_name_is_unique_in_its_location"
            ),
        ),
        migrations.AddConstraint(
            model_name="extrahours",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends__gt", models.F("starts"))),
                name="extra_hours_end_after_they_start",
            ),
        ),
        migrations.AddConstraint(
            model_name="certification",
            constraint=models.UniqueConstraint(
                fields=("therapist", "technique"), name="certification_is_entered_once"
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
        migrations.AddConstraint(
            model_name="targetwait",
            constraint=models.CheckConstraint(
                condition=models.Q(("target_days__gte", 1), ("target_days__lte", 730)),
                name="target_is_1_to_730_days",
            ),
        ),
        migrations.AddConstraint(
            model_name="targetwait",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=[
                    ("category", "="),
                    (
                        models.Func(
                            "in_force_from",
                            "in_force_until",
                            models.Value("[)"),
                            function="tstzrange",
                            output_field=django.contrib.postgres.fields.ranges.DateTimeRangeField(),
                        ),
                        "&&",
                    ),
                ],
                name="target_one_at_a_time",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="targetwait",
            trigger=pgtrigger.compiler.Trigger(
                name="target_ends_the_one_before",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                    PERFORM FROM appointments_triagecategory\n                      WHERE id = NEW.category_id FOR NO KEY UPDATE;\n                    NEW.in_force_until := (\n                        SELECT min(in_force_from) FROM appointments_targetwait\n                         WHERE category_id = NEW.category_id\n                           AND in_force_from > NEW.in_force_from);\n                    UPDATE appointments_targetwait\n                       SET in_force_until = NEW.in_force_from\n                     WHERE category_id = NEW.category_id\n                       AND in_force_from < NEW.in_force_from\n                       AND coalesce(in_force_until > NEW.in_force_from, true);\n                    RETURN NEW;\n                ",
                    hash="64ca89ed9f721ff3cd890e16ad6ccaad519a804f",
                    operation="INSERT",
                    pgid="pgtrigger_target_ends_the_one_before_58b99",
                    table="appointments_targetwait",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="targetwait",
            trigger=pgtrigger.compiler.Trigger(
                name="target_keeps_its_beginning",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."category_id" IS DISTINCT FROM (NEW."category_id") OR OLD."in_force_from" IS DISTINCT FROM (NEW."in_force_from"))',
                    func='RAISE EXCEPTION \'pgtrigger: Cannot update of "category_id", "in_force_from" rows from % table\', TG_TABLE_NAME;',
                    hash="e76e4d09b1b7f368eaf44c4b77c8b6a826f6175d",
                    operation='UPDATE OF "category_id", "in_force_from"',
                    pgid="pgtrigger_target_keeps_its_beginning_79a86",
                    table="appointments_targetwait",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="targetwait",
            trigger=pgtrigger.compiler.Trigger(
                name="target_is_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="4f0016e0dd3c3bbccaefecc9510a96303fb0e65b",
                    operation="DELETE",
                    pgid="pgtrigger_target_is_kept_46ca7",
                    table="appointments_targetwait",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="expectedwait",
            constraint=models.UniqueConstraint(
                fields=("category", "source"), name="expected_wait_one_of_a_source"
            ),
        ),
        migrations.AddConstraint(
            model_name="expectedwait",
            constraint=models.CheckConstraint(
                condition=models.Q(("source__in", ["past", "simulated"])),
                name="expected_wait_source_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="expectedwait",
            constraint=models.CheckConstraint(
                condition=models.Q(("people__gte", 10)),
                name="expected_wait_is_of_10_people",
            ),
        ),
        migrations.AddConstraint(
            model_name="expectedwait",
            constraint=models.CheckConstraint(
                condition=models.Q(("days__len", 21)), name="expected_wait_is_whole"
            ),
        ),
        migrations.AddConstraint(
            model_name="visitnote",
            constraint=models.UniqueConstraint(
                fields=("appointment", "number"), name="note_number_is_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="visitnote",
            constraint=models.CheckConstraint(
                condition=models.Q(("words", ""), _negated=True), name="note_has_words"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="visitnote",
            trigger=pgtrigger.compiler.Trigger(
                name="notes_are_never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="9a5a1a48b8d5fb03df49458055532e02ee1fa859",
                    operation="DELETE",
                    pgid="pgtrigger_notes_are_never_deleted_17c95",
                    table="appointments_visitnote",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="visitnote",
            trigger=pgtrigger.compiler.Trigger(
                name="note_words_stay",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."appointment_id" IS DISTINCT FROM (NEW."appointment_id") OR OLD."number" IS DISTINCT FROM (NEW."number") OR OLD."words" IS DISTINCT FROM (NEW."words") OR OLD."written_at" IS DISTINCT FROM (NEW."written_at") OR OLD."written_by_id" IS DISTINCT FROM (NEW."written_by_id"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="6a887cf9880877dfe9af159bd9d20b118ba62a38",
                    operation="UPDATE",
                    pgid="pgtrigger_note_words_stay_0c7ee",
                    table="appointments_visitnote",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="visitnote",
            trigger=pgtrigger.compiler.Trigger(
                name="note_signature_stays",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."signed_at" IS NOT NULL AND OLD."signed_at" IS DISTINCT FROM (NEW."signed_at"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="9f6b40221a1903d582253bf91dcf7838e94ea4e5",
                    operation="UPDATE",
                    pgid="pgtrigger_note_signature_stays_e55b6",
                    table="appointments_visitnote",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddIndex(
            model_name="waitlistentry",
            index=models.Index(
                fields=["status", "received_at"], name="entry_by_status"
            ),
        ),
        migrations.AddIndex(
            model_name="waitlistentry",
            index=models.Index(
                condition=models.Q(("called_at__isnull", False)),
                fields=["referral", "called_at"],
                name="entry_called",
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
                name="entry_patient_is_its_referrals",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            IF NEW.patient_id <>\n               (SELECT patient_id FROM referrals_referral WHERE id = NEW.referral_id)\n            THEN RAISE EXCEPTION 'violates \"entry_patient_is_its_referrals\"'\n                 USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_patient_is_its_referrals';\n            END IF;\n            RETURN NEW;\n        ",
                    hash="8bcb5557fa28724e6b3256262e2d1f9e46f4ad66",
                    operation='INSERT OR UPDATE OF "patient_id", "referral_id"',
                    pgid="pgtrigger_entry_patient_is_its_referrals_bb7fc",
                    table="appointments_waitlistentry",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="waitlistentry",
            trigger=pgtrigger.compiler.Trigger(
                name="legal_entry_changes",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."status", \'>\', NEW."status") = ANY(\'{requested>accepted,requested>cancelled,requested>on-hold,requested>rejected,on-hold>accepted,on-hold>cancelled,on-hold>rejected,on-hold>requested,accepted>cancelled,accepted>in-progress,accepted>on-hold,accepted>rejected,in-progress>accepted,in-progress>completed,completed>in-progress}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="9602dbfd724e4f9aec2eb39eb334f5d252af2b6a",
                    operation="UPDATE",
                    pgid="pgtrigger_legal_entry_changes_e5971",
                    table="appointments_waitlistentry",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="question",
            constraint=models.CheckConstraint(
                condition=models.Q(("words", ""), _negated=True),
                name="question_has_words",
            ),
        ),
        migrations.AddConstraint(
            model_name="question",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("answer", ""), ("answered_at", None), ("answered_by", None)
                    ),
                    models.Q(
                        models.Q(("answer", ""), _negated=True),
                        ("answered_at__isnull", False),
                        ("answered_by__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="question_answer_is_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="overrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("target_days__gte", 1), ("target_days__lte", 730)),
                name="overrule_target_is_1_to_730_days",
            ),
        ),
        migrations.AddConstraint(
            model_name="overrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True),
                name="overrule_has_a_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="overrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_at__gte", models.F("starts_at"))),
                name="overrule_runs_forward",
            ),
        ),
        migrations.AddConstraint(
            model_name="overrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "ends_at__lte",
                        django.db.models.expressions.CombinedExpression(
                            models.F("starts_at"),
                            "+",
                            models.Value(datetime.timedelta(days=90)),
                        ),
                    )
                ),
                name="overrule_lasts_90_days_at_most",
            ),
        ),
        migrations.AddConstraint(
            model_name="overrule",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=[
                    ("entry", "="),
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
                name="overrule_one_at_a_time",
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
            model_name="draftwait",
            index=models.Index(
                fields=["draft", "-harm", "id"], name="draft_waits_by_harm"
            ),
        ),
        migrations.AddConstraint(
            model_name="draftwait",
            constraint=models.UniqueConstraint(
                fields=("draft", "entry"), name="draft_leaves_each_out_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="draftwait",
            constraint=models.CheckConstraint(
                condition=models.Q(("why__in", ["none", "less", "call"])),
                name="draft_says_why_one_waits",
            ),
        ),
        migrations.AddIndex(
            model_name="draftoffer",
            index=models.Index(
                fields=["draft", "starts_at", "therapist", "id"],
                name="draft_offers_by_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="draftoffer",
            constraint=models.UniqueConstraint(
                fields=("draft", "entry"), name="draft_offers_one_time_to_each"
            ),
        ),
        migrations.AddConstraint(
            model_name="draftoffer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("appointment", None),
                    models.Q(("fault", ""), ("struck", False)),
                    _connector="OR",
                ),
                name="draft_offer_is_sent_or_at_fault",
            ),
        ),
        migrations.AddIndex(
            model_name="appointment",
            index=models.Index(fields=["starts_at"], name="appointment_by_start"),
        ),
        migrations.AddIndex(
            model_name="appointment",
            index=models.Index(
                fields=["therapist", "starts_at"], name="appointment_by_therapist"
            ),
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
                condition=models.Q(("ending__in", ["declined", "lapsed"])),
                fields=["entry"],
                name="appointment_not_taken",
            ),
        ),
        migrations.AddIndex(
            model_name="appointment",
            index=models.Index(
                condition=models.Q(
                    ("late", True), ("status", "noshow"), _connector="OR"
                ),
                fields=["entry"],
                name="appointment_missed",
            ),
        ),
        migrations.AddIndex(
            model_name="appointment",
            index=models.Index(
                condition=models.Q(
                    ("move_asked_at__isnull", False), ("status", "booked")
                ),
                fields=["starts_at"],
                name="appointment_move_asked",
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
                    ),
                    models.Q(("missed_because", "clinic"), _negated=True),
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
                            ["declined", "lapsed", "pat", "prov", "withdrawn", "moved"],
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
        migrations.AddConstraint(
            model_name="appointment",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    (
                        "status__in",
                        [
                            "proposed",
                            "booked",
                            "arrived",
                            "checked-in",
                            "fulfilled",
                            "noshow",
                        ],
                    )
                ),
                fields=("replaces",),
                name="appointment_is_replaced_by_one",
            ),
        ),
        migrations.AddConstraint(
            model_name="appointment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("missed_because", ""),
                    models.Q(
                        ("status__in", ["noshow", "entered-in-error"]),
                        (
                            "missed_because__in",
                            [
                                "not-said",
                                "forgot",
                                "ill",
                                "transport",
                                "care",
                                "clinic",
                                "other",
                            ],
                        ),
                    ),
                    _connector="OR",
                ),
                name="appointment_only_a_missed_visit_says_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="appointment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("late", False), ("status", "cancelled"), _connector="OR"
                ),
                name="appointment_only_a_canceled_visit_is_late",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="appointment",
            trigger=pgtrigger.compiler.Trigger(
                name="appointment_patient_is_its_entrys",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            IF NEW.patient_id <>\n               (SELECT patient_id FROM appointments_waitlistentry WHERE id = NEW.entry_id)\n            THEN RAISE EXCEPTION 'violates \"appointment_patient_is_its_entrys\"'\n                 USING ERRCODE = 'check_violation', CONSTRAINT = 'appointment_patient_is_its_entrys';\n            END IF;\n            RETURN NEW;\n        ",
                    hash="852db18025dc02bbb9c1ca6079c053f25c6c06a7",
                    operation='INSERT OR UPDATE OF "patient_id", "entry_id"',
                    pgid="pgtrigger_appointment_patient_is_its_entrys_8b5a7",
                    table="appointments_appointment",
                    when="BEFORE",
                ),
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
