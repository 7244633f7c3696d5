"""A believable clinic, plainly fictional, and what runs it on one machine."""

from __future__ import annotations
