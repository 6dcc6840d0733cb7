"""Whether a reply to a malformed request is as it should be, and whether anything was stored."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.functional.console.cast import fingerprint
from tests.malformed.catalogue import MARKS
from tests.malformed.sending import JSON, Ask, Reply, Sender

READINESS = "/readyz"
OURS = "x-content-type-options"  # a header of every reply of the platform
PAGE, PROBLEM, PLAIN = "text/html", "application/problem+json", "text/plain"


def faults(ask: Ask, reply: Reply) -> Iterator[str]:
    """What is wrong with the reply."""
    if reply.status == 503 and ask.path.partition("?")[0] == READINESS:
        return  # no worker runs in these tests, and it says so
    if reply.status >= 500:
        yield f"status {reply.status}"
    elif reply.status >= 400 and OURS not in reply.headers:
        return  # refused by the web server itself: nobody is there whom a page could help
    elif reply.status == 405:
        if "allow" not in reply.headers:
            yield "does not say which methods there are"
    elif reply.status >= 400 and ask.method != "HEAD":
        yield from _badly_said(ask, reply)
    if reply.headers.get("content-type", "").startswith(PAGE):
        yield from (f"{mark!r} in the page" for mark in MARKS if mark in reply.body)


def _badly_said(ask: Ask, reply: Reply) -> Iterator[str]:
    """A person gets a page with a heading, a program a problem document."""
    kind = reply.headers.get("content-type", "").partition(";")[0]
    if ask.path.startswith("/api/v1/"):
        said = json.loads(reply.body) if kind == PROBLEM else {}
        if said.get("status") != reply.status or not said.get("detail"):
            yield f"no problem document: {kind} {reply.body[:200]!r}"
    elif kind == PAGE:
        if b"<h1" not in reply.body or b'<html lang="' not in reply.body:
            yield f"no page for people: {reply.body[:200]!r}"
    elif kind not in {PROBLEM, PLAIN, JSON} or not reply.body.strip():
        yield f"says nothing: {kind} {reply.body[:200]!r}"


@dataclass
class Attack:
    """Sends, judges and counts; nothing that it sends may change a row."""

    send: Sender
    statuses: Counter[int] = field(default_factory=Counter)

    @property
    def n(self) -> int:
        """How many requests were answered."""
        return self.statuses.total()

    def __call__(self, ask: Ask, *, expected: Collection[int] = ()) -> Reply:
        """One request; raises AssertionError for a wrong reply."""
        reply = self.send(ask)
        self.statuses[reply.status] += 1
        found = list(faults(ask, reply))
        if expected and reply.status not in expected:
            found.append(f"status {reply.status}, not one of {sorted(expected)}")
        assert not found, f"{ask}\n{'; '.join(found)}\n{reply.error}"
        return reply

    def all(self, asks: Iterable[Ask], *, expected: Collection[int] = ()) -> None:
        """Every request; raises one AssertionError that names each kind of wrong reply once."""
        seen: dict[tuple[str, str], str] = {}
        for ask in asks:
            try:
                self(ask, expected=expected)
            except AssertionError as error:
                where = ask.path.partition("?")[0].split("/")[1]
                seen.setdefault((ask.case, where), str(error))
        assert not seen, f"{len(seen)} kinds of wrong reply\n" + "\n\n".join(seen.values())


SESSIONS = ("django_session",)
"""allauth keeps there what a visitor wanted before the login, and the secret it proposes to staff."""


@contextmanager
def nothing_stored(*, but: Collection[str] = ()) -> Iterator[None]:
    """Compare every row of every table before and after; `but` names tables that may change."""
    before = fingerprint()
    yield
    changed = {table for table, rows in fingerprint().items() if before[table] != rows}
    assert changed <= set(but), f"changed: {sorted(changed - set(but))}"
