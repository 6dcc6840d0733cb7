"""Settings come from the environment, and a wrong value fails loudly with its name."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

LOCK_SECONDS = 10
IDLE_SECONDS = 300  # an export works between two fetches of one snapshot
TLS = frozenset({"", "starttls", "ssl"})


class BadSetting(RuntimeError):
    """An environment variable has a value that cannot be used."""


def text(name: str, default: str = "") -> str:
    """The variable as it is."""
    return os.environ.get(name, default)


def words(name: str) -> list[str]:
    """A variable that lists words, separated by commas or spaces."""
    return os.environ.get(name, "").replace(",", " ").split()


def some_of(name: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
    """A variable that lists some of a few words, in their order."""
    found = set(words(name))
    if unknown := found - set(allowed):
        raise BadSetting(f"{name}: {min(unknown)!r} is none of {', '.join(allowed)}")
    return tuple(each for each in allowed if each in found)


def flag(name: str, *, default: bool = False) -> bool:
    """A variable that reads 1/0, true/false, yes/no or on/off."""
    value = os.environ.get(name, "").strip().lower()
    if not value:
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise BadSetting(f"{name}={value!r}: expected 1 or 0")


def number(name: str, default: float, *, at_least: float | None = None) -> float:
    """A variable that reads as a number, greater than 0 or no less than `at_least`."""
    value = os.environ.get(name, "").strip()
    try:
        found = float(value) if value else default
    except ValueError as error:
        raise BadSetting(f"{name}={value!r}: expected a number") from error
    is_enough = found > 0 if at_least is None else found >= at_least
    if not is_enough or found == float("inf"):
        wanted = "above 0" if at_least is None else f"of {at_least:g} or more"
        raise BadSetting(f"{name}={value!r}: expected a number {wanted}")
    return found


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    """A variable that is one of a few words."""
    value = os.environ.get(name) or default
    if value not in allowed:
        raise BadSetting(f"{name}={value!r}: expected one of {', '.join(allowed)}")
    return value


def origin(name: str, default: str) -> SplitResult:
    """A variable that reads `http(s)://host[:port]` and nothing behind it."""
    value = text(name, default).rstrip("/")
    parts = _split(name, value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query:
        raise BadSetting(f"{name}={value!r}: expected https://host without a path")
    return parts


def database(url: str, *, statement_seconds: float = 0) -> dict[str, Any]:
    """A PostgreSQL URL as Django's connection settings; `?host=/dir` means a socket.

    Nobody waits for ever: not for a row that somebody holds, not for a client that went away
    within a transaction, and no statement takes longer than told (0: as long as it likes).
    """
    parts = _split("DATABASE_URL", url)
    if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
        raise BadSetting("DATABASE_URL: expected postgresql://user:password@host:port/name")
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", parts.hostname or ""),
        "PORT": options.pop("port", str(parts.port or "")),
        "OPTIONS": {"connect_timeout": 5, "options": _limits(statement_seconds), **options},
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


def _limits(statement_seconds: float) -> str:
    milliseconds = {
        "lock_timeout": LOCK_SECONDS * 1000,
        "idle_in_transaction_session_timeout": IDLE_SECONDS * 1000,
        "statement_timeout": int(statement_seconds * 1000),
    }
    return " ".join(f"-c {name}={value}" for name, value in milliseconds.items())


def broker(url: str) -> str:
    """A Redis URL as Celery wants it: the same, except that a socket is named otherwise."""
    parts = _split("REDIS_URL", url)
    if parts.scheme in {"redis", "rediss"}:
        return url
    if parts.scheme != "unix":
        raise BadSetting("REDIS_URL: expected redis://host:port/0, rediss://... or unix:///socket")
    options = dict(parse_qsl(parts.query))
    return f"redis+socket://{parts.path}?{urlencode({'virtual_host': options.get('db', '0')})}"


@dataclass(frozen=True)
class Smtp:
    """The mail server. `tls` is "", "starttls" or "ssl"; `timeout` is in seconds per step."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    tls: str = ""
    timeout: float = 20


def smtp(url: str) -> Smtp:
    """Read smtp://user:password@host:port?tls=starttls&timeout=20."""
    parts = _split("EMAIL_URL", url)
    options = dict(parse_qsl(parts.query))
    tls = options.pop("tls", "")
    try:
        timeout = float(options.pop("timeout", Smtp.timeout))
    except ValueError as error:
        raise BadSetting("EMAIL_URL: timeout is in seconds") from error
    if parts.scheme != "smtp" or not parts.hostname or tls not in TLS or options:
        raise BadSetting("EMAIL_URL: expected smtp://user:password@host:port?tls=starttls or ssl")
    default_port = {"": 25, "starttls": 587, "ssl": 465}[tls]
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return Smtp(parts.hostname, parts.port or default_port, user, password, tls, timeout)


def _split(name: str, url: str) -> SplitResult:
    """The parts of a URL whose port is a number; the message never shows the URL's password."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise BadSetting(f"{name}: not a URL ({error})") from error
    return parts
