"""Log lines: JSON, in UTC, with the request's id, and never any health data."""

from __future__ import annotations

import re
from typing import Any

import structlog

# A link in a mail is a key to somebody's account or visit until it is used.
SECRET_LINK = re.compile(
    r"/(invitation|offer|confirm|cancel|renewal|calendar|messages/stop"
    r"|password/reset/key)/[^/\s\"]+"
)
# PostgreSQL repeats the values of a row that it refuses.
ROW_VALUES = re.compile(r"\b(DETAIL|CONTEXT): .*")


def mask(logger: Any, method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Hide the keys of links, and the values of rows, in all that a line says."""
    for name, value in event.items():
        if isinstance(value, str):
            hidden = SECRET_LINK.sub(r"/\1/...", value)
            event[name] = ROW_VALUES.sub(r"\1: ...", hidden)
    return event


SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    structlog.processors.format_exc_info,
]

structlog.configure(
    processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                mask,
                structlog.processors.JSONRenderer(),
            ],
            "foreign_pre_chain": SHARED,
        }
    },
    "handlers": {"out": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["out"], "level": "INFO"},
    "loggers": {
        # Celery tells the arguments of tasks, Django those of queries: not here.
        "celery.app.trace": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
        "django.db.backends": {"level": "WARNING"},
    },
}
