from django.contrib.postgres.operations import TrigramExtension, UnaccentExtension
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        TrigramExtension(),
        UnaccentExtension(),
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
                ("slug", models.SlugField(unique=True)),
                ("name", models.CharField(max_length=100)),
                ("time_zone", models.CharField(max_length=60)),
                ("gives_massage", models.BooleanField(default=False)),
            ],
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
                ("code", models.SlugField(unique=True)),
                ("question", models.CharField(max_length=300)),
                ("help_text", models.CharField(blank=True, max_length=300)),
                ("meaning", models.CharField(max_length=16)),
                ("advice", models.CharField(blank=True, max_length=500)),
                ("position", models.PositiveSmallIntegerField(default=0)),
                ("active", models.BooleanField(default=True)),
            ],
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
                ("slug", models.SlugField(unique=True)),
                ("name", models.CharField(max_length=100)),
                ("summary", models.CharField(max_length=300)),
                ("body", models.TextField(blank=True)),
                ("minutes", models.PositiveSmallIntegerField(default=50)),
                ("active", models.BooleanField(default=True)),
            ],
        ),
    ]
