"""The studies that ship with the platform: the demo runs them, researchers start from them."""

from __future__ import annotations

from pathlib import Path


def shipped_study() -> Path:
    """The study file of the shipped study, with its texts beside it."""
    return Path(__file__).parent / "attachment-compassion" / "study.yaml"
