"""Every environment variable and what it means; docs/reference/settings.md is made from this.

A test compares the names and the plain defaults with what the code reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple


class Variable(NamedTuple):
    """One variable; the default is in words, or between backticks as the code has it."""

    name: str
    default: str
    meaning: str


_MADE = "made by `make up`; must be set in production"
GROUPS: Mapping[str, tuple[Variable, ...]] = {
    "What kind of place this is": (
        Variable(
            "MODE",
            "`production` with DATABASE_URL, else `development`",
            "`production`, `development`, `demo` or `test`. Production insists on secrets; only in"
            " demo and test may the clock be moved.",
        ),
        Variable("DEBUG", "`0`", "1 shows Django's error pages; refused in production."),
        Variable(
            "VAR_DIR", "`var`", "Folder of everything that is kept outside the database: exports,"
            " secrets of `make up`, private servers.",
        ),
        Variable(
            "EXPORT_DIR", "`exports` in VAR_DIR", "Folder of the bundles. A worker writes them and"
            " the web processes read them, so on several hosts it is a shared one.",
        ),
        Variable(
            "CRASH_AT", "", "In test mode only: a folder whose files name the points at which a"
            " process dies; see `surveys/lib/crashpoints.py`.",
        ),
        Variable("STATIC_DIR", "`static` in VAR_DIR", "Folder of the collected static files."),
    ),
    "Secrets": (
        Variable("SECRET_KEY", _MADE, "Signs sessions and forms."),
        Variable(
            "FIELD_KEYS", _MADE, "`id:base64` of 32 bytes, several with commas between. The first"
            " encrypts addresses and second factors, all decrypt. Without them addresses are lost.",
        ),
        Variable("LINK_KEY", _MADE, "Signs participants' links; a new one ends all links."),
    ),
    "Addresses of this site": (
        Variable(
            "PUBLIC_ORIGIN", "`http://127.0.0.1:8000`", "What people type, such as"
            " `https://study.example.org`. Links in mails begin with it; https makes cookies secure.",
        ),
        Variable("ALLOWED_HOSTS", "", "More host names to answer to, with commas or spaces between."),
        Variable(
            "BEHIND_PROXY", "`0`", "1 when exactly one proxy stands in front and sets"
            " X-Forwarded-Proto and X-Forwarded-For itself. Then attempts to log in are counted by"
            " the visitor's address; without it all visitors share the proxy's.",
        ),
    ),
    "Other servers": (
        Variable(
            "DATABASE_URL", "the private PostgreSQL of `make up`",
            "`postgresql://user:password@host:port/name`; `?host=/folder` for a socket.",
        ),
        Variable(
            "REDIS_URL", "the private Valkey of `make up`, else `redis://127.0.0.1:6379/0`",
            "Valkey or Redis for the job queue: `redis://`, `rediss://` or `unix://`.",
        ),
        Variable(
            "STATEMENT_SECONDS", "`60` in the web server, else `0`", "After so long the database"
            " ends one statement; 0 means never.",
        ),
        Variable("CACHE_URL", "REDIS_URL", "The same for the cache, which counts attempts."),
        Variable(
            "EMAIL_URL", "`smtp://127.0.0.1:1025`", "The mail server:"
            " `smtp://user:password@host:port?tls=starttls&timeout=20`; tls is `starttls` or `ssl`,"
            " timeout the seconds for one step of the dialogue, 25 at most.",
        ),
        Variable("MAIL_FROM", "`Study office <studies@localhost>`", "The sender of every mail."),
        Variable(
            "MAIL_WEBHOOK_PROVIDERS", "", "Who reports what became of mails, with commas between:"
            " `mailgun`, `postal` (they sign), `postmark`, `brevo`, `mailjet`,"
            " `sparkpost` (they know a secret). See [bounces](../how-to/learn-of-bounces.md).",
        ),
        Variable(
            "MAIL_WEBHOOK_SECRET", "", "`user:password` that a provider's reports must bear;"
            " several with spaces between while you change it. Asked of those that sign as well,"
            " once it is set.",
        ),
        Variable("MAILGUN_WEBHOOK_SIGNING_KEY", "", "Mailgun's HTTP webhook signing key."),
        Variable("POSTAL_WEBHOOK_KEY", "", "Postal's public key, the line of its DKIM record."),
    ),
    "How the platform works": (
        Variable("TICK_SECONDS", "`30`", "How often due work is looked for."),
        Variable(
            "MAIL_CAP_PER_DAY", "`6`", "No participant gets more mails in a day, whatever the plan"
            " says.",
        ),
        Variable(
            "LEASE_SECONDS", "`180`, in the demo 20", "How long a worker may hold a mail before the"
            " others take that worker for dead; longer where EMAIL_URL's timeout needs it.",
        ),
        Variable(
            "MAILS_PER_MINUTE_PER_DOMAIN", "`60`, in demo and test `0`", "How many mails a minute go to one recipient"
            " domain, from all workers together; what is over it waits its turn. 0: any number.",
        ),
        Variable("LOG_FORMAT", "`json` in production, else `text`", "`json`, `text` or `colour`."),
        Variable("LOG_LEVEL", "`INFO`, in the demo `WARNING`", "DEBUG, INFO, WARNING or ERROR."),
        Variable("NO_COLOR", "", "Anything: no colours in the terminal."),
    ),
    "The web server": (
        Variable("BIND", "`127.0.0.1:8000`", "Where gunicorn listens; `make up` sets it."),
        Variable("WEB_WORKERS", "`2`", "Processes."),
        Variable("WEB_THREADS", "`8`", "Threads of each."),
        Variable("PORT", "`8000`", "The port of `make up` and of the container's health check."),
    ),
    "`make up` and `make demo`": (
        Variable("APP_PG_BIN", "a wheel's or the system's", "Folder with `postgres`, `initdb`."),
        Variable("APP_VALKEY", "a wheel's or the system's", "The program `valkey-server`."),
        Variable(
            "APP_PG_USER", "`nobody`, `daemon` or `postgres`", "Whom PostgreSQL runs as when root"
            " starts it.",
        ),
        Variable("SEED", "`1`", "Of the demo's random draws."),
        Variable("READY_FILE", "", "A file that worker and beat touch when they are ready."),
    ),
}  # fmt: skip


def reference_page() -> str:
    """The tables as a page of the docs."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Settings"
    yield ""
    yield "Generated from `studyplatform/variables.py`. All settings are environment variables. A wrong"
    yield "value, or a missing secret in production, stops the process at once and names the variable."
    for title, variables in GROUPS.items():
        yield from ("", f"## {title}", "", "| variable | default | meaning |", "|---|---|---|")
        for name, default, meaning in variables:
            yield f"| `{name}` | {default or 'nothing'} | {meaning} |"
