"""Every address of the platform, as the URL map has it: no way in for what is malformed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

import pytest

from surveys.responding.models import Submission
from tests.malformed import sweeps
from tests.malformed.judging import SESSIONS, Attack, nothing_stored
from tests.malformed.sending import Ask
from tests.malformed.stage import ANSWERS, Target
from tests.malformed.sweeps import ROUTES

TIMES = 3  # looks at each address; test_scanners.py has a mail program's twenty

pytestmark = pytest.mark.timeout(900)  # thousands of requests, perhaps on a busy machine


def test_the_url_map_is_read() -> None:
    found = {route.template for route in ROUTES}
    assert len(found) > 80
    assert {"/healthz", "/survey/", "/api/v1/studies/%(study)s/", "/mail/%(provider)s/"} <= found
    assert "/console/account/login/" in found


@pytest.mark.parametrize(
    ("sweep", "least"),
    [
        (sweeps.looks, 2_000),
        (sweeps.headers, 2_500),
        (sweeps.nowhere, 2_500),
        (sweeps.bodies, 4_000),
    ],
)
def test_nothing_odd_is_an_error_or_stored(
    target: Target, attack: Attack, sweep: Callable[[Target], Iterator[Ask]], least: int
) -> None:
    asks = list(sweep(target))
    with nothing_stored(but=SESSIONS):
        attack.all(asks)
    assert attack.n >= least


def test_no_route_changes_what_was_handed_in(target: Target, attack: Attack) -> None:
    before = list(Submission.objects.values())
    attack.all(sweeps.changes(target))
    assert list(Submission.objects.values()) == before
    assert Submission.objects.get().answers == ANSWERS
    assert attack.n >= 2_000
    assert attack.statuses[409] >= 1, "the page itself says that it was handed in before"


def test_a_scanner_follows_every_link_again_and_again(target: Target, attack: Attack) -> None:
    """GET and HEAD as often as a scanner does; of the API, which no mail links to, once."""
    with nothing_stored():
        for path, method in product(map(target.address, ROUTES), ("GET", "HEAD")):
            for _ in range(1 if path.startswith("/api/") else TIMES):
                follow(attack, Ask("scanner", method, path))
    assert attack.n > 2 * TIMES * 60


def follow(attack: Attack, ask: Ask) -> None:
    """The address, and where it leads to from there."""
    for _ in range(5):
        reply = attack(ask)
        to = reply.headers.get("location", "")
        if not to.startswith("/"):
            return
        ask = Ask(ask.case, ask.method, to)
    raise AssertionError(f"{ask} leads in circles")
