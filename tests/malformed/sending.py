"""Requests that no form of ours sends, and two ways to send them: to Django, or over the wire."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from traceback import format_exception
from typing import Any, TypeAlias
from urllib.parse import urlencode

from django.core.signals import got_request_exception
from django.test import RequestFactory
from django.test.client import ClientHandler

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
CSRF = "a" * 32  # in the cookie and in the header, so that a request gets past that check

Fields: TypeAlias = Iterable[tuple[str, str]]


@dataclass(frozen=True)
class Ask:
    """One request; `case` is where it stands in the catalogue, `path` holds its query too."""

    case: str
    method: str
    path: str
    body: bytes = field(default=b"", repr=False)
    kind: str = ""
    cookie: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def all_headers(self) -> dict[str, str]:
        """The headers with the cookies and what the check of forms wants to see."""
        cookies = "; ".join(filter(None, [self.cookie, f"csrf={CSRF}"]))
        return {"Cookie": cookies, "X-CSRFToken": CSRF, **dict(self.headers)}

    def __str__(self) -> str:
        shown = f"{self.case}: {self.method} {self.path[:200]} {self.kind}"
        return f"{shown} {self.body[:400]!r} {dict(self.headers)}"


@dataclass(frozen=True)
class Reply:
    """What came back; `error` is the exception, where there was one and it can be seen."""

    status: int
    headers: dict[str, str]  # names in lower case
    body: bytes = field(repr=False)
    error: str = ""


Sender: TypeAlias = Callable[[Ask], Reply]


def form(fields: Fields) -> bytes:
    """As a browser's form would send it, and half characters as they are."""
    return urlencode(list(fields), errors="surrogatepass").encode()


class Environments(RequestFactory):
    """Makes what a web server hands over, and not yet Django's request, which would alter it."""

    def request(self, **given: Any) -> Any:
        """The WSGI environment."""
        return self._base_environ(**given)  # type: ignore[attr-defined]  # the stubs leave it out


@contextmanager
def in_process() -> Iterator[Sender]:
    """Send to Django on this thread, with all middleware and the check of forms."""
    errors: list[str] = []

    def note(**_: Any) -> None:
        errors.append("".join(format_exception(sys.exception()))[-3000:])

    handler, environments = ClientHandler(enforce_csrf_checks=True), Environments()

    def send(ask: Ask) -> Reply:
        errors.clear()
        environ: Any = environments.generic(
            ask.method, ask.path, ask.body, ask.kind, headers=ask.all_headers
        )
        answer: Any = handler(environ)  # streamed or not
        body = b"".join(answer) if answer.streaming else answer.content
        headers = {name.lower(): value for name, value in answer.items()}
        return Reply(answer.status_code, headers, body, "\n".join(errors))

    got_request_exception.connect(note)
    try:
        yield send
    finally:
        got_request_exception.disconnect(note)
