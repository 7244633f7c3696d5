"""What the web server calls."""

from __future__ import annotations

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from massage_portal import silence

STATEMENT = 5  # seconds; people wait no longer

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "massage_portal.settings")
os.environ["STATEMENT_SECONDS"] = str(STATEMENT)  # the settings read it

application = get_wsgi_application()
silence.is_borne(connecting=settings.SILENCE, answering=STATEMENT + settings.SILENCE)
