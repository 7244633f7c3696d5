import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="AuditEvent",
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
                ("at", models.DateTimeField(verbose_name="when")),
                (
                    "actor_id",
                    models.BigIntegerField(null=True, verbose_name="who (user)"),
                ),
                ("actor", models.CharField(max_length=200, verbose_name="who")),
                ("action", models.CharField(max_length=60, verbose_name="what")),
                ("record_type", models.CharField(max_length=60, verbose_name="record")),
                (
                    "record_id",
                    models.CharField(max_length=40, verbose_name="record's key"),
                ),
                ("patient_id", models.BigIntegerField(null=True, verbose_name="whose")),
                (
                    "change",
                    models.CharField(blank=True, max_length=200, verbose_name="change"),
                ),
                (
                    "address",
                    models.GenericIPAddressField(null=True, verbose_name="from where"),
                ),
                (
                    "trace",
                    models.CharField(blank=True, max_length=40, verbose_name="request"),
                ),
                (
                    "by_telephone",
                    models.BooleanField(default=False, verbose_name="by telephone"),
                ),
                (
                    "by_link",
                    models.BooleanField(default=False, verbose_name="by a link"),
                ),
            ],
            options={
                "verbose_name": "audit event",
                "verbose_name_plural": "audit events",
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["-at", "-id"], name="audit_newest_first"),
                    models.Index(
                        fields=["patient_id", "-at"], name="audit_of_one_patient"
                    ),
                ],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="auditevent",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="0450288fcb55201b346da4e2d56d2293ba7aac03",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_00dfa",
                    table="audit_auditevent",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="auditevent",
            trigger=pgtrigger.compiler.Trigger(
                name="never_emptied",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'the audit trail is never emptied';",
                    hash="a71100803b1eb19aca360774c1869a953081db87",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_never_emptied_d674d",
                    table="audit_auditevent",
                    when="BEFORE",
                ),
            ),
        ),
    ]
