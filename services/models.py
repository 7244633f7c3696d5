"""What we offer."""

from __future__ import annotations

from django.db import models


class Technique(models.Model):
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=100)
    summary = models.CharField(max_length=300)
    body = models.TextField(blank=True)
    minutes = models.PositiveSmallIntegerField(default=50)
    active = models.BooleanField(default=True)


class Location(models.Model):
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=100)
    time_zone = models.CharField(max_length=60)
    gives_massage = models.BooleanField(default=False)


class Precaution(models.Model):
    code = models.SlugField(unique=True)
    question = models.CharField(max_length=300)
    help_text = models.CharField(max_length=300, blank=True)
    meaning = models.CharField(max_length=16)
    advice = models.CharField(max_length=500, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    active = models.BooleanField(default=True)
