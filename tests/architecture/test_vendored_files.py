"""Vendored front-end files are exactly what their list says."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

VENDOR = Path("surveys/console/static/console/vendor")


def test_every_vendored_file_is_listed_with_its_hash() -> None:
    """A changed or unlisted file in the vendor folder fails."""
    listed = {
        entry["name"]: entry["sha256"]
        for entry in tomllib.loads((VENDOR / "vendor.toml").read_text())["file"]
    }
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.iterdir()
        if path.suffix in {".css", ".js"}
    }
    assert found == listed
