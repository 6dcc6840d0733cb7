"""Exports of tests go to a folder of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def export_dir(tmp_path: Path, settings: Any) -> Path:
    """An empty EXPORT_DIR."""
    settings.EXPORT_DIR = tmp_path / "exports"
    return tmp_path / "exports"
