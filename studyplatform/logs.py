"""Logs as data, with everything personal taken out before a line is written.

One formatter serves Django, Celery and gunicorn (also its access log), so no line escapes
`redact`: personal links, addresses, answers, names and passwords never reach a log.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any, TypeAlias

import structlog

Record: TypeAlias = MutableMapping[str, Any]

REMOVED = "[removed]"
SECRET_KEYS = frozenset(
    [
        "address",
        "answer",
        "answers",
        "authorization",
        "body",
        "cookie",
        "email",
        "field_keys",
        "first_name",
        "last_name",
        "link_key",
        "name",
        "password",
        "phone",
        "posted",
        "recipient",
        "secret",
        "secret_key",
        "subject",
        "to",
        "token",
    ]
)
PATTERNS = (
    (re.compile(r"(/(?:s|u|me)/)[A-Za-z0-9_~.-]{8,}"), r"\1" + REMOVED),  # personal links
    (re.compile(r"(?i)\ba[a-z2-7]{52}z\b"), REMOVED),  # their token alone
    (re.compile(r"(/reset/key/)[^/\s\"'<>]+"), r"\1" + REMOVED),  # a password may be set with it
    (re.compile(r"\bstudy_[0-9a-f]{16,}"), REMOVED),  # a token of the API
    (re.compile(r"(://)[^/\s@]+@"), r"\1" + REMOVED + "@"),  # a password in a URL
    (re.compile(r"[^\s@<>\"'(),:;=]+@[\w-]+(\.[\w-]+)+"), REMOVED),  # an e-mail address
    (re.compile(r"\b(DETAIL|CONTEXT):[^\n]*"), r"\1: " + REMOVED),  # PostgreSQL quotes whole rows
)


def redact(logger: Any, method: str, record: Record) -> Record:
    """Take personal data out of every value of the record; the last step before rendering."""
    return {key: _clean(key, value) for key, value in record.items()}


def _clean(key: str, value: Any) -> Any:
    if key.lower() in SECRET_KEYS:
        return REMOVED
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, Mapping):
        return {inner: _clean(str(inner), item) for inner, item in value.items()}
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, bytes):
        return [_clean(key, item) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return clean_text(str(value))


def clean_text(text: str) -> str:
    """The text without links, addresses and quoted rows."""
    for pattern, replacement in PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def configuration(style: str, level: str) -> dict[str, Any]:
    """Logging as a dictConfig and structlog set up to match; `style` is json, text or colour."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": shared,
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            redact,
            _renderer(style),
        ],
    }
    quiet = {"level": "WARNING"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": formatter},
        "handlers": {"lines": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"handlers": ["lines"], "level": level},
        "loggers": {
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.server": {"handlers": [], "level": level, "propagate": True},
            "gunicorn.error": {"handlers": [], "level": level, "propagate": True},
            "gunicorn.access": {"handlers": [], "level": level, "propagate": True},
            "celery.app.trace": quiet if level == "INFO" else {},  # two lines a tick say nothing
            "celery.beat": quiet if level == "INFO" else {},
            "celery.worker.strategy": quiet if level == "INFO" else {},
        },
    }


def _renderer(style: str) -> Any:
    if style == "json":
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(
        colors=style == "colour", exception_formatter=structlog.dev.plain_traceback
    )
