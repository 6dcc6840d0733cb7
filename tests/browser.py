"""A real Chromium for the browser tests, and a watch on what a person would not notice.

The fixtures in `tests/conftest.py` are made from this. `Watch` notes every report about the
Content-Security-Policy, every JavaScript error, every request to another origin and every style
sheet, script, image or font that did not load; a test that used the page then fails.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Playwright, Request, Response

PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 900}
INSTALLED = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
IN_APPLICATIONS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
PARTS = frozenset({"stylesheet", "script", "image", "font"})
ADVICE = (
    "The browser tests need Chromium and found none that runs. Install Chromium or Google Chrome"
    " (on Debian and Ubuntu: apt-get install chromium libatomic1), or run"
    " `.venv/bin/python -m playwright install chromium`, or set CHROMIUM to the program's path."
)


class NoBrowser(RuntimeError):
    """There is no Chromium on this machine."""


def chromium(playwright: Playwright) -> str:
    """The path of a Chromium: $CHROMIUM, else an installed one, else Playwright's own."""
    given = os.environ.get("CHROMIUM")
    if given:
        return given
    found = (shutil.which(name) for name in INSTALLED)
    own = playwright.chromium.executable_path
    for path in (*found, *IN_APPLICATIONS, own):
        if path and Path(path).exists():
            return path
    raise NoBrowser(ADVICE)


@dataclass
class Watch:
    """Collects what went wrong in the contexts it follows; `origin` is the only one allowed."""

    origin: str
    complaints: list[str] = field(default_factory=list)

    def follow(self, context: BrowserContext) -> None:
        """Listen to everything that happens in `context`."""
        context.on("console", self._console)
        context.on("weberror", lambda error: self._note(f"page error: {error.error}"))
        context.on("request", self._request)
        context.on("response", self._response)

    def _note(self, complaint: str) -> None:
        if complaint not in self.complaints:
            self.complaints.append(complaint)

    def _console(self, message: ConsoleMessage) -> None:
        text = message.text
        if "content security policy" in text.lower().replace("-", " "):
            self._note(f"Content-Security-Policy: {text}")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https", "ws", "wss"}:
            origin = f"{parts.scheme}://{parts.netloc}"
            if origin != self.origin:
                self._note(f"request to another origin: {request.url}")

    def _response(self, response: Response) -> None:
        if response.status >= 400 and response.request.resource_type in PARTS:
            self._note(f"did not load ({response.status}): {response.url}")


def accessibility_faults(page: Page) -> list[str]:
    """What axe finds on the page as it stands: one line a fault, empty when there is none."""
    found = Axe().run(page).response["violations"]
    return [
        f"{fault['id']} ({fault['impact']}): {node['html']}"
        for fault in found
        for node in fault["nodes"]
    ]
