"""What the web server calls."""

from __future__ import annotations

import gc
import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from massage_portal import silence

STATEMENT = 5  # seconds; people wait no longer

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "massage_portal.settings")
os.environ["STATEMENT_SECONDS"] = str(STATEMENT)  # the settings read it

application = get_wsgi_application()
silence.is_borne(connecting=settings.SILENCE, answering=STATEMENT + settings.SILENCE)

# What is loaded by now stays for as long as the process: looking through it for what
# could be freed, whenever a page has made enough, took a tenth of the page's time.
gc.collect()
gc.freeze()
