"""What nobody of good will sends is refused before anything reads it, and never as our mistake."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.test.client import FakePayload
from pytest_django import Settings

from studyplatform.wsgi import application

pytestmark = pytest.mark.django_db

LOGIN = "/console/account/login/"
STUDIES = "/api/v1/studies/"
PARTS = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--\r\n'


@pytest.fixture
def visitor() -> Client:
    return Client(raise_request_exception=False)


def test_a_body_over_the_limit_is_refused_before_it_is_read(
    visitor: Client, settings: Settings
) -> None:
    settings.MAX_BODY_BYTES = 1000
    assert visitor.post(LOGIN, {"note": "x" * 2000}).status_code == 413


@pytest.mark.parametrize("length", ["-5", "many", "9" * 5000])
def test_a_length_that_is_no_number_is_refused(visitor: Client, length: str) -> None:
    assert visitor.post(LOGIN, CONTENT_LENGTH=length).status_code == 413


@pytest.mark.parametrize(
    "kind",
    [
        "multipart/form-data; boundary=x; charset=rot13",
        "multipart/form-data; boundary=x; charset=utf-16",
        "application/x-www-form-urlencoded; charset=idna",
        "text/plain; charset=hex",
    ],
)
@pytest.mark.parametrize("path", [LOGIN, "/survey/", STUDIES])
def test_another_charset_is_refused(visitor: Client, path: str, kind: str) -> None:
    answer = visitor.generic("POST", path, PARTS, content_type=kind)
    assert answer.status_code == 400
    assert "UTF-8" in answer.content.decode()


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"', "utf8"])
def test_utf_8_is_understood_however_it_is_spelt(visitor: Client, charset: str) -> None:
    kind = f"multipart/form-data; boundary=x; charset={charset}"
    assert visitor.generic("POST", LOGIN, PARTS, content_type=kind).status_code == 200


@pytest.mark.parametrize("name", ["session", "csrf", "survey", "messages", "django_language"])
@pytest.mark.parametrize("path", [LOGIN, "/console/", "/survey/", STUDIES])
def test_a_cookie_with_a_nul_is_refused(visitor: Client, path: str, name: str) -> None:
    answer = visitor.get(path, headers={"cookie": f'{name}="abcdefghijkl\\000"'})
    assert answer.status_code == 400


def test_a_cookie_of_some_other_site_of_the_host_is_none_of_our_business(visitor: Client) -> None:
    cookie = 'session=eyJhIjoxfQ.Zx-_8w; theme={"dark": true}; name=J\u00fcrgen'
    assert visitor.get(LOGIN, headers={"cookie": cookie}).status_code == 200


@pytest.mark.parametrize("header", ["Bearer \u00e9", "\u00e9", "Bearer a\0b"])
def test_an_authorization_beyond_ascii_is_refused(visitor: Client, header: str) -> None:
    answer = visitor.get(STUDIES, headers={"authorization": header})
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == 400
    assert "Authorization" in answer.json()["detail"]
    page = visitor.get(LOGIN, headers={"authorization": header})
    assert page.status_code == 400
    assert page["Content-Type"] == "text/plain; charset=utf-8"
    assert page["Cache-Control"] == "no-store"


@pytest.mark.parametrize("kind", ["a/b; charset*=nope''y", "a/b; charset=\0", "a/b; charset=rot13"])
def test_a_content_type_that_nobody_can_read_is_refused(kind: str) -> None:
    """Django reads it before any middleware, so this asks the application itself."""
    said: list[str] = []

    def start(status: str, headers: Any, info: Any = None) -> Any:
        said.append(status)

    environ = RequestFactory().get(f"{LOGIN}?next=%41").environ
    environ |= {"CONTENT_TYPE": kind, "wsgi.input": FakePayload(b""), "wsgi.errors": BytesIO()}
    body = b"".join(application(environ, start))
    assert said == ["400 Bad Request"]
    assert b"Content-Type" in body


def test_what_django_refuses_is_a_problem_document_for_programs_and_a_page_for_people(
    visitor: Client,
) -> None:
    answer = visitor.get(STUDIES, headers={"host": "evil.example"})
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert answer.json()["status"] == 400
    page = visitor.get(LOGIN, headers={"host": "evil.example"})
    assert page.status_code == 400
    assert "Nothing was changed" in page.content.decode()


@pytest.mark.parametrize("path", ["/no-such-page/", "/mail/nobody/", "/console/no-such-page/"])
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded", b"note=" + b"x" * 3_000_000),
        ("application/x-www-form-urlencoded", b"&".join(b"f%d=1" % n for n in range(1_001))),
        ("multipart/form-data", PARTS),
    ],
)
def test_where_nothing_is_a_body_that_cannot_be_read_is_no_error_of_ours(
    path: str, kind: str, body: bytes
) -> None:
    visitor = Client(enforce_csrf_checks=True, raise_request_exception=False)
    answer = visitor.generic("POST", path, body, content_type=kind)
    assert answer.status_code == 404
    assert "There is nothing here" in answer.content.decode()
