import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Message",
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
                ("key", models.CharField(max_length=120, unique=True)),
                ("kind", models.CharField(max_length=60)),
                ("about", models.CharField(max_length=60)),
                (
                    "message_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True),
                ),
                ("created_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("claim", models.UUIDField(editable=False, null=True)),
                ("claimed_until", models.DateTimeField(editable=False, null=True)),
                ("began_at", models.DateTimeField(editable=False, null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                ("failed_at", models.DateTimeField(blank=True, null=True)),
                ("voided_at", models.DateTimeField(blank=True, null=True)),
                (
                    "recipient",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="messages",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "message",
                "verbose_name_plural": "messages",
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(
                        condition=models.Q(
                            ("failed_at", None), ("sent_at", None), ("voided_at", None)
                        ),
                        fields=["due_at"],
                        name="message_unsent_by_due",
                    ),
                    models.Index(fields=["about"], name="message_about"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("expires_at__gt", models.F("due_at"))),
                        name="message_expires_after_it_is_due",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("failed_at", None), ("sent_at", None)),
                            models.Q(("sent_at", None), ("voided_at", None)),
                            models.Q(("failed_at", None), ("voided_at", None)),
                            _connector="OR",
                        ),
                        name="message_ends_one_way",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("claim", None), ("claimed_until", None)),
                            models.Q(
                                ("claim__isnull", False),
                                ("claimed_until__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="message_claim_is_whole",
                    ),
                ],
            },
        ),
    ]
