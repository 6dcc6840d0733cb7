"""Sweeps over every route of the platform: odd queries and headers, addresses of nothing, bodies.

A route that is added comes into these by itself; one with a part that `Target.address` does not
know stops them with a KeyError.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from urllib.parse import quote, urlencode

from surveys.responding.models import Submission
from tests.malformed.catalogue import BODIES, HEADERS, METHODS, QUERY, TOKENS, VALUES
from tests.malformed.routes import routes
from tests.malformed.sending import FORM, JSON, Ask, form
from tests.malformed.stage import Target
from tests.questionnaires import SHORT

ROUTES = sorted(set(routes()), key=lambda route: route.template)

LONGEST = 500  # of a value in a query


def is_for_staff(path: str) -> bool:
    """Whether it is none of the participants' pages."""
    return path.startswith(("/console/", "/api/", "/mail/"))


def looks(target: Target) -> Iterator[Ask]:
    """GETs with odd queries, by a stranger and by who may look there."""
    pass_, session = target.visit(target.under_way), target.session()
    for route in ROUTES:
        path = target.address(route)
        known = session if is_for_staff(path) else pass_
        for cookie, (case, query) in product(("", known), _queries()):
            yield Ask(case, "GET", f"{path}?{query}", cookie=cookie)


def headers(target: Target) -> Iterator[Ask]:
    """GETs with odd headers, one at a time."""
    for path, (case, sent) in product(map(target.address, ROUTES), HEADERS.items()):
        yield from (Ask(case, "GET", path, headers=(header,)) for header in sent)


def _queries() -> Iterator[tuple[str, str]]:
    """All parameters at once, each with another of a case's values."""
    for case, values in VALUES.items():
        short = [value for value in values if len(value) < LONGEST] or ["x" * LONGEST]
        query = {name: short[n % len(short)] for n, name in enumerate(QUERY)}
        yield case, urlencode(query, errors="surrogatepass")
    yield "C7", "&".join(f"{name}=1&{name}=2" for name in QUERY)
    yield "C7", "%00=%00&&=&page[]=1&page[$ne]=1"


def nowhere(target: Target) -> Iterator[Ask]:
    """Addresses of nothing, looked at and posted to, by a stranger and an owner."""
    session = target.session()
    for case, path in _no_addresses(target):
        for method, cookie in (("GET", ""), ("GET", session), ("POST", session)):
            yield Ask(case, method, path, b"a=b", FORM, cookie)


def _no_addresses(target: Target) -> Iterator[tuple[str, str]]:
    for route, token in product(ROUTES, TOKENS):
        if route.names:
            yield "C6", route.template % dict.fromkeys(route.names, quote(token, safe="%"))
    for route in ROUTES:
        yield "C5", target.address(route) + "x" * 3_000
        yield "C7", target.address(route).replace("/", "//")


def bodies(target: Target) -> Iterator[Ask]:
    """Every method and every body, by a stranger; to people's own pages by who takes part.

    Two addresses of nothing are among them: nothing has read a body when nothing is found.
    """
    pass_ = target.visit(target.under_way)
    for path in (*map(target.address, ROUTES), "/mail/nobody/", "/no-such-page/"):
        cookie = "" if is_for_staff(path) else pass_
        yield from (Ask("C7", method, path, b"a=b", FORM, cookie) for method in METHODS)
        for case, sent in BODIES.items():
            yield from (Ask(case, "POST", path, body, kind, cookie) for kind, body in sent)


def changes(target: Target) -> Iterator[Ask]:
    """What would change an answer that was handed in, if any route listened.

    By the person with their own pass, by an owner's session and by an owner's token: the right page
    with another answer, and the row itself as somebody would have it.
    """
    bearer = (("Authorization", f"Bearer {target.bearer}"),)
    callers = [(target.visit(target.final), ()), (target.session(), ()), ("", bearer)]
    page = target.page(target.final, SHORT.ref) | {"mood": "5"}
    row = {"id": str(Submission.objects.get().pk), "state": "draft", "answers": {"mood": 5}}
    told = json.dumps({**row, "mood": 5, "finished_at": None}).encode()
    sent = [
        *(("POST", FORM, form({**page, **more}.items())) for more in AGAIN),
        *((method, JSON, told) for method in ("POST", "PUT", "PATCH", "DELETE")),
    ]
    paths = [*map(target.address, ROUTES), target.link(target.final)]
    for path, (cookie, headers), (method, kind, body) in product(paths, callers, sent):
        yield Ask("C6", method, path, body, kind, cookie, headers)


AGAIN: tuple[dict[str, str], ...] = (
    {}, {"action": "autosave", "turn": "9", "touched": "mood:1"}, {"action": "back"},
    {"start": "1", "reopen": "1"},
)  # fmt: skip
