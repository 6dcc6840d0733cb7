"""Fixtures for every test.

The database is a real PostgreSQL whose audit trail may be emptied between tests. For browsers:

    def test_somebody_answers(live: str, page: Page) -> None:
        page.goto(f"{live}/s/{token}/")              # a desktop window

    def test_on_a_phone(live: str, new_context: NewContext) -> None:
        phone = new_context(viewport=PHONE).new_page()
        second = new_context(java_script_enabled=False).new_page()   # another browser, no cookies

`live` is the origin of a web server over the test database; settings.PUBLIC_ORIGIN points there,
so mailed links lead to it. Tests that use it see committed rows, no `django_db` mark needed.
`page` and `new_context` fail the test on any Content-Security-Policy report, page error, request
to another origin or part that does not load. `accessibility_faults(page)` (tests.browser) runs axe.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, Protocol

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.utils import translation
from hypothesis import settings as hypothesis_settings
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from pytest_django import DjangoDbBlocker, Settings
from pytest_django.live_server_helper import LiveServer

from tests.browser import DESKTOP, Watch, chromium
from tests.gate import Gate

# Playwright's synchronous face keeps an event loop on this thread, which Django takes for async.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

# On a busy machine a slow example is no fault of the code.
hypothesis_settings.register_profile("patient", deadline=None)
hypothesis_settings.register_profile("explore", deadline=None)  # see tests/malformed/making.py
hypothesis_settings.load_profile("patient")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Refuse to run in any other mode: tests move the clock and empty tables."""
    if django_settings.MODE != "test":
        pytest.exit("tests need MODE=test; run `make test` or `python -m tests`", returncode=2)


@pytest.fixture(scope="session", autouse=True)
def own_var_dir(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What is remembered outside of a test database goes when the tests are over."""
    django_settings.VAR_DIR = tmp_path_factory.mktemp("var")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Let transactional tests truncate what only grows; everything else stays as shipped.

    Nobody else uses the database when it is dropped.
    """
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE surveys_event DISABLE TRIGGER event_is_not_emptied")
        cursor.execute(
            "ALTER TABLE surveys_submission DISABLE TRIGGER final_submissions_are_not_emptied"
        )
    yield
    with django_db_blocker.unblock():
        connection.close()  # a test may have broken it
        end_other_sessions()


def end_other_sessions() -> None:
    """Close what threads of tests and of the web server still hold open on the test database."""
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()
        """)


@pytest.fixture(autouse=True)
def language_of_tests() -> Iterator[None]:
    """English, whatever language a request of an earlier test has left to this thread."""
    with translation.override("en"):
        yield


class NewContext(Protocol):
    """Makes a watched browser context; takes Playwright's `new_context` options."""

    def __call__(self, **options: Any) -> BrowserContext: ...


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One real Chromium for the session."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=chromium(playwright),
            args=["--no-sandbox", "--disable-dev-shm-usage"],
        )
        yield started
        started.close()


@pytest.fixture(scope="session")
def gate(live_server: LiveServer) -> Gate:
    """What lets requests to the web server through, closed between tests."""
    server = live_server.thread.httpd
    served = server.get_app()
    assert served is not None
    gate = Gate(served)
    server.set_app(gate)
    return gate


@pytest.fixture
def live(live_server: LiveServer, gate: Gate, settings: Settings) -> Iterator[str]:
    """The origin of a web server over the test database, for browsers and HTTP clients."""
    origin: str = live_server.url
    settings.PUBLIC_ORIGIN = origin
    settings.CSRF_TRUSTED_ORIGINS = [origin]
    gate.open()
    yield origin
    gate.close()


@pytest.fixture
def new_context(browser: Browser, live: str) -> Iterator[NewContext]:
    """A factory of separate browsers (own cookies), all watched; see `tests.browser.Watch`."""
    watch = Watch(live)
    opened: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        context = browser.new_context(**{"viewport": DESKTOP, **options})
        context.set_default_timeout(30_000)  # a busy machine is no fault
        watch.follow(context)
        opened.append(context)
        return context

    yield make
    for context in opened:
        context.close()
    assert watch.complaints == []


@pytest.fixture
def page(new_context: NewContext) -> Page:
    """One watched page in a desktop window."""
    return new_context().new_page()
