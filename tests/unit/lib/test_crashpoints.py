"""A process dies where a test asks for it, once, and nowhere else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from surveys.lib.crashpoints import Point

CODE = """
import django
django.setup()
from surveys.lib.crashpoints import Point, reached
reached(Point.AFTER_CLAIM)
reached(Point.BEFORE_BODY)
"""
SECRETS = {"SECRET_KEY": "s" * 60, "LINK_KEY": "l" * 32, "FIELD_KEYS": "k1:" + "MDEy" * 10 + "MzQ="}


def run(folder: Path, mode: str) -> int:
    env = os.environ | SECRETS | {"MODE": mode, "CRASH_AT": str(folder)}
    env["DJANGO_SETTINGS_MODULE"] = "studyplatform.settings"
    return subprocess.run([sys.executable, "-c", CODE], env=env, check=False).returncode


def test_the_first_to_reach_an_armed_point_dies_and_the_next_goes_on(tmp_path: Path) -> None:
    (tmp_path / Point.BEFORE_BODY).touch()
    assert run(tmp_path, "test") == -signal.SIGKILL
    assert list(tmp_path.iterdir()) == []
    assert run(tmp_path, "test") == 0


@pytest.mark.parametrize("mode", ["demo", "development", "production"])
def test_outside_of_tests_nobody_dies(tmp_path: Path, mode: str) -> None:
    (tmp_path / Point.BEFORE_BODY).touch()
    assert run(tmp_path, mode) == 0
