"""What the processes of a hub write about themselves: lines for people, or one JSON object a line for programs."""

from __future__ import annotations

from typing import Any

from pythonjsonlogger.core import LogData
from pythonjsonlogger.json import JsonFormatter

#: What a JSON record may have, in this order. Whatever else code or a library puts beside a message (a request with its
#: cookies, say) stays out of the log.
FIELDS = ("time", "level", "logger", "message", "job", "fence", "worker", "exception", "stack")
_OUR_NAMES = {"levelname": "level", "name": "logger", "exc_info": "exception", "stack_info": "stack"}


class JsonLines(JsonFormatter):
    """A record as a JSON object; ``time`` is UTC in ISO 8601, and what a record has not is left out."""

    def __init__(self) -> None:
        asked = ["levelname", "name", "message"]
        super().__init__(asked, rename_fields=_OUR_NAMES, timestamp="time", json_ensure_ascii=False)

    def process_log_record(self, log_data: LogData) -> LogData:
        return {field: log_data[field] for field in FIELDS if log_data.get(field) is not None}


def configuration(*, kind: str, level: str) -> dict[str, Any]:
    """What ``logging`` is told: everything goes to the standard error, ``plain`` or as ``json``."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"},
            "json": {"()": JsonLines},
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": kind}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "django.request": {"level": "ERROR"},
            "django.server": {"level": "WARNING"},
            # A dozen lines a connection; what fails is raised, and told by who asked for it.
            "pika": {"level": "CRITICAL"},
            # Its own handlers would write lines of another form beside ours.
            "gunicorn.error": {"handlers": [], "propagate": True},
        },
    }
