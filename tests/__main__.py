"""`python -m tests [pytest options]`: pytest with everything that the tests need.

Brings a browser when browser tests are among the asked ones, starts a private PostgreSQL and
Valkey (or uses DATABASE_URL and REDIS_URL), and runs pytest in test mode. Nothing is skipped
because something is missing: it says what to do and fails.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from playwright._impl._driver import compute_driver_executable
from playwright.sync_api import sync_playwright

from studyplatform import leash
from studyplatform.embedded import TROUBLE, servers
from tests.browser import ADVICE, NoBrowser, chromium

ROOT = Path(__file__).resolve().parents[1]
BROWSER_TESTS = "tests/functional"


def main(arguments: list[str]) -> int:
    """Run pytest; returns its exit code, or 2 when something that it needs is missing."""
    os.chdir(ROOT)
    env = {"MODE": "test", "PYTHONUNBUFFERED": "1"}
    folders = [argument for argument in arguments if argument.startswith("tests")]
    if not folders or any(folder.startswith(BROWSER_TESTS) for folder in folders):
        path = find_browser()
        if path is None:
            sys.stderr.write(f"{ADVICE}\n")
            return 2
        env["CHROMIUM"] = path
    try:
        with servers(ROOT / "var", ephemeral=True) as given:
            return run_pytest(arguments, env | given)
    except TROUBLE as trouble:
        sys.stderr.write(f"{trouble}\n")
        return 2


def run_pytest(arguments: list[str], env: dict[str, str]) -> int:
    """pytest itself; Ctrl-C is its business, and the servers stop after it."""
    signal.signal(signal.SIGINT, lambda *_: None)
    command = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.run(
        leash.argv(command, at_death=signal.SIGTERM), env={**os.environ, **env}, check=False
    ).returncode


def find_browser() -> str | None:
    """A Chromium that runs: installed, else fetched by Playwright, else Debian's when root."""
    for fetch in (None, fetch_by_playwright, fetch_by_apt):
        if fetch:
            fetch()
        path = known_browser() if driver_runs() else None
        if path and runs(path):
            return path
    return None


def driver_runs() -> bool:
    """Whether Playwright's own program starts; a bare system lacks one of its libraries."""
    node, _ = compute_driver_executable()
    return runs(node)


def known_browser() -> str | None:
    """Where a Chromium is, if anywhere."""
    try:
        with sync_playwright() as playwright:
            return chromium(playwright)
    except NoBrowser:
        return None


def runs(path: str) -> bool:
    """Whether it starts: a fetched one may miss system libraries."""
    try:
        done = subprocess.run([path, "--version"], capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def fetch_by_playwright() -> None:
    """Playwright's own download; it may have no way to its server."""
    if not driver_runs():
        return
    sys.stderr.write("fetching Chromium with Playwright (once)\n")
    fetch([sys.executable, "-m", "playwright", "install", "chromium"], seconds=300)


def fetch_by_apt() -> None:
    """Debian's package, which only root can install."""
    if os.getuid() == 0 and shutil.which("apt-get"):
        sys.stderr.write("installing Debian's Chromium (once)\n")
        fetch(["apt-get", "update", "-qq"], seconds=300)
        packages = ["chromium", "fonts-dejavu-core", "libatomic1"]
        fetch(
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages], seconds=900
        )


def fetch(command: list[str], *, seconds: float) -> None:
    """Run it quietly; whether it helped is seen by looking for the browser again."""
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        subprocess.run(command, env=env, capture_output=True, timeout=seconds, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        sys.stderr.write(f"{command[0]}: {error}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
