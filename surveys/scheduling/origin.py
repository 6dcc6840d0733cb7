"""What computes plans here: which zone database and which code. The reconciler keeps both."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import tzdata  # type: ignore[import-untyped]  # nothing but a version and files

PACKAGES = ("design", "scheduling")


def zone_database() -> str:
    """The version of the IANA database in use, such as 2026f."""
    return str(tzdata.IANA_VERSION)


@cache
def release() -> str:
    """The code that plans, as a short hash of its files: it differs when the code differs."""
    surveys = Path(__file__).resolve().parents[1]
    files = sorted(path for name in PACKAGES for path in (surveys / name).glob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]
