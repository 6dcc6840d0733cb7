"""The server is down: the page says so and keeps what was typed.

A web application runs as its own process against its own PostgreSQL, which is then stopped.
"""

from __future__ import annotations

import html
import os
import re
import sys
import time
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from django.test import Client

from studyplatform.console_lines import quiet
from studyplatform.supervisor import Program, Supervisor
from tests.integration.studyplatform.servers_at_hand import (
    free_port,
    hanging,
    open_folder,
    run_servers,
)

ROOT = Path(__file__).resolve().parents[3]
URLS = "tests.integration.studyplatform.urls_with_trouble"
SITE = f"""
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "studyplatform.settings"
from django.conf import settings
settings.ROOT_URLCONF = "{URLS}"
from wsgiref.simple_server import make_server
from studyplatform.wsgi import application
make_server("127.0.0.1", int(sys.argv[1]), application).serve_forever()
"""


SOON = 3.0  # seconds
ASKS_THE_DATABASE = ("database", "migrations", "beat")

# Whoever brings a session makes us ask PostgreSQL, before and after the view.
COOKIES = {"session": "abcdefghijklmnopqrstuvwxyz012345", "csrf": "c" * 32}


@dataclass(frozen=True)
class Site:
    """A running site whose database can be stopped."""

    origin: str
    stop_database: Callable[[], None]
    database_pid: Callable[[], int]

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.origin + path, headers={"Accept": "text/html"}, timeout=20)

    def post(self, path: str, fields: list[tuple[str, str]]) -> httpx.Response:
        body = urllib.parse.urlencode(fields)
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
        with httpx.Client(cookies=COOKIES, timeout=20) as client:
            return client.post(self.origin + path, content=body, headers=headers)


@pytest.fixture
def site() -> Iterator[Site]:
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    with open_folder() as folder, run_servers(folder) as own:
        env = {**own.env, "MODE": "test", "PUBLIC_ORIGIN": origin}
        site = Site(origin, own.stop_database, own.database_pid)
        web = Program(
            "web",
            [sys.executable, "-c", SITE, str(port)],
            env={**env, "PYTHONPATH": str(ROOT)},
            ready=lambda: _answers(site),
        )
        with Supervisor([web], write=quiet):
            yield site


def _answers(site: Site) -> bool:
    try:
        return site.get("/healthz").status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.processes
def test_the_database_stops_and_nothing_typed_is_lost(site: Site) -> None:
    assert site.get("/data").text == "fine"
    site.stop_database()

    away = site.get("/data")
    assert away.status_code == 503
    assert away.headers["Retry-After"] == "30"
    assert "cannot reach its database" in away.text

    typed = [
        ("item", "3"),
        ("item", "4"),
        ("note", 'She said "<b>no</b>"\r\nüber & out'),
        ("csrfmiddlewaretoken", "c" * 32),
    ]
    for path in ("/data?page=2", "/who"):
        answer = site.post(path, [*typed, ("password", "hunter2hunter2")])
        assert answer.status_code == 503
        fields = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', answer.text)
        assert [(name, html.unescape(value)) for name, value in fields] == typed
        assert f'action="{path}"' in answer.text
        assert "hunter2" not in answer.text
        assert "<b>" not in answer.text


@pytest.mark.processes
def test_machines_get_json_and_liveness_stays(site: Site) -> None:
    site.stop_database()
    answer = site.get("/api/data")
    assert answer.status_code == 503
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == 503
    assert "database" in answer.json()["detail"]
    assert site.get("/healthz").status_code == 200
    ready = site.get("/readyz")
    assert ready.status_code == 503
    assert ready.json()["checks"]["database"] == ["the database cannot be asked"]


@pytest.mark.processes
def test_a_database_that_hangs_is_said_soon(site: Site) -> None:
    assert site.get("/data").text == "fine"
    site.get("/readyz")
    with hanging(site.database_pid()):
        began = time.monotonic()
        ready = site.get("/readyz")
        assert time.monotonic() - began < SOON
        assert ready.status_code == 503
        said = ready.json()["checks"]
        assert all(said[name] == ["the database cannot be asked"] for name in ASKS_THE_DATABASE)
        began = time.monotonic()
        assert site.get("/healthz").status_code == 200
        assert time.monotonic() - began < SOON
    assert site.get("/readyz").json()["checks"]["database"] == ["ok"]


@pytest.mark.urls(URLS)
@pytest.mark.django_db
def test_our_own_mistake_is_a_kind_page_too() -> None:
    client = Client(raise_request_exception=False, headers={"accept-language": "de"})
    answer = client.post("/wrong", {"note": "getippt"})
    assert answer.status_code == 500
    assert "Uns ist ein Fehler unterlaufen" in answer.content.decode()
    assert 'value="getippt"' in answer.content.decode()
    assert "Content-Security-Policy" in answer.headers
    assert os.environ.get("DEBUG", "") == ""


@pytest.mark.urls(URLS)
@pytest.mark.django_db
def test_a_query_that_was_broken_off_is_no_outage_and_keeps_what_was_typed() -> None:
    client = Client(raise_request_exception=False, headers={"accept": "text/html"})
    answer = client.post("/busy", {"note": "typed"})
    assert answer.status_code == 503
    assert answer["Retry-After"] == "30"
    page = answer.content.decode()
    assert "was busy" in page
    assert "database" not in page
    assert 'name="note" value="typed"' in page
    api = client.get("/api/busy")
    assert (api.status_code, api["Content-Type"]) == (503, "application/problem+json")
    assert "was busy" in api.json()["detail"]


@pytest.mark.urls(URLS)
@pytest.mark.django_db
def test_the_page_blames_the_server_that_is_away() -> None:
    answer = Client(raise_request_exception=False).get("/queue", headers={"accept": "text/html"})
    assert answer.status_code == 503
    assert "cannot reach its job queue" in answer.content.decode()
