"""What the web server calls."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "massage_portal.settings")
os.environ["STATEMENT_SECONDS"] = "5"  # the settings read it; people wait no longer

application = get_wsgi_application()
