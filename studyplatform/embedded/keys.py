"""The platform's own secrets on one machine: made once, kept in VAR_DIR/secrets.json (0600)."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
from pathlib import Path

FILE = "secrets.json"
NAMES = ("SECRET_KEY", "FIELD_KEYS", "LINK_KEY")


class BadKeys(RuntimeError):
    """The secrets' file cannot be used. Never replaced: without it personal data are lost."""


def load(var_dir: Path) -> dict[str, str]:
    """The secrets of this VAR_DIR, empty when none were made; raises BadKeys."""
    path = var_dir / FILE
    try:
        found = json.loads(path.read_text())
        return {name: str(found[name]) for name in NAMES}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadKeys(
            f"{path} cannot be read ({type(error).__name__}). It holds the keys of all personal"
            " data: restore it from your backup, do not delete it."
        ) from error


def ensure(var_dir: Path) -> dict[str, str]:
    """The secrets of this VAR_DIR, made now if there are none. Two makers at once agree."""
    var_dir.mkdir(parents=True, exist_ok=True)
    if not (var_dir / FILE).exists():
        fresh = var_dir / f"{FILE}.{os.getpid()}"
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(_make(), file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(fresh, var_dir / FILE)  # fails if somebody was faster, and theirs is kept
        fresh.unlink()
    return load(var_dir)


def _make() -> dict[str, str]:
    return {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "FIELD_KEYS": "k1:" + base64.b64encode(secrets.token_bytes(32)).decode(),
        "LINK_KEY": secrets.token_urlsafe(32),
    }
